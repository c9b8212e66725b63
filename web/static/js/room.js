/**
 * The call: waits at the door with one's own picture, goes in when it opens,
 * and ends when it closes. <html data-call> says where it stands:
 *
 *   waiting    the door is locked
 *   open       the door is open; not (or not yet, or not any more) connected
 *   connected  media flows between the two
 *   closed     over: ended, left, replaced or refused
 *
 * window.vetroomPeer is the RTCPeerConnection, for debugging and tests only.
 */
import { call } from './api.js';
import { ServerClock } from './clock.js';
import { Door, tick } from './door.js';
import { openMedia, showLevel } from './media.js';
import { Peer } from './peer.js';
import { Chat } from './roomchat.js';
import { RoomTime } from './roomtime.js';
import { RoomView } from './roomview.js';
import { Socket } from './socket.js';
import { firstText } from './texts.js';
import { ask } from './watch.js';

const view = new RoomView();
const clock = new ServerClock();
const door = new Door(view.doorForm, clock);
tick([door]);
const time = new RoomTime(door, clock, view.ends);

/** @type {MediaStream} */ let stream = new MediaStream();
/** @type {Peer|undefined} */ let peer;
/** @type {any} */ let seat; // the last `room` message
/** @type {string|undefined} */ let resume;
/** @type {object[]} signals that came before one went in */ let held = [];
/** @type {object[]} signals that could not be sent */ let unsent = [];
/** Set from a join's sending to its answer. */ let joining = false;
/** Peer as the server sees it: absent, waiting or present. */ let other = 'absent';
let entered = false;
let over = false;
/** @type {any} */ let awake;

const socket = new Socket({
  clock,
  hello: () => {
    joining = true;
    const seen = resume ? { resume, seen: socket.seen } : {};
    return [{ type: 'join', room: view.room, ...seen }];
  },
  handle: (message) => handlers[/** @type {keyof handlers} */ (message.type)]?.(message),
  state: (state) => {
    if (state === 'replaced') end('replaced', true);
    else view.tick('connection', state === 'down' ? 'no' : 'wait'); // signed out, the seat's token still holds
  },
});

const chat = new Chat({
  seat: view.seat,
  zone: door.zone,
  send: (message) => !joining && socket.send(message),
  say: (words) => view.tell(words),
});

const handlers = {
  room: tookRoom,
  /** @param {any} message */
  chat: (message) => chat.took(message),
  /** @param {any} message */
  kept: (message) => chat.kept(message),
  /** @param {any} message */
  peer: (message) => tookPeer(message.peer),
  /** @param {any} message */
  signal: (message) => (peer ? peer.receive(message.data) : void held.push(message.data)),
  /** @param {any} message */
  error: ({ code }) => {
    if (code === 'forbidden') end(seat && view.seat === 'vet' ? 'gone' : 'forbidden'); // who had a seat lost it to another vet
    else chat.refused(code);
  },
};

/** @param {any} room */
async function tookRoom(room) {
  const fresh = joining;
  const before = { version: door.version, state: door.state };
  joining = false;
  seat = { ...seat, ...room };
  resume = room.resume ?? resume;
  view.tick('connection', 'yes');
  if (!door.apply(room)) return;
  if (room.version !== before.version && (fresh || room.state === before.state)) learn();
  chat.door(room.state);
  if (room.state === 'closed') return end(room.reason || 'ended');
  if (room.state === 'locked' && entered) return end('moved');
  view.opened(room.state === 'open', peer?.connected ?? false);
  tookPeer(room.peer ?? other);
  if (room.state === 'open' && room.ice_servers && peer) peer.setServers(room.ice_servers);
  if (fresh) {
    cameBack(room.resumed);
    chat.joined(room.resumed);
  }
  if (room.state === 'open' && view.auto) enter();
}

/** A frame tells of the door alone: how late the vet is, when it ends and who the vet is, only the reservation does. */
async function learn() {
  const reservation = await ask(door);
  if (!reservation || over) return;
  time.setEnd(Date.parse(reservation.end));
  view.vet(reservation.vet.name);
}

