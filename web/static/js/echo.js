/**
 * Tries the connection before a call: the server sends back what it gets, over WebRTC as in the call.
 *
 * It has a socket of its own, so that whatever becomes of it the page's goes on as it was, and the server ends its part
 * with that. The offer goes without candidates: the server waits for the browser's checks, wherever they come from.
 *
 * @typedef {import('./verdict.js').Sample} Sample
 * @typedef {import('./verdict.js').Figures & {verdict: import('./verdict.js').Verdict, way: import('./verdict.js').Way}} Outcome
 * @typedef {'stopped'|'offline'|'unsupported'|'busy'|'no_echo'|'room_closed'|'forbidden'} Reason why nothing was measured
 */
import { figures, sampleOf, verdict } from './verdict.js';

/** ms */
const ANSWER_WITHIN = 8_000;
const CONNECT_WITHIN = 12_000;
const MEDIA_WITHIN = 2_000;
const MEASURE_FOR = 5_000;
const SAMPLE_EVERY = 250;
/** Enough for a call's picture, bits a second. */
const MAX_BITRATE = 1_000_000;
/** Codes that mean: not now. */
const LATER = ['busy', 'rate_limited', 'unavailable'];

/** Ends what is under way. */
class Refused extends Error {
  /** @param {Reason} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

export class Echo {
  /** @type {WebSocket|undefined} */ #ws;
  /** @type {RTCPeerConnection|undefined} */ #pc;
  /** @type {Set<(why: Refused) => void>} who waits for something */ #waiting = new Set();
  /** @type {(() => void)[]} */ #undo = [];
  #stopped = false;

  /**
   * @param {object} with_
   * @param {string} with_.room
   * @param {MediaStream} with_.stream own camera and microphone, as far as there are any; it is left as it is
   * @param {(stream: MediaStream) => void} [with_.returned] what comes back
   * @param {(sample: Sample, share: number) => void} [with_.sample] how it goes, and how far it is
   */
  constructor({ room, stream, returned = () => {}, sample = () => {} }) {
    this.room = room;
    this.stream = stream;
    this.returned = returned;
    this.sample = sample;
  }

  /**
   * Measures. What comes back goes on after that until stop(), or for as long as the server lets it.
   * @returns {Promise<{outcome: Outcome}|{refused: Reason}>}
   */
  async measure() {
    try {
      return { outcome: await this.#measure() };
    } catch (error) {
      if (!(error instanceof Refused)) console.error('echo:', error);
      this.stop();
      return { refused: error instanceof Refused ? error.reason : 'unsupported' };
    }
  }

  async #measure() {
    if (!('RTCPeerConnection' in window)) throw new Refused('unsupported');
    const ws = await this.#dial();
    const { ice_servers: iceServers } = await this.#ask(ws, { type: 'check' });
    const pc = this.#connect(iceServers);
    await pc.setLocalDescription();
    const { description } = await this.#ask(ws, { type: 'check', description: { type: 'offer', sdp: pc.localDescription?.sdp } });
    await pc.setRemoteDescription(description);
    const samples = (await this.#connected(pc)) ? await this.#watch(pc) : [];
    const found = figures(samples);
    return { ...found, verdict: verdict(found), way: samples.at(-1)?.way ?? 'none' };
  }

  /**
   * Has the result noted in the timeline; false where it could not be.
   * @param {Outcome} outcome @param {{camera?: string, microphone?: string, speaker?: string}} devices
   */
  async report(outcome, devices) {
    if (!this.#ws) return false;
    const { verdict, way, rtt, loss, jitter } = outcome;
    /** @param {number} n @param {number} most */
    const bounded = (n, most) => (Number.isFinite(n) ? Math.min(most, Math.max(0, n)) : undefined);
    const result = { verdict, way, rtt_ms: bounded(rtt, 60_000), loss: bounded(loss, 1), jitter_ms: bounded(jitter, 60_000), ...devices };
    try {
      await this.#ask(this.#ws, { type: 'checked', result });
      return true;
    } catch {
      return false;
    }
  }

  /** Ends at once, and for good: nothing of it is left when this returns. */
  stop() {
    this.#stopped = true;
    this.#pc?.close();
    this.#ws?.close(1000);
    for (const undo of this.#undo.splice(0)) undo();
    for (const giveUp of [...this.#waiting]) giveUp(new Refused('stopped'));
  }

  /**
   * Waits for something, but not for ever and not beyond stop().
   * @template T
   * @param {number} within ms
   * @param {(done: (value: T) => void, refuse: (why: Refused) => void) => void} begin
   * @returns {Promise<T>}
   */
  #wait(within, begin) {
    return new Promise((done, refuse) => {
      if (this.#stopped) return refuse(new Refused('stopped'));
      const late = setTimeout(() => giveUp(new Refused('offline')), within);
      const settled = () => {
        clearTimeout(late);
        this.#waiting.delete(giveUp);
      };
      /** @param {Refused} why */
      const giveUp = (why) => {
        settled();
        refuse(why);
      };
      this.#waiting.add(giveUp);
      begin((value) => {
        settled();
        done(value);
      }, giveUp);
    });
  }

  /** @returns {Promise<WebSocket>} */
  #dial() {
    const url = new URL('/ws', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const ws = new WebSocket(url, 'vetroom.v1');
    this.#ws = ws;
    return this.#wait(ANSWER_WITHIN, (done, refuse) => {
      ws.addEventListener('open', () => done(ws));
      ws.addEventListener('close', () => refuse(new Refused('offline')));
    });
  }

  /** Sends a message and gives its answer, which is of the same type. @param {WebSocket} ws @param {{type: string}} message */
  #ask(ws, message) {
    return this.#wait(ANSWER_WITHIN, (/** @type {(answer: any) => void} */ done, refuse) => {
      ws.addEventListener('close', () => refuse(new Refused('offline')));
      ws.addEventListener('message', ({ data }) => {
        const answer = JSON.parse(data);
        if (answer.type === message.type) done(answer);
        if (answer.type === 'error') refuse(new Refused(LATER.includes(answer.code) ? 'busy' : answer.code));
      });
      ws.send(JSON.stringify({ ...message, room: this.room }));
    });
  }

