/**
 * A record that saves itself a moment after each pause. Every save says on which version it builds; where another window
 * was faster, the vet is asked. What cannot be saved stays on the page and is tried again.
 */
import { call } from './api.js';
import { clearErrors, showErrors } from './forms.js';
import { firstText, text } from './texts.js';
import { clockWords } from './times.js';

const PAUSE = 1_200; // of typing, before it is saved
const LONGEST = 15_000; // of typing without a pause, after which it is saved all the same
const FIRST_RETRY = 2_000;
const LONGEST_RETRY = 30_000;

/** @param {HTMLFormElement} form @param {() => void} saved called after each version */
export function autosave(form, saved) {
  new Autosave(form, saved);
}

class Autosave {
  #busy = false;
  #conflict = false;
  #gone = false;
  #failures = 0;
  #since = 0; // when the first unsaved word was typed
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #timer;

  /** @param {HTMLFormElement} form @param {() => void} saved */
  constructor(form, saved) {
    this.form = form;
    this.saved = saved;
    this.path = `/vet/reservations/${form.dataset.record}/record`;
    this.version = Number(/** @type {HTMLInputElement} */ (form.elements.namedItem('version')).value);
    this.last = form.querySelector('[role="alert"]:not([hidden])') ? '' : this.#text(true); // what was refused is not saved yet
    form.addEventListener('input', () => this.#typed());
    form.addEventListener('submit', (event) => this.#pressed(event));
    find(form, '[data-take-theirs]').addEventListener('click', () => this.#takeTheirs());
    find(form, '[data-keep-mine]').addEventListener('click', () => this.#keepMine());
    addEventListener('online', () => this.#now());
    addEventListener('focus', () => this.#now());
    addEventListener('beforeprint', () => this.#toPaper());
    addEventListener('beforeunload', (event) => this.#dirty() && navigator.userActivation?.hasBeenActive !== false && event.preventDefault());
    document.addEventListener('visibilitychange', () => this.#now());
    if (this.last && this.#dirty()) this.#typed(); // the browser kept what was typed before a reload
  }

  /** What is written, as the API takes it. @param {boolean} [initial] as the server sent it */
  #note(initial = false) {
    /** @type {Record<string, string|boolean>} */ const note = {};
    for (const box of this.form.querySelectorAll('textarea')) note[box.name] = initial ? box.defaultValue : box.value;
    const advised = /** @type {HTMLInputElement} */ (this.form.elements.namedItem('visit_advised'));
    note.visit_advised = initial ? advised.defaultChecked : advised.checked;
    return note;
  }

  #text(initial = false) {
    return JSON.stringify(this.#note(initial));
  }

  #dirty() {
    return !this.#gone && this.#text() !== this.last;
  }

  #typed() {
    this.#toPaper();
    if (this.#conflict || this.#gone) return;
    if (!this.#dirty()) return this.#wait(PAUSE);
    this.#since ||= Date.now();
    if (this.#failures === 0) this.#say(text('record.js_unsaved'));
    this.#wait(Math.max(0, Math.min(PAUSE, this.#since + LONGEST - Date.now())));
  }

  /** @param {number} ms */
  #wait(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), ms);
  }

  #now() {
    if (this.#dirty() && !this.#conflict) this.#wait(0);
  }

  /** @param {Event} event */
  #pressed(event) {
    event.preventDefault();
    if (this.#conflict) find(this.form, '[data-keep-mine]').focus();
    else this.#wait(0);
  }

  async #save() {
    if (this.#busy || this.#conflict || this.#gone) return;
    const [note, words] = [this.#note(), this.#text()];
    if (words === this.last && this.version > 0) return;
    this.#busy = true;
    this.#since = 0;
    if (this.#failures === 0) this.#say(text('record.js_saving'));
    const answer = await call('PUT', this.path, { ...note, version: this.version });
    this.#busy = false;
    if (answer.ok) this.#kept(words, answer.body);
    else this.#failed(answer);
  }

  /** @param {string} words @param {{version: number, written_at: string}} record */
  #kept(words, { version, written_at }) {
    this.version = version;
    /** @type {HTMLInputElement} */ (this.form.elements.namedItem('version')).value = String(version);
    this.last = words;
    this.#failures = 0;
    clearErrors(this.form);
    this.#say(text('record.js_saved', { time: clockWords(Date.parse(written_at), this.form.dataset.zone ?? 'UTC') }));
    this.saved();
    if (this.#dirty()) this.#typed();
  }

  /** @param {import('./api.js').Answer} answer */
  #failed({ status, code, errors }) {
    if (code === 'record_changed') return this.#ask();
    if (status === 404) {
      this.#gone = true;
      return this.#say(text('record.js_gone'));
    }
    if (status === 422) {
      showErrors(this.form, errors);
      return this.#say(text('record.js_refused'));
    }
    this.#say(firstText(status === 401 ? 'record.js_signed_out' : 'record.js_away'));
    this.#wait(Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** this.#failures++));
  }

  #ask() {
    this.#conflict = true;
    this.#say(text('record.js_conflict'));
    find(this.form, '[data-conflict]').hidden = false;
  }

  #takeTheirs() {
    this.#gone = true; // nothing of this window is kept, so nothing holds it back
    location.assign(location.pathname);
  }

  async #keepMine() {
    const answer = await call('GET', this.path);
    if (!answer.ok) return this.#say(firstText('record.js_away'));
    this.version = answer.body.version;
    this.#conflict = false;
    find(this.form, '[data-conflict]').hidden = true;
    this.#wait(0);
  }

  /** @param {string} words */
  #say(words) {
    const line = find(this.form, '[data-save-state]');
    if (line.textContent !== words) line.textContent = words;
  }

  /** A box cuts its words off on paper; what stands there instead follows them. */
  #toPaper() {
    for (const box of this.form.querySelectorAll('textarea')) find(this.form, `[data-written="${box.name}"]`).textContent = box.value;
  }
}

/** @param {Element} root @param {string} selector */
function find(root, selector) {
  return /** @type {HTMLElement} */ (root.querySelector(selector));
}
