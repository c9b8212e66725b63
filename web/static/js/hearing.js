/**
 * Listens whether the other side's sound stands, many times a second, for which no report is needed. Once it does, and not
 * before, it looks as often at all that comes, for a while.
 */
import { EACH, Squeeze } from './squeeze.js';
import { between, count } from './vitals.js';

/** Sound that was played last longer ago than this is missed, ms. One packet holds 20, rarely 60. */
const STANDS = 80;
/** A sign that is older is of another clock. */
const SENSIBLE = 10_000;
/** What was done about it takes so long to show: what is under way has to pass, ms. */
const REST = 2_000;
/** So long after the last that was missed it is well: longer than words need through a way that is full, ms. */
const WELL = 5_000;

export class Hearing {
  #squeeze = new Squeeze();
  /** @type {RTCPeerConnection|undefined} */ #pc;
  /** @type {import('./vitals.js').Counters|undefined} of the last look, while it looks */ #before;
  #busy = false;
  #plays = false; // since it last stood
  #sure = false; // this browser says when sound was played
  #missed = -Infinity; // when the sound last stood
  #acted = -Infinity;

  /**
   * @param {object} with_
   * @param {() => RTCPeerConnection|undefined} with_.connection while it is not lost
   * @param {(room: number) => void} with_.narrow so much passes, bit/s, and the sound suffers
   */
  constructor({ connection, narrow }) {
    this.connection = connection;
    this.narrow = narrow;
    this.timer = setInterval(() => this.#busy || this.#listen(), EACH);
  }

  /** What comes in a second of the call. @param {number} rate bit/s */
  usual(rate) {
    this.#squeeze.usual(rate);
  }

  /** Nothing is missed, and nothing was lately. */
  get well() {
    return this.#sure && performance.now() - this.#missed > WELL;
  }

  async #listen() {
    const pc = this.connection();
    if (pc !== this.#pc) this.#reset(pc);
    if (!pc) return;
    const stands = this.#stands(pc);
    if (this.#before) return this.#look(pc, this.#before);
    if (!stands || !this.#plays || performance.now() - this.#acted < REST) return;
    this.#plays = false;
    this.#squeeze.begin();
    this.#before = await this.#count(pc);
  }

  /** @param {RTCPeerConnection} pc */
  #stands(pc) {
    const since = sincePlayed(pc);
    if (since === undefined) return false;
    this.#sure = true;
    if (since > STANDS) this.#missed = performance.now();
    else this.#plays = true;
    return since > STANDS;
  }

  /** @param {RTCPeerConnection|undefined} pc */
  #reset(pc) {
    this.#pc = pc;
    this.#before = undefined;
    this.#squeeze.reset();
  }

  /** @param {RTCPeerConnection} pc @param {import('./vitals.js').Counters} before */
  async #look(pc, before) {
    const now = await this.#count(pc);
    if (pc !== this.#pc || now.stamp === before.stamp) return;
    const { room, over } = this.#squeeze.add(between(before, now));
    this.#before = over || room !== undefined ? undefined : now;
    if (room === undefined) return;
    this.#acted = this.#missed = performance.now();
    this.narrow(room);
  }

  /** @param {RTCPeerConnection} pc */
  async #count(pc) {
    this.#busy = true;
    try {
      return await count(pc);
    } finally {
      this.#busy = false;
    }
  }

  close() {
    clearInterval(this.timer);
    this.#reset(undefined);
  }
}

/** So long ago sound was played last, ms; undefined where there is none, or a browser does not say. @param {RTCPeerConnection} pc */
function sincePlayed(pc) {
  const receiver = pc.getReceivers().find(({ track }) => track.kind === 'audio');
  const [source] = receiver?.getSynchronizationSources?.() ?? [];
  const since = source ? performance.timeOrigin + performance.now() - source.timestamp : Infinity;
  return since < SENSIBLE ? since : undefined;
}
