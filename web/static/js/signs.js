/** The call's two signs: how good it is, and the code that shows that nobody sits between. Words come at a tap. */
import { firstText, text } from './texts.js';

/** @param {string} selector */
const get = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

export class Signs {
  /** @param {string} seat */
  constructor(seat) {
    this.across = seat === 'vet' ? 'owner' : 'vet';
    this.signs = /** @type {HTMLDetailsElement[]} */ ([...document.querySelectorAll('details[data-sign]')]);
    document.addEventListener('pointerdown', ({ target }) => this.#close(/** @type {Node} */ (target)));
    document.addEventListener('keydown', ({ key }) => key === 'Escape' && this.#close());
  }

  /** One at a time, and none for longer than it is looked at. @param {Node} [but] */
  #close(but) {
    for (const sign of this.signs) if (sign.open && !(but && sign.contains(but))) sign.open = false;
  }

  /**
   * @param {string} own level @param {string|undefined} theirs undefined while they do not say
   * @param {{relay: boolean, step: string}} more
   */
  quality(own, theirs, { relay, step }) {
    get('[data-sign="quality"]').dataset.level = own;
    set('[data-quality-said]', firstText(`call.quality_${own}`));
    set('[data-quality-own]', text('call.quality_of_own', { words: firstText(`call.quality_${own}`) }));
    set('[data-quality-theirs]', text(`call.quality_of_${this.across}`, { words: firstText(theirs ? `call.quality_${theirs}` : 'call.quality_unknown') }));
    set('[data-quality-more]', [step === 'full' ? '' : firstText(`call.step_${step}`), relay ? text('call.relayed') : ''].filter(Boolean).join(' '));
  }

  /** @param {import('./code.js').CodeState} state @param {string} digits */
  code(state, digits) {
    get('[data-sign="code"]').dataset.code = state;
    set('[data-code-words]', firstText(`call.code_${state}`));
    set('[data-code-digits]', digits.replace(/^(...)/, '$1 '));
  }
}

/** @param {string} selector @param {string} words */
function set(selector, words) {
  const node = get(selector);
  if (node.textContent !== words) node.textContent = words;
}
