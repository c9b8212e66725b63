/** The booking form. Without this it works all the same; this says sooner what is wrong, and when the time is gone. */
import { clearErrors, forgiveOnInput, invalidFields, showErrors } from './forms.js';
import { text } from './texts.js';
import { whenWords } from './times.js';
import { readSlots, watchVets } from './vetwatch.js';

/** How many times are offered in the place of one that is gone, and from how many days around it. */
const SOME = 4;
const DAYS = 8;
const DAY = 24 * 3600 * 1000;

const form = /** @type {HTMLFormElement} */ (document.querySelector('form[data-booking]'));
const summary = form.querySelector('[data-summary]');
const there = form.querySelector('[data-there]');
const nearest = /** @type {HTMLElement} */ (form.querySelector('[data-nearest]'));
const noneNear = /** @type {HTMLElement} */ (form.querySelector('[data-none-near]'));
const prior = /** @type {HTMLElement|null} */ (form.querySelector('[data-prior]'));
const { vet = '', zone = 'UTC', vetZone = 'UTC', start = '' } = form.dataset;
let sending = false; // what goes now goes to this very form
const chosen = () => /** @type {HTMLInputElement|null} */ (form.querySelector('input[name="start"][type="hidden"], input[name="start"]:checked'));

/** @param {string} words @param {string} [aside] */
function say(words, aside = '') {
  if (summary) summary.textContent = words;
  if (there) there.textContent = aside;
}

/** @param {string} at @param {string} zone */
const when = (at, zone) => whenWords(Date.parse(at), clock.now(), zone);

/** @param {string} at */
const sayTime = (at) => say(when(at, zone), vetZone === zone ? '' : text('booking.js_there', { when: when(at, vetZone) }));

/** A time of this vet was taken or given back. @param {{start: string, state: string}} slot */
function changed(slot) {
  if (sending) return;
  const at = chosen()?.value;
  if (slot.start === at && slot.state !== 'free') lose();
  else if (!nearest.hidden) offer();
}

/** The chosen time is gone: what was typed stays, and those close to it are offered where the button is. */
function lose() {
  nearest.replaceChildren();
  say(text('booking.js_lost'));
  return offer();
}

/** Offers the free times closest to the one that was wanted first. */
async function offer() {
  const wanted = Math.max(Date.parse(start) || 0, clock.now());
  const from = new Date(wanted - DAY).toISOString().slice(0, 10);
  const slots = await readSlots(vet, from, DAYS);
  if (!slots) return;
  const away = (/** @type {{start: string}} */ s) => Math.abs(Date.parse(s.start) - wanted);
  const free = slots.filter((s) => s.state === 'free').sort((a, b) => away(a) - away(b)).slice(0, SOME);
  const had = chosen()?.value;
  nearest.replaceChildren(...free.sort((a, b) => a.start.localeCompare(b.start)).map((s) => pill(s.start, s.start === had)));
  nearest.hidden = false;
  noneNear.hidden = free.length > 0;
  if (had && !free.some((s) => s.start === had)) say(text('booking.js_lost'));
}

/** @param {string} at @param {boolean} checked */
function pill(at, checked) {
  const label = document.createElement('label');
  label.className = 'slot';
  const radio = document.createElement('input');
  Object.assign(radio, { type: 'radio', name: 'start', value: at, required: true, checked });
  const time = document.createElement('time');
  time.dateTime = at;
  time.textContent = when(at, zone);
  label.append(radio, time);
  return label;
}

/** The watch has just begun: was the time taken while nobody listened? */
async function catchUp() {
  const at = chosen()?.value;
  if (!at) return;
  const slots = await readSlots(vet, new Date(Date.parse(at) - DAY).toISOString().slice(0, 10), 3);
  const slot = slots?.find((s) => s.start === at);
  if (slot && slot.state !== 'free') lose();
}

/** The first visit is asked for where the vet needs one for the area. */
function needPrior() {
  const field = prior?.querySelector('input');
  const area = /** @type {HTMLInputElement|null} */ (form.querySelector('.choice input:checked'));
  if (field && area) field.required = (prior?.dataset.prior ?? '').split(' ').includes(area.value);
}

/** @param {Event} event */
function change(event) {
  const control = /** @type {HTMLInputElement} */ (event.target);
  if (control.name === 'start') sayTime(control.value);
  if (control.closest('.choice')) needPrior();
}

/** @param {SubmitEvent} event */
function submit(event) {
  clearErrors(form);
  const wrong = invalidFields(form);
  if (wrong.length > 0) {
    event.preventDefault();
    showErrors(form, wrong);
    return;
  }
  sending = true;
  const button = form.querySelector('.summary button');
  button?.setAttribute('aria-busy', 'true');
  setTimeout(() => button?.setAttribute('disabled', ''), 0); // a second press would only wait for the first
}

function ready() {
  sending = false;
  const button = form.querySelector('.summary button');
  button?.removeAttribute('disabled');
  button?.removeAttribute('aria-busy');
}

/** Random enough for a key that only has to be this form's own. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

form.addEventListener('change', change);
form.addEventListener('submit', submit);
forgiveOnInput(form);
window.addEventListener('pageshow', ready);
const key = /** @type {HTMLInputElement|null} */ (form.querySelector('input[name="idempotency_key"]'));
if (key && !key.value) key.value = newKey();
const clock = watchVets([vet], { slot: changed, up: catchUp });
needPrior();
/** @type {HTMLElement|null} */ (form.querySelector('[aria-invalid="true"], .field-error:not([hidden])'))?.focus();
