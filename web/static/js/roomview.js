/** What the call's page shows: all reading and writing of its elements, no decisions. */
import { firstText, text } from './texts.js';
import { stageWords } from './stage.js';
import { NOTICE } from './roomtime.js';
import { movable } from './selfview.js';
import { countdown } from './times.js';

/** @template {HTMLElement} T @param {string} selector @returns {T} */
function get(selector) {
  const found = document.querySelector(selector);
  if (!found) throw new Error(`room: no ${selector}`);
  return /** @type {T} */ (found);
}

export class RoomView {
  constructor() {
    this.root = get('[data-call-room]');
    this.room = this.root.dataset.callRoom ?? '';
    this.seat = this.root.dataset.seat ?? 'owner';
    /** @type {HTMLFormElement} */ this.doorForm = get('form[data-door]');
    /** @type {HTMLMeterElement} */ this.meter = get('[data-level]');
    /** @type {HTMLVideoElement} */ this.self = get('[data-self]');
    /** @type {HTMLVideoElement} */ this.remote = get('[data-remote]');
    this.ends = Date.parse(this.root.dataset.ends ?? '');
    this.words = get('[data-stage-words]');
    this.seconds = get('[data-stage-seconds]');
    this.silenced = false; // until a tap
    this.alarmed = false;
    /** @type {EventTarget|null} the connection whose picture is shown */ this.shownOf = null;
    this.heard = ''; // the key of what a screen reader was told last
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
   * @param {{enter: () => void, leave: () => void, close: () => void, noShow: () => void, again: () => void,
   *   extend: (minutes: number) => Promise<void>, toggle: (kind: 'audio'|'video', on: boolean) => void}} on
   */
  listen(on) {
    this.doorForm.addEventListener('submit', (event) => {
      event.preventDefault();
      on.enter();
    });
    get('[data-leave]').addEventListener('click', on.leave);
    get('[data-media-again]').addEventListener('click', on.again);
    get('[data-return]').addEventListener('click', () => location.reload());
    movable(get('.self-box'));
    this.#toggle('button[data-microphone]', (pressed) => on.toggle('audio', pressed));
    this.#toggle('button[data-camera]', (pressed) => on.toggle('video', pressed));
    this.#asked('close', '[data-close]', on.close);
    this.#asked('no-show', '[data-no-show]', on.noShow);
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('[data-extend]'))) {
      button.addEventListener('click', async () => {
        button.disabled = true;
        await on.extend(Number(button.dataset.extend));
        button.disabled = false;
      });
    }
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

