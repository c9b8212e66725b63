/**
 * The chat beside the call. What is written goes over the socket under a name
 * of its own, is marked as kept when the server says that it is in the
 * database, and until then is sent again, under the same name, whenever the
 * socket comes back. What was said before is read from the API.
 *
 * @typedef {{from: string, text: string, at?: string, id?: string, state: 'sending'|'failed'|'kept', why?: string,
 *   node: HTMLElement, late?: ReturnType<typeof setTimeout>}} Word
 */
import { firstText, text } from './texts.js';
import { clockWords } from './times.js';

/** How long a word may be under way before it counts as not sent, ms. */
const PATIENCE = 10_000;
/** The history that could not be read is asked for again after this; a second reading finds what was just being kept. */
const AGAIN = 1_000;
/** What the server says of a word that it did not pass on. */
const REFUSALS = ['room_locked', 'room_closed', 'rate_limited', 'not_joined'];

/** @template {HTMLElement} T @param {string} selector @returns {T} */
const get = (selector) => /** @type {T} */ (document.querySelector(selector));

export class Chat {
  /** @type {Map<string, Word>} */ #words = new Map();
  #unread = 0;
  #state = 'locked';
  #read = false; // the history is here

  /**
   * @param {{seat: string, zone: string, send: (message: object) => boolean, say: (words: string) => void}} with_
   *   say tells a screen reader what it would not see
   */
  constructor({ seat, zone, send, say }) {
    this.seat = seat;
    this.zone = zone;
    this.send = send;
    this.say = say;
    this.panel = get('[data-chat]');
    this.list = get('[data-chat-list]');
    /** @type {HTMLTextAreaElement} */ this.field = get('[data-chat-text]');
    /** @type {HTMLButtonElement} */ this.button = get('[data-chat-form] button');
    this.toggles = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-chat-toggle]')]);
    this.reservation = this.panel.dataset.reservation ?? '';
    this.#listen();
    for (const { id, text: words } of this.#unsent()) this.#add({ from: seat, text: words, id, state: 'sending' });
  }

