/** The vet's buttons for a visit: which are offered, and what they call. */
import { call } from './api.js';
import { showOnline } from './online.js';
import { firstText, text } from './texts.js';
import { confirmed, problem, toast } from './toast.js';

/** @typedef {import('./clock.js').ServerClock} ServerClock */

/** What each button calls, and whether it asks first. */
const ACTS = {
  open: { path: room('open'), confirm: false },
  delay: { path: room('delay'), confirm: false },
  extend: { path: room('extend'), confirm: false },
  close: { path: room('close'), confirm: true },
  complete: { path: visit('complete'), confirm: false },
  'no-show': { path: visit('no-show'), confirm: true },
  cancel: { path: visit('cancel'), confirm: true },
};

/** @param {string} act @returns {(box: HTMLElement) => string} */
function room(act) {
  return (box) => `/vet/rooms/${box.dataset.room}/${act}`;
}

/** @param {string} act @returns {(box: HTMLElement) => string} */
function visit(act) {
  return (box) => `/vet/reservations/${box.dataset.id}/${act}`;
}

const FIRST = { locked: 'open', open: 'close', closed: 'complete' };

/** @returns {HTMLElement[]} */
const boxes = () => [...document.querySelectorAll('[data-actions]')].map((box) => /** @type {HTMLElement} */ (box));

/** The same choice as the server's, desk.go. @param {HTMLElement} box @param {number} now */
function offer(box, now) {
  const state = /** @type {keyof typeof FIRST} */ (box.dataset.roomState ?? 'locked');
  /** @type {Record<string, boolean>} */
  const may = {
    open: state === 'locked', close: state === 'open', extend: state === 'open', delay: state !== 'closed', cancel: state !== 'closed',
    complete: state !== 'locked', 'no-show': state !== 'locked' && now >= Date.parse(box.dataset.noShowFrom ?? ''),
  };
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (box.querySelectorAll('[data-act]'))) {
    const act = button.dataset.act ?? '';
    if ('first' in button.dataset) button.hidden = act !== FIRST[state];
    else if (!('pressed' in button.dataset)) button.disabled = !may[act];
  }
}

/** A door changed: its buttons follow. @param {import('./door.js').Door} door */
export function doorChanged(door) {
  for (const box of boxes().filter((b) => b.dataset.room === door.room)) {
    box.dataset.roomState = door.state;
    offer(box, door.clock.now());
  }
}

/**
 * Makes the buttons of the page work, those too that come later.
 * @param {ServerClock} clock @param {(box: HTMLElement, act: string) => void} done after one was taken
 */
export function bindActs(clock, done) {
  document.addEventListener('click', (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest('button');
    const box = /** @type {HTMLElement|null} */ (button?.closest('[data-actions]'));
    if (button?.dataset.act && box) press(box, button, done);
  });
  setInterval(() => boxes().forEach((box) => offer(box, clock.now())), 1000);
}

/** @param {HTMLElement} box @param {HTMLButtonElement} button @param {(box: HTMLElement, act: string) => void} done */
async function press(box, button, done) {
  const name = /** @type {keyof ACTS} */ (button.dataset.act);
  const { path, confirm } = ACTS[name];
  if (confirm && !(await confirmed(firstText(`desk.js_confirm_${name}`), button.textContent ?? ''))) return;
  const minutes = /** @type {HTMLSelectElement|null} */ (box.querySelector(`[data-minutes="${name}"]`));
  button.disabled = true;
  button.dataset.pressed = '';
  const answer = await call('POST', path(box), minutes ? { minutes: Number(minutes.value) } : {});
  delete button.dataset.pressed;
  button.disabled = false;
  if (!answer.ok) {
    button.focus();
    toast(problem(answer));
    return;
  }
  toast(text('desk.js_done'));
  if (name === 'open') showOnline(true);
  done(box, name);
}
