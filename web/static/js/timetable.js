/** A vet's week, live: times go and come back while somebody looks. Without this it is as it was when it was drawn. */
import { clearErrors, forgiveOnInput, invalidFields, showErrors } from './forms.js';
import { firstText, text } from './texts.js';
import { clockWords, whenWords } from './times.js';
import { readSlots, watchVets } from './vetwatch.js';
import { differs, redraw, tellZone } from './zone.js';

/** How often it is looked for times that have come meanwhile, ms. */
const LOOK = 15_000;

const form = /** @type {HTMLFormElement} */ (document.querySelector('form[data-timetable]'));
const summary = form.querySelector('[data-summary]');
const there = form.querySelector('[data-there]');
const times = () => /** @type {HTMLElement} */ (form.querySelector('#times'));
const chosen = () => /** @type {HTMLInputElement|null} */ (form.querySelector('input[name="start"]:checked'));
const zone = () => times().dataset.zone ?? 'UTC';

let sending = false; // what goes now goes to this very form

/** @param {string} words @param {string} [aside] */
function say(words, aside = '') {
  if (summary) summary.textContent = words;
  if (there) there.textContent = aside;
}

function summarise() {
  const radio = chosen();
  if (!radio) return;
  const [at, vet] = [Date.parse(radio.value), times().dataset.vetZone ?? 'UTC'];
  say(whenWords(at, clock.now(), zone()), vet === zone() ? '' : text('booking.js_there', { when: whenWords(at, clock.now(), vet) }));
}

/** @param {string} start */
const pillOf = (start) => /** @type {HTMLElement|null} */ (form.querySelector(`time[datetime="${CSS.escape(start)}"]`)?.closest('.slot') ?? null);

/** Shows what a time is now. @param {{start: string, state: string}} slot */
function show({ start, state }) {
  const pill = pillOf(start);
  if (!pill || pill.classList.contains('taken') === (state !== 'free')) return;
  const mine = pill.querySelector('input')?.checked;
  const focused = pill.contains(document.activeElement);
  const fresh = state === 'free' ? freePill(pill, start) : takenPill(pill);
  pill.replaceWith(fresh);
  if (mine && !sending) say(text('booking.js_gone'));
  if (focused) /** @type {HTMLElement|null} */ (fresh.closest('.day')?.querySelector('.slot input') ?? null)?.focus();
  countDay(/** @type {HTMLElement} */ (fresh.closest('.day')));
}

/** @param {HTMLElement} pill @param {string} start */
function freePill(pill, start) {
  const label = document.createElement('label');
  label.className = 'slot changed';
  const radio = document.createElement('input');
  Object.assign(radio, { type: 'radio', name: 'start', value: start, required: true });
  radio.setAttribute('aria-label', clockWords(Date.parse(start), zone()));
  label.append(radio, /** @type {Node} */ (pill.querySelector('time')));
  return label;
}

/** @param {HTMLElement} pill */
function takenPill(pill) {
  const span = document.createElement('span');
  span.className = 'slot taken changed';
  const words = document.createElement('span');
  words.className = 'sr';
  words.textContent = firstText('slot.taken');
  span.append(/** @type {Node} */ (pill.querySelector('time')), words);
  return span;
}

/** A day without a free time is quiet among the tabs. @param {HTMLElement} day */
function countDay(day) {
  const i = [...form.querySelectorAll('.day')].indexOf(day);
  form.querySelectorAll('.tab')[i]?.classList.toggle('none', !day.querySelector('.slot input'));
}

/** The watch has just begun: what changed between the page's drawing and now was not told. */
async function catchUp() {
  const { vet = '', from = '', days = '7' } = times().dataset;
  for (const slot of (await readSlots(vet, from, days)) ?? []) show(slot);
}

function passBy() {
  for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll('.slot input'))) {
    if (Date.parse(radio.value) <= clock.now()) show({ start: radio.value, state: 'past' });
  }
}

/** @param {SubmitEvent} event */
function submit(event) {
  clearErrors(form);
  const wrong = invalidFields(form);
  sending = wrong.length === 0;
  if (sending) return;
  event.preventDefault();
  say(text('booking.js_no_time'));
  showErrors(form, wrong);
}

form.addEventListener('change', summarise);
form.addEventListener('submit', submit);
forgiveOnInput(form);
window.addEventListener('pageshow', () => { sending = false; });
if (tellZone() && differs(times().dataset.vetZone ?? 'UTC')) redraw('#times').then(summarise);
const clock = watchVets([times().dataset.vet ?? ''], { slot: show, up: catchUp });
setInterval(passBy, LOOK);
summarise();
/** @type {HTMLElement|null} */ (form.querySelector('.field-error:not([hidden])'))?.focus();
