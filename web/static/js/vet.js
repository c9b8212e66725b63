/** The vet's own page: the online switch, the rooms' buttons, follow-up bookings. Its socket keeps the vet online. */
import { call } from './api.js';
import { clearErrors, forgiveOnInput, invalidFields, showErrors } from './forms.js';
import { firstText, text } from './texts.js';
import { ask, watchDoors } from './watch.js';
import { fromLocal } from './times.js';

/** @typedef {import('./door.js').Door} Door */

/** What each button calls; `minutes` goes into the body of those that take them. */
const ACTS = {
  open: { path: room('open'), minutes: false, confirm: false },
  delay: { path: room('delay'), minutes: true, confirm: false },
  extend: { path: room('extend'), minutes: true, confirm: false },
  close: { path: room('close'), minutes: false, confirm: true },
  complete: { path: visit('complete'), minutes: false, confirm: false },
  'no-show': { path: visit('no-show'), minutes: false, confirm: true },
  cancel: { path: visit('cancel'), minutes: false, confirm: true },
};

/** @param {string} act @returns {(card: HTMLElement) => string} */
function room(act) {
  return (card) => `/vet/rooms/${card.dataset.room}/${act}`;
}

/** @param {string} act @returns {(card: HTMLElement) => string} */
function visit(act) {
  return (card) => `/vet/reservations/${card.dataset.id}/${act}`;
}

const toastLine = /** @type {HTMLElement} */ (document.querySelector('[data-toast]'));
/** @type {ReturnType<typeof setTimeout>|undefined} */ let toastEnd;

/** @param {string} words */
function toast(words) {
  toastLine.textContent = words;
  toastLine.hidden = false;
  clearTimeout(toastEnd);
  toastEnd = setTimeout(() => (toastLine.hidden = true), 6000);
}

/** @param {import('./api.js').Answer} answer */
const problem = (answer) => firstText(`desk.js_problem_${answer.code}`, `problem.${answer.code}`, 'problem.form');

// The online switch

const online = /** @type {HTMLButtonElement} */ (document.querySelector('[data-online]'));

/** @param {boolean} on */
function showOnline(on) {
  online.setAttribute('aria-checked', String(on));
  const words = online.querySelector('[data-online-words]');
  if (words) words.textContent = firstText(on ? 'presence.on' : 'presence.off');
}

async function switchOnline() {
  const on = online.getAttribute('aria-checked') !== 'true';
  online.disabled = true;
  const answer = await call('PUT', '/vet/online', { online: on });
  online.disabled = false;
  if (answer.ok) showOnline(answer.body.online);
  else toast(problem(answer));
}

online.addEventListener('click', switchOnline);

// Rooms and reservations

const { doors } = watchDoors(showActions, true);
const cards = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.patient')]);

/** Offers what the room's state allows; the server has the last word. @param {Door} door */
function showActions(door) {
  const card = door.form.closest('.patient');
  /** @type {Record<string, boolean>} */
  const can = {
    open: door.state === 'locked', close: door.state === 'open', delay: door.state !== 'closed',
    extend: door.state !== 'closed', complete: door.state !== 'locked', 'no-show': door.state !== 'locked', cancel: door.state !== 'closed',
  };
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (card?.querySelectorAll('[data-act]') ?? [])) {
    button.disabled = !can[button.dataset.act ?? ''];
  }
}

/** @param {string} words what is asked @param {string} yes the button's words @returns {Promise<boolean>} */
function confirmed(words, yes) {
  const dialog = /** @type {HTMLDialogElement} */ (document.querySelector('[data-confirm]'));
  /** @type {HTMLElement} */ (dialog.querySelector('[data-confirm-words]')).textContent = words;
  /** @type {HTMLElement} */ (dialog.querySelector('[data-confirm-yes]')).textContent = yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener('close', () => done(dialog.returnValue === 'yes'), { once: true });
  });
}

