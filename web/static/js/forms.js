/** Errors at their fields, in the page's words: the same choice of words as the server's forms. */
import { firstText } from './texts.js';

/** @param {HTMLFormElement} form */
export function clearErrors(form) {
  for (const control of form.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
  for (const line of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll('[data-error-for]'))) {
    line.hidden = true;
    line.textContent = '';
  }
}

/**
 * Shows each error at its field and goes to the first. Returns false if none of the fields is in the form.
 * @param {HTMLFormElement} form @param {{field: string, code?: string}[]} errors
 */
export function showErrors(form, errors) {
  let first;
  for (const { field, code } of errors) {
    const line = /** @type {HTMLElement|null} */ (form.querySelector(`[data-error-for="${CSS.escape(field)}"]`));
    const control = /** @type {HTMLElement|null} */ (form.querySelector(`[name="${CSS.escape(field)}"]`));
    if (!line) continue;
    line.textContent = firstText(`problem.${field}.${code}`, `problem.${field}`, `problem.${code}`, 'problem.field');
    line.hidden = false;
    control?.setAttribute('aria-invalid', 'true');
    first ??= control ?? line;
  }
  first?.focus();
  return first !== undefined;
}

/** What the browser itself finds wrong. @param {HTMLFormElement} form */
export function invalidFields(form) {
  const controls = /** @type {HTMLInputElement[]} */ ([...form.elements]);
  const wrong = controls.filter((c) => c.name && c.willValidate && !c.validity.valid);
  return [...new Map(wrong.map((c) => [c.name, { field: c.name, code: c.validity.valueMissing ? 'required' : '' }])).values()];
}
