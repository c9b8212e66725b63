/**
 * The check before a call, on its own page: camera, microphone, speaker, and the connection by a real echo.
 * <main-part data-step> says where it stands: idle, asking (for the devices), trying, done.
 */
import { advice, browserOf } from './advice.js';
import { chime } from './chime.js';
import { devicesOf } from './tried.js';
import { Echo } from './echo.js';
import { openMedia, showLevel } from './media.js';
import { firstText, text } from './texts.js';
import { watchDoors } from './watch.js';

/** How loud something was that was not only noise. */
const HEARD = 0.02;
/** So long somebody has to say something, ms; an echo that works takes no less. */
const SPEAK_WITHIN = 5_000;
/** The server ends an echo after 30 s: by then it was ended here. */
const LOOK_FOR = 20_000;

/** @template {HTMLElement} T @param {string} selector @returns {T} */
function get(selector) {
  const found = document.querySelector(selector);
  if (!found) throw new Error(`callcheck: no ${selector}`);
  return /** @type {T} */ (found);
}

const root = get('[data-callcheck]');
/** @type {HTMLMeterElement} */ const ownLevel = get('[data-own-level]');
/** @type {HTMLMeterElement} */ const backLevel = get('[data-back-level]');
/** @type {HTMLVideoElement} */ const own = get('video[data-own]');
/** @type {HTMLVideoElement} */ const back = get('video[data-back]');
/** @type {HTMLInputElement} */ const hear = get('[data-hear]');
/** @type {HTMLButtonElement} */ const start = get('[data-start]');
/** @type {HTMLProgressElement} */ const progress = get('[data-progress]');

/** @type {Echo|undefined} */ let echo;
/** @type {MediaStream} */ let stream = new MediaStream();
/** @type {import('./advice.js').Device} */ let speaker = 'untried';
/** What the last run found. @type {any} */ let found;
let loudest = 0;
let stopLevel = () => {};
let stopBackLevel = () => {};
/** @type {ReturnType<typeof setTimeout>|undefined} */ let looking;

/** @param {'idle'|'asking'|'trying'|'done'} now */
function step(now) {
  root.dataset.step = now;
  start.disabled = now === 'asking' || now === 'trying';
}

/** @param {string} name @param {'yes'|'no'|'wait'|'idle'} ok @param {string} key */
function tick(name, ok, key) {
  const line = get(`[data-tick="${name}"]`);
  line.dataset.ok = ok;
  const words = line.querySelector('[data-tick-words]');
  if (words) words.textContent = firstText(`callcheck.${key}`);
}

async function run() {
  stop();
  step('asking');
  tick('camera', 'wait', 'tick_wait');
  tick('microphone', 'wait', 'tick_wait');
  tick('connection', 'idle', 'tick_idle');
  const media = await openMedia();
  stream = media.stream;
  own.srcObject = stream;
  found = devicesOf(stream, media.problem);
  root.dataset.camera = found.camera === 'ok' ? 'on' : 'off';
  tick('camera', found.camera === 'ok' ? 'yes' : 'no', `device_${found.camera}`);
  tick('microphone', found.microphone === 'ok' ? 'wait' : 'no', found.microphone === 'ok' ? 'speak' : `device_${found.microphone}`);
  stopLevel = showLevel(stream, ownLevel, (level) => {
    loudest = Math.max(loudest, level);
  });
  await tryConnection();
}

