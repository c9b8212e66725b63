/**
 * The page's one socket: GET /ws, subprotocol vetroom.v1, JSON text frames.
 * It comes back by itself after any break, but for `replaced` and stop().
 *
 * Messages are handled one after another. A numbered one is acknowledged
 * (`seen`) when its handler has finished, so never before the page shows it.
 *
 * @typedef {{type: string, n?: number, [key: string]: any}} Message
 * @typedef {import('./clock.js').ServerClock} ServerClock
 */

const FIRST_RETRY = 250;
/**
 * How patient it is, ms: between tries, with a connection that does not come about, between pings and with their answer,
 * and with the answer where there is a doubt. A call does not wait as long as a list of doors.
 */
const CALM = { retry: 15_000, connect: 10_000, every: 20_000, pong: 10_000, proof: 5_000 };
const URGENT = { retry: 1_500, connect: 2_000, every: 5_000, pong: 4_000, proof: 1_500 };
/**
 * After so many tries in vain it asks over HTTP before it tries again. Chromium holds back a page's next sockets by 1 to
 * 5 s once 16 have failed, longer than a try may take here: none would ever come about.
 */
const ASK_FIRST = 8;
/** Pauses between the first pings, ms: a good estimate of the clock soon. */
const FIRST_PINGS = [300, 700];
/** The server could not read its database: asked again after this, ms. */
const UNAVAILABLE_RETRY = 1_500;

/**
 * What concerns whoever is signed in comes over any of their sockets, unasked: whoever wants it listens to the page's,
 * for `socket:message` (its detail is the Message), `socket:up` and `socket:stop`, and needs none of its own.
 * @param {string} name @param {Message} [detail]
 */
const announce = (name, detail) => document.dispatchEvent(new CustomEvent(`socket:${name}`, { detail }));

export class Socket {
  /** @type {Set<Socket>} those of this page that were not stopped */ static live = new Set();
  /** @type {WebSocket|undefined} */ #ws;
  /** @type {Promise<void>} */ #chain = Promise.resolve();
  #failures = 0;
  #stopped = false;
  #finishing = false;
  /** @type {number|undefined} */ #retryMs;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #retry;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #pinging;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #greeting;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #silence;
  #silentAt = Infinity; // when #silence is over
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #connecting;
  /** @type {AbortController|undefined} */ #asking;
  #seen = 0;
  /** Whether a call hangs on it. */
  urgent = false;

  /**
   * @param {object} with_
   * @param {ServerClock} with_.clock
   * @param {() => object[]} with_.hello what to send on every opening: a watch, or a join
   * @param {(m: Message) => void|Promise<void>} with_.handle
   * @param {(state: 'up'|'down'|'replaced'|'signed_out') => void} [with_.state]
   *   signed_out comes before the socket goes: whoever has no other right to it stops it
   * @param {(before: number) => void} [with_.arrived] what was sent before that instant of performance.now() is there
   */
  constructor({ clock, hello, handle, state = () => {}, arrived = () => {} }) {
    this.clock = clock;
    this.hello = hello;
    this.handle = handle;
    this.state = state;
    this.arrived = arrived;
    Socket.live.add(this);
    for (const event of ['online', 'pageshow']) window.addEventListener(event, () => this.prove());
    /** @type {any} */ (navigator).connection?.addEventListener('change', () => this.prove());
    document.addEventListener('visibilitychange', () => document.hidden || this.prove());
    queueMicrotask(() => this.#stopped || this.#finishing || this.#open()); // a page may know at once that it needs none
  }

  /** The number of the last message that was handled: goes into a join as `seen`. */
  get seen() {
    return this.#seen;
  }

  get open() {
    return this.#ws?.readyState === WebSocket.OPEN;
  }

  /** Sends a message; false if there is no open socket to send it on. @param {object} message */
  send(message) {
    if (!this.#ws || !this.open) return false;
    this.#ws.send(JSON.stringify(message));
    return true;
  }

  /** Ends for good, once what is being handled is acknowledged. */
  finish() {
    this.#finishing = true;
    this.#chain = this.#chain.then(() => this.stop());
  }

  /** Ends for good, at once. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#asking?.abort();
    this.#quiet();
    this.#ws?.close(1000);
    if (Socket.live.delete(this)) announce('stop');
  }

  #open() {
    const url = new URL('/ws', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const ws = new WebSocket(url, 'vetroom.v1');
    this.#ws = ws;
    this.#connecting = setTimeout(() => this.#abandon(), this.#patience.connect);
    ws.addEventListener('open', () => ws === this.#ws && this.#opened());
    ws.addEventListener('message', (event) => ws === this.#ws && this.#received(event.data));
    ws.addEventListener('close', () => ws === this.#ws && this.#closed());
  }

  get #patience() {
    return this.urgent ? URGENT : CALM;
  }

  #opened() {
    clearTimeout(this.#connecting);
    this.clock.reset();
    this.#greet();
    this.#pingOn(0);
    this.state('up');
    announce('up');
  }

  #greet() {
    for (const message of this.hello()) this.send(message);
  }

  /** @param {number} i how many pings went before */
  #pingOn(i) {
    this.#ping(this.#patience.pong);
    this.#pinging = setTimeout(() => this.#pingOn(i + 1), FIRST_PINGS[i] ?? this.#patience.every);
  }

  /** An answer that is awaited sooner is not awaited later for that. @param {number} within */
  #ping(within) {
    const now = performance.now();
    if (!this.send({ type: 'ping', t: Math.floor(now) }) || now + within >= this.#silentAt) return;
    clearTimeout(this.#silence);
    this.#silentAt = now + within;
    this.#silence = setTimeout(() => this.#abandon(), within);
  }

  #heard() {
    clearTimeout(this.#silence);
    this.#silentAt = Infinity;
    this.#failures = 0;
  }

  /** The network is gone, though nobody said so: do not wait for the socket's own close. */
  #abandon() {
    const ws = this.#ws;
    this.#ws = undefined;
    ws?.close();
    this.#closed();
  }

  /** @param {string} data */
  #received(data) {
    /** @type {Message} */
    const message = JSON.parse(data);
    this.#heard();
    if (message.type === 'pong') {
      this.clock.pong(message.t, message.now);
      this.arrived(message.t);
      return;
    }
    this.clock.hint(message.now);
    const ws = this.#ws;
    this.#chain = this.#chain.then(() => this.#handled(message, ws));
  }

