/** The form by which a vet books for an owner. */
import { call } from './api.js';
import { clearErrors, forgiveOnInput, invalidFields, showErrors } from './forms.js';
import { fromLocal } from './times.js';
import { problem } from './toast.js';

const form = /** @type {HTMLFormElement} */ (document.querySelector('form[data-follow-up]'));

/** The form as the API's body: dotted names become objects, empty fields are left out. */
function body() {
  const numbers = ['minutes', 'pet.birth_year', 'pet.weight_kg'];
  /** @type {Record<string, any>} */
  const body = { owner: {}, pet: {}, visit: {} };
  for (const [name, value] of new FormData(form)) {
    const words = String(value).trim();
    if (words === '') continue;
    const [group, key] = name.includes('.') ? name.split('.') : ['', name];
    (group ? body[group] : body)[key] = numbers.includes(name) ? asNumber(words) : words;
  }
  body.owner.locale = document.documentElement.lang;
  const at = fromLocal(String(body.start), form.dataset.zone ?? 'UTC');
  if (!Number.isNaN(at)) body.start = new Date(at).toISOString();
  return body;
}

/** "4,5" is 4.5; what is no number goes as it is, for the server to say so at its field. @param {string} words */
function asNumber(words) {
  const number = Number(words.replace(',', '.'));
  return Number.isNaN(number) ? words : number;
}

/** @param {string} words empty hides it */
function formProblem(words) {
  const box = /** @type {HTMLElement} */ (form.querySelector('[data-form-problem]'));
  /** @type {HTMLElement} */ (box.querySelector('p')).textContent = words;
  box.hidden = words === '';
}

/** @param {{number: string, link: string}} made */
function show({ number, link }) {
  const done = /** @type {HTMLElement} */ (document.querySelector('[data-follow-up-done]'));
  /** @type {HTMLElement} */ (done.querySelector('[data-done-number]')).textContent = number;
  /** @type {HTMLInputElement} */ (done.querySelector('input')).value = link;
  done.hidden = false;
  form.reset();
  done.scrollIntoView({ block: 'nearest' });
  done.focus();
}

/** @param {() => void} booked */
export function bindFollowUp(booked) {
  forgiveOnInput(form);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    clearErrors(form);
    formProblem('');
    if (showErrors(form, invalidFields(form))) return;
    const button = /** @type {HTMLButtonElement} */ (form.querySelector('button:not([type])'));
    button.disabled = true;
    const answer = await call('POST', '/vet/reservations', body());
    button.disabled = false;
    if (!answer.ok) {
      const fields = answer.errors.map(({ field }) => ({ field }));
      if (!showErrors(form, fields) || answer.code !== 'invalid') formProblem(problem(answer));
      return;
    }
    show(answer.body);
    booked();
  });
}
