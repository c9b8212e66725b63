/**
 * Waiting for a vet. A frame says that there is news; the words are the server's own: the page is read again and what
 * changed is put in its place. Once a vet has accepted it goes to the room by itself.
 */
import { ServerClock } from './clock.js';
import { Socket } from './socket.js';
import { text } from './texts.js';
import { countdown } from './times.js';

/** How long a ring or the request may be past its end, ms, before the page asks by itself. */
const OVERDUE = 2_000;
const ASK_EVERY = 5_000;
/** The session has ended, say: the page that comes says how to go on. */
const GONE = [401, 403, 404, 410];

const box = /** @type {HTMLElement} */ (document.querySelector('[data-wait]'));
const left = /** @type {HTMLElement} */ (box.querySelector('[data-left]'));
const clock = new ServerClock();
let reading = 0;

const standing = () => box.dataset.state === 'ringing' || box.dataset.state === 'queued';

async function read() {
  const turn = ++reading;
  try {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.querySelector('[data-wait]');
    if (turn !== reading) return;
    if (fresh) put(page, /** @type {HTMLElement} */ (fresh));
    else if (GONE.includes(answer.status)) location.reload();
  } catch {
    // away: the socket is coming back, and then it is read again
  }
}

/** @param {Document} page @param {HTMLElement} fresh */
function put(page, fresh) {
  for (const part of document.querySelectorAll('[data-part]')) {
    const now = page.querySelector(`[data-part="${part.getAttribute('data-part')}"]`);
    if (now && !now.isEqualNode(part)) part.replaceChildren(...now.childNodes);
  }
  Object.assign(box.dataset, fresh.dataset);
  document.title = page.title;
  draw();
  go();
}

/** The room takes the page's place: going back does not lead into waiting again. */
function go() {
  if (!box.dataset.room) return;
  left.textContent = text('urgent.js_going');
  location.replace(`/room?id=${encodeURIComponent(box.dataset.room)}`);
}

function draw() {
  const rings = box.dataset.state === 'ringing';
  const until = Date.parse((rings ? box.dataset.rings : box.dataset.expires) ?? '');
  const words = standing() && until ? text(rings ? 'urgent.js_rings' : 'urgent.js_expires', { left: countdown(until - clock.now()) }) : '';
  if (!box.dataset.room && left.textContent !== words) left.textContent = words;
}

/** A frame may have been lost: what is past its end is asked for. */
function overdue() {
  const until = Date.parse((box.dataset.state === 'ringing' ? box.dataset.rings : box.dataset.expires) ?? '');
  if (standing() && clock.now() - until > OVERDUE) read();
}

if (standing()) {
  let opened = false;
  new Socket({
    clock,
    hello: () => [{ type: 'watch', rooms: [], vets: [] }],
    handle: (message) => (message.type === 'instant' && message.id === box.dataset.wait ? read() : undefined),
    state: (state) => {
      if (state === 'up' && opened) read(); // what happened while it was away
      opened ||= state === 'up';
    },
  });
  setInterval(draw, 500);
  setInterval(overdue, ASK_EVERY);
}
window.addEventListener('pageshow', (event) => event.persisted && read());
draw();
go();
