/** The vet's hours: rows that come and go, a day's times for others, and what is wrong with a day before it is sent. */
import { watchDesk } from './deskwatch.js';
import { text } from './texts.js';

watchDesk({}); // the page's socket keeps the vet online, and the switch true

const form = /** @type {HTMLFormElement} */ (document.querySelector('form[data-hours]'));
const days = /** @type {HTMLElement[]} */ ([...form.querySelectorAll('[data-weekday]')]);

/** An empty row of each list, to make more of. @type {Map<Element, Element>} */
const blank = new Map();
for (const list of form.querySelectorAll('[data-rows]')) {
  const rows = [...list.querySelectorAll('[data-row]')];
  const last = rows[rows.length - 1]; // the server ends each list with an empty one
  last.removeAttribute('data-spare');
  blank.set(list, /** @type {Element} */ (last.cloneNode(true)));
  rows.filter(isEmpty).forEach((row) => row.remove());
}

/** @param {Element} row */
function isEmpty(row) {
  return [...row.querySelectorAll('input')].every((input) => input.value.trim() === '');
}

/** @param {Element} within */
const listOf = (within) => /** @type {Element} */ (within.querySelector('[data-rows]'));

/** @param {Element} list @param {string[]} [values] */
function addRow(list, values = []) {
  const row = /** @type {Element} */ (/** @type {Element} */ (blank.get(list)).cloneNode(true));
  row.querySelectorAll('input').forEach((input, i) => (input.value = values[i] ?? ''));
  list.append(row);
  return row;
}

// What is pressed

form.addEventListener('click', (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest('button');
  if (!button) return;
  const within = /** @type {Element} */ (button.closest('[data-weekday], fieldset'));
  if ('add' in button.dataset) addRow(listOf(within)).querySelector('input')?.focus();
  else if ('remove' in button.dataset) remove(within, /** @type {Element} */ (button.closest('[data-row]')));
  else if ('copyDay' in button.dataset) copyDay();
  else return;
  changed();
});

/** @param {Element} within @param {Element} row */
function remove(within, row) {
  row.remove();
  /** @type {HTMLElement} */ (within.querySelector('[data-add]')).focus();
}

/** Monday's times for the other four days that most people work. */
function copyDay() {
  const rows = [...listOf(days[0]).querySelectorAll('[data-row]')].map((row) => [...row.querySelectorAll('input')].map((i) => i.value));
  for (const day of days.slice(1, 5)) {
    const list = listOf(day);
    list.replaceChildren();
    for (const values of rows) addRow(list, values);
  }
}

// What is typed

form.addEventListener('change', (event) => {
  const input = /** @type {HTMLInputElement} */ (event.target);
  if (input.inputMode === 'numeric' && input.maxLength === 5) input.value = clock(input.value);
});
form.addEventListener('input', changed);

function changed() {
  days.forEach(showDay);
  /** @type {HTMLElement} */ (form.querySelector('[data-hours-state]')).textContent = text('hours.js_unsaved');
}

/** "9", "930" and "9:30" as the form wants them; anything else stays as it is. @param {string} typed */
function clock(typed) {
  const found = /^(\d{1,2})(?::?(\d{2}))?$/.exec(typed.trim());
  return found ? `${found[1].padStart(2, '0')}:${found[2] ?? '00'}` : typed;
}

/** @param {HTMLElement} day */
function showDay(day) {
  const rows = [...listOf(day).querySelectorAll('[data-row]')];
  /** @type {HTMLElement} */ (day.querySelector('[data-off]')).hidden = rows.length > 0;
  const line = /** @type {HTMLElement} */ (day.querySelector('[data-day-error]'));
  const wrong = wrongWith(rows);
  if (!wrong && !line.dataset.said) return; // the server's word stands until something is changed
  line.dataset.said = 'yes';
  line.textContent = wrong ? text(`hours.js_${wrong}`) : '';
  line.hidden = !wrong;
}

/** What is wrong with a day whose rows are all filled in: form, order, overlap or nothing. @param {Element[]} rows */
function wrongWith(rows) {
  const spans = rows.map((row) => [...row.querySelectorAll('input')]).filter(([from, to]) => from.value && to.value && document.activeElement !== from && document.activeElement !== to);
  if (spans.some((inputs) => inputs.some((i) => i.validity.patternMismatch))) return 'form';
  const times = spans.map(([from, to]) => ({ from: from.value, to: to.value })).sort((a, b) => (a.from < b.from ? -1 : 1));
  if (times.some(({ from, to }) => to <= from)) return 'order';
  return times.some(({ from }, i) => i > 0 && from < times[i - 1].to) ? 'overlap' : '';
}

addEventListener('focusout', () => setTimeout(() => days.forEach(showDay)));
days.forEach(showDay);
