/**
 * A request for a consultation now, ringing on whatever page its vet looks at. A frame says that there is news; what
 * rings is read over HTTP: at load, after each break, and at each frame. One request rings a vet at a time.
 */
import { call } from './api.js';
import { ServerClock } from './clock.js';
import { alarm, audible, quiet, setUp, tone } from './ringalert.js';
import { RingView } from './ringview.js';
import { Socket } from './socket.js';
import { firstText } from './texts.js';

/** How long after its end, by the server's clock, a ring of which nothing was heard is asked for again, ms. */
const OVERDUE = 2_000;

/** @typedef {{id: string, rings_until: string, pet: any, visit: any, symptoms: string, screening?: any}} Ring */

const view = new RingView({ accept: () => answer('accept'), decline: () => answer('decline'), hear: () => tone(left() / 1000) });
/** @type {Ring|undefined} */ let ring;
/** The vet's own answer is under way: it decides, not what is heard meanwhile. */ let answering = false;
let reading = 0;
let signedOut = false;

async function read() {
  const turn = ++reading;
  try {
    const answer = await fetch('/api/v1/vet/instant', { headers: { Accept: 'application/json' } });
    if (!answer.ok || turn !== reading) return;
    const { requests, waiting } = await answer.json();
    if (turn === reading) take(requests[0], waiting);
  } catch {
    // away: the socket is coming back, and then it is read again
  }
}

/** @param {Ring|undefined} now @param {number} waiting */
async function take(now, waiting) {
  if (!now) {
    if (ring && !answering) end('over');
    return;
  }
  if (ring?.id === now.id) return;
  ring = now;
  const words = view.show(now, waiting);
  const heard = await audible();
  if (ring?.id !== now.id) return;
  view.mute(!heard);
  alarm(now.id, now.pet.name, words, left() / 1000);
}

/** Says how it ended. @param {string} how @param {string} [room] where the vet's own consultation is */
function end(how, room = '') {
  ring = undefined;
  quiet();
  view.end(firstText(`ring.js_${how}`, 'ring.js_over'), room);
}

/** @param {'accept'|'decline'} what */
async function answer(what) {
  if (!ring || answering) return;
  const { id } = ring;
  answering = true;
  view.answering(what);
  const { ok, body, code } = await call('POST', `/vet/instant/${id}/${what}`);
  answering = false;
  if (ok && what === 'accept') {
    quiet();
    location.assign(`/room?id=${encodeURIComponent(body.room.id)}`);
  } else if (ok) {
    end('declined');
  } else if (code === 'taken' || code === 'closed') {
    end(code);
  } else {
    view.refused(firstText(`ring.js_problem_${code}`, 'ring.js_problem'));
  }
  read(); // what else rings by now
}

/** @param {any} message */
async function hear(message) {
  if (message.type === 'error' && message.code === 'signed_out') {
    signedOut = true;
    if (ring) end('problem_no_session');
  }
  if (message.type !== 'instant') return;
  if (message.state === 'ringing') await read();
  else if (message.id === ring?.id && !answering) over(message);
}

/** What rang here does not any more. @param {{state: string, reservation_id?: string}} message */
async function over({ state, reservation_id: reservation }) {
  if (state !== 'accepted') end(state === 'left' ? 'left_state' : state);
  else if (!reservation) end('taken');
  else end('mine', await roomOf(reservation));
  read();
}

/** @param {string} reservation */
async function roomOf(reservation) {
  try {
    const answer = await fetch(`/api/v1/reservations/${reservation}`, { headers: { Accept: 'application/json' } });
    return answer.ok ? (await answer.json()).room.id : '';
  } catch {
    return '';
  }
}

/** Sees to it that the page has a socket, which also keeps its vet online. */
function listen() {
  if (Socket.live.size > 0 || signedOut) return;
  const own = new Socket({
    clock: new ServerClock(),
    hello: () => [{ type: 'watch', rooms: [], vets: [] }],
    handle: () => {},
    state: (state) => state === 'signed_out' && own.stop(),
  });
}

const fallback = new ServerClock();

/** Ms until the next vet is asked, by the server's clock. */
const left = () => Date.parse(ring?.rings_until ?? '') - ([...Socket.live][0]?.clock ?? fallback).now();

function tick() {
  if (!ring) return;
  view.left(left());
  if (left() < -OVERDUE && !answering) read();
}

document.addEventListener('socket:message', (event) => hear(/** @type {CustomEvent} */ (event).detail));
document.addEventListener('socket:up', read);
document.addEventListener('ring:sound', async () => (await audible()) && tone()); // another script's, once
document.addEventListener('socket:stop', listen);
window.addEventListener('pageshow', (event) => event.persisted && read());
setUp();
listen();
read();
setInterval(tick, 500);
