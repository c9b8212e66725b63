/** The online switch, on every page of the vet's own. */
import { call } from './api.js';
import { firstText } from './texts.js';
import { problem, toast } from './toast.js';

const button = /** @type {HTMLButtonElement} */ (document.querySelector('[data-online]'));

/** The vet whose page this is. */
export const vet = button.dataset.online ?? '';

/** @param {boolean} on */
export function showOnline(on) {
  button.setAttribute('aria-checked', String(on));
  const words = button.querySelector('[data-online-words]');
  if (words) words.textContent = firstText(on ? 'presence.on' : 'presence.off');
}

button.addEventListener('click', async () => {
  const on = button.getAttribute('aria-checked') !== 'true';
  button.disabled = true;
  const answer = await call('PUT', '/vet/online', { online: on });
  button.disabled = false;
  if (answer.ok) showOnline(answer.body.online);
  else toast(problem(answer));
});
