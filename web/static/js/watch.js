/** Every door on a page, live over one watch. */
import { ServerClock } from './clock.js';
import { Door, tick } from './door.js';
import { Socket } from './socket.js';

/** A watch follows at most this many rooms. */
const MOST = 50;
/** A door that is past its opening by this, and still locked, asks over HTTP: sockets may be blocked here. */
const OVERDUE = 2_000;
const ASK_EVERY = 5_000;
const MINUTE = 60_000;

/**
 * @param {(door: Door) => void} [changed] called after a door took the server's word
 * @param {boolean} [always] keep the socket even without a door (it keeps a vet online)
 * @param {(message: import('./socket.js').Message) => void} [other] takes what is not about a door
 */
export function watchDoors(changed = () => {}, always = false, other = () => {}) {
  const clock = new ServerClock();
  const forms = /** @type {HTMLFormElement[]} */ ([...document.querySelectorAll('form[data-door]')]);
  const doors = forms.map((form) => new Door(form, clock));
  if (doors.length === 0 && !always) return { clock, doors };
  tick(doors);
  setInterval(() => doors.filter((door) => overdue(door) || unmet(door)).forEach((door) => ask(door, changed)), ASK_EVERY);
  const socket = new Socket({
    clock,
    hello: () => [{ type: 'watch', rooms: rooms(doors), vets: [] }],
    handle: (message) => {
      if (message.type !== 'room') return other(message);
      for (const door of doors.filter((d) => d.room === message.room)) take(door, message, changed);
    },
    state: (state) => {
      if (state !== 'signed_out') return;
      socket.stop();
      if (always) location.assign('/vet/login');
    },
  });
  return { clock, doors };
}

/** @param {Door[]} doors */
function rooms(doors) {
  return [...new Set(doors.filter((d) => d.state !== 'closed').map((d) => d.room))].slice(0, MOST);
}

/** @param {Door} door @param {any} room @param {(door: Door) => void} changed */
function take(door, room, changed) {
  const news = room.version !== door.version && room.state === door.state;
  if (!door.apply(room)) return;
  changed(door);
  if (news && room.delayed_minutes === undefined) ask(door, changed); // perhaps a delay: only the reservation tells
}

/** @param {Door} door */
function overdue(door) {
  return door.state === 'locked' && door.clock.now() - door.opens > OVERDUE;
}

/** @type {WeakMap<Door, number>} up to which minute of waiting each door was asked about */
const asked = new WeakMap();

/**
 * An owner's door is open and nobody knows yet, in this minute of it, whether the vet has come: a watch takes no seat and
 * is told of no presence. Once the vet was there it is known, and not asked again.
 * @param {Door} door
 */
function unmet(door) {
  if (door.seat !== 'owner' || door.state !== 'open' || document.hidden) return false;
  const minute = Math.floor((door.clock.now() - Math.max(door.starts, door.opens)) / MINUTE);
  if (minute < 1 || (asked.has(door) && (!door.late || asked.get(door) === minute))) return false;
  asked.set(door, minute);
  return true;
}

/**
 * Reads the reservation's room, delay included, over HTTP.
 * @param {Door} door @param {(door: Door) => void} changed
 * @returns {Promise<any>} the reservation, or nothing if it could not be read
 */
export async function ask(door, changed = () => {}) {
  try {
    const answer = await fetch(`/api/v1/reservations/${door.reservation}`, { headers: { Accept: 'application/json' } });
    if (!answer.ok) return;
    const reservation = await answer.json();
    door.starts = Date.parse(reservation.start);
    if (door.apply({ delayed_minutes: 0, late: false, ...reservation.room })) changed(door);
    return reservation;
  } catch {
    // away: the socket is coming back by itself, and so does this
  }
}
