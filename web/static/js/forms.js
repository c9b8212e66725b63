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
    const controls = /** @type {HTMLElement[]} */ ([...form.querySelectorAll(`[name="${CSS.escape(field)}"]`)]);
    if (!line) continue;
    line.textContent = firstText(`problem.${field}.${code}`, `problem.${field}`, `problem.${code}`, 'problem.field');
    line.hidden = false;
    if (controls.length === 1) controls[0].setAttribute('aria-invalid', 'true');
    first ??= controls.length === 1 ? controls[0] : line;
  }
  first?.focus();
  return first !== undefined;
}

/** An error goes as soon as its field is changed. @param {HTMLFormElement} form */
export function forgiveOnInput(form) {
  form.addEventListener('input', (event) => {
    const control = /** @type {HTMLInputElement} */ (event.target);
    const line = /** @type {HTMLElement|null} */ (form.querySelector(`[data-error-for="${CSS.escape(control.name)}"]`));
    if (line) line.hidden = true;
    control.removeAttribute('aria-invalid');
  });
}

/** What the browser itself finds wrong. @param {HTMLFormElement} form */
export function invalidFields(form) {
  const controls = /** @type {HTMLInputElement[]} */ ([...form.elements]);
  const wrong = controls.filter((c) => c.name && c.willValidate && !c.validity.valid);
  return [...new Map(wrong.map((c) => [c.name, { field: c.name, code: c.validity.valueMissing ? 'required' : '' }])).values()];
}