  /** What cannot be taken back is asked for once more. @param {string} what @param {string} selector @param {() => void} act */
  #asked(what, selector, act) {
    const button = document.querySelector(selector);
    const dialog = /** @type {HTMLDialogElement|null} */ (document.querySelector(`[data-asked="${what}"]`));
    if (!button || !dialog) return;
    button.addEventListener('click', () => {
      dialog.returnValue = 'no';
      dialog.showModal();
    });
    dialog.addEventListener('close', () => dialog.returnValue === 'yes' && act());
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
    this.own(stream);
    this.tick('camera', video ? 'yes' : 'no');
    this.tick('microphone', audio ? 'yes' : 'no');
    /** @type {HTMLButtonElement} */ (get('button[data-camera]')).disabled = !video;
    /** @type {HTMLButtonElement} */ (get('button[data-microphone]')).disabled = !audio;
    const line = get('[data-media-problem]');
    line.hidden = problem === '';
    const words = line.querySelector('span');
    if (words) words.textContent = firstText(`call.media_${problem}`);
  }

  /** One's own picture, and what is on. @param {MediaStream} stream */
  own(stream) {
    const shown = stream.getTracks().length > 0 ? stream : null; // for an empty one a browser waits for ever
    if (this.self.srcObject !== shown) this.self.srcObject = shown;
    const on = (/** @type {MediaStreamTrack[]} */ tracks) => tracks.some((track) => track.enabled && track.readyState === 'live');
    this.root.dataset.camera = on(stream.getVideoTracks()) ? 'on' : 'off';
    for (const [selector, tracks] of /** @type {[string, MediaStreamTrack[]][]} */ ([['camera', stream.getVideoTracks()], ['microphone', stream.getAudioTracks()]])) {
      if (tracks.length > 0) get(`button[data-${selector}]`).setAttribute('aria-pressed', String(tracks[0].enabled));
    }
  }

  /** @param {boolean} open @param {boolean} connected */
  opened(open, connected) {
    this.state(!open ? 'waiting' : connected ? 'connected' : 'open');
  }

  entered() {
    this.root.dataset.entered = 'true';
    get('.call-title').focus(); // not the bar: a stray key press must not leave
  }

  /** What stands over the picture, and whether there is one under it. @param {Omit<import('./stage.js').Now, 'seat'|'muted'|'alarmed'>} now */
  stage(now) {
    const { key, seconds } = stageWords({ ...now, seat: this.seat, muted: this.silenced, alarmed: this.alarmed });
    const words = key && firstText(key);
    if (this.words.textContent !== words) this.words.textContent = words; // heard once
    const passed = seconds === undefined ? '' : text('call.seconds', { n: seconds }); // seen, not heard
    if (this.seconds.textContent !== passed) this.seconds.textContent = passed;
    this.root.dataset.picture = now.theirs;
  }

  /** Somebody may sit between. @param {boolean} on */
  alarm(on) {
    this.alarmed = on;
  }

  /** @param {RTCTrackEvent} event */
  async showRemote({ track, target }) {
    const shown = /** @type {MediaStream|null} */ (this.remote.srcObject);
    if (shown && this.shownOf === target) shown.addTrack(track);
    else this.#change(new MediaStream([track]));
    this.shownOf = target;
    try {
      await this.remote.play();
    } catch (error) {
      if (/** @type {any} */ (error)?.name === 'NotAllowedError') this.#askToPlay();
    }
  }

  /** The last picture stays until the first of the new stream. @param {MediaStream} stream */
  #change(stream) {
    const { remote } = this;
    if (remote.videoWidth > 0) {
      const last = document.createElement('canvas');
      [last.width, last.height] = [remote.videoWidth, remote.videoHeight];
      last.getContext('2d')?.drawImage(remote, 0, 0);
      remote.poster = last.toDataURL('image/jpeg');
    }
    remote.srcObject = stream;
    remote.addEventListener('loadeddata', () => (this.root.dataset.seen = 'true'), { once: true });
  }

  /** Sound without a gesture is refused where no microphone is open: the picture plays, a tap brings the sound. */
  #askToPlay() {
    this.remote.muted = true;
    this.remote.play().catch(() => {});
    this.silenced = true;
    const unmute = () => {
      this.remote.muted = this.silenced = false;
    };
    document.addEventListener('pointerdown', unmute, { once: true });
  }

  /** What is left until the end, and until the door closes. @param {{end: number, close: number}} ms */
  left({ end, close }) {
    const line = get('[data-left]');
    line.dataset.short = String(close > 0 && end < NOTICE);
    let words = '';
    if (end > 0) words = text('call.left', { left: countdown(end) });
    else if (close > 0) words = text('call.over_time', { left: countdown(close) });
    if (line.textContent !== words) line.textContent = words;
  }

  /** The line over the picture. @param {import('./roomtime.js').Banner} banner */
  banner({ kind, key, words }) {
    const box = get('[data-banner]');
    const line = get('[data-banner-words]');
    box.hidden = kind === '';
    box.dataset.kind = kind;
    if (line.textContent !== words) line.textContent = words;
    for (const [of, selector] of [['late', '[data-late-options]'], ['absent', '[data-no-show]']]) {
      const part = /** @type {HTMLElement|null} */ (box.querySelector(selector));
      if (part) part.hidden = kind !== of;
    }
    if (key !== this.heard) this.tell(words);
    this.heard = key;
  }

  /** Tells a screen reader. @param {string} words */
  tell(words) {
    get('[data-banner-said]').textContent = words;
  }

  /** Who the vet is: another may have taken over. @param {string} name */
  vet(name) {
    const line = document.querySelector('[data-vet-name]');
    if (line && line.textContent !== name) line.textContent = name;
  }

  /** @param {string} why @param {boolean} mayReturn */
  end(why, mayReturn) {
    this.state('closed');
    this.self.srcObject = this.remote.srcObject = null;
    get('[data-ended-title]').textContent = firstText(`call.end_${why}`, 'call.ended');
    get('[data-ended-words]').textContent = firstText(`call.end_${why}_words`, `call.end_ended_${this.seat}`, 'call.ended_words');
    get('[data-return]').hidden = !mayReturn;
    get('[data-ended]').focus();
  }
}
