/**
 * The call's time: how much of it is left, and the line over the picture that
 * says what follows from it: it ends soon, it goes on longer, somebody is late.
 *
 * @typedef {import('./door.js').Door} Door
 * @typedef {import('./clock.js').ServerClock} ServerClock
 * @typedef {{kind: ''|'news'|'ends'|'late'|'absent', key: string, words: string}} Banner
 *   key tells one saying from the next: a screen reader hears each once
 */
import { text } from './texts.js';
import { clockWords } from './times.js';

const MINUTE = 60_000;
/** Both are told so long before the end. */
export const NOTICE = 3 * MINUTE;
/** An owner who is not there so long after the start may be called missed. */
const GRACE = 5 * MINUTE;
/** How long news stand. */
const NEWS = 10_000;

/** @type {Banner} */
const NOTHING = { kind: '', key: '', words: '' };

export class RoomTime {
  /** @type {Banner} */ #news = NOTHING;
  #newsUntil = 0;

  /** @param {Door} door @param {ServerClock} clock @param {number} ends of the reservation, ms since the epoch */
  constructor(door, clock, ends) {
    this.door = door;
    this.clock = clock;
    this.ends = ends;
  }

  /** The reservation's end, as the server now tells it. @param {number} at */
  setEnd(at) {
    const longer = Math.round((at - this.ends) / MINUTE);
    this.ends = at;
    if (longer > 0) this.tell(text('call.extended', { n: longer, time: clockWords(at, this.door.zone) }));
  }

  /** Says something for a while. @param {string} words */
  tell(words) {
    const now = this.clock.now();
    this.#news = { kind: 'news', key: `news ${now}`, words };
    this.#newsUntil = now + NEWS;
  }

  /** What is left until the end, and after it until the door closes, ms; nothing while the door is not open. */
  left() {
    const now = this.clock.now();
    if (this.door.state !== 'open') return { end: 0, close: 0 };
    return { end: this.ends - now, close: this.door.closes - now };
  }

  /** @param {boolean} connected media flows between the two @returns {Banner} */
  banner(connected) {
    if (this.door.state !== 'open') return NOTHING;
    const now = this.clock.now();
    if (now < this.#newsUntil) return this.#news;
    return (!connected && this.door.peer === 'absent' ? this.#missing(now) : undefined) ?? this.#ending(now);
  }

  /** @param {number} now @returns {Banner|undefined} */
  #missing(now) {
    const n = this.door.lateBy();
    if (n > 0) return { kind: 'late', key: 'late', words: text('call.late', { n }) };
    if (this.door.seat !== 'vet' || now - this.door.starts < GRACE) return undefined;
    return { kind: 'absent', key: 'absent', words: text('call.owner_missing') };
  }

  /** @param {number} now @returns {Banner} */
  #ending(now) {
    const left = this.ends - now;
    if (left <= 0 || left > NOTICE) return NOTHING;
    const words = text('call.ends', { n: Math.ceil(left / MINUTE), time: clockWords(this.ends, this.door.zone) });
    return { kind: 'ends', key: `ends ${this.ends}`, words };
  }
}
