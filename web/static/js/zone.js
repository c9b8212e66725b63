/** The reader's time zone, told to the server by a cookie, so that it says times by the reader's clock. */
import { offset } from './times.js';

const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
const COOKIE = `vetroom_zone=${encodeURIComponent(own ?? '')}`;
const YEAR = 365 * 24 * 3600;

const told = () => document.cookie.split('; ').includes(COOKIE);

/** Tells the server from now on. Gives true if that was news, so that this page was drawn without it. */
export function tellZone() {
  if (!own || told()) return false;
  document.cookie = `${COOKIE}; Path=/; Max-Age=${YEAR}; SameSite=Lax${location.protocol === 'https:' ? '; Secure' : ''}`;
  return told();
}

/** Whether the reader's clock differs from that of a zone. @param {string} zone */
export const differs = (zone) => offset(Date.now(), zone) !== offset(Date.now(), own);

/** Draws a part of the page anew, as the server draws it now. @param {string} selector */
export async function redraw(selector) {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const [fresh, old] = [page.querySelector(selector), document.querySelector(selector)];
  if (fresh && old) old.replaceWith(document.adoptNode(fresh));
}
