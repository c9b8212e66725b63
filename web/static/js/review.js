/** The vet's word on a photo, without leaving the page. */
import { call } from './api.js';
import { problem, toast } from './toast.js';

/** @param {() => Promise<boolean>} done after the word was taken */
export function bindReview(done) {
  document.addEventListener('submit', async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.dataset.screening) return;
    event.preventDefault();
    const button = /** @type {HTMLButtonElement} */ (/** @type {SubmitEvent} */ (event).submitter);
    const agrees = button.value === 'true';
    const finding = String(new FormData(form).get('finding') ?? '');
    button.disabled = true;
    const answer = await call('POST', `/vet/screenings/${form.dataset.screening}/review`, agrees || !finding ? { agrees } : { agrees, finding });
    button.disabled = false;
    if (!answer.ok) toast(problem(answer));
    else if (await done()) /** @type {HTMLElement|null} */ (document.querySelector(`[data-review="${CSS.escape(form.dataset.screening)}"]`))?.focus();
  });
}
