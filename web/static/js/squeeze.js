/**
 * Whether what comes got too narrow for the sound: known within some tenths of a second, by whoever hears it.
 *
 * A way that is too narrow lets packets trickle: something comes all the time, and yet the sound has to be made up. Where the
 * way holds its breath (Wi-Fi, for some tenths of a second) nothing comes, and then all that there is. Where the other side's
 * microphone stops, the picture goes on as before.
 *
 * @typedef {{ms: number, packets: number, bits: number, sound: number, madeUp: number}} Look what came since the one before:
 *   packets of both, bits of both, packets of sound, how much of the sound had to be made up (0..1)
 */

/** From one look to the next, ms. Chromium gives the same report again for 50. */
export const EACH = 60;
/** The last so many looks count, and there must be nearly as many. */
const LOOKS = { most: 5, least: 4 };
/** Of the sound so much is made up in all of them, and so much in some in which something comes; so little is none. */
const MISSED = { all: 0.5, one: 0.2, none: 0.1 };
const SOME = 2;
/** So many looks in a row in which none is missed: it goes on. */
const ENOUGH = 3;
/** So many are enough to say that it is something else. */
const MANY = 40;
/** Where nothing comes for so many looks it holds its breath, and for so many there is no way to speak of. */
const BREATH = { held: 3, lost: 6 };
/** What comes through is less than so much of what came before. */
const LESS = 0.6;
/** What came before fades, a second. */
const FADES = 0.97;
/** So many seconds it must have gone well before. */
const KNOWN = 2;

export class Squeeze {
  #usual = 0; // bit/s
  #known = 0;
  /** @type {Look[]} since the sound stood */ #looks = [];
  #count = 0; // of all of them
  #sound = 0; // packets in all of them
  #empty = 0; // looks in a row
  #whole = 0; // likewise

  /** What comes in a second of the call. @param {number} rate bit/s */
  usual(rate) {
    this.#usual = Math.max(rate, this.#usual * FADES);
    this.#known++;
  }

  /** The way is another one, or none. */
  reset() {
    this.#usual = this.#known = 0;
    this.begin();
  }

  /** Forgets the looks before. */
  begin() {
    this.#looks = [];
    this.#count = this.#sound = this.#empty = this.#whole = 0;
  }

  /** @param {Look} look @returns {{room: number|undefined, over: boolean}} how much passes, bit/s, where that is too little; whether there is no more to see */
  add(look) {
    this.#looks = [...this.#looks, look].slice(-LOOKS.most);
    this.#count++;
    this.#sound += look.sound;
    this.#empty = look.packets === 0 ? this.#empty + 1 : 0;
    this.#whole = look.madeUp < MISSED.none ? this.#whole + 1 : 0;
    if (this.#empty >= BREATH.held) this.#looks = []; // what comes next tells anew
    const over = this.#whole >= ENOUGH || this.#empty >= BREATH.lost || this.#count >= MANY;
    return { room: over ? undefined : this.#room(), over };
  }

  #room() {
    const looks = this.#looks;
    const some = looks.filter(({ packets, madeUp }) => packets > 0 && madeUp >= MISSED.one).length;
    const missed = looks.reduce((all, { madeUp }) => all + madeUp, 0) / looks.length;
    if (looks.length < LOOKS.least || some < SOME || missed < MISSED.all || this.#sound === 0 || this.#known < KNOWN) return undefined;
    const coming = looks.slice(looks.findIndex(({ packets }) => packets > 0)); // after a breath all comes as before
    return rate(coming) <= LESS * this.#usual ? rate(looks) : undefined;
  }
}

/** @param {Look[]} looks @returns {number} bit/s */
function rate(looks) {
  const sum = (/** @type {'ms'|'bits'} */ what) => looks.reduce((all, look) => all + look[what], 0);
  return (1000 * sum('bits')) / sum('ms');
}
