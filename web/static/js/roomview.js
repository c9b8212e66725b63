/** What the call's page shows: all reading and writing of its elements, no decisions. */
import { firstText, text } from './texts.js';
import { countdown } from './times.js';

/** @template {HTMLElement} T @param {string} selector @returns {T} */
function get(selector) {
  const found = document.querySelector(selector);
  if (!found) throw new Error(`room: no ${selector}`);
  return /** @type {T} */ (found);
}

/** From here on the time left is shown as running out, ms. */
const SHORT = 3 * 60 * 1000;

export class RoomView {
  constructor() {
    this.root = get('[data-call-room]');
    this.room = this.root.dataset.callRoom ?? '';
    this.seat = this.root.dataset.seat ?? 'owner';
    /** @type {HTMLFormElement} */ this.doorForm = get('form[data-door]');
    /** @type {HTMLMeterElement} */ this.meter = get('[data-level]');
    /** @type {HTMLVideoElement} */ this.self = get('[data-self]');
    /** @type {HTMLVideoElement} */ this.remote = get('[data-remote]');
    this.words = get('[data-stage-words]');
    this.state('waiting');
  }

  /** @param {'waiting'|'open'|'connected'|'closed'} call */
  state(call) {
    document.documentElement.dataset.call = call;
  }

  /** Whether to go in by oneself when the door opens. */
  get auto() {
    return /** @type {HTMLInputElement} */ (get('[data-auto]')).checked;
  }

  /**
   * @param {{enter: () => void, leave: () => void, close: () => void, again: () => void,
   *   toggle: (kind: 'audio'|'video', on: boolean) => void}} on
   */
  listen(on) {
    this.doorForm.addEventListener('submit', (event) => {
      event.preventDefault();
      on.enter();
    });
    get('[data-leave]').addEventListener('click', on.leave);
    get('[data-media-again]').addEventListener('click', on.again);
    get('[data-return]').addEventListener('click', () => location.reload());
    this.#toggle('button[data-microphone]', (pressed) => on.toggle('audio', pressed));
    this.#toggle('button[data-camera]', (pressed) => {
      on.toggle('video', pressed);
      this.root.dataset.camera = pressed ? 'on' : 'off';
    });
    this.#closing(on.close);
  }

  /** @param {string} selector @param {(on: boolean) => void} toggled */
  #toggle(selector, toggled) {
    const button = get(selector);
    button.addEventListener('click', () => {
      const on = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', String(on));
      toggled(on);
    });
  }

  /** Closing cannot be taken back, so it is asked for once more. @param {() => void} close */
  #closing(close) {
    const button = document.querySelector('[data-close]');
    const dialog = /** @type {HTMLDialogElement|null} */ (document.querySelector('[data-close-dialog]'));
    if (!button || !dialog) return;
    button.addEventListener('click', () => dialog.showModal());
    dialog.addEventListener('close', () => dialog.returnValue === 'yes' && close());
  }

  /** @param {string} name camera, microphone or connection @param {'yes'|'no'|'wait'} ok */
  tick(name, ok) {
    const tick = get(`[data-tick="${name}"]`);
    tick.dataset.ok = ok;
    const words = tick.querySelector('[data-tick-words]');
    if (words) words.textContent = firstText(`call.tick_${ok}`);
  }

  /** @param {MediaStream} stream @param {string} problem */
  media(stream, problem) {
    const [video, audio] = [stream.getVideoTracks().length > 0, stream.getAudioTracks().length > 0];
    this.self.srcObject = stream;
    this.root.dataset.camera = video ? 'on' : 'off';
    this.tick('camera', video ? 'yes' : 'no');
    this.tick('microphone', audio ? 'yes' : 'no');
    /** @type {HTMLButtonElement} */ (get('button[data-camera]')).disabled = !video;
    /** @type {HTMLButtonElement} */ (get('button[data-microphone]')).disabled = !audio;
    const line = get('[data-media-problem]');
    line.hidden = problem === '';
    const words = line.querySelector('span');
    if (words) words.textContent = firstText(`call.media_${problem}`);
  }

  /** @param {boolean} open @param {boolean} connected */
  opened(open, connected) {
    this.state(!open ? 'waiting' : connected ? 'connected' : 'open');
  }

  entered() {
    this.root.dataset.entered = 'true';
    get('.call-title').focus(); // not the bar: a stray key press must not leave
  }

  /** @param {string} peer absent, waiting or present @param {boolean} connected */
  other(peer, connected) {
    if (connected) return;
    const who = this.seat === 'vet' ? 'owner' : 'vet';
    this.say(peer === 'absent' ? `call.${who}_absent` : 'call.connecting');
  }

  /** @param {RTCPeerConnectionState} state @param {string} peer */
  connection(state, peer) {
    if (state === 'connected') {
      this.state('connected');
      this.say('');
    } else if (state === 'disconnected' || state === 'failed') {
      this.state('open');
      if (peer === 'absent') this.other(peer, false);
      else this.say('call.lost');
    }
  }

  /** @param {string} key of the texts; empty for no words */
  say(key) {
    const words = key === '' ? '' : text(key);
    if (this.words.textContent !== words) this.words.textContent = words;
  }

  /** @param {MediaStreamTrack} track @param {MediaStream|undefined} stream */
  async showRemote(track, stream) {
    const shown = /** @type {MediaStream|null} */ (this.remote.srcObject);
    if (stream) {
      if (shown !== stream) this.remote.srcObject = stream;
    } else if (shown) {
      shown.addTrack(track);
    } else {
      this.remote.srcObject = new MediaStream([track]);
    }
    try {
      await this.remote.play();
    } catch (error) {
      if (/** @type {any} */ (error)?.name === 'NotAllowedError') this.#askToPlay();
    }
  }

  /** Sound without a gesture is refused where no microphone is open: the picture plays, a tap brings the sound. */
  #askToPlay() {
    this.remote.muted = true;
    this.remote.play().catch(() => {});
    this.say('call.tap_to_hear');
    const unmute = () => {
      this.remote.muted = false;
      this.say('');
    };
    document.addEventListener('pointerdown', unmute, { once: true });
  }

  /** @param {number} left ms @param {boolean} open */
  left(left, open) {
    const line = get('[data-left]');
    line.dataset.short = String(open && left < SHORT);
    const words = open && left > 0 ? text('call.left', { left: countdown(left) }) : '';
    if (line.textContent !== words) line.textContent = words;
  }

  /** @param {string} why @param {boolean} mayReturn */
  end(why, mayReturn) {
    this.state('closed');
    this.self.srcObject = this.remote.srcObject = null;
    get('[data-ended-title]').textContent = firstText(`call.end_${why}`, 'call.ended');
    get('[data-ended-words]').textContent = firstText(`call.end_${why}_words`, 'call.ended_words');
    get('[data-return]').hidden = !mayReturn;
    get('[data-ended]').focus();
  }
}
