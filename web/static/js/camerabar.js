/** The call's own buttons for the camera, of an owner: another one, and the light beside it, where the device has them. */
import { Cameras } from './cameras.js';

export class CameraBar {
  #turn = /** @type {HTMLButtonElement|null} */ (document.querySelector('[data-camera-turn]'));
  #light = /** @type {HTMLButtonElement|null} */ (document.querySelector('[data-camera-light]'));

  /**
   * @param {() => MediaStream} stream the one in use
   * @param {(track: MediaStreamTrack) => void} turned another camera makes the picture now
   */
  constructor(stream, turned) {
    this.cameras = new Cameras(stream, {
      changed: (track) => {
        turned(track);
        this.show();
      },
      lit: () => this.#showLight(),
    });
    this.#press(this.#turn, () => this.cameras.turn());
    this.#press(this.#light, () => this.cameras.light(!this.cameras.lit));
    navigator.mediaDevices?.addEventListener('devicechange', () => this.show());
    this.show();
  }

  /** @param {HTMLButtonElement|null} button @param {() => Promise<unknown>} act once at a time */
  #press(button, act) {
    button?.addEventListener('click', async () => {
      button.disabled = true;
      await act();
      button.disabled = false;
    });
  }

  #showLight() {
    if (!this.#light) return;
    this.#light.hidden = !this.cameras.hasLight;
    this.#light.setAttribute('aria-pressed', String(this.cameras.lit));
  }

  /** The camera is on, or another. One's own picture is a mirror, but not what the camera at the back sees. */
  async show() {
    const room = /** @type {HTMLElement} */ (document.querySelector('[data-call-room]'));
    room.dataset.facing = this.cameras.facing ?? '';
    this.#showLight();
    if (this.#turn) this.#turn.hidden = (await this.cameras.count()) < 2 || !this.cameras.track;
  }
}
