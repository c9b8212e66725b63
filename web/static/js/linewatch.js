/**
 * Watches how the call goes, each second, and acts on it: steps one's own picture down and up, says how good it is to the
 * page, to the other side and to the server, and why there is no picture.
 *
 * @typedef {import('./call.js').Call} Call
 * @typedef {import('./stage.js').Picture} Picture
 * @typedef {import('./vitals.js').Sample} Sample
 */
import { Hearing } from './hearing.js';
import { Plan } from './plan.js';
import { LEVELS, Quality } from './quality.js';
import { keepTo } from './senders.js';
import { Vitals, count } from './vitals.js';

const EACH = 1_000;
/** While nothing comes it looks more often, ms. */
const SOON = 250;
/** A level is told when it changed, and again after this, ms. */
const TELL_AGAIN = 10_000;
/** What the other side says that it hears counts no more often than this, ms. */
const TOLD = 1_000;
/** Pictures of the other side that did not come in so many samples do not come. */
const NO_PICTURE = 4;
/** @type {Picture[]} */
const PICTURES = ['on', 'off', 'none', 'line'];

export class LineWatch {
  #vitals = new Vitals();
  #quality = new Quality();
  #plan = new Plan();
  /** @type {RTCPeerConnection|undefined} that is watched */ #pc;
  /** @type {Sample|undefined} */ #last;
  /** @type {Picture|undefined} as the other side says */ #said;
  /** @type {string|undefined} likewise */ #theirLevel;
  #missing = 0;
  #sampled = -Infinity;
  #over = false;
  #applied = '';
  #told = '';
  #toldAt = -Infinity;
  #heardOf = -Infinity; // when the other side last said that it hears badly
  /** @type {Picture} */ #own = 'on';

  /**
   * @param {object} with_
   * @param {Call} with_.call
   * @param {() => boolean} with_.lost
   * @param {() => MediaStream} with_.stream one's own
   * @param {(message: object) => void} with_.send to the server
   * @param {import('./signs.js').Signs} with_.signs
   */
  constructor({ call, lost, stream, send, signs }) {
    this.call = call;
    this.lost = lost;
    this.stream = stream;
    this.send = send;
    this.signs = signs;
    call.on('quality', ({ level }) => LEVELS.includes(level) && (this.#theirLevel = level));
    call.on('picture', ({ state }) => PICTURES.includes(state) && (this.#said = state));
    call.on('narrow', ({ room }) => Number.isFinite(room) && this.#theyHearBadly(room, performance.now()));
    call.on('wide', () => this.#plan.undo());
    call.follow((open) => this.#channels(open));
    this.hearing = new Hearing({
      connection: () => (call.connected && !lost() ? call.peer.connection : undefined),
      narrow: (room) => this.#hearBadly(room),
    });
    this.#next(EACH);
  }

  /** The other side can make room at once, and one's own picture may be in the way of its sound. @param {number} room bit/s */
  #hearBadly(room) {
    this.call.peer.say({ type: 'narrow', room: Math.round(room) });
    this.#step(() => this.#plan.try(room));
  }

  /** Their picture may be in the way as well, unless one hears well. @param {number} room bit/s @param {number} now */
  #theyHearBadly(room, now) {
    if (now - this.#heardOf < TOLD) return;
    this.#heardOf = now;
    if (this.hearing.well) this.call.peer.say({ type: 'wide' });
    this.#step(() => this.#plan.fit(room));
  }

  /** @param {() => void} step of the plan, between two samples */
  #step(step) {
    if (!this.call.connected || this.lost()) return;
    step();
    this.#keep();
  }

  /** @param {number} ms */
  #next(ms) {
    this.timer = setTimeout(() => this.#beat(), ms);
  }

  /** What comes of the other side's picture. @returns {Picture} */
  get theirs() {
    if (this.#said === 'on' || this.#said === undefined) return this.#missing < NO_PICTURE ? 'on' : this.#said ? 'line' : 'none';
    return this.#said;
  }

  /** What is sent of one's own. */
  get own() {
    return this.#own;
  }

  /** @param {boolean} open */
  #channels(open) {
    this.#said = this.#theirLevel = undefined;
    if (open) this.picture();
    if (open) this.call.peer.say({ type: 'quality', level: this.#quality.level });
  }

  /** One's own picture may be another: the other side is told why there is none. */
  picture() {
    const [track] = this.stream().getVideoTracks();
    if (!track || track.readyState === 'ended' || track.muted) this.#own = 'none';
    else if (!track.enabled) this.#own = 'off';
    else this.#own = this.#plan.step.rate === 0 ? 'line' : 'on';
    this.call.peer.say({ type: 'picture', state: this.#own });
  }

  async #beat() {
    const { peer } = this.call;
    const pc = peer.connection;
    if (peer.started && pc !== this.#pc) this.#begin(pc);
    const counters = peer.started ? await count(pc) : undefined;
    if (this.#over) return;
    if (!counters || pc !== peer.connection || pc.connectionState === 'closed') return this.#next(EACH);
    const heard = this.#vitals.hear(counters);
    this.call.comeback.beat(heard);
    this.#next(heard.uneasy || this.lost() ? SOON : EACH);
    if (counters.at - this.#sampled < EACH * 0.9) return;
    this.#sampled = counters.at;
    const sample = this.#vitals.since(counters, heard.silent);
    if (sample) this.#take(sample);
  }

  /** @param {RTCPeerConnection} pc */
  #begin(pc) {
    this.#pc = pc;
    this.#vitals.reset();
    this.#plan.renew();
    this.#applied = '';
    this.#missing = 0;
  }

  /** @param {Sample} sample of a second */
  #take(sample) {
    this.#last = sample;
    if (this.lost() || !this.call.connected) {
      this.#quality.lose();
      this.#plan.lose();
    } else {
      this.#missing = sample.frames > 0 || sample.silent ? 0 : this.#missing + 1;
      const { name } = this.#plan.add(sample);
      this.hearing.usual(sample.rate);
      this.#quality.add(sample, name === 'audio' || this.theirs === 'line' ? 1 : 3);
      this.#keep();
    }
    this.#tell();
  }

  #keep() {
    const { step } = this.#plan;
    const senders = this.call.peer.connection.getSenders().map(({ track }) => track?.id).join(' ');
    if (this.#applied === `${step.name} ${senders}`) return;
    this.#applied = `${step.name} ${senders}`;
    keepTo(this.call.peer.connection, step);
    this.picture();
  }

  #tell() {
    const { level } = this.#quality;
    const relay = this.#last?.relay ?? false;
    this.signs.quality(level, this.#theirLevel, { relay, step: this.#plan.step.name });
    const news = { level, video: this.#own !== 'line' && this.theirs !== 'line', relay };
    const told = JSON.stringify(news);
    const now = performance.now();
    if (told === this.#told && now - this.#toldAt < TELL_AGAIN) return;
    [this.#told, this.#toldAt] = [told, now];
    this.call.peer.say({ type: 'quality', level });
    this.send({ type: 'quality', ...news });
  }

  close() {
    this.#over = true;
    this.hearing.close();
    clearTimeout(this.timer);
  }
}
