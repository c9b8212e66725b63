/**
 * What an owner is shown when the vet wants a photo: what the camera sees, and a shutter. <dialog data-state> says where
 * it stands: aim, taking, sending, kept, failed, or none where there is no camera.
 */
import { takePhoto } from './shutter.js';
import { firstText, text } from './texts.js';

/** What was kept is looked at for so long, ms. */
const REST = 4_000;

/** @template {HTMLElement} T @param {string} selector @returns {T} */
const get = (selector) => /** @type {T} */ (document.querySelector(`[data-still-sheet] ${selector}`));

export class Sheet {
  /** @type {import('./cameras.js').Facing|undefined} before the photo */ #before;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #closing;
  #wasLit = false;
  /**
   * The camera's picture once more: what is switched off for the other side is on here, and a larger frame for the photo
   * leaves the call as it is.
   * @type {MediaStreamTrack|undefined}
   */
  #own;

  /**
   * @param {object} with_
   * @param {import('./cameras.js').Cameras} with_.cameras
   * @param {(photo: Blob) => void} with_.took
   * @param {(file: File) => void} with_.chose
   * @param {() => void} with_.refused nothing was taken
   * @param {() => void} with_.cancelled on its way
   */
  constructor({ cameras, took, chose, refused, cancelled }) {
    this.cameras = cameras;
    this.took = took;
    this.refused = refused;
    this.cancelled = cancelled;
    this.dialog = /** @type {HTMLDialogElement} */ (document.querySelector('[data-still-sheet]'));
    /** @type {HTMLVideoElement} */ this.video = get('[data-still-video]');
    /** @type {HTMLImageElement} */ this.shot = get('[data-still-shot]');
    get('[data-still-shutter]').addEventListener('click', () => this.#take());
    get('[data-still-turn]').addEventListener('click', () => this.#look(() => this.cameras.turn()));
    get('[data-still-light]').addEventListener('click', () => this.#light(!this.cameras.lit));
    get('[data-still-more]').addEventListener('click', () => this.#aim());
    get('[data-still-close]').addEventListener('click', () => this.dialog.close());
    get('input[type="file"]').addEventListener('change', ({ target }) => {
      const field = /** @type {HTMLInputElement} */ (target);
      const [file] = field.files ?? [];
      field.value = '';
      if (file) chose(file);
    });
    this.dialog.addEventListener('close', () => this.#closed());
  }

  /** The vet wants a photo. */
  async open() {
    if (this.dialog.open && this.state === 'sending') return;
    if (!this.dialog.open) {
      this.#wasLit = this.cameras.lit;
      this.dialog.showModal();
    }
    this.#aim();
    get(this.state === 'none' ? '[data-still-file] input' : '[data-still-shutter]').focus();
    if (this.cameras.facing !== 'user' || (await this.cameras.count()) < 2) return;
    this.#before = 'user'; // whoever holds the phone looks at the animal with the other one
    await this.#look(() => this.cameras.face('environment'));
  }

  /** @param {string} state */
  set state(state) {
    this.dialog.dataset.state = state;
  }

  get state() {
    return this.dialog.dataset.state ?? 'aim';
  }

  #aim() {
    clearTimeout(this.#closing);
    this.state = this.cameras.track ? 'aim' : 'none';
    this.#say(this.state === 'none' ? text('still.js_no_camera') : text('still.js_aim'));
    this.#show();
  }

  async #show() {
    this.#drop();
    if (!this.dialog.open) return;
    const own = this.cameras.track?.clone();
    if (own) own.enabled = true;
    this.#own = own;
    this.video.srcObject = own ? new MediaStream([own]) : null;
    if (own) this.video.play().catch(() => {});
    get('[data-still-light]').hidden = !this.cameras.hasLight;
    this.#showLight();
    get('[data-still-turn]').hidden = (await this.cameras.count()) < 2;
  }

  #drop() {
    this.#own?.stop();
    this.#own = undefined;
    this.video.srcObject = null;
  }

  /** By another camera; this one is let go before. @param {() => Promise<unknown>} take */
  async #look(take) {
    this.#drop();
    await take();
    await this.#show();
  }

  /** @param {boolean} on */
  async #light(on) {
    await this.cameras.light(on);
    this.#showLight();
  }

  /** The light was for the photo, unless it was on before. */
  async #dim() {
    if (this.cameras.lit && !this.#wasLit) await this.#light(false);
  }

  #showLight() {
    get('[data-still-light]').setAttribute('aria-pressed', String(this.cameras.lit));
  }

  async #take() {
    const own = this.#own;
    if (!own || this.state === 'taking') return;
    this.state = 'taking';
    this.#say(text('still.js_taking'));
    try {
      const photo = await takePhoto(own, this.video);
      if (this.dialog.open) this.took(photo);
    } catch {
      this.failed('camera');
    }
  }

  /** A photo is on its way. @param {string} url @param {number} part 0 to 1 */
  sending(url, part) {
    if (!this.dialog.open) return;
    if (this.state !== 'sending') {
      this.state = 'sending';
      this.#dim();
      this.shot.src = url;
      this.#say(text('still.js_sending'));
      get('[data-still-close]').focus();
    }
    /** @type {HTMLProgressElement} */ (get('progress')).value = part;
  }

  /** The vet has it; it is being stored. */
  arrived() {
    if (this.state === 'sending') this.#say(text('still.js_arrived'));
  }

  kept() {
    if (this.state !== 'sending') return;
    this.state = 'kept';
    this.#say(text('still.js_kept'));
    this.#closing = setTimeout(() => this.dialog.close(), REST);
  }

  /** @param {string} why */
  failed(why) {
    if (!this.dialog.open) return;
    this.state = 'failed';
    this.#say(firstText(`still.js_failed_${why}`, 'still.js_failed'));
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  async #closed() {
    clearTimeout(this.#closing);
    if (this.state === 'sending') this.cancelled();
    else if (this.state !== 'kept') this.refused();
    await this.#dim();
    this.#drop();
    if (this.#before) await this.cameras.face(this.#before);
    this.#before = undefined;
  }

  /** @param {string} words */
  #say(words) {
    get('[data-still-words]').textContent = words;
  }
}
