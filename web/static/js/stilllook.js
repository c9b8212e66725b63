/**
 * The photos of a visit as they are looked at in the call: the list of the server's, the viewer, and what the vet shows and
 * draws. The viewer is loaded when it is wanted.
 */
import { call } from './api.js';
import { list } from './stillpost.js';
import { text } from './texts.js';
import { clockWords } from './times.js';

/** A photo that is not known here is asked for at most so often, ms. */
const LOOK_UP = 2_000;
/** A drawing rests for so long before it is saved, ms. */
const REST = 500;
/** A photo has a name before it is stored, and an id afterwards. */
export const NAME = /^[0-9a-f]{16,64}$/;

export class Looking {
  /** @type {any[]} as the server has them */ #all = [];
  /** @type {Map<string, {blob: Blob, url: string, still?: string}>} photos of this page, by name */ own = new Map();
  /** @type {import('./viewer.js').Viewer|undefined} */ viewer;
  over = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #saving;
  /** @type {string|undefined} of which the marks are not saved */ #unsaved;
  /** @type {Set<string>} closed by the owner while the vet shows it */ #shut = new Set();
  #chatted = false; // the chat was open before the viewer
  #hidden = false; // the vet has closed its viewer
  #read = 0;
  /** @type {Promise<void>|undefined} */ #viewing;
  #asking = -Infinity; // when the server was last asked for a photo that the other side named

  /**
   * @param {object} with_
   * @param {boolean} with_.vet
   * @param {string} with_.zone
   * @param {import('./roomchat.js').Chat} with_.chat
   * @param {import('./stillstrip.js').Strip} with_.strip
   * @param {(message: import('./peer.js').Talk) => boolean} with_.say
   * @param {() => boolean} with_.came one came by another way than between the browsers; whether it was asked for
   */
  constructor({ vet, zone, chat, strip, say, came }) {
    this.vet = vet;
    this.zone = zone;
    this.chat = chat;
    this.reservation = chat.reservation;
    this.strip = strip;
    this.say = say;
    this.came = came;
  }

  /** @param {string} id of a screening */
  has(id) {
    return this.#all.some(({ screening }) => screening?.id === id);
  }

  /** A photo of this page. @param {string} name @param {Blob} blob */
  keep(name, blob) {
    this.own.set(name, { blob, url: URL.createObjectURL(blob) });
  }

  /** It is stored. @param {string} name @param {string} still */
  stored(name, still) {
    const own = this.own.get(name);
    if (own) own.still = still;
    this.viewer?.rename(name, still);
  }

  end() {
    this.over = true;
    this.flush();
    this.viewer?.close(true);
  }

  // What is stored.

