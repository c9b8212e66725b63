/** The button that copies the link to keep. */
import { text } from './texts.js';

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('[data-copy]'))) {
  const field = /** @type {HTMLInputElement|null} */ (document.getElementById(button.dataset.copy ?? ''));
  if (!field || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    field.select();
    await navigator.clipboard.writeText(field.value);
    const label = button.querySelector('span');
    if (label) label.textContent = text('copy.done');
  });
}
