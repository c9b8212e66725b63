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
import { call as request } from './api.js';
import { Call } from './call.js';
import { ServerClock } from './clock.js';
import { Code } from './code.js';
import { Devices } from './devices.js';
import { Door, tick } from './door.js';
import { LineWatch } from './linewatch.js';
import { openMedia, showLevel } from './media.js';
import { Photos } from './photos.js';
import { inside, keepInside } from './reentry.js';
import { Chat } from './roomchat.js';
import { RoomTime } from './roomtime.js';
import { RoomView } from './roomview.js';
import { Signs } from './signs.js';
import { Socket } from './socket.js';
import { firstText, text } from './texts.js';
import { WaitCheck } from './waitcheck.js';
import { ask } from './watch.js';

const view = new RoomView();
const clock = new ServerClock();
const door = new Door(view.doorForm, clock);
tick([door]);
const time = new RoomTime(door, clock, view.ends);
const rehearsal = new WaitCheck(door, /** @type {HTMLElement} */ (document.querySelector('[data-tick-verdict]')));

/** What was on when this page was in the room, before it was loaded again. */
const former = inside(view.room);
/** @type {import('./reentry.js').Devices} */ const on = former ?? { audio: true, video: true };
/** @type {MediaStream} */ let stream = new MediaStream();
/** @type {any} */ let seat; // the last `room` message
/** @type {string|undefined} */ let resume;
/** Set from a join's sending to its answer. */ let joining = false;
/** Peer as the server sees it: absent, waiting or present. */ let other = 'absent';
/** @type {number|undefined} since when the connection is lost, by performance.now() */ let lost;
let began = Infinity; // to connect, likewise
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
  arrived: (before) => call.outbox.arrived(before),
});

const call = new Call({
  polite: view.seat === 'owner',
  stream,
  send: (data) => !joining && socket.send({ type: 'signal', data }),
  ready: () => !joining && socket.open && other !== 'absent',
  doubt: () => socket.prove(),
  track: (event) => view.showRemote(event),
  state: (state) => {
    if (over) return;
    if (state === 'new') code.reset();
    if (state === 'connected') {
      view.state('connected');
      code.connected();
    }
    drawStage();
  },
  lost: (since) => {
    lost = since;
    if (!over) view.state(since === undefined && call.connected ? 'connected' : 'open');
    drawStage();
  },
});

const signs = new Signs(view.seat);
const line = new LineWatch({
  call,
  signs,
  lost: () => lost !== undefined,
  stream: () => stream,
  send: (message) => joining || socket.send(message),
});

const code = new Code({
  vet: view.seat === 'vet',
  say: (message) => call.peer.say(message),
  fingerprints: () => call.peer.fingerprints(),
  show: (state, digits) => {
    signs.code(state, digits);
    view.alarm(state === 'wrong');
  },
});
for (const type of ['code_commit', 'code_nonce', 'code_reveal']) call.on(type, (message) => code.hear(message));
call.follow((open) => (open ? code.begin() : undefined));

const devices = new Devices(() => stream, ownChanged);

const chat = new Chat({
  seat: view.seat,
  zone: door.zone,
  send: (message) => !joining && socket.send(message),
  say: (words) => view.tell(words),
});

const photos = new Photos({
  seat: view.seat, zone: door.zone, call, chat,
  stream: () => stream,
  turned: () => {
    devices.follow();
    ownChanged();
  },
});

const handlers = {
  room: tookRoom,
  /** @param {any} message */
  chat: (message) => chat.took(message),
  /** @param {any} message */
  kept: (message) => chat.kept(message),
  /** @param {any} message */
  still: (message) => photos.framed(message),
  /** @param {any} message */
  screening: (message) => photos.framed(message),
  /** @param {any} message */
  peer: (message) => tookPeer(message.peer, 'absent'), // the same again means another browser
  /** @param {any} message */
  signal: (message) => call.hear(message.data, entered),
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
  call.peer.polite = seat.polite ?? call.peer.polite;
  resume = room.resume ?? resume;
  view.tick('connection', 'yes');
  if (!door.apply(room)) return;
  if (room.version !== before.version && (fresh || room.state === before.state)) learn();
  chat.door(room.state);
  photos.door(room.state);
  if (room.state === 'closed') return end(room.reason || 'ended');
  if (room.state === 'locked' && entered) return end('moved');
  view.opened(room.state === 'open', call.connected && lost === undefined);
  if (room.ice_servers) call.peer.setServers(room.ice_servers);
  const left = other;
  other = room.peer ?? other;
  if (fresh) {
    call.back(room.resumed);
    chat.joined(room.resumed);
    photos.joined();
  }
  tookPeer(other, left);
  if (room.state === 'open' && (view.auto || former)) enter();
}