  /** @param {string} [news] a still that is new or has changed */
  async load(news) {
    const read = ++this.#read;
    const all = await list(this.reservation);
    if (!all || read !== this.#read || this.over) return;
    const known = new Set(this.#all.map(({ id }) => id));
    this.#all = all;
    this.strip.show(all.map((still) => ({ id: still.id, small: still.small, words: this.#title(still) })));
    const fresh = all.find(({ id }) => id === news && !known.has(id));
    if (fresh && ![...this.own.values()].some(({ still }) => still === fresh.id)) this.#isNew(fresh);
    const shown = all.find(({ id }) => id === this.viewer?.shown?.id);
    if (shown) this.viewer?.screening(shown.screening);
  }

  /** One came by another way than between the browsers. @param {any} still */
  #isNew(still) {
    if (!this.vet || still.by !== 'owner') return;
    if (this.came()) return void this.open(still.id, true);
    this.strip.status({ words: text('still.js_new'), see: still.id });
  }

  /** @param {any} still */
  #title(still) {
    return text('still.js_title', { time: clockWords(Date.parse(still.taken_at), this.zone) });
  }

  /** @param {string} id of a still, or a name @returns {import('./viewer.js').Shown|undefined} */
  #find(id) {
    const [name, own] = [...this.own].find(([known, { still }]) => known === id || still === id) ?? [];
    const stored = this.#all.find((still) => still.id === (own?.still ?? id));
    if (!own && !stored) return undefined;
    return {
      id: stored?.id ?? own?.still ?? name ?? id, url: own?.url ?? stored.photo, marks: stored?.marks ?? [], screening: stored?.screening,
      title: stored ? this.#title(stored) : text('still.js_title', { time: clockWords(Date.now(), this.zone) }),
    };
  }

  // Looking.

  /** @param {string} id @param {boolean} focus @param {boolean} [follow] */
  async open(id, focus, follow = false) {
    const viewer = await this.#openViewer();
    const found = this.#find(id);
    if (!found || this.over) return;
    this.#makeRoom();
    viewer.open(found, { focus, follow });
    this.strip.seen();
  }

  /** On a phone the chat makes room for the photo, and comes back after it. */
  #makeRoom() {
    if (this.chat.panel.hidden || matchMedia('(min-width: 60rem)').matches) return;
    this.#chatted = true;
    this.chat.show(false);
  }

  /** The vet shows a part of a photo. @param {any} message */
  view(message) {
    return (this.#viewing = this.#see(message));
  }

  /** @param {any} message */
  async #see({ still, part }) {
    if (this.vet || typeof still !== 'string') return;
    this.#hidden = still === '';
    if (still === '') {
      this.#shut.clear();
      if (this.viewer?.following) this.viewer.close(true);
      return;
    }
    if (this.#shut.has(still) || this.#shut.has(this.#find(still)?.id ?? '')) return;
    if (!this.#find(still)) await this.#lookUp();
    if (this.#hidden || !this.#find(still)) return;
    const now = this.viewer;
    if (!now?.following || now.shown?.id !== this.#find(still)?.id) await this.open(still, false, true);
    if (!this.#hidden) this.viewer?.see(part);
  }

  /** The other side names a photo that is not known here: the server is asked, but not as often as it may be named. */
  async #lookUp() {
    const now = performance.now();
    if (now - this.#asking < LOOK_UP) return;
    this.#asking = now;
    await this.load();
  }

  /** @param {any} message */
  async mark(message) {
    await this.#viewing; // of what it is a mark on
    const now = this.viewer;
    if (this.vet || !now?.following || now.shown?.id !== this.#find(message.still)?.id) return;
    now.follow(message);
  }

  #closed() {
    if (this.#chatted && !this.over) this.chat.show(true);
    this.#chatted = false;
    if (this.vet) return this.flush();
    if (!this.#hidden && this.viewer?.last) this.#shut.add(this.viewer.last.id);
  }

  /** The vet drew: it is saved when the hand rests. @param {string} id */
  draws(id) {
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.flush(), REST);
    this.#unsaved = id;
  }

  async flush() {
    clearTimeout(this.#saving);
    const [id, viewer] = [this.#unsaved, this.viewer];
    const marks = viewer?.marksOf(id);
    if (!id || !marks || NAME.test(id)) return; // not stored yet: it is, soon
    this.#unsaved = undefined;
    const answer = await call('PUT', `/vet/stills/${id}/marks`, { marks });
    const still = this.#all.find((one) => one.id === id);
    if (still && answer.ok) still.marks = answer.body.marks;
    viewer?.say(text(answer.ok ? 'still.js_marks_saved' : 'still.js_marks_failed'));
    if (!answer.ok) this.#unsaved ??= id;
  }

  /** @param {string} id */
  async #screen(id) {
    const viewer = this.viewer;
    viewer?.screening({ state: 'queued' });
    const answer = await call('POST', `/vet/stills/${id}/screen`);
    if (answer.ok) return this.load();
    viewer?.screening(undefined);
    viewer?.say(text('still.js_screen_away'));
  }

  async #openViewer() {
    const [{ Viewer }] = await Promise.all([import('./viewer.js'), dressed()]);
    this.viewer ??= new Viewer({
      draws: this.vet,
      tell: (message) => this.say(message),
      drawn: (id) => this.draws(id),
      screen: (id) => this.#screen(id),
      closed: () => this.#closed(),
    });
    return this.viewer;
  }
}

/** @type {Promise<unknown>|undefined} */ let dress;

/** The styles of the sheet and the viewer are here. */
export function dressed() {
  dress ??= new Promise((done) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL('../css/viewer.css', import.meta.url).href;
    for (const event of ['load', 'error']) link.addEventListener(event, done);
    document.head.append(link);
  });
  return dress;
}
