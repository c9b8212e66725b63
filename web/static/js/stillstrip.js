/** The photos of a visit beside the chat, the buttons for more of them, and the line over the picture that says how one comes. */
import { text } from './texts.js';

/** What passes by itself stands for so long, ms. */
const PASSING = 6_000;

/** @template {HTMLElement} T @param {string} selector @returns {T} */
const get = (selector) => /** @type {T} */ (document.querySelector(selector));

export class Strip {
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #pass;
  #see = '';

  /** @param {{open: (id: string) => void, chose: (photo: File) => void, ask: () => void, cancel: () => void}} on */
  constructor({ open, chose, ask, cancel }) {
    this.open = open;
    this.list = get('[data-still-strip]');
    this.line = get('[data-still-status]');
    for (const button of document.querySelectorAll('[data-still-ask]')) button.addEventListener('click', ask);
    get('[data-still-cancel]').addEventListener('click', cancel);
    get('[data-still-see]').addEventListener('click', () => open(this.#see));
    for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('[data-chat-photo]'))) {
      field.addEventListener('change', () => {
        const [photo] = field.files ?? [];
        field.value = '';
        if (photo) chose(photo);
      });
    }
  }

  /** @param {{id: string, small: string, words: string}[]} stills */
  show(stills) {
    this.list.hidden = stills.length === 0;
    const had = new Set([...this.list.children].map((line) => /** @type {HTMLElement} */ (line).dataset.still));
    this.list.append(...stills.filter(({ id }) => !had.has(id)).map((still) => this.#item(still))); // none ever goes
  }

  /** @param {{id: string, small: string, words: string}} still */
  #item({ id, small, words }) {
    const [line, button, image] = [document.createElement('li'), document.createElement('button'), document.createElement('img')];
    line.dataset.still = id;
    button.type = 'button';
    button.title = words;
    button.addEventListener('click', () => this.open(id));
    Object.assign(image, { src: small, alt: words, width: 64, height: 64 });
    button.append(image);
    line.append(button);
    return line;
  }

  /**
   * The line over the picture; without words it goes.
   * @param {{words?: string, part?: number, cancel?: boolean, see?: string, passing?: boolean}} status
   */
  status({ words = '', part, cancel = false, see = '', passing = false }) {
    clearTimeout(this.#pass);
    this.line.hidden = words === '';
    const said = get('[data-still-said]');
    if (said.textContent !== words) said.textContent = words;
    const progress = /** @type {HTMLProgressElement} */ (get('[data-still-progress]'));
    progress.hidden = part === undefined;
    progress.value = part ?? 0;
    progress.setAttribute('aria-label', text('still.js_progress'));
    get('[data-still-cancel]').hidden = !cancel;
    get('[data-still-see]').hidden = see === '';
    this.#see = see;
    if (passing) this.#pass = setTimeout(() => this.status({}), PASSING);
  }

  /** What was told of is looked at. */
  seen() {
    if (this.#see) this.status({});
  }

  /** @param {string} state of the room */
  door(state) {
    for (const part of /** @type {NodeListOf<HTMLInputElement|HTMLButtonElement>} */ (document.querySelectorAll('[data-chat-photo], [data-still-ask]'))) {
      part.disabled = state !== 'open';
    }
  }
}
