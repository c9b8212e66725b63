/** The timetable and the booking form. Without this it works all the same; this says more, sooner. */
import { clearErrors, forgiveOnInput, invalidFields, showErrors } from './forms.js';
import { text } from './texts.js';
import { offset, whenWords } from './times.js';

const form = /** @type {HTMLFormElement} */ (document.querySelector('form[data-booking]'));
const summary = form.querySelector('[data-summary]');
const zoneLine = /** @type {HTMLElement} */ (form.querySelector('[data-zone]'));
const vetZone = zoneLine.dataset.zone ?? 'UTC';
const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** @param {number} at */
const differs = (at) => offset(at, vetZone) !== offset(at, ownZone);

function summarise() {
  const chosen = /** @type {HTMLInputElement|null} */ (form.querySelector('input[name="start"]:checked'));
  if (!chosen || !summary) return;
  const at = Date.parse(chosen.value);
  const own = differs(at) ? ` ${text('booking.js_own', { when: whenWords(at, Date.now(), ownZone) })}` : '';
  summary.textContent = text('booking.js_chosen', { when: whenWords(at, Date.now(), vetZone) }) + own;
}

function nameZone() {
  const note = form.querySelector('[data-zone-note]');
  if (note && differs(Date.now())) note.textContent = ` · ${text('booking.js_zone')}`;
}

/** Random enough for a key that only has to be this form's own. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

/** @param {SubmitEvent} event */
function submit(event) {
  clearErrors(form);
  const wrong = invalidFields(form);
  if (wrong.length > 0) {
    event.preventDefault();
    if (wrong.some((w) => w.field === 'start') && summary) summary.textContent = text('booking.js_no_time');
    showErrors(form, wrong);
    return;
  }
  const button = form.querySelector('.summary button');
  button?.setAttribute('aria-busy', 'true');
  setTimeout(() => button?.setAttribute('disabled', ''), 0); // a second press would only wait for the first
}

form.addEventListener('change', summarise);
forgiveOnInput(form);
form.addEventListener('submit', submit);
window.addEventListener('pageshow', () => form.querySelector('.summary button')?.removeAttribute('disabled'));
const key = /** @type {HTMLInputElement|null} */ (form.querySelector('input[name="idempotency_key"]'));
if (key && !key.value) key.value = newKey();
summarise();
nameZone();
/** @type {HTMLElement|null} */ (form.querySelector('[aria-invalid="true"], .field-error:not([hidden])'))?.focus();
