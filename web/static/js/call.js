/**
 * The connection to the other side and what keeps it: signals that arrive, the way that is found anew, what the two
 * browsers say to each other.
 *
 * @typedef {import('./peer.js').Signal} Signal
 * @typedef {import('./peer.js').Talk} Talk
 */
import { Comeback } from './comeback.js';
import { Outbox } from './outbox.js';
import { Peer } from './peer.js';

export class Call {
  /** @type {Signal[]} what came before one went in */ #held = [];
  /** @type {Map<string, (message: Talk) => void>} */ #listeners = new Map();
  /** @type {Set<(open: boolean) => void>} */ #followers = new Set();

  /**
   * @param {object} with_
   * @param {boolean} with_.polite
   * @param {MediaStream} with_.stream
   * @param {(data: Signal) => boolean} with_.send
   * @param {() => boolean} with_.ready the socket has its seat, and someone sits across
   * @param {() => void} with_.doubt the socket shall show that it lives
   * @param {(event: RTCTrackEvent) => void} with_.track
   * @param {(state: RTCPeerConnectionState) => void} with_.state
   * @param {(since: number|undefined) => void} with_.lost
   */
  constructor({ polite, stream, send, ready, doubt, track, state, lost }) {
    this.outbox = new Outbox(send);
    this.peer = new Peer({
      polite, stream, track,
      send: (signal) => this.outbox.put(signal),
      state: (now) => {
        this.comeback.state(now);
        state(now);
      },
      talk: (message) => this.#listeners.get(message.type)?.(message),
      channels: (open) => this.#followers.forEach((follow) => follow(open)),
    });
    this.comeback = new Comeback({ peer: this.peer, ready, doubt, lost });
  }

  get connected() {
    return this.peer.connected;
  }

  /** Whether the other side has said something that waits for one to go in. */
  get called() {
    return this.#held.length > 0;
  }

  /** Begins. @param {RTCIceServer[]} iceServers @param {boolean} hurry see Peer.start */
  start(iceServers, hurry) {
    return this.peer.start(iceServers, this.#held.splice(0), hurry);
  }

  /** A signal of the other side. @param {Signal} signal @param {boolean} inside */
  hear(signal, inside) {
    if (inside) return this.peer.receive(signal);
    if (signal.description) this.#held = []; // what came before is out of date
    this.#held.push(signal);
  }

  /** The socket has its seat again. @param {boolean} resumed nothing was missed */
  back(resumed) {
    if (!this.peer.started || this.comeback.back(resumed)) this.outbox.again();
  }

  /** Hears what the other side's browser says of a type; one listener each. @param {string} type @param {(message: Talk) => void} hear */
  on(type, hear) {
    this.#listeners.set(type, hear);
  }

  /** Is told when the data channels open, and when they are no more. @param {(open: boolean) => void} follow */
  follow(follow) {
    this.#followers.add(follow);
  }

  close() {
    this.comeback.close();
    this.peer.close();
  }
}
