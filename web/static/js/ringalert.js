/** How a ring is noticed: a tone, the blinking title, a notification. Each only as far as the browser lets it. */
import { text } from './texts.js';

const BLINK_EVERY = 1_000;
/** Two notes, Hz, how long each lasts, and how long from one pair to the next, s. */
const NOTES = [880, 660];
const NOTE = 0.22;
const TONE_EVERY = 2.5;

/** @type {AudioContext|undefined} */ let audio;
/** @type {HTMLAudioElement|undefined} */ let nothing;
/** @type {GainNode|undefined} all that sounds goes through it */ let sounding;
/** @type {ReturnType<typeof setInterval>|undefined} */ let blinking;
/** @type {Notification|undefined} */ let notice;
const title = document.title;

/** Whether a tone would be heard. Browsers let a page sound once somebody has touched it, or the one that led here. */
export async function audible() {
  if (audio?.state !== 'running' && (navigator.userActivation?.hasBeenActive || (await mayPlay()))) {
    audio ??= new AudioContext();
    await Promise.race([audio.resume(), new Promise((go) => setTimeout(go, 200))]);
  }
  return audio?.state === 'running';
}

/** Asks by playing nothing: an AudioContext does not say no, and complains on the console. */
async function mayPlay() {
  const header = [0x46464952, 38, 0x45564157, 0x20746d66, 16, 0x10001, 8000, 16000, 0x100002, 0x61746164, 2]; // a WAV file's
  nothing ??= new Audio(URL.createObjectURL(new Blob([new Uint32Array(header), new Int16Array(1)], { type: 'audio/wav' })));
  try {
    await nothing.play();
    return true;
  } catch {
    return false;
  }
}

/**
 * Sounds once, or again and again for some seconds. All of it is told to the browser at once: the timers of a page that
 * nobody looks at are held back, its sound is not.
 * @param {number} [seconds]
 */
export function tone(seconds = 0) {
  sounding?.disconnect();
  if (audio?.state !== 'running') return;
  sounding = audio.createGain();
  sounding.connect(audio.destination);
  for (let after = 0; after <= seconds; after += TONE_EVERY) {
    NOTES.forEach((hz, i) => note(/** @type {AudioContext} */ (audio), hz, after + i * NOTE));
  }
}

/** @param {AudioContext} ctx @param {number} hz @param {number} after s */
function note(ctx, hz, after) {
  const [from, wave, gain] = [ctx.currentTime + after, ctx.createOscillator(), ctx.createGain()];
  wave.frequency.value = hz;
  gain.gain.setValueAtTime(0, from);
  gain.gain.linearRampToValueAtTime(0.25, from + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, from + NOTE);
  wave.connect(gain).connect(/** @type {GainNode} */ (sounding));
  wave.start(from);
  wave.stop(from + NOTE);
}

/** Begins to call attention, until `quiet`. @param {string} id @param {string} pet @param {string} words @param {number} seconds */
export function alarm(id, pet, words, seconds) {
  quiet();
  tone(seconds);
  const called = text('ring.js_title', { pet });
  document.title = called;
  blinking = setInterval(() => (document.title = document.title === called ? title : called), BLINK_EVERY);
  notify(id, called, words);
}

export function quiet() {
  sounding?.disconnect();
  clearInterval(blinking);
  document.title = title;
  notice?.close();
  notice = undefined;
}

/** Only while nobody looks, and once for all windows: they share its tag. @param {string} id @param {string} called @param {string} body */
function notify(id, called, body) {
  if (!document.hidden || !('Notification' in window) || Notification.permission !== 'granted') return;
  try {
    notice = new Notification(called, { body, tag: `ring-${id}`, requireInteraction: true });
    notice.addEventListener('click', () => window.focus());
  } catch {
    // some phones let only service workers notify: the tone and the title remain
  }
}

/** The buttons with which a vet lets the page be heard before anybody rings. */
export function setUp() {
  const box = document.querySelector('[data-ring-setup]');
  const words = box?.querySelector('[data-ring-setup-words]');
  const allow = /** @type {HTMLButtonElement|null|undefined} */ (box?.querySelector('[data-ring-notify]'));
  for (const name of ['click', 'keydown']) document.addEventListener(name, audible, { once: true });
  if (!box || !words || !allow) return;
  box.querySelector('[data-ring-hear]')?.addEventListener('click', async () => {
    const heard = await audible();
    tone();
    words.textContent = text(heard ? 'ring.js_heard' : 'ring.js_silent');
  });
  if (!('Notification' in window)) return;
  const show = () => {
    const { permission } = Notification;
    allow.disabled = permission === 'granted';
    if (permission === 'granted') allow.textContent = text('ring.js_notify_on');
    if (permission === 'denied') allow.textContent = text('ring.js_notify_off');
  };
  show();
  allow.addEventListener('click', async () => {
    if ((await Notification.requestPermission()) === 'denied') words.textContent = text('ring.js_notify_denied');
    show();
  });
}