  /** @param {RTCIceServer[]} iceServers */
  #connect(iceServers) {
    const pc = new RTCPeerConnection({ iceServers });
    this.#pc = pc;
    Object.assign(window, { vetroomEcho: pc }); // for debugging and tests only
    const [audio, video] = [this.stream.getAudioTracks()[0], this.stream.getVideoTracks()[0] ?? this.#drawn()];
    for (const [kind, track] of /** @type {const} */ ([['audio', audio], ['video', video]])) {
      pc.addTransceiver(track ?? kind, { direction: 'sendrecv', sendEncodings: kind === 'video' ? [{ maxBitrate: MAX_BITRATE }] : undefined });
    }
    pc.addEventListener('track', ({ streams }) => streams[0] && this.returned(streams[0]));
    return pc;
  }

  /** A picture of its own where there is no camera: the connection can be tried all the same. */
  #drawn() {
    const canvas = document.createElement('canvas');
    const brush = canvas.getContext('2d');
    if (!brush || !('captureStream' in canvas)) return undefined;
    [canvas.width, canvas.height] = [320, 240];
    let x = 0;
    const timer = setInterval(() => {
      brush.fillStyle = '#24514a';
      brush.fillRect(0, 0, 320, 240);
      brush.fillStyle = '#e9eeec';
      brush.fillRect((x = (x + 8) % 320), 100, 40, 40);
    }, 66);
    const [track] = canvas.captureStream(15).getVideoTracks();
    this.#undo.push(() => {
      clearInterval(timer);
      track.stop();
    });
    return track;
  }

  /** Whether there is a way at all. @param {RTCPeerConnection} pc @returns {Promise<boolean>} */
  async #connected(pc) {
    try {
      return await this.#wait(CONNECT_WITHIN, (done) => {
        const look = () => {
          if (pc.connectionState === 'connected') done(true);
          if (pc.connectionState === 'failed' || pc.connectionState === 'closed') done(false);
        };
        pc.addEventListener('connectionstatechange', look);
        look();
      });
    } catch (error) {
      if (error instanceof Refused && error.reason === 'stopped') throw error;
      return false;
    }
  }

  /** Samples, from when something comes back. @param {RTCPeerConnection} pc */
  async #watch(pc) {
    /** @type {Sample[]} */
    const samples = [];
    for (let began = performance.now(), measured = false; ; ) {
      await this.#pause(SAMPLE_EVERY);
      const now = performance.now();
      const sample = sampleOf(/** @type {any} */ (await pc.getStats()), now);
      if (!measured && (sample.framesGot > 0 || now - began > MEDIA_WITHIN)) [measured, began] = [true, now];
      if (measured) samples.push(sample);
      this.sample(sample, measured ? Math.min(1, (now - began) / MEASURE_FOR) : 0);
      if (measured && now - began >= MEASURE_FOR) return samples;
    }
  }

  /** @param {number} ms */
  #pause(ms) {
    return this.#wait(2 * ms, (/** @type {(value: undefined) => void} */ done) => setTimeout(() => done(undefined), ms));
  }
}
