/** A photo that is added to the booking form: sent at once, attached when the form goes. */
import { text } from './texts.js';

const add = document.querySelector('[data-add-photo]');

/** @template {Element} E @param {string} selector @returns {E} */
const part = (selector) => /** @type {E} */ (add?.querySelector(selector));

/** @param {string} words */
function say(words) {
  part('[data-photo-words]').textContent = words;
}

/** @param {File} file */
async function send(file) {
  const form = new FormData();
  form.set('photo', file);
  say(text('booking.js_photo_sending'));
  try {
    const answer = await fetch('/api/v1/screenings', { method: 'POST', body: form, headers: { Accept: 'application/json' } });
    if (answer.ok) return attach((await answer.json()).id);
    say(text([413, 415, 422].includes(answer.status) ? 'booking.js_photo_failed' : 'booking.js_photo_away'));
  } catch {
    say(text('booking.js_photo_away'));
  }
}

/** Shows the photo as the server keeps it. @param {string} id */
function attach(id) {
  /** @type {HTMLInputElement} */
  const box = part('input[name="screening_id"]');
  Object.assign(box, { value: id, checked: true, disabled: false });
  /** @type {HTMLImageElement} */
  const img = part('img');
  img.src = `/api/v1/screenings/${id}/photo`;
  img.hidden = false;
  say(text('booking.js_photo_there'));
}

/** @param {Event} event */
function pick(event) {
  const [file] = /** @type {HTMLInputElement} */ (event.target).files ?? [];
  if (file) send(file);
}

if (add) part('[data-photo]').addEventListener('change', pick);
