/**
 * How good the call is, in four levels, as one side sees it. What gets worse is said soon, what gets better once it lasts.
 *
 * @typedef {import('./vitals.js').Sample} Sample
 * @typedef {'lost'|'poor'|'fair'|'good'} Level
 */

/** @type {Level[]} by the number of bars */
export const LEVELS = ['lost', 'poor', 'fair', 'good'];

/** Where a call stops to be good, and to be fair. Above the second, people begin to talk at the same time, or not to understand. */
const LIMITS = [
  { level: 2, loss: 0.025, jitter: 0.04, trip: 0.3, frozen: 0.05 },
  { level: 1, loss: 0.08, jitter: 0.1, trip: 0.6, frozen: 0.3 },
];
/** So many samples in a row, a second each. */
const DOWN = 2;
const UP = 4;

/** The level of one sample alone, 0..3. @param {Sample} s */
export function judge(s) {
  if (s.silent) return 0;
  const loss = Math.max(s.loss, s.audioLoss, s.told);
  const over = (/** @type {typeof LIMITS[0]} */ l) => loss > l.loss || s.jitter > l.jitter || (s.trip ?? 0) > l.trip || s.frozen > l.frozen;
  return LIMITS.filter(over).reduce((least, { level }) => Math.min(least, level), 3);
}

export class Quality {
  #level = 3;
  #other = 3; // what the last samples say instead, at best or at worst
  #row = 0;

  /** @returns {Level} */
  get level() {
    return LEVELS[this.#level];
  }

  /** @param {Sample} sample @param {number} [most] a call by sound alone is at most this good */
  add(sample, most = 3) {
    const now = Math.min(judge(sample), most);
    const worse = now < this.#level;
    if (now === this.#level) {
      this.#row = 0;
      return this.level;
    }
    const same = this.#row > 0 && worse === this.#other < this.#level;
    this.#other = !same ? now : worse ? Math.max(this.#other, now) : Math.min(this.#other, now);
    this.#row = same ? this.#row + 1 : 1;
    if (now === 0 || this.#row >= (worse ? DOWN : UP)) this.#set(now === 0 ? 0 : this.#other);
    return this.level;
  }

  /** The connection is gone. */
  lose() {
    this.#set(0);
  }

  /** @param {number} level */
  #set(level) {
    this.#level = level;
    this.#row = 0;
  }
}
