/**
 * Keeps one's own camera and microphone alive. A phone takes them away: while its page is hidden, while somebody rings,
 * when the headset goes. What ended, or is still mute when the page is looked at again, is opened anew and put in its place.
 */
import { openOne } from './media.js';

/** A track that was muted while the page was hidden comes back by itself within this, or not at all, ms. */
const RETURN = 800;

export class Devices {
  /** @type {Set<string>} kinds that are being opened */ #opening = new Set();
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #looking;
  #over = false;

  /**
   * @param {() => MediaStream} stream the one in use
   * @param {(stream: MediaStream) => void} changed it has other tracks now
   */
  constructor(stream, changed) {
    this.stream = stream;
    this.changed = changed;
    document.addEventListener('visibilitychange', () => document.hidden || this.#lookSoon());
    navigator.mediaDevices?.addEventListener('devicechange', () => this.#lookSoon());
  }

  /** Follows the tracks of the stream, which is in use from now on. */
  follow() {
    for (const track of this.stream().getTracks()) this.#follow(track);
  }

  /** @param {MediaStreamTrack} track */
  #follow(track) {
    const look = () => {
      if (!this.stream().getTracks().includes(track)) return;
      this.changed(this.stream());
      this.#lookSoon();
    };
    for (const event of ['ended', 'mute', 'unmute']) track.addEventListener(event, look);
  }

  #lookSoon() {
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => this.#look(), RETURN);
  }

  #look() {
    if (document.hidden || this.#over) return;
    for (const track of this.stream().getTracks()) if (track.readyState === 'ended' || track.muted) this.#open(track);
  }

  /** @param {MediaStreamTrack} old */
  async #open(old) {
    if (this.#opening.has(old.kind)) return;
    this.#opening.add(old.kind);
    const track = await openOne(old.kind, old.getSettings().facingMode);
    this.#opening.delete(old.kind);
    const stream = this.stream();
    if (!track || this.#over || !stream.getTracks().includes(old)) return void track?.stop();
    track.enabled = old.enabled;
    stream.removeTrack(old);
    old.stop();
    stream.addTrack(track);
    this.#follow(track);
    this.changed(stream);
  }

  close() {
    this.#over = true;
    clearTimeout(this.#looking);
  }
}