  /** @param {Message} message @param {WebSocket|undefined} ws */
  async #handled(message, ws) {
    if (message.type === 'going_away') return this.#goingAway(message.retry_ms);
    announce('message', message);
    if (message.type === 'error') this.#refused(message.code);
    if (this.#stopped || this.#finishing || this.#repeated(message)) return;
    try {
      await this.handle(message);
    } catch (error) {
      console.error('socket: handling', message.type, error);
    }
    if (message.n === undefined) return;
    this.#seen = message.n;
    if (ws === this.#ws) this.send({ type: 'seen', n: message.n });
  }

  /** A resumed seat may send again what the last socket brought; a fresh one counts from 1. @param {Message} message */
  #repeated({ type, n, resumed }) {
    if (type === 'room' && resumed === false) this.#seen = 0;
    return n !== undefined && n <= this.#seen;
  }

  /** The server spreads its sockets over the time that it names. @param {number} retryMs */
  #goingAway(retryMs) {
    this.#retryMs = Number(retryMs) || 0;
    this.#ws?.close(1000);
  }

  /** @param {string} code */
  #refused(code) {
    if (code === 'replaced') this.stop();
    if (code === 'replaced' || code === 'signed_out') this.state(code);
    if (code !== 'unavailable') return;
    clearTimeout(this.#greeting);
    this.#greeting = setTimeout(() => this.#greet(), UNAVAILABLE_RETRY);
  }

  #closed() {
    this.#quiet();
    if (this.#stopped) return;
    this.state('down');
    this.#later();
  }

  #later() {
    const backoff = Math.min(this.#patience.retry, FIRST_RETRY * 2 ** this.#failures++) * (0.5 + Math.random() / 2);
    const wait = this.#retryMs ?? backoff;
    this.#retryMs = undefined;
    this.#retry = setTimeout(() => this.#again(), wait);
  }

  async #again() {
    this.#retry = undefined;
    if (this.#failures <= ASK_FIRST) return this.#open();
    const asking = new AbortController();
    this.#asking = asking;
    const there = await answers(asking, this.#patience.connect);
    if (this.#asking !== asking) return; // asked anew meanwhile
    this.#asking = undefined;
    if (this.#stopped) return;
    if (there) this.#open();
    else this.#later();
  }

  /** There is a reason to doubt it, or to hope anew: it is tried at once, or must show soon that it lives. */
  prove() {
    if (this.#stopped) return;
    if (this.#retry !== undefined || this.#asking) {
      clearTimeout(this.#retry);
      this.#asking?.abort();
      this.#again();
    } else {
      this.#ping(this.#patience.proof);
    }
  }

  #quiet() {
    for (const timer of [this.#silence, this.#pinging, this.#greeting, this.#connecting]) clearTimeout(timer);
    this.#silentAt = Infinity;
  }
}

/** Whether anybody answers over HTTP. @param {AbortController} asking @param {number} within ms */
async function answers(asking, within) {
  const late = setTimeout(() => asking.abort(), within);
  try {
    return (await fetch('/healthz', { cache: 'no-store', signal: asking.signal })).status < 500;
  } catch {
    return false;
  } finally {
    clearTimeout(late);
  }
}