/** @param {HTMLElement} card @param {HTMLButtonElement} button */
async function act(card, button) {
  const name = /** @type {keyof ACTS} */ (button.dataset.act);
  const { path, minutes, confirm } = ACTS[name];
  if (confirm && !(await confirmed(firstText(`desk.js_confirm_${name}`), button.textContent ?? ''))) return;
  const chosen = /** @type {HTMLSelectElement} */ (card.querySelector('[data-minutes]'));
  button.disabled = true;
  const answer = await call('POST', path(card), minutes ? { minutes: Number(chosen.value) } : {});
  button.disabled = false;
  if (!answer.ok) {
    button.focus();
    toast(problem(answer));
    return;
  }
  toast(text('desk.js_done'));
  if (name === 'open') showOnline(true);
  showState(card, answer.body.state);
  const door = doors.find((d) => d.reservation === card.dataset.id);
  if (door) await ask(door, showActions);
  keepFocus(card);
}

/** The button that was pressed may be gone or asleep: the focus stays at the patient, not at the top of the page. @param {HTMLElement} card */
function keepFocus(card) {
  const at = /** @type {HTMLButtonElement|HTMLElement|null} */ (document.activeElement);
  if (at && at !== document.body && at.checkVisibility() && !at.matches(':disabled')) return;
  card.tabIndex = -1;
  card.focus();
}

/** Shows a reservation that no longer stands as what it now is. @param {HTMLElement} card @param {string} state */
function showState(card, state) {
  if (!['completed', 'cancelled', 'no_show'].includes(state)) return; // an answer about the room
  const chip = /** @type {HTMLElement} */ (card.querySelector('[data-state-words]'));
  chip.textContent = firstText(`state.${state}`);
  chip.hidden = false;
  card.dataset.state = state;
  const actions = /** @type {HTMLElement|null} */ (card.querySelector('[data-actions]'));
  if (actions) actions.hidden = true;
}

for (const card of cards) {
  const actions = /** @type {HTMLElement|null} */ (card.querySelector('[data-actions]'));
  if (!actions) continue;
  actions.addEventListener('click', (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest('button');
    if (button?.dataset.act) act(card, button);
  });
}
doors.forEach(showActions);

// Follow-ups

const followUp = /** @type {HTMLFormElement} */ (document.querySelector('form[data-follow-up]'));

/** The form as the API's body: dotted names become objects, empty fields are left out. @param {HTMLFormElement} form */
function bodyOf(form) {
  const numbers = ['minutes', 'pet.birth_year', 'pet.weight_kg'];
  /** @type {Record<string, any>} */
  const body = { owner: {}, pet: {}, visit: {} };
  for (const [name, value] of new FormData(form)) {
    const words = String(value).trim();
    if (words === '') continue;
    const [group, key] = name.includes('.') ? name.split('.') : ['', name];
    (group ? body[group] : body)[key] = numbers.includes(name) ? Number(words) : words;
  }
  body.owner.locale = document.documentElement.lang;
  const at = fromLocal(String(body.start), form.dataset.zone ?? 'UTC');
  if (!Number.isNaN(at)) body.start = new Date(at).toISOString();
  return body;
}

/** @param {string} words empty hides it */
function formProblem(words) {
  const box = /** @type {HTMLElement} */ (followUp.querySelector('[data-form-problem]'));
  /** @type {HTMLElement} */ (box.querySelector('p')).textContent = words;
  box.hidden = words === '';
}

/** @param {SubmitEvent} event */
async function book(event) {
  event.preventDefault();
  clearErrors(followUp);
  formProblem('');
  if (showErrors(followUp, invalidFields(followUp))) return;
  const button = /** @type {HTMLButtonElement} */ (followUp.querySelector('button:not([type])'));
  button.disabled = true;
  const answer = await call('POST', '/vet/reservations', bodyOf(followUp));
  button.disabled = false;
  if (!answer.ok) {
    const fields = answer.errors.map(({ field }) => ({ field }));
    if (!showErrors(followUp, fields) || answer.code !== 'invalid') formProblem(problem(answer));
    return;
  }
  booked(answer.body);
}

/** @param {{number: string, link: string}} made */
function booked({ number, link }) {
  const done = /** @type {HTMLElement} */ (document.querySelector('[data-follow-up-done]'));
  /** @type {HTMLElement} */ (done.querySelector('[data-done-number]')).textContent = number;
  /** @type {HTMLInputElement} */ (done.querySelector('input')).value = link;
  done.hidden = false;
  followUp.reset();
  done.scrollIntoView({ block: 'nearest' });
  done.focus();
}

forgiveOnInput(followUp);
followUp.addEventListener('submit', book);
