/**
 * Signals on their way to the server. A socket that breaks does not say what it lost, so a signal is kept until a later
 * ping was answered, and goes out again when the socket is back. A description makes all before it worthless: the other
 * side is never sent what is out of date.
 *
 * @typedef {import('./peer.js').Signal} Signal
 */

/** Candidates of one description are few; more than this are nothing that helps. */
const MOST = 100;

export class Outbox {
  /** @type {{data: Signal, at: number}[]} with when each was sent; Infinity while it waits */ #kept = [];

  /** @param {(data: Signal) => boolean} send tells whether there was a socket to send on */
  constructor(send) {
    this.send = send;
  }

  /** @param {Signal} data */
  put(data) {
    if (data.description) this.#kept = [];
    if (this.#kept.length < MOST) this.#kept.push(this.#sent(data));
  }

  /** What was sent before an instant of performance.now() is there. @param {number} before */
  arrived(before) {
    this.#kept = this.#kept.filter(({ at }) => at >= before);
  }

  /** The socket is back. */
  again() {
    this.#kept = this.#kept.map(({ data }) => this.#sent(data));
  }

  /** @param {Signal} data */
  #sent(data) {
    return { data, at: this.send(data) ? performance.now() : Infinity };
  }
}
