/** Go now: the nearest hospitals right here, where the browser can say where it is. */
import { text } from './texts.js';

/** How many are listed here; the page of hospitals has more. */
const SOME = 5;

const button = /** @type {HTMLButtonElement|null} */ (document.querySelector('[data-locate]'));
const words = document.querySelector('[data-locate-words]');
const list = document.querySelector('[data-hospitals]');
const one = /** @type {HTMLTemplateElement|null} */ (document.querySelector('template[data-hospital]'));
const none = /** @type {HTMLElement|null} */ (document.querySelector('[data-no-hospitals]'));

/** @param {string} key */
function say(key) {
  if (words) words.textContent = key && text(key);
}

function locate() {
  say('near.looking');
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => show(coords).catch(() => say('near.failed')),
    () => say('near.failed'),
    { maximumAge: 10 * 60 * 1000, timeout: 10_000 },
  );
}

/** @param {{latitude: number, longitude: number}} at */
async function show({ latitude, longitude }) {
  // Three decimals are about 100 m, as in near.js: no more than that is sent.
  const near = `${latitude.toFixed(3)},${longitude.toFixed(3)}`;
  const answer = await fetch(`/api/v1/hospitals?limit=${SOME}&near=${near}`, { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error(String(answer.status));
  const { hospitals } = await answer.json();
  list?.replaceChildren(...hospitals.map(draw));
  if (none) none.hidden = hospitals.length > 0;
  if (button) button.hidden = true;
  say('');
}

/** @param {{name: string, address: string, phone: string, distance_km: number}} hospital */
function draw({ name, address, phone, distance_km: km }) {
  const item = /** @type {DocumentFragment} */ (one?.content.cloneNode(true));
  const part = (/** @type {string} */ what) => /** @type {HTMLElement} */ (item.querySelector(`[data-${what}]`));
  part('name').textContent = name;
  part('address').textContent = address;
  part('km').textContent = km < 10 ? km.toFixed(1) : String(Math.round(km));
  const call = /** @type {HTMLAnchorElement} */ (part('call'));
  if (!phone) {
    call.remove();
    return item;
  }
  call.href = `tel:${phone.replace(/[^\d+]/g, '')}`;
  /** @type {HTMLElement} */ (call.querySelector('span')).textContent = phone;
  return item;
}

if (button && 'geolocation' in navigator) {
  button.addEventListener('click', locate);
  navigator.permissions?.query({ name: 'geolocation' }).then(({ state }) => state === 'granted' && locate(), () => {});
} else if (button) {
  button.hidden = true;
}
