/**
 * What is sent of one's own picture where the way is narrow: the picture steps down before the sound suffers. Down at once,
 * up only when it has been clear for a while, and after an attempt in vain later and later.
 *
 *   full → half → quarter → audio
 *
 * @typedef {import('./vitals.js').Sample} Sample
 * @typedef {{name: string, needs: number, bitrate: number, scale: number, rate: number, sound: number}} Step
 */

/**
 * @type {Step[]} needs is what the way must carry, sound and all; bitrate bounds the picture, sound the sound (bit/s); scale
 *   divides its width and height; rate bounds its frames a second
 */
export const STEPS = [
  { name: 'full', needs: 350_000, bitrate: 2_500_000, scale: 1, rate: 30, sound: 48_000 },
  { name: 'half', needs: 180_000, bitrate: 450_000, scale: 2, rate: 20, sound: 40_000 },
  { name: 'quarter', needs: 90_000, bitrate: 120_000, scale: 4, rate: 12, sound: 32_000 },
  { name: 'audio', needs: 0, bitrate: 0, scale: 4, rate: 0, sound: 24_000 },
];

/** The sound suffers: lost, or so late that the way is full. */
const SUFFERS = { sound: 0.05, any: 0.15, trip: 0.9 };
/** So much that one second of it is enough. */
const SEVERE = { any: 0.3, trip: 1.5 };
/** The way is clear. */
const CLEAR = { any: 0.02, trip: 0.45, spare: 1.2 };
/** Samples of a second each: in a row before a step down; after a step before the next; in a row before one up, at first and at most. */
const DOWN = 2;
const REST = 2;
const UP = 6;
const UP_AT_MOST = 60;
/** Without a picture nobody measures what there is room for, and a picture too much costs sound: so many times as long. */
const BLIND = 2;
/** A step up that is taken back within this was in vain. */
const TRIAL = 8;
/** What passed while the sound suffered was measured in a moment: so much more must have passed than a step needs. */
const MARGIN = 1.25;
/** One's own picture that was taken back by way of trial, and said soon to be needless, comes back after so many clear samples. */
const TRIED = { soon: 4, clear: 2 };
/** Then there is no such trial for so many. */
const UNTRIED = 30;
/** The browser's estimate of a new way begins low, and means nothing for so long. */
const WARM_UP = 8;
/** What is told of a way that was found anew is, in so many samples, what was lost until then. */
const STALE = 3;

export class Plan {
  #at = 0;
  #bad = 0;
  #clear = 0;
  #since = Infinity; // samples since the last step
  #age = 0;
  #wait = UP;
  #rose = false; // the last step was up
  #stale = 0; // samples whose losses are those of the way before
  /** @type {number|undefined} what the last trial to step down began with */ #tried;
  #needless = false; // it was, as the other side says
  #untried = 0; // samples until the next

  get step() {
    return STEPS[this.#at];
  }

  /** The way is another one. */
  renew() {
    this.#age = 0;
  }

  /** There is no way. */
  lose() {
    this.renew();
    this.#stale = STALE;
  }

  /** @param {Sample} sample @returns {Step} to take now */
  add(sample) {
    if (sample.silent) {
      this.lose();
      return this.step; // nothing to adapt to
    }
    this.#age++;
    this.#since++;
    this.#untried = Math.max(0, this.#untried - 1);
    const stale = this.#stale > 0;
    this.#stale -= Number(stale);
    this.#bad = !stale && (this.#narrow(sample) || suffers(sample)) ? this.#bad + (severely(sample) ? DOWN : 1) : 0;
    this.#clear = this.#bad === 0 && this.#isClear(sample) ? this.#clear + 1 : 0;
    if (this.#bad >= DOWN && this.#since > REST) this.#down(sample.room);
    else if (this.#clear >= this.#patience && this.#at > 0) this.#to(this.#needless && this.#tried !== undefined ? this.#tried : this.#at - 1);
    return this.step;
  }

  /**
   * The other side hears badly, and knows how much passes: at once to what that carries. Soon after a step it may be that
   * step which has not told yet.
   * @param {number} room bit/s
   */
  fit(room) {
    this.#tried = undefined; // now it is known
    this.#needless = false;
    const fits = STEPS.findIndex((step) => step.needs * MARGIN <= Math.max(0, room));
    const to = Math.min(STEPS.length - 1, Math.max(fits, this.#since > REST ? this.#at + 1 : 0));
    if (to > this.#at) this.#fall(to);
  }

  /** Clear samples before a step up. */
  get #patience() {
    if (this.#needless) return TRIED.clear;
    return this.#wait * (this.step.rate === 0 ? BLIND : 1);
  }

  /** It is the other side's sound that suffers; what is narrow is mostly the last mile, and that both ways. @param {number} room */
  try(room) {
    if (this.#untried > 0) return;
    const before = this.#at;
    this.fit(room);
    if (this.#at > before) this.#tried = before;
  }

  /** One's own picture was not in the way. */
  undo() {
    if (this.#tried === undefined || this.#since > TRIED.soon) return;
    this.#untried = UNTRIED;
    this.#needless = true;
  }

  /** The picture gets less than it needs, and that is why it is bad. @param {Sample} s */
  #narrow(s) {
    if (s.room === undefined || this.#age <= WARM_UP || s.room >= this.step.needs) return false;
    return s.limited ?? s.told > CLEAR.any;
  }

  /** @param {Sample} s */
  #isClear(s) {
    const next = STEPS[Math.max(0, this.#at - 1)];
    const spare = s.room === undefined || this.step.rate === 0 || s.room >= next.needs * CLEAR.spare; // without a picture nobody measures
    return spare && s.told <= CLEAR.any && (s.trip ?? 0) <= CLEAR.trip;
  }

  /** To the next step, or at once to one that fits. @param {number|undefined} room */
  #down(room) {
    if (this.#at === STEPS.length - 1) return;
    const fits = room === undefined ? 0 : STEPS.findIndex((step) => step.needs <= room);
    this.#fall(Math.max(this.#at + 1, fits));
  }

  /** @param {number} at */
  #fall(at) {
    if (this.#rose && this.#since <= TRIAL) this.#wait = Math.min(UP_AT_MOST, this.#wait * 2);
    this.#to(at);
  }

  /** @param {number} at */
  #to(at) {
    this.#rose = at < this.#at;
    this.#at = at;
    this.#tried = undefined;
    this.#needless = false;
    this.#bad = this.#clear = this.#since = 0;
    if (at === 0) this.#wait = Math.max(UP, this.#wait / 2);
  }
}

/** @param {Sample} s */
function suffers(s) {
  return s.audioTold > SUFFERS.sound || s.told > SUFFERS.any || (s.trip ?? 0) > SUFFERS.trip;
}

/** @param {Sample} s */
function severely(s) {
  return s.told > SEVERE.any || (s.trip ?? 0) > SEVERE.trip;
}
