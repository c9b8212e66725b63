/**
 * The connection's check in the waiting room: by itself, once, and never in the way of the door.
 *
 * Thousands may wait for one start: they begin at random within some seconds, and whom the server has no room for tries
 * again much later, without a word. Nothing begins shortly before the door opens, and what is under way ends at once
 * when one goes in.
 */
import { devicesOf } from './tried.js';
import { firstText } from './texts.js';

/** ms */
const FIRST = { after: 2_000, spread: 6_000 };
const AGAIN = { after: 15_000, spread: 45_000 };
/** What a check takes at most, and how long before the opening none begins. */
const TAKES = 16_000;
const QUIET = 20_000;
/** For so long a result stands. */
const HOLDS = 10 * 60_000;

export class WaitCheck {
  /** @type {import('./echo.js').Echo|undefined} */ #echo;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #timer;
  #over = false;

  /** @param {import('./door.js').Door} door @param {HTMLElement} words where the verdict is said */
  constructor(door, words) {
    this.door = door;
    this.words = words;
    this.key = `vetroom.checked.${door.room}`;
  }

  /** Camera and microphone are known. @param {MediaStream} stream @param {string} problem */
  begin(stream, problem) {
    this.#end();
    const known = this.#known();
    if (known) return this.#say(known);
    this.#plan(FIRST, stream, problem);
  }

  /** Ends it at once, and for good: the call begins. */
  stop() {
    this.#over = true;
    this.#end();
  }

  #end() {
    clearTimeout(this.#timer);
    this.#echo?.stop();
    this.#echo = undefined;
  }

  /** @param {{after: number, spread: number}} when @param {MediaStream} stream @param {string} problem */
  #plan({ after, spread }, stream, problem) {
    const wait = after + Math.random() * spread;
    if (this.#over || !this.#free(wait)) return;
    this.#timer = setTimeout(() => {
      if (document.hidden) this.#plan(AGAIN, stream, problem);
      else if (this.#free(0)) void this.#try(stream, problem);
    }, wait);
  }

  /** Whether a check that begins after a while is over long before the door opens. @param {number} wait ms */
  #free(wait) {
    return this.door.state === 'locked' && this.door.opens - this.door.clock.now() > wait + TAKES + QUIET;
  }

  /** @param {MediaStream} stream @param {string} problem */
  async #try(stream, problem) {
    const module = await import('./echo.js').catch(() => undefined); // only now: the page itself does not wait for it
    if (!module) return this.#plan(AGAIN, stream, problem);
    if (this.#over || this.#echo || !this.#free(0)) return;
    const echo = new module.Echo({ room: this.door.room, stream });
    this.#echo = echo;
    const result = await echo.measure();
    if (echo !== this.#echo) return echo.stop();
    if ('outcome' in result) {
      this.#say(result.outcome.verdict);
      this.#keep(result.outcome.verdict);
      await echo.report(result.outcome, devicesOf(stream, problem));
    } else if (result.refused === 'busy' || result.refused === 'offline') {
      this.#plan(AGAIN, stream, problem);
    }
    echo.stop();
    if (echo === this.#echo) this.#echo = undefined;
  }

  /** @param {string} verdict */
  #say(verdict) {
    this.words.textContent = firstText(`callcheck.short_${verdict}`);
    this.words.dataset.tickVerdict = verdict;
  }

  /** What was found lately. */
  #known() {
    try {
      const { at, verdict } = JSON.parse(sessionStorage.getItem(this.key) ?? '{}');
      return Math.abs(Date.now() - at) < HOLDS ? String(verdict) : undefined;
    } catch {
      return undefined;
    }
  }

  /** @param {string} verdict */
  #keep(verdict) {
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ at: Date.now(), verdict }));
    } catch {
      // it is tried again, that is all
    }
  }
}
