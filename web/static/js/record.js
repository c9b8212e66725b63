/** A patient's page: the record that saves itself, the door and its buttons, the photo. */
import { bindActs, doorChanged } from './deskacts.js';
import { watchDesk } from './deskwatch.js';
import { refetch } from './fragment.js';
import { bindReview } from './review.js';
import { autosave } from './autosave.js';

const here = location.pathname + location.search;
const again = (/** @type {string[]} */ ...parts) => refetch(here, parts);

/** What became of the visit stands on the server's page; the record that is being written is left alone. */
async function settled() {
  if (await again('[data-case]')) desk.adopt();
}

const desk = watchDesk({
  door: (door) => {
    doorChanged(door);
    if (door.state === 'closed' && door.form.isConnected) settled();
  },
  screened: () => again('[data-photo]', '[data-print-facts]', '[data-stills]'),
  stills: () => again('[data-stills]'),
});
bindActs(desk.clock, settled);
bindReview(() => again('[data-photo]', '[data-print-facts]', '[data-stills]'));

const form = /** @type {HTMLFormElement|null} */ (document.querySelector('form[data-record]'));
if (form) autosave(form, () => document.querySelector('[data-versions][open]') && again('[data-versions]'));
for (const button of document.querySelectorAll('[data-print]')) button.addEventListener('click', () => window.print());
