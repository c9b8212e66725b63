/**
 * Coming back. The way to the other side is looked for anew (an ICE restart) when the connection is lost, when the network
 * changes, and when the page is looked at again and nothing comes; again and again, until it is found. Media that flows is
 * left alone: that signaling broke is no reason, unless the server cannot say what was missed meanwhile.
 *
 * @typedef {import('./peer.js').Peer} Peer
 */
import { refreshOnAnotherWay } from './senders.js';

/** So long a lost connection may heal by itself, ms. The polite side leaves the first word to the other. */
const PATIENCE = { impolite: 300, polite: 900 };
/** From one try to the next, ms. */
const TRIES = [2_000, 2_500, 3_000, 4_000];
/** After so many in vain, a new connection. */
const HOPELESS = 4;
/** An offer that waits, kept by the server, for the other side to come back is not made again sooner than this, ms. */
const UNANSWERED = 8_000;
/** Descriptions that were exchanged less than this ago have not had their chance yet, ms. */
const CHANCE = 2_000;
/** So long whoever took the seat across is waited for to describe itself, ms. */
const INTRODUCTION = 500;
/** While nobody could be told of a try. */
const LOOK = 500;
/** Several signs of one change come together. */
const SETTLE = 300;

export class Comeback {
  /** @type {WeakSet<RTCPeerConnection>} */ #followed = new WeakSet();
  /** @type {number|undefined} since when nothing comes, by performance.now() */ #since;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #next;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #network;
  #tries = 0;
  #met = false; // media has flowed, ever
  #owed = false; // a restart, to whoever comes

  /**
   * @param {object} with_
   * @param {Peer} with_.peer
   * @param {() => boolean} with_.ready the other side can be told: the socket has its seat, and someone sits across
   * @param {() => void} with_.doubt the socket, too, shall show that it lives
   * @param {(since: number|undefined) => void} with_.lost since when the connection is lost; undefined once it is back
   */
  constructor({ peer, ready, doubt, lost }) {
    this.peer = peer;
    this.ready = ready;
    this.doubt = doubt;
    this.lost = lost;
    this.#listen();
  }

  #listen() {
    const connection = /** @type {any} */ (navigator).connection;
    let type = connection?.type;
    connection?.addEventListener('change', () => {
      if (connection.type !== type) this.#changed(); // it also tells of every new estimate of the speed
      type = connection.type;
    });
    window.addEventListener('online', () => this.#changed());
    document.addEventListener('visibilitychange', () => document.hidden || this.look());
  }

  /** @param {RTCPeerConnectionState} state */
  state(state) {
    if (state === 'connected') this.#connected();
    else if (state === 'disconnected' || state === 'failed' || (state === 'new' && this.#met)) this.#trouble();
  }

  /** What is heard of the other side, each second. @param {{silent: boolean, uneasy: boolean}} heard nothing for too long, or for a while */
  beat({ silent, uneasy }) {
    if (silent && this.#met) this.#trouble();
    else if (!uneasy && this.peer.connected) this.#well();
  }

  #connected() {
    const pc = this.peer.connection;
    if (!this.#followed.has(pc)) refreshOnAnotherWay(pc);
    this.#followed.add(pc);
    this.#well();
  }

  #well() {
    this.#met = true;
    if (this.#since === undefined) return;
    this.#since = undefined;
    this.#tries = 0;
    clearTimeout(this.#next);
    this.lost(undefined);
  }

  #trouble() {
    if (this.#since !== undefined) return;
    this.#since = performance.now();
    this.doubt();
    this.lost(this.#since);
    this.#tryIn(this.peer.polite ? PATIENCE.polite : PATIENCE.impolite);
  }

  /** @param {number} ms */
  #tryIn(ms) {
    clearTimeout(this.#next);
    this.#next = setTimeout(() => this.#try(), ms);
  }

  #try() {
    if (this.#since === undefined) return;
    const now = performance.now();
    const waits = now - (this.peer.asking ?? -Infinity) < UNANSWERED || now - this.peer.described < CHANCE;
    if (waits || !this.ready()) return this.#tryIn(LOOK);
    this.#anew();
  }

  #anew() {
    this.#tries++;
    if (this.#tries % HOPELESS === 0) this.peer.renew(true);
    else this.peer.restart();
    this.#tryIn(TRIES[Math.min(this.#tries, TRIES.length) - 1]);
  }

  /**
   * The socket has its seat again. Gives whether what waited to be sent is worth sending.
   * @param {boolean} resumed nothing that the other side said is lost
   */
  back(resumed) {
    const before = this.peer.described;
    if (resumed) {
      const stale = this.#since !== undefined && performance.now() - before > CHANCE;
      if (stale) this.#anew(); // what waited may be of a network that is left
      return !stale;
    }
    if (!this.ready()) this.#owed = true;
    else if (!this.peer.polite) this.peer.restart();
    else setTimeout(() => this.peer.described === before && this.peer.restart(), PATIENCE.polite); // the other does, as a rule
    return false;
  }

  /** Somebody took the seat across anew: the same browser, whose media may flow on, or another. */
  async came() {
    const before = this.peer.described;
    const said = () => this.peer.described !== before;
    if (!this.peer.started) return;
    if (this.#owed || this.peer.asking !== undefined) this.peer.restart(); // what was asked before has reached nobody
    this.#owed = false;
    if (!this.#met) return;
    await new Promise((done) => setTimeout(done, INTRODUCTION));
    if (said() || (this.#since === undefined && (await this.peer.flows())) || said()) return;
    this.peer.renew(true);
  }

  #changed() {
    clearTimeout(this.#network);
    this.#network = setTimeout(() => {
      if (this.peer.started && this.ready()) this.peer.restart();
    }, SETTLE);
  }

  /** Looks whether anything comes: after a while in a pocket, or when the server has lost sight of the other side. */
  async look() {
    if (this.#met && this.#since === undefined && !(await this.peer.flows()) && this.#met) this.#trouble();
  }

  close() {
    this.#since = undefined;
    this.#met = false;
    for (const timer of [this.#next, this.#network]) clearTimeout(timer);
  }
}
