/**
 * The cameras of this device: another one in the place of the one in use, and the light beside it. Most phones open one
 * camera at a time, so that the old one is let go before the new one is asked for, and taken again if that fails.
 */

import { SIZE } from './media.js';

/** @typedef {'user'|'environment'} Facing */

export class Cameras {
  /** @type {MediaStreamTrack|undefined} whose light is on: it goes out with its camera */ #lamp;

  /**
   * @param {() => MediaStream} stream the one in use; its picture is replaced in it
   * @param {object} with_
   * @param {(track: MediaStreamTrack) => void} with_.changed another camera makes the picture now
   * @param {() => void} with_.lit the light was put on, or out
   */
  constructor(stream, { changed, lit }) {
    this.stream = stream;
    this.changed = changed;
    this.told = lit;
  }

  /** The picture in use. */
  get track() {
    return this.stream().getVideoTracks().find((track) => track.readyState === 'live');
  }

  /** Whether the camera in use looks at who holds the device; undefined where nobody says. @returns {Facing|undefined} */
  get facing() {
    return /** @type {any} */ (this.track?.getSettings().facingMode);
  }

  /** How many there are. */
  async count() {
    const all = await navigator.mediaDevices?.enumerateDevices().catch(() => []);
    return (all ?? []).filter(({ kind }) => kind === 'videoinput').length;
  }

  /** The next one. @returns {Promise<boolean>} whether it could be had */
  async turn() {
    const now = this.facing;
    if (now) return this.face(now === 'user' ? 'environment' : 'user');
    const all = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === 'videoinput');
    const at = all.findIndex(({ deviceId }) => deviceId === this.track?.getSettings().deviceId);
    const next = all[(at + 1) % all.length];
    return all.length > 1 && this.#take({ deviceId: { exact: next.deviceId } });
  }

  /** The one on a side of the device. @param {Facing} facing */
  async face(facing) {
    return this.facing === facing || this.#take({ facingMode: { exact: facing } });
  }

  /** @param {MediaTrackConstraints} which */
  async #take(which) {
    const old = this.track;
    if (!old) return false;
    const former = old.getSettings().deviceId;
    old.stop();
    const [track] = await open({ ...SIZE, ...which });
    const put = track ?? (await open({ ...SIZE, deviceId: { exact: former } }))[0];
    if (put) this.#put(old, put);
    return track !== undefined;
  }

  /** @param {MediaStreamTrack} old @param {MediaStreamTrack} track */
  #put(old, track) {
    const stream = this.stream();
    if (!stream.getTracks().includes(old)) return void track.stop(); // the call is over, or has opened its devices anew
    track.enabled = old.enabled;
    stream.removeTrack(old);
    stream.addTrack(track);
    this.changed(track);
  }

  /** Whether the light is on. */
  get lit() {
    return this.#lamp !== undefined && this.#lamp === this.track;
  }

  /** Whether there is a light. */
  get hasLight() {
    return Boolean(/** @type {any} */ (this.track?.getCapabilities?.())?.torch);
  }

  /** @param {boolean} on */
  async light(on) {
    const { track } = this;
    try {
      await track?.applyConstraints(/** @type {any} */ ({ advanced: [{ torch: on }] }));
      this.#lamp = on ? track : undefined;
    } catch {
      this.#lamp = undefined;
    }
    this.told();
  }
}

/** @param {MediaTrackConstraints} video @returns {Promise<MediaStreamTrack[]>} */
async function open(video) {
  try {
    return (await navigator.mediaDevices.getUserMedia({ video })).getVideoTracks();
  } catch {
    return [];
  }
}
