/** The list of vets: who is online, and from when each is free, as it changes. */
import { whenWords } from './times.js';
import { watchVets } from './vetwatch.js';
import { differs, redraw, tellZone } from './zone.js';

const CARDS = '.cards';

/** @param {string} vet */
const chipOf = (vet) => /** @type {HTMLAnchorElement|null} */ (document.querySelector(`[data-vet="${CSS.escape(vet)}"] [data-next]`));

/**
 * A time that was taken concerns the list only if it is the next free one; one that came free, only if it is sooner.
 * @param {{vet: string, start: string, state: string}} slot
 */
function changed({ vet, start, state }) {
  const chip = chipOf(vet);
  if (!chip) return;
  const next = chip.dataset.next ?? '';
  if (state === 'free' ? start < next : start === next) refresh(vet, chip);
}

/** @param {string} vet @param {HTMLAnchorElement} chip */
async function refresh(vet, chip) {
  const answer = await fetch(`/api/v1/vets/${vet}`, { headers: { Accept: 'application/json' } }).catch(() => null);
  if (!answer?.ok) return;
  const { next_free: next } = await answer.json();
  if (next) show(chip, next);
}

/** @param {HTMLAnchorElement} chip @param {string} next */
function show(chip, next) {
  const zone = /** @type {HTMLElement} */ (chip.closest('[data-zone]')).dataset.zone ?? 'UTC';
  const time = /** @type {HTMLTimeElement} */ (chip.querySelector('time'));
  chip.dataset.next = next;
  time.dateTime = next;
  time.textContent = whenWords(Date.parse(next), clock.now(), zone);
  const url = new URL(chip.href);
  url.searchParams.set('start', next);
  url.searchParams.set('from', localDay(Date.parse(next), zone));
  chip.href = url.href;
}

/** @param {number} at @param {string} zone */
function localDay(at, zone) {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at);
}

const cards = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(`${CARDS} [data-vet]`)]);
if (tellZone() && cards.some((card) => differs(card.dataset.zone ?? 'UTC'))) redraw(CARDS);
const clock = watchVets(cards.map((card) => card.dataset.vet ?? ''), { slot: changed });
