/**
 * What a vet's pages follow over one socket, which keeps the vet online: the doors on the page and who waits at them,
 * whether the vet is online, and that the vet's time was booked or given back.
 */
import { ServerClock } from './clock.js';
import { Door, tick } from './door.js';
import { showOnline, vet } from './online.js';
import { Socket } from './socket.js';
import { ask } from './watch.js';

/** A watch follows at most this many rooms and vets. */
const MOST = 50;
/** A door that is past its opening by this, and still locked, asks over HTTP: sockets may be blocked here. */
const OVERDUE = 2_000;
const ASK_EVERY = 5_000;

/**
 * @typedef {object} Follower
 * @property {(door: Door) => void} [door] a door took the server's word
 * @property {(room: string, peer: string) => void} [here] where the owner of a room is: absent, waiting or present
 * @property {() => void} [booked] some of the vet's time was booked or given back
 * @property {() => void} [screened] a photo of a visit has its result
 * @property {() => void} [stills] a photo was taken in a room, or drawn on
 */

/** @param {Follower} follower */
export function watchDesk({ door: changed = () => {}, here = () => {}, booked = () => {}, screened = () => {}, stills = () => {} }) {
  const clock = new ServerClock();
  /** @type {Door[]} */ const doors = [];
  /** @type {Map<string, string>} */ const peers = new Map();
  let fresh = true; // since the socket stood, nothing was heard
  adoptDoors();
  tick(doors);
  setInterval(() => doors.filter(overdue).forEach((door) => ask(door, changed)), ASK_EVERY);
  const socket = new Socket({ clock, hello: () => [watch()], handle, state });
  return { clock, doors, adopt, peerOf: (/** @type {string} */ room) => peers.get(room) ?? 'absent' };

  /** The page's doors, in place of those that it had. */
  function adoptDoors() {
    const forms = /** @type {HTMLFormElement[]} */ ([...document.querySelectorAll('form[data-door]')]);
    doors.splice(0, doors.length, ...forms.map((form) => doors.find((d) => d.form === form) ?? new Door(form, clock)));
    for (const door of doors) door.setPeer(peers.get(door.room) ?? 'absent');
  }

  /** A part of the page is new: its doors are followed too. */
  function adopt() {
    adoptDoors();
    socket.send(watch());
  }

  function watch() {
    const rooms = [...new Set(doors.filter((d) => d.state !== 'closed').map((d) => d.room))];
    return { type: 'watch', rooms: rooms.slice(0, MOST - 1), vets: [vet] };
  }

  /** @param {any} message */
  function handle(message) {
    if (message.type === 'vet' && message.vet === vet) followed(message.online);
    if (message.type === 'screening') screened();
    if (message.type === 'still') stills();
    if (message.type === 'slot' && message.vet === vet) booked();
    if (message.type !== 'room') return;
    if (message.peer !== undefined) peers.set(message.room, message.state === 'closed' ? 'absent' : message.peer);
    for (const door of doors.filter((d) => d.room === message.room)) take(door, message);
    here(message.room, peers.get(message.room) ?? 'absent');
  }

  /** @param {Door} door @param {any} message */
  function take(door, message) {
    const news = message.version !== door.version && message.state === door.state;
    door.peer = peers.get(door.room) ?? 'absent';
    if (!door.apply(message)) return;
    changed(door);
    if (news) ask(door, changed); // perhaps a delay: only the reservation tells
  }

  /** From here on news are heard; what came since the page was drawn, or while the socket was away, stands on the server's. @param {boolean} online */
  function followed(online) {
    showOnline(online);
    if (fresh) booked();
    fresh = false;
  }

  /** @param {string} is */
  function state(is) {
    fresh ||= is === 'up';
    if (is !== 'signed_out') return;
    socket.stop();
    location.assign('/vet/login');
  }
}

/** @param {Door} door */
function overdue(door) {
  return door.state === 'locked' && door.clock.now() - door.opens > OVERDUE;
}
