/** The vet's own page: the day as it changes, who is at the door, the chosen patient. */
import { bindActs, doorChanged } from './deskacts.js';
import { watchDesk } from './deskwatch.js';
import { bindFollowUp } from './followup.js';
import { refetch } from './fragment.js';
import { bindReview } from './review.js';
import { text } from './texts.js';
import { clockWords } from './times.js';
import { toast } from './toast.js';

const wide = matchMedia('(min-width: 60rem)');
const desk = watchDesk({ door, here: showHere, booked: () => later(), screened: () => later() });
/** @type {ReturnType<typeof setTimeout>|undefined} */ let waiting;
let asking = false, again = false;

// Who is at the door

/** @param {string} room @returns {HTMLElement|null} */
const cardOf = (room) => document.querySelector(`.patient[data-room="${CSS.escape(room)}"]`);

function showHere() {
  const list = /** @type {HTMLElement} */ (document.querySelector('[data-at-door-list]'));
  const rooms = [...new Set(desk.doors.map((d) => d.room))];
  const here = rooms.filter((room) => desk.peerOf(room) !== 'absent' && cardOf(room)).map(lineOf);
  if (list.textContent !== here.map((li) => li.textContent).join('')) list.replaceChildren(...here);
  /** @type {HTMLElement} */ (document.querySelector('[data-at-door-none]')).hidden = here.length > 0;
  /** @type {HTMLElement} */ (document.querySelector('[data-at-door]')).toggleAttribute('data-somebody', here.length > 0);
  for (const card of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.patient'))) {
    card.dataset.here = desk.peerOf(card.dataset.room ?? '');
  }
}

/** @param {string} room */
function lineOf(room) {
  const card = /** @type {HTMLElement} */ (cardOf(room));
  const zone = /** @type {HTMLElement} */ (document.querySelector('[data-day]')).dataset.zone ?? 'UTC';
  const line = document.createElement('li');
  const name = document.createElement('a');
  name.href = /** @type {HTMLAnchorElement} */ (card.querySelector('[data-choose]')).href;
  name.dataset.choose = /** @type {HTMLElement} */ (card.querySelector('[data-choose]')).dataset.choose;
  name.textContent = text(`desk.js_here_${desk.peerOf(room)}`, {
    pet: card.dataset.pet ?? '', time: clockWords(Date.parse(card.dataset.starts ?? ''), zone),
  });
  line.append(name);
  return line;
}

/** @param {import('./door.js').Door} door */
function door(door) {
  doorChanged(door);
  if (door.state === 'closed' && door.form.isConnected) later(); // what became of it stands on the server's page
}

// The list, as it changes

/** Several changes that come together are read together. */
function later() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 250);
}

async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  const [before, known] = [visits(), ids()];
  if (await refetch(location.pathname + location.search, ['[data-day]', '[data-chosen]'])) {
    adopt();
    if (before !== visits()) tell(known);
  }
  asking = false;
  if (again) {
    again = false;
    later();
  }
}

const ids = () => new Set(/** @type {HTMLElement[]} */ ([...document.querySelectorAll('.patient')]).map((c) => c.dataset.id));

/**
 * Says what is new. A visit whose door stands open already was taken over from another vet: its owner waits now.
 * @param {Set<string|undefined>} known
 */
function tell(known) {
  const cards = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.patient')]);
  const now = cards.find((c) => !known.has(c.dataset.id) && c.querySelector('[data-room-state="open"]'));
  toast(now ? text('desk.js_now', { pet: now.dataset.pet ?? '' }) : text('desk.js_changed'));
  if (now) document.dispatchEvent(new CustomEvent('ring:sound'));
}

const visits = () => [...document.querySelectorAll('.patient')].map((c) => `${c.getAttribute('data-id')} ${c.getAttribute('data-starts')} ${c.getAttribute('data-state')}`).join();

function adopt() {
  desk.adopt();
  hush();
  showHere();
}

/** The chosen patient's door is in the list too: it is heard there. */
function hush() {
  for (const words of document.querySelectorAll('[data-chosen] .door-words')) words.setAttribute('aria-live', 'off');
}

// The chosen patient

/** @param {string} address */
async function choose(address) {
  if (!(await refetch(address, ['[data-day]', '[data-chosen]']))) {
    location.assign(address);
    return;
  }
  history.replaceState(null, '', address);
  adopt();
  const chosen = /** @type {HTMLElement|null} */ (document.querySelector('[data-chosen] h2'));
  if (!chosen) return;
  chosen.tabIndex = -1;
  chosen.focus({ preventScroll: true });
}

document.addEventListener('click', (event) => {
  const link = /** @type {HTMLElement|null} */ (/** @type {HTMLElement} */ (event.target).closest('a[data-choose]'));
  if (!link || !wide.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  choose(link.dataset.choose ?? '');
});

bindActs(desk.clock, refresh);
bindFollowUp(refresh);
bindReview(() => refetch(location.pathname + location.search, ['[data-photo]']));
hush();
showHere();
