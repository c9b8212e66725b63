/** The banner of a request that rings: it lies above the page, moves nothing of it, and takes no focus from anybody. */
import { audible } from './ringalert.js';
import { firstText, text } from './texts.js';

/** A press that was meant for what lay here before is none: for so long, ms, nothing is taken from a pointer. */
const ARMED_AFTER = 400;
/** How long it is said how a ring ended, ms. */
const SAID_FOR = 10_000;

export class RingView {
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #arming;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #ending;

  /** @param {{accept: () => void, decline: () => void, hear: () => void}} act */
  constructor(act) {
    this.box = /** @type {HTMLElement} */ (document.querySelector('[data-ring]'));
    this.alert = /** @type {HTMLElement} */ (document.querySelector('[data-ring-alert]'));
    this.#press('accept', act.accept);
    this.#press('decline', act.decline);
    this.part('close').addEventListener('click', () => this.hide());
    this.part('unmute').addEventListener('click', async () => {
      this.mute(!(await audible()));
      act.hear();
    });
  }

  /** @param {string} name */
  part(name) {
    return /** @type {HTMLElement} */ (this.box.querySelector(`[data-ring-${name}]`));
  }

  /** A press counts if it began on the banner as it is now. @param {string} name @param {() => void} act */
  #press(name, act) {
    let began = true;
    this.part(name).addEventListener('pointerdown', () => (began = 'armed' in this.box.dataset));
    this.part(name).addEventListener('click', (event) => {
      if (event.detail === 0 || began) act(); // detail 0: by keyboard or a program
    });
  }

  /**
   * Shows what rings, and gives it in one line.
   * @param {any} ring @param {number} waiting others who wait
   */
  show(ring, waiting) {
    clearTimeout(this.#ending);
    delete this.box.dataset.over;
    const { pet, visit } = ring;
    this.part('pet').textContent = pet.name;
    this.part('more').textContent = about(pet, visit);
    this.part('symptoms').textContent = ring.symptoms;
    this.part('waiting').textContent = waiting > 0 ? text('ring.js_waiting', { n: waiting }) : '';
    this.#photo(ring.screening);
    this.part('said').textContent = '';
    this.#buttons(true, false);
    this.part('about').hidden = false;
    this.part('acts').hidden = false;
    this.part('over').hidden = true;
    this.#appear();
    this.alert.textContent = text('ring.js_call', { pet: pet.name, area: firstText(`area.${visit.area}`) });
    return [this.part('more').textContent, ring.symptoms].filter(Boolean).join(' · ');
  }

  #appear() {
    delete this.box.dataset.armed;
    this.box.hidden = false;
    clearTimeout(this.#arming);
    this.#arming = setTimeout(() => (this.box.dataset.armed = ''), ARMED_AFTER);
    // Who is at nothing yet begins here; who types or chooses goes on.
    if (document.activeElement === document.body || !document.activeElement) this.box.focus({ preventScroll: true });
  }

  /** @param {any} screening */
  #photo(screening) {
    this.part('photo').hidden = !screening;
    if (!screening) return;
    const link = /** @type {HTMLAnchorElement} */ (this.part('photo').querySelector('a'));
    link.href = screening.photo;
    /** @type {HTMLImageElement} */ (link.querySelector('img')).src = screening.photo;
    this.part('finding').textContent = finding(screening);
  }

  /** @param {number} ms until the next vet is asked */
  left(ms) {
    const words = text('ring.js_left', { n: Math.max(0, Math.ceil(ms / 1000)) });
    if (this.part('left').textContent !== words) this.part('left').textContent = words;
  }

  /** @param {boolean} silent */
  mute(silent) {
    this.part('mute').hidden = !silent;
  }

  /** @param {'accept'|'decline'} what */
  answering(what) {
    this.#buttons(false, true);
    this.part('said').textContent = what === 'accept' ? text('ring.js_accepting') : '';
  }

  /** @param {string} words */
  refused(words) {
    this.#buttons(true, false);
    this.#say(words);
  }

  /** @param {string} words @param {string} room empty: none of the vet's own */
  end(words, room) {
    const held = this.box.contains(document.activeElement);
    const link = /** @type {HTMLAnchorElement} */ (this.part('room'));
    this.box.dataset.over = '';
    this.part('about').hidden = true;
    this.part('acts').hidden = true;
    this.part('mute').hidden = true;
    this.part('left').textContent = '';
    this.part('over').hidden = false;
    link.hidden = room === '';
    link.href = `/room?id=${encodeURIComponent(room)}`;
    this.#say(words);
    if (held) this.box.focus({ preventScroll: true });
    if (room === '') this.#ending = setTimeout(() => this.hide(), SAID_FOR);
  }

  /** @param {string} words */
  #say(words) {
    this.part('said').textContent = words;
    this.alert.textContent = words;
  }

  hide() {
    if (this.box.contains(document.activeElement)) {
      const main = /** @type {HTMLElement} */ (document.getElementById('main'));
      main.tabIndex = -1;
      main.focus({ preventScroll: true });
    }
    this.box.hidden = true;
  }

  /** @param {boolean} on @param {boolean} busy */
  #buttons(on, busy) {
    for (const name of ['accept', 'decline']) {
      const button = this.part(name);
      button.setAttribute('aria-disabled', String(!on)); // keeps the focus, unlike disabled
      button.setAttribute('aria-busy', String(busy));
    }
  }
}

/** @param {any} pet @param {any} visit */
function about(pet, visit) {
  return [
    pet.breed,
    pet.birth_year && text('ring.js_born', { year: pet.birth_year }),
    pet.weight_kg && text('ring.js_weight', { kg: pet.weight_kg }),
    firstText(`area.${visit.area}`),
    visit.prior_visit_on && text('ring.js_prior', { date: dayInWords(visit.prior_visit_on) }),
  ].filter(Boolean).join(' · ');
}

/** @param {string} date 2026-10-02 */
function dayInWords(date) {
  return new Date(date).toLocaleDateString(document.documentElement.lang, { year: 'numeric', month: 'long', day: 'numeric', timeZone: 'UTC' });
}

/** @param {any} screening */
function finding({ state, findings }) {
  if (state === 'queued' || findings.length === 0) return text(state === 'queued' ? 'ring.js_photo_queued' : 'ring.js_photo_failed');
  return text('ring.js_finding', { label: findings[0].label, percent: Math.round(findings[0].score * 100) });
}