  #listen() {
    for (const toggle of this.toggles) toggle.addEventListener('click', () => this.show(this.panel.hidden, true));
    get('[data-chat-close]').addEventListener('click', () => this.show(false, true));
    this.panel.addEventListener('keydown', (event) => event.key === 'Escape' && this.show(false, true));
    get('[data-chat-form]').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#write();
    });
    this.field.addEventListener('input', () => {
      if (this.field.value.trim() === '') this.field.value = ''; // the line break of the key that sent
    });
    this.field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#write();
    });
  }

  /** @param {boolean} open @param {boolean} [asked] by the reader: the focus follows */
  show(open, asked = false) {
    this.panel.hidden = !open;
    document.documentElement.dataset.chat = open ? 'open' : 'closed';
    for (const toggle of this.toggles) toggle.setAttribute('aria-expanded', String(open));
    if (open) {
      this.#count(0);
      this.#toEnd();
    }
    if (!asked) return;
    if (open && !this.field.disabled) this.field.focus();
    else if (!open) this.toggles.find((toggle) => toggle.checkVisibility())?.focus();
  }

  /** The socket has its seat: what is under way goes out again. @param {boolean} resumed nothing can have been missed */
  joined(resumed) {
    for (const word of this.#words.values()) if (word.state === 'sending' || word.why === '') this.#dispatch(word);
    if (resumed && this.#read) return;
    this.#load();
    setTimeout(() => this.#load(), AGAIN);
  }

  /** @param {string} state of the room */
  door(state) {
    this.#state = state;
    this.field.disabled = this.button.disabled = state !== 'open';
    this.#problem(state === 'locked' ? text('chat.locked') : '');
  }

  /** A word of the other side, or one's own from another window. @param {any} message */
  took({ from, text: words, at, id }) {
    const known = this.#words.get(keyOf({ from, text: words, at, id }));
    if (known) return this.#keep(known, at);
    this.#add({ from, text: words, at, id, state: 'kept' });
    if (from === this.seat || !this.panel.hidden) return;
    this.#count(this.#unread + 1);
    this.say(text('chat.unread', { n: this.#unread }));
  }

  /** The server has kept one's own word. @param {any} message */
  kept({ id, at }) {
    const word = this.#words.get(keyOf({ from: this.seat, id }));
    if (word) this.#keep(word, at);
  }

  /** The server did not pass on what was sent last. @param {string} code */
  refused(code) {
    if (!REFUSALS.includes(code)) return;
    for (const word of this.#words.values()) if (word.state === 'sending') this.#fail(word, code);
  }

  #write() {
    const words = this.field.value.trim();
    if (words === '' || !this.write(words)) return;
    this.field.value = '';
    this.field.focus();
  }

  /** Says something; false while the room is not open. @param {string} words */
  write(words) {
    if (this.#state !== 'open') return false;
    this.#dispatch(this.#add({ from: this.seat, text: words, id: newName(), state: 'sending' }));
    return true;
  }

  /** @param {Word} word */
  #dispatch(word) {
    word.state = 'sending';
    word.why = undefined;
    this.send({ type: 'chat', text: word.text, id: word.id });
    clearTimeout(word.late);
    word.late = setTimeout(() => word.state === 'sending' && this.#fail(word, ''), PATIENCE);
    this.#draw(word);
  }

  /** @param {Word} word @param {string} at */
  #keep(word, at) {
    clearTimeout(word.late);
    word.state = 'kept';
    word.at = at;
    this.#draw(word);
  }

  /** @param {Word} word @param {string} code */
  #fail(word, code) {
    clearTimeout(word.late);
    word.state = 'failed';
    word.why = code;
    this.#draw(word);
  }

  async #load() {
    try {
      if (!this.#read) this.#note('chat.loading');
      const answer = await fetch(`/api/v1/reservations/${this.reservation}/chat`, { headers: { Accept: 'application/json' } });
      if (!answer.ok) throw new Error(`chat: ${answer.status}`);
      const { messages } = await answer.json();
      this.#read = true;
      for (const m of messages) {
        const known = this.#words.get(keyOf(m));
        if (known) this.#keep(known, m.at);
        else this.#add({ ...m, state: 'kept' });
      }
      this.#note('chat.empty');
    } catch {
      if (!this.#read) this.#note('chat.away');
    }
  }

  /** @param {Omit<Word, 'node'>} said @returns {Word} */
  #add(said) {
    const node = /** @type {HTMLElement} */ (document.createElement('li'));
    const word = { ...said, node };
    this.#words.set(keyOf(word), word);
    node.className = 'said';
    node.dataset.from = word.from;
    node.dataset.mine = String(word.from === this.seat);
    const by = line('said-by', '');
    by.append(span(firstText(`chat.${word.from}`)), ' ', document.createElement('time'));
    node.append(by, line('said-text', word.text), line('said-state', ''));
    this.#draw(word);
    this.list.insertBefore(node, this.#after(word));
    this.#note('chat.empty');
    this.#toEnd();
    return word;
  }

  /** The line before which a word stands: they are in the order of their passing. @param {Word} word */
  #after(word) {
    if (!word.at) return null;
    for (const other of /** @type {Iterable<HTMLElement>} */ (this.list.children)) {
      if ((other.dataset.at ?? '~') > word.at) return other;
    }
    return null;
  }

  /** @param {Word} word */
  #draw(word) {
    const { node, state, at } = word;
    node.dataset.state = state;
    if (at) node.dataset.at = at;
    const time = /** @type {HTMLTimeElement} */ (node.querySelector('time'));
    if (at) {
      time.dateTime = at;
      time.textContent = clockWords(Date.parse(at), this.zone);
    }
    const line = /** @type {HTMLElement} */ (node.querySelector('.said-state'));
    line.replaceChildren();
    if (state === 'sending') line.append(text('chat.sending'));
    if (state === 'failed') line.append(firstText(`chat.failed_${word.why}`, 'chat.failed'), ' ', this.#retry(word));
    this.#store();
  }

  /** @param {Word} word */
  #retry(word) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'link';
    button.textContent = text('chat.again');
    button.addEventListener('click', () => this.#dispatch(word));
    return button;
  }

  /** @param {number} n */
  #count(n) {
    this.#unread = n;
    for (const toggle of this.toggles) {
      const badge = /** @type {HTMLElement} */ (toggle.querySelector('[data-unread]'));
      badge.hidden = n === 0;
      badge.textContent = String(n);
      const words = /** @type {HTMLElement} */ (toggle.querySelector('[data-unread-words]'));
      words.textContent = n === 0 ? '' : text('chat.unread', { n });
    }
  }

  /** What stands there while there is nothing to read. @param {string} key */
  #note(key) {
    const note = get('[data-chat-note]');
    note.hidden = this.#words.size > 0 && key === 'chat.empty';
    note.textContent = text(key);
  }

  /** @param {string} words empty hides it */
  #problem(words) {
    const line = get('[data-chat-problem]');
    line.textContent = words;
    line.hidden = words === '';
  }

  #toEnd() {
    const scroll = get('[data-chat-scroll]');
    scroll.scrollTop = scroll.scrollHeight;
  }

  // What was not kept yet outlives a reload, in this window alone.

  get #slot() {
    return `vetroom.unsent.${this.reservation}`;
  }

  /** @returns {{id: string, text: string}[]} */
  #unsent() {
    try {
      return JSON.parse(sessionStorage.getItem(this.#slot) ?? '[]');
    } catch {
      return [];
    }
  }

  #store() {
    const unsent = [...this.#words.values()].filter((word) => word.state !== 'kept').map(({ id, text: words }) => ({ id, text: words }));
    try {
      if (unsent.length > 0) sessionStorage.setItem(this.#slot, JSON.stringify(unsent));
      else sessionStorage.removeItem(this.#slot);
    } catch {
      // only a comfort
    }
  }
}

/** By what a word is known again. @param {{from: string, text?: string, at?: string, id?: string}} word */
function keyOf({ from, text: words, at, id }) {
  return id ? `${from} ${id}` : `${from} ${at} ${words}`;
}

function newName() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {string} words */
function span(words) {
  const node = document.createElement('span');
  node.textContent = words;
  return node;
}

/** @param {string} name @param {string} words */
function line(name, words) {
  const node = document.createElement('p');
  node.className = name;
  node.textContent = words;
  return node;
}
