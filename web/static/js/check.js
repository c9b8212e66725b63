/** The photo to be sent: from the camera or from a file, seen and judged before it goes, sent with its progress shown. */
import { judge } from './judge.js';
import { firstText, text } from './texts.js';

const form = /** @type {HTMLFormElement} */ (document.querySelector('form[data-check]'));
/** @template {Element} T @param {string} name @returns {T} */
const part = (name) => /** @type {T} */ (form.querySelector(`[${name}]`));
const input = /** @type {HTMLInputElement} */ (form.querySelector('input[type="file"]'));
const preview = /** @type {HTMLImageElement} */ (part('data-preview'));
const send = /** @type {HTMLButtonElement} */ (part('data-send'));

const MOST = 12 * 1024 * 1024;
/** Brands of ISO base media that are still pictures: the same as screening/photo knows. */
const HEIF = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'mif2', 'msf1', 'avif', 'avis'];

/** The photo that would be sent. @type {File|undefined} */
let chosen;

/** @param {string} [code] none: nothing is wrong @param {number} [wait] seconds until it may be sent again */
function problem(code, wait) {
  const box = /** @type {HTMLElement} */ (part('data-problem'));
  const words = /** @type {HTMLElement} */ (box.querySelector('p'));
  box.hidden = code === undefined;
  words.textContent = code === undefined ? '' : firstText(`problem.${code}`, 'problem.form') + (wait ? ` ${text('check.js_wait', { n: wait })}` : '');
  if (code !== undefined) box.focus();
}

/** @param {string[]} notes what a better photo would have, or good */
function hints(...notes) {
  part('data-hints').replaceChildren(...notes.map((note) => {
    const line = document.createElement('li');
    line.dataset.note = note;
    line.textContent = note === 'good' ? text('check.js_good') : text(`advice.${note}`);
    return line;
  }));
}

/** What a file is, by its content: the server would say so only after all of it was sent. @param {File} file */
async function refused(file) {
  if (file.size > MOST) return 'too_large';
  const head = new TextDecoder('latin1').decode(await file.slice(0, 12).arrayBuffer());
  if (head.slice(4, 8) === 'ftyp' && HEIF.includes(head.slice(8))) return 'heic';
  const known = head.startsWith('\xff\xd8\xff') || head.startsWith('\x89PNG\r\n\x1a\n') || /^RIFF[^]{4}WEBP$/.test(head);
  return known ? undefined : 'unsupported_type';
}

async function choose() {
  const file = input.files?.[0];
  if (!file) return; // the dialog was left: what was chosen before stays
  forget();
  const code = await refused(file);
  if (code) return problem(code);
  preview.src = URL.createObjectURL(file);
  try {
    await preview.decode();
  } catch {
    forget();
    return problem('unreadable_image');
  }
  chosen = file;
  preview.hidden = false;
  form.toggleAttribute('data-chosen', true);
  send.disabled = false;
  part('data-take-words').textContent = text('check.js_again');
  const notes = judge(preview);
  hints(...(notes.length > 0 ? notes : ['good']));
}

function forget() {
  problem();
  hints();
  URL.revokeObjectURL(preview.src);
  preview.removeAttribute('src');
  preview.hidden = true;
  chosen = undefined;
  send.disabled = true;
  form.removeAttribute('data-chosen');
}

/** @param {boolean} camera whether a phone is to open its camera, rather than its photos */
function ask(camera) {
  input.toggleAttribute('capture', camera);
  if (camera) input.setAttribute('capture', 'environment');
  input.value = ''; // the same file again is a choice too
  input.click();
}

/** @param {boolean} under */
function sending(under) {
  part('data-sending').toggleAttribute('hidden', !under);
  for (const button of form.querySelectorAll('button')) button.disabled = under;
  send.disabled = under || !chosen;
  form.toggleAttribute('aria-busy', under);
}

/** @param {ProgressEvent} event */
function progress({ loaded, total }) {
  const n = total > 0 ? Math.floor((100 * loaded) / total) : 0;
  const bar = /** @type {HTMLProgressElement} */ (part('data-progress'));
  bar.value = n;
  part('data-sent').textContent = n < 100 ? text('check.js_sending', { n }) : text('check.js_taken');
}

/** @param {XMLHttpRequest} request */
function answered(request) {
  const body = request.response ?? {};
  if (request.status === 202 && body.id) {
    location.assign(`/check/${body.id}`);
    return;
  }
  sending(false);
  problem(body.code ?? 'away', Number(request.getResponseHeader('Retry-After')) || undefined);
}

/** fetch tells nothing of what it has sent yet: this does. @param {File} photo */
function upload(photo) {
  const body = new FormData();
  body.set('photo', photo);
  const area = new FormData(form).get('body_part');
  if (area) body.set('body_part', area);
  const request = new XMLHttpRequest();
  request.open('POST', '/api/v1/screenings');
  request.responseType = 'json';
  request.setRequestHeader('Accept', 'application/json');
  request.upload.addEventListener('progress', progress);
  request.addEventListener('load', () => answered(request));
  request.addEventListener('error', () => {
    sending(false);
    problem('away');
  });
  progress(new ProgressEvent('progress', { loaded: 0, total: photo.size }));
  sending(true);
  request.send(body);
}

form.noValidate = true;
input.hidden = true;
send.disabled = true;
part('data-take').addEventListener('click', () => ask(true));
part('data-choose').addEventListener('click', () => ask(false));
input.addEventListener('change', choose);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  problem();
  if (chosen) upload(chosen);
  else problem('photo');
});
window.addEventListener('pageshow', () => sending(false)); // back from the result