/** After a break: what waited goes out, or, where something may be lost, both sides begin ICE anew. @param {boolean} resumed */
function cameBack(resumed) {
  const waiting = unsent.splice(0);
  if (resumed) waiting.forEach((data) => signal(data));
  if (peer && (!resumed || !peer.connected)) peer.restart(seat.ice_servers);
}

/** @param {string} now */
function tookPeer(now) {
  const came = other === 'absent' && now !== 'absent';
  const again = came && peer !== undefined && !peer.connected;
  other = now;
  door.setPeer(now);
  view.other(now, peer?.connected ?? false);
  if (now === 'absent' && peer?.connected) lookAgain();
  if (again) peer?.renew(); // it had left for good: it comes back as a new connection
  else if (entered) start();
}

/** The server lost sight of the other side: gone, or only its socket is, while the media goes on? */
async function lookAgain() {
  if (!peer || (await peer.flows()) || over || other !== 'absent') return;
  view.state('open');
  view.other(other, false);
}

/** Goes in. Does nothing while the door is not open by the server's word. */
function enter() {
  if (entered || over || door.state !== 'open') return;
  entered = true;
  stopLevel();
  view.entered();
  if (matchMedia('(min-width: 60rem)').matches) chat.show(true);
  keepAwake();
  start();
}

function start() {
  if (peer || over || door.state !== 'open' || (other === 'absent' && held.length === 0)) return;
  peer = new Peer({
    polite: seat.polite ?? view.seat === 'owner',
    iceServers: seat.ice_servers ?? [],
    stream,
    send: signal,
    track: ({ track, streams }) => view.showRemote(track, streams[0]),
    state: (state) => over || view.connection(state, other),
  });
  held.splice(0).reduce((done, data) => done.then(() => peer?.receive(data)), Promise.resolve());
}

/** @param {object} data */
function signal(data) {
  if (joining || !socket.send({ type: 'signal', data })) unsent.push(data);
}

/** @param {string} why ended, vet, cancelled, no_show, moved, left, replaced, gone or forbidden @param {boolean} [mayReturn] */
function end(why, mayReturn = false) {
  if (over) return;
  over = true;
  peer?.close();
  stopLevel();
  for (const track of stream.getTracks()) track.stop();
  awake?.release?.();
  view.end(why, mayReturn);
  view.banner({ kind: '', key: '', words: '' });
  chat.door('closed');
  if (why !== 'replaced') socket.finish();
}

function leave() {
  socket.send({ type: 'leave' });
  end('left', true);
}

async function close() {
  const answer = await call('POST', `/vet/rooms/${view.room}/close`);
  if (answer.ok) end('vet');
  else view.say('call.close_failed');
}

async function noShow() {
  const answer = await call('POST', `/vet/reservations/${door.reservation}/no-show`);
  if (answer.ok) end('no_show');
  else view.say('call.close_failed');
}

/** @param {number} minutes */
async function extend(minutes) {
  const answer = await call('POST', `/vet/rooms/${view.room}/extend`, { minutes });
  if (answer.ok) await learn();
  else time.tell(firstText(`call.extend_${answer.code}`, 'call.extend_failed'));
}

let stopLevel = () => {};

async function useMedia() {
  const media = await openMedia();
  if (over) {
    media.stream.getTracks().forEach((track) => track.stop());
    return;
  }
  for (const track of stream.getTracks()) track.stop(); // of the last try: no camera or microphone stays on unseen
  stream = media.stream;
  view.media(stream, media.problem);
  peer?.setStream(stream);
  stopLevel();
  if (!entered) stopLevel = showLevel(stream, view.meter);
}

async function keepAwake() {
  try {
    awake = await navigator.wakeLock?.request('screen');
  } catch {
    // only a comfort
  }
}

view.listen({
  enter,
  leave,
  close,
  noShow,
  extend,
  again: useMedia,
  toggle: (kind, on) => stream.getTracks().filter((t) => t.kind === kind).forEach((t) => (t.enabled = on)),
});
setInterval(() => {
  view.left(time.left());
  if (entered && !over) view.banner(time.banner(peer?.connected ?? false));
}, 500);
chat.door(door.state);
if (door.state === 'closed') end(door.reason || 'ended'); // no camera light for a visit that is over
else useMedia();
