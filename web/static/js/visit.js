/**
 * A reservation's page: its door is live, and the rest of it follows by itself
 * when something happened. What is new is drawn by the server: the page is
 * read again and each [data-part] that differs takes the place of the old one.
 */
import { ServerClock } from './clock.js';
import { Socket } from './socket.js';
import { watchDoors } from './watch.js';

/** @typedef {import('./door.js').Door} Door */

/** Pages that hear of the same instant do not all ask at it, ms. */
const SPREAD = 1_500;

const shown = new Map(parts(document).map((part) => [part.dataset.part, part.outerHTML]));

/** @param {Document} page */
function parts(page) {
  return /** @type {HTMLElement[]} */ ([...page.querySelectorAll('[data-part]')]);
}

/** @type {ReturnType<typeof setTimeout>|undefined} */ let soon;

function refreshSoon() {
  soon ??= setTimeout(() => {
    soon = undefined;
    refresh();
  }, 200 + Math.random() * SPREAD);
}

async function refresh() {
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: 'text/html' } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const part of parts(page)) replace(part);
  } catch {
    // away: the next news brings it
  }
}

/** @param {HTMLElement} fresh */
function replace(fresh) {
  const name = fresh.dataset.part ?? '';
  const old = document.querySelector(`[data-part="${CSS.escape(name)}"]`);
  if (!old || shown.get(name) === fresh.outerHTML) return;
  shown.set(name, fresh.outerHTML);
  if (name === 'door' && fresh.querySelector('form[data-door]')) return; // the door lives
  const part = document.importNode(fresh, true);
  keepOpen(old, part);
  if (name === 'late') keepHidden(old, part);
  old.replaceWith(part);
}

/** What the reader unfolded stays unfolded. @param {Element} old @param {Element} part */
function keepOpen(old, part) {
  const before = old.querySelectorAll('details');
  part.querySelectorAll('details').forEach((details, i) => (details.open = before[i]?.open ?? false));
}

/** Offers do not push away what is being read: the door's link shows them. @param {Element} old @param {Element} part */
function keepHidden(old, part) {
  const was = /** @type {HTMLElement|null} */ (old.querySelector('#late'));
  const now = /** @type {HTMLElement|null} */ (part.querySelector('#late'));
  if (now) now.hidden = was?.hidden ?? true;
}

document.addEventListener('click', (event) => {
  const target = /** @type {Element} */ (event.target);
  if (target.closest('[data-print]')) window.print();
  const late = document.getElementById('late');
  if (!late || !target.closest('.door-options')) return;
  event.preventDefault();
  late.hidden = false;
  late.scrollIntoView({ block: 'start' });
  late.focus({ preventScroll: true });
});

/** @type {string|undefined} what was last known of the door, as far as the page depends on it */ let known;

/** @param {Door} door */
function changed(door) {
  const now = `${door.version} ${door.late} ${door.lateBy() > 0}`;
  if (known !== undefined && known !== now) refreshSoon();
  known = now;
}

/** What is news beside the door: the vet wrote the record, or there is a photo, or one was looked at. */
const NEWS = ['record', 'still', 'screening'];

/** @param {{type: string}} message */
function heard({ type }) {
  if (NEWS.includes(type)) refreshSoon();
}

/**
 * After the visit there is no door to watch, but its room still brings the news. What it is at each watch may be later
 * than what the page was drawn from: the record may have been written in between.
 * @param {string} room
 */
function follow(room) {
  const socket = new Socket({
    clock: new ServerClock(),
    hello: () => [{ type: 'watch', rooms: [room], vets: [] }],
    handle: ({ type }) => void ((type === 'room' || NEWS.includes(type)) && refreshSoon()),
    state: (state) => state === 'signed_out' && socket.stop(),
  });
}

const { doors } = watchDoors(changed, false, heard);
doors.forEach(changed);
const after = /** @type {HTMLElement|null} */ (document.querySelector('[data-follow]'));
if (after && doors.length === 0) follow(after.dataset.follow ?? '');
document.addEventListener('visibilitychange', () => document.hidden || refreshSoon());
