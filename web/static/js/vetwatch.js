/** Vets, live over one watch: whether they are online, and what becomes of their times. */
import { ServerClock } from './clock.js';
import { Socket } from './socket.js';
import { text } from './texts.js';

/** A watch follows at most this many vets. */
const MOST = 50;

/**
 * @param {string[]} vets ids
 * @param {object} told
 * @param {(slot: {vet: string, start: string, state: string}) => void} told.slot a time was taken, or given back
 * @param {() => void} [told.up] the watch began, perhaps again: what came before it was not heard
 */
export function watchVets(vets, { slot, up = () => {} }) {
  const clock = new ServerClock();
  if (vets.length === 0) return clock;
  new Socket({
    clock,
    hello: () => [{ type: 'watch', rooms: [], vets: vets.slice(0, MOST) }],
    handle: (message) => {
      if (message.type === 'vet') showPresence(message.vet, message.online);
      if (message.type === 'slot') slot(/** @type {any} */ (message));
    },
    state: (state) => state === 'up' && up(),
  });
  return clock;
}

/** @param {string} vet @param {boolean} online */
function showPresence(vet, online) {
  for (const sign of document.querySelectorAll(`[data-vet="${CSS.escape(vet)}"] .presence`)) {
    if (sign.classList.contains('on') === online) continue;
    sign.classList.toggle('on', online);
    sign.textContent = text(online ? 'presence.on' : 'presence.off');
  }
}

/**
 * A vet's slots of some days, as they are now; null where the server cannot be asked.
 * @param {string} vet @param {string} from the first day, "" for today @param {string|number} days
 * @returns {Promise<{start: string, state: string}[]|null>}
 */
export async function readSlots(vet, from, days) {
  try {
    const q = new URLSearchParams({ days: String(days), ...(from && { from }) });
    const answer = await fetch(`/api/v1/vets/${vet}/slots?${q}`, { headers: { Accept: 'application/json' } });
    return answer.ok ? (await answer.json()).slots : null;
  } catch {
    return null; // away: the watch begins again when it is back, and then this is asked again
  }
}
