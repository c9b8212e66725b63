/** "Near me" on the list of vets: offered only where the browser can say where it is. */
import { text } from './texts.js';

const button = /** @type {HTMLButtonElement|null} */ (document.querySelector('button[data-near]'));
const words = document.querySelector('[data-near-words]');

function locate() {
  if (words) words.textContent = text('near.looking');
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      // Three decimals are about 100 m: enough to sort by, and no more than that is sent.
      const near = `${coords.latitude.toFixed(3)},${coords.longitude.toFixed(3)}`;
      location.assign((button?.dataset.near ?? '').replace(encodeURIComponent('LAT,LON'), encodeURIComponent(near)));
    },
    () => words && (words.textContent = text('near.failed')),
    { maximumAge: 10 * 60 * 1000, timeout: 10_000 },
  );
}

if (button) {
  button.hidden = !('geolocation' in navigator);
  button.addEventListener('click', locate);
}