/** A frame tells of the door alone: how late the vet is, when it ends and who the vet is, only the reservation does. */
async function learn() {
  const reservation = await ask(door);
  if (!reservation || over) return;
  time.setEnd(Date.parse(reservation.end));
  view.vet(reservation.vet.name);
}

/** @param {string} now @param {string} before */
function tookPeer(now, before) {
  const came = now !== 'absent' && before === 'absent';
  other = now;
  door.setPeer(now);
  drawStage();
  if (now === 'absent') call.comeback.look(); // gone, or only its socket is, while the media goes on
  else if (came && call.peer.started) call.comeback.came();
  else if (entered) start();
}

/** Goes in. Does nothing while the door is not open by the server's word. */
function enter() {
  if (entered || over || door.state !== 'open') return;
  entered = true;
  start(); // first: what is drawn meanwhile takes its time
  socket.urgent = true;
  keepInside(view.room, on);
  rehearsal.stop();
  stopLevel();
  view.entered();
  if (matchMedia('(min-width: 60rem)').matches) chat.show(true);
  keepAwake();
}

function start() {
  if (call.peer.started || over || door.state !== 'open' || (other === 'absent' && !call.called)) return;
  began = Math.min(began, performance.now());
  call.start(seat.ice_servers ?? [], former !== undefined);
}

function drawStage() {
  if (over) return;
  const now = performance.now();
  const connected = call.connected && lost === undefined;
  view.stage({ other, connected, lost: lost === undefined ? undefined : now - lost, waited: now - began, theirs: line.theirs, own: line.own });
}

/** @param {string} why ended, vet, cancelled, no_show, moved, left, replaced, gone or forbidden @param {boolean} [mayReturn] */
function end(why, mayReturn = false) {
  if (over) return;
  over = true;
  keepInside(view.room, undefined);
  for (const part of [line, code, call, devices]) part.close();
  rehearsal.stop();
  stopLevel();
  for (const track of stream.getTracks()) track.stop();
  awake?.release?.();
  view.end(why, mayReturn);
  view.banner({ kind: '', key: '', words: '' });
  chat.door('closed');
  photos.end();
  if (why !== 'replaced') socket.finish();
}

function leave() {
  socket.send({ type: 'leave' });
  end('left', true);
}

async function close() {
  const answer = await request('POST', `/vet/rooms/${view.room}/close`);
  if (answer.ok) end('vet');
  else time.tell(text('call.close_failed'));
}

async function noShow() {
  const answer = await request('POST', `/vet/reservations/${door.reservation}/no-show`);
  if (answer.ok) end('no_show');
  else time.tell(text('call.close_failed'));
}

/** @param {number} minutes */
async function extend(minutes) {
  const answer = await request('POST', `/vet/rooms/${view.room}/extend`, { minutes });
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
  for (const track of stream.getTracks()) track.enabled = on[/** @type {'audio'|'video'} */ (track.kind)];
  devices.follow();
  view.media(stream, media.problem);
  ownChanged();
  stopLevel();
  if (entered) return;
  stopLevel = showLevel(stream, view.meter);
  rehearsal.begin(stream, media.problem);
}

/** @param {'audio'|'video'} kind @param {boolean} now */
function toggle(kind, now) {
  on[kind] = now;
  for (const track of stream.getTracks()) track.enabled = on[/** @type {'audio'|'video'} */ (track.kind)];
  if (entered) keepInside(view.room, on);
  ownChanged();
}

/** One's own tracks are others, or on or off. */
function ownChanged() {
  view.own(stream);
  call.peer.setStream(stream);
  line.picture();
  photos.own();
}

async function keepAwake() {
  try {
    awake = await navigator.wakeLock?.request('screen');
  } catch {
    // only a comfort
  }
}

view.listen({ enter, leave, close, noShow, extend, again: useMedia, toggle });
document.addEventListener('visibilitychange', () => document.hidden || !entered || over || keepAwake()); // it is lost when hidden
window.addEventListener('pageshow', ({ persisted }) => persisted && location.reload()); // what was frozen has lost its connections
setInterval(() => {
  view.left(time.left());
  if (!entered || over) return;
  view.banner(time.banner(call.connected && lost === undefined));
  drawStage();
}, 500);
chat.door(door.state);
if (door.state === 'closed') end(door.reason || 'ended'); // no camera light for a visit that is over
else useMedia();
