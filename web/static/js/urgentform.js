/** The form that asks for a vet now. Without this it works all the same; this says at once what is missing. */
import { clearErrors, forgiveOnInput, invalidFields, showErrors } from './forms.js';

const form = /** @type {HTMLFormElement} */ (document.querySelector('form[data-ask]'));
const button = /** @type {HTMLButtonElement} */ (form.querySelector('.summary button'));

form.noValidate = true;
forgiveOnInput(form);
form.addEventListener('submit', (event) => {
  clearErrors(form);
  if (showErrors(form, invalidFields(form))) {
    event.preventDefault();
    return;
  }
  button.setAttribute('aria-busy', 'true');
  setTimeout(() => (button.disabled = true), 0); // a second press would only wait for the first
});
window.addEventListener('pageshow', () => (button.disabled = false));
/** @type {HTMLElement|null} */ (form.querySelector('[aria-invalid="true"], .field-error:not([hidden])'))?.focus();
