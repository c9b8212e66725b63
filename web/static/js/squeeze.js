/**
 * Whether what comes got too narrow for the sound: known within some tenths of a second, by whoever hears it.
 *
 * A way that is too narrow lets packets trickle: something comes all the time, and yet the sound has to be made up. Where the
 * way holds its breath (Wi-Fi, for some tenths of a second) nothing comes, and then all that there is. Where the other side's
 * microphone stops, the picture goes on as before. What a full queue drops is missed only when the queue has passed; what is
 * missed at once was lost on the way, and the sound takes a while to find itself again.
 *
 * @typedef {{ms: number, packets: number, bits: number, sound: number, lost: number, madeUp: number}} Look what came since the
 *   one before: packets of both, bits of both, packets of sound, of which so many were lost, how much of the sound had to be
 *   made up (0..1)
 */

/** From one look to the next, ms. Chromium gives the same report again for 50. */
export const EACH = 60;
/** So many looks tell, and so many after a gap. */
const LOOKS = { few: 4, after: 9 };
/** Of the sound so much is made up in all of them, and so much in some in which something comes; so little is none. */
const MISSED = { all: 0.5, one: 0.2, none: 0.1 };
const SOME = 2;
/** So many looks in a row in which none is missed: it goes on. */
const ENOUGH = 3;
/** So many are enough to say that it is something else. */
const MANY = 40;
/** Where nothing comes for so many looks it holds its breath, and for so many there is no way to speak of. */
const BREATH = { held: 3, lost: 6 };
/** So many packets of sound that are missed in one look are a gap. */
const GAP = 2;
/** What comes through is less than so much of what came before, and than this, bit/s, by which a picture is nearly whole. */
const LESS = 0.6;
const WIDE = 300_000;
/** So many seconds at most, and at least, say what came before: the picture may have become smaller since. */
const BEFORE = { most: 3, least: 2 };

export class Squeeze {
  /** @type {number[]} bit/s in each of the last seconds */ #rates = [];
  /** @type {Look[]} since the sound stood */ #looks = [];
  #count = 0; // of all of them
  #least = LOOKS.few;
  #sound = 0; // packets in all of them
  #empty = 0; // looks in a row
  #whole = 0; // likewise

  /** What comes in a second of the call. @param {number} rate bit/s */
  usual(rate) {
    this.#rates = [...this.#rates, rate].slice(-BEFORE.most);
  }

  /** The way is another one, or none. */
  reset() {
    this.#rates = [];
    this.begin();
  }

  /** Forgets the looks before. */
  begin() {
    this.#looks = [];
    this.#least = LOOKS.few;
    this.#count = this.#sound = this.#empty = this.#whole = 0;
  }

  /** @param {Look} look @returns {{room: number|undefined, over: boolean}} how much passes, bit/s, where that is too little; whether there is no more to see */
  add(look) {
    this.#looks = [...this.#looks, look].slice(-1 - this.#least);
    this.#count++;
    this.#sound += look.sound;
    this.#empty = look.packets === 0 ? this.#empty + 1 : 0;
    this.#whole = look.madeUp < MISSED.none ? this.#whole + 1 : 0;
    if (this.#empty >= BREATH.held || (look.lost >= GAP && this.#least === LOOKS.few)) this.#gap();
    const over = this.#whole >= ENOUGH || this.#empty >= BREATH.lost || this.#count >= MANY;
    return { room: over ? undefined : this.#room(), over };
  }

  /** What comes next tells anew, and must tell more. */
  #gap() {
    this.#looks = [];
    this.#least = LOOKS.after;
  }

  #room() {
    const looks = this.#looks;
    const some = looks.filter(({ packets, madeUp }) => packets > 0 && madeUp >= MISSED.one).length;
    const missed = looks.reduce((all, { madeUp }) => all + madeUp, 0) / looks.length;
    if (looks.length < this.#least || some < SOME || missed < MISSED.all || this.#sound === 0 || this.#rates.length < BEFORE.least) return undefined;
    const coming = looks.slice(looks.findIndex(({ packets }) => packets > 0)); // after a breath all comes as before
    return rate(coming) <= Math.min(WIDE, LESS * Math.max(...this.#rates)) ? rate(looks) : undefined;
  }
}

/** @param {Look[]} looks @returns {number} bit/s */
function rate(looks) {
  const sum = (/** @type {'ms'|'bits'} */ what) => looks.reduce((all, look) => all + look[what], 0);
  return (1000 * sum('bits')) / sum('ms');
}
