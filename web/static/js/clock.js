/** The server's clock, estimated. All countdowns are read from it; none of them opens anything. */

/** Ms since the epoch by this machine, undisturbed by changes of its clock. */
const local = () => performance.timeOrigin + performance.now();

export class ServerClock {
  /** Server minus local, ms. */
  #offset;
  /** Round trip of the sample that #offset comes from; Infinity for a one-way hint. */
  #trip = Infinity;

  constructor() {
    const rendered = Date.parse(document.documentElement.dataset.now ?? '');
    this.#offset = Number.isNaN(rendered) ? Date.now() - local() : rendered - local();
  }

  /** The server's now, ms since the epoch. */
  now() {
    return local() + this.#offset;
  }

  /** A fresh connection: what was measured over the old one may be from before this machine slept. */
  reset() {
    this.#trip = Infinity;
  }

  /**
   * A message said what the server's clock was when it was sent: the true offset is that or more.
   * @param {string|undefined} now
   */
  hint(now) {
    const at = Date.parse(now ?? '');
    if (this.#trip === Infinity && !Number.isNaN(at)) this.#offset = at - local();
  }

  /**
   * A ping came back. The smallest round trip wins.
   * @param {number} sent performance.now() at sending @param {string} now the server's word
   */
  pong(sent, now) {
    const back = performance.now();
    const at = Date.parse(now);
    const trip = back - sent;
    if (Number.isNaN(at) || trip < 0 || trip > this.#trip) return;
    this.#trip = trip;
    this.#offset = at + trip / 2 - (performance.timeOrigin + back);
  }
}