async function tryConnection() {
  step('trying');
  get('[data-verdict-title]').textContent = firstText('callcheck.trying');
  get('[data-verdict-words]').textContent = firstText('callcheck.trying_words');
  get('[data-advice]').replaceChildren();
  tick('connection', 'wait', 'tick_wait');
  const mine = new Echo({ room: root.dataset.callcheck ?? '', stream, returned: showBack, sample });
  echo = mine;
  const [result] = await Promise.all([mine.measure(), found.microphone === 'ok' && listen()]);
  if (mine !== echo) return;
  if (found.microphone === 'ok') {
    if (loudest < HEARD) found.microphone = 'silent';
    tick('microphone', loudest < HEARD ? 'no' : 'yes', `device_${found.microphone}`);
  }
  if ('outcome' in result) {
    Object.assign(found, result.outcome);
    tick('connection', found.verdict === 'none' ? 'no' : 'yes', `short_${found.verdict}`);
    const { camera, microphone } = found;
    root.dataset.reported = String(await mine.report(result.outcome, { camera, microphone, speaker }));
    looking = setTimeout(over, LOOK_FOR);
  } else {
    found.refused = result.refused;
    tick('connection', result.refused === 'no_echo' || result.refused === 'busy' ? 'idle' : 'no', `short_${result.refused}`);
    over();
  }
  step('done');
  say();
  get('.outcome').scrollIntoView({ block: 'nearest', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
}

/** Until something is heard, or nothing was for long enough: also where no echo comes about, which is no fault of the microphone. */
async function listen() {
  for (const until = performance.now() + SPEAK_WITHIN; loudest < HEARD && performance.now() < until; ) {
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** @param {import('./verdict.js').Sample} _ @param {number} share */
function sample(_, share) {
  progress.value = share;
}

/** @param {MediaStream} returned */
function showBack(returned) {
  back.srcObject = returned;
  stopBackLevel();
  stopBackLevel = showLevel(returned, backLevel); // getStats() tells no level of what nobody hears
  root.dataset.returns = 'on';
  hear.disabled = false;
  back.play().catch(() => {});
}

/** The verdict, what to do, and the figures. */
function say() {
  const keys = advice({ ...found, speaker }, browserOf(navigator.userAgent));
  const ready = found.camera === 'ok' && found.microphone === 'ok';
  const fine = found.verdict === 'good' || found.verdict === 'fair';
  const key = fine && !ready ? 'devices' : found.verdict ?? `refused_${found.refused}`;
  root.dataset.verdict = found.verdict ?? '';
  root.dataset.way = found.way ?? '';
  get('[data-verdict-title]').textContent = firstText(`callcheck.title_${key}`, 'callcheck.title_refused');
  get('[data-verdict-words]').textContent = firstText(`callcheck.words_${key}`);
  get('[data-advice]').replaceChildren(...keys.map((k) => {
    const line = document.createElement('li');
    line.dataset.do = k.replace('callcheck.do_', '');
    line.textContent = firstText(k);
    return line;
  }));
  get('[data-figures]').hidden = found.verdict === undefined;
  for (const [name, n, words] of /** @type {[string, number, string][]} */ ([
    ['rtt', found.rtt, 'millis'], ['jitter', found.jitter, 'millis'], ['there', found.there * 100, 'percent'], ['back', found.back * 100, 'percent'],
  ])) get(`[data-figure="${name}"]`).textContent = Number.isFinite(n) ? text(`callcheck.${words}`, { n: n < 10 ? Math.round(n * 10) / 10 : Math.round(n) }) : '–';
  get('[data-figure="way"]').textContent = firstText(`callcheck.way_${found.way}`) || '–';
  start.textContent = firstText('callcheck.again');
}

/** Nothing comes back any more. */
function over() {
  clearTimeout(looking);
  echo?.stop();
  stopBackLevel();
  stopBackLevel = () => {};
  back.srcObject = null;
  root.dataset.returns = 'off';
  backLevel.value = 0;
  hear.checked = false;
  hear.disabled = true;
  back.muted = true;
}

/** Ends all that goes on. */
function stop() {
  over();
  echo = undefined;
  stopLevel();
  stopLevel = () => {};
  for (const track of stream.getTracks()) track.stop();
  loudest = ownLevel.value = progress.value = 0;
}

start.addEventListener('click', () => void run());
hear.addEventListener('change', () => {
  back.muted = !hear.checked;
});
get('[data-chime]').addEventListener('click', async () => {
  tick('speaker', 'wait', 'heard');
  get('[data-heard]').hidden = false;
  await chime();
});
for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('[data-heard] button'))) {
  button.addEventListener('click', () => {
    speaker = button.value === 'yes' ? 'ok' : 'silent';
    tick('speaker', speaker === 'ok' ? 'yes' : 'no', `speaker_${speaker}`);
    if (root.dataset.step === 'done') say();
    else get('[data-speaker-words]').textContent = speaker === 'ok' ? '' : firstText('callcheck.do_speaker');
  });
}
// A page that is left, or kept aside by the browser, holds neither a camera nor a connection.
window.addEventListener('pagehide', () => {
  stop();
  step('idle');
});
watchDoors();
