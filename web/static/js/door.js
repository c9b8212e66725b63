/**
 * The door: a reservation's status line. The template "door" draws it, this
 * keeps it live. Its countdown is display only: the button is enabled by the
 * server's `open` and nothing else.
 *
 * @typedef {import('./clock.js').ServerClock} ServerClock
 */
import { firstText, text } from './texts.js';
import { clockWords, countdown, daysBetween, whenWords } from './times.js';

const MINUTE = 60 * 1000;
const SOON = 10 * MINUTE;
/** @type {Record<string, string>} */
const ICONS = {
  locked: 'lock', soon: 'hourglass', waiting: 'hourglass', open: 'door-open', late: 'clock-alert', closed: 'circle-check',
};

export class Door {
  /** @param {HTMLFormElement} form @param {ServerClock} clock */
  constructor(form, clock) {
    const d = form.dataset;
    this.form = form;
    this.clock = clock;
    this.room = d.door ?? '';
    this.reservation = d.reservation ?? '';
    this.state = d.roomState ?? 'locked';
    /** The reservation's start, from which lateness counts, also where the vet opened the door before it. */
    this.starts = Date.parse(d.starts ?? '');
    this.opens = Date.parse(d.opens ?? '');
    this.closes = Date.parse(d.closes ?? '');
    this.version = Number(d.version);
    this.delayed = Number(d.delayed);
    /** The server's word that the vet is late now; from inside one sees for oneself who is there. */
    this.late = d.late === 'true';
    this.reason = d.reason ?? '';
    this.seat = d.seat ?? 'owner';
    this.zone = d.zone ?? 'UTC';
    this.waiting = 'waiting' in d;
    this.peer = 'absent';
    this.inside = false;
    this.box = part(form, '.door-text');
    this.words = part(form, '.door-words');
    this.count = part(form, '.door-count');
    this.icon = part(form, 'use');
    this.button = /** @type {HTMLButtonElement} */ (part(form, '[data-enter]'));
    this.draw();
  }

  /**
   * Takes the server's word on the room. Returns false for one that is older than what is shown.
   * @param {{state: string, opens_at: string, closes_at: string, version?: number, reason?: string,
   *   delayed_minutes?: number, late?: boolean}} room
   */
  apply(room) {
    if ((room.version ?? this.version) < this.version) return false;
    this.version = room.version ?? this.version;
    this.state = room.state;
    this.opens = Date.parse(room.opens_at);
    this.closes = Date.parse(room.closes_at);
    if (room.version !== undefined) this.reason = room.reason ?? ''; // HTTP does not tell the reason
    if (room.delayed_minutes !== undefined) this.delayed = room.delayed_minutes;
    if (room.late !== undefined) this.late = room.late;
    this.draw();
    return true;
  }

  /** Who is on the other side, seen from the waiting room. @param {string} peer */
  setPeer(peer) {
    this.peer = peer;
    this.inside = true;
    this.draw();
  }

  /** How late the vet is, in minutes: as announced, or as long as the open room waits. The same as the server's. */
  lateBy() {
    if (this.state === 'closed' || this.peer !== 'absent') return 0;
    if (this.state !== 'open') return this.delayed;
    if (this.inside ? this.seat === 'vet' : !this.late) return 0;
    return Math.max(this.delayed, Math.floor((this.clock.now() - Math.max(this.starts, this.opens)) / MINUTE));
  }

  /** Locked, soon, waiting, open, late or closed; the same choice as the server's. */
  view() {
    if (this.state === 'closed') return 'closed';
    if (this.lateBy() > 0) return 'late';
    if (this.state === 'open') return 'open';
    if (this.waiting || (this.seat === 'vet' && this.peer !== 'absent')) return 'waiting';
    return this.opens - this.clock.now() <= SOON ? 'soon' : 'locked';
  }

  draw() {
    const view = this.view();
    const d = this.form.dataset;
    if (d.state !== view) this.box.style.minHeight = `${this.box.getBoundingClientRect().height}px`; // shorter words do not move the button
    d.state = view;
    d.roomState = this.state;
    d.version = String(this.version);
    this.button.disabled = this.state !== 'open';
    this.icon.setAttribute('href', `#i-${ICONS[view]}`);
    set(this.words, this.say(view));
    set(this.count, this.left());
  }

  /** @param {string} view */
  say(view) {
    const now = this.clock.now();
    const when = whenWords(this.opens, now, this.zone);
    const days = daysBetween(now, this.opens, this.zone);
    switch (view) {
      case 'closed': return firstText(`door.closed_${this.reason}`, 'door.closed');
      case 'late': return text(this.state === 'open' ? 'door.late_open' : 'door.late', { n: this.lateBy() });
      case 'open': return text('door.open');
      case 'waiting': return firstText(`door.waiting_${this.seat}_${this.peer === 'absent' ? 'absent' : 'here'}`);
      case 'soon': return text('door.soon', { when });
    }
    return days >= 2 ? text('door.locked_days', { n: days, when }) : text('door.locked', { when });
  }

  /** What is left: the countdown in its last ten minutes (waiting inside, its last hour), then until when it is open. */
  left() {
    if (this.state === 'open') return text('door.until', { time: clockWords(this.closes, this.zone) });
    const left = this.opens - this.clock.now();
    if (this.state !== 'locked' || left > (this.waiting ? 6 * SOON : SOON)) return '';
    return left > 0 ? text('door.in', { left: countdown(left) }) : text('door.due');
  }
}

/** @param {Element} root @param {string} selector */
function part(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`door: no ${selector}`);
  return /** @type {HTMLElement} */ (found);
}

/** Writes only what changed, so that a screen reader hears it once. @param {HTMLElement} node @param {string} words */
function set(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

/** Redraws doors as time passes. @param {Door[]} doors */
export function tick(doors) {
  setInterval(() => doors.forEach((door) => door.draw()), 500);
}
