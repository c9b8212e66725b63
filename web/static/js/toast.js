/** What a vet's page says of a press, and what it asks before one. */
import { firstText } from './texts.js';

const line = /** @type {HTMLElement} */ (document.querySelector('[data-toast]'));
/** @type {ReturnType<typeof setTimeout>|undefined} */ let end;

/** @param {string} words */
export function toast(words) {
  line.textContent = words;
  line.hidden = false;
  clearTimeout(end);
  end = setTimeout(() => (line.hidden = true), 6000);
}

/** @param {import('./api.js').Answer} answer */
export const problem = (answer) => firstText(`desk.js_problem_${answer.code}`, `problem.${answer.code}`, 'problem.form');

/** @param {string} words what is asked @param {string} yes the button's words @returns {Promise<boolean>} */
export function confirmed(words, yes) {
  const dialog = /** @type {HTMLDialogElement} */ (document.querySelector('[data-confirm]'));
  /** @type {HTMLElement} */ (dialog.querySelector('[data-confirm-words]')).textContent = words;
  /** @type {HTMLElement} */ (dialog.querySelector('[data-confirm-yes]')).textContent = yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener('close', () => done(dialog.returnValue === 'yes'), { once: true });
  });
}
