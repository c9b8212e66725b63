/** A photo that waits: its page is drawn anew, once, when the socket says that something became of it. */
import { ServerClock } from './clock.js';
import { Socket } from './socket.js';
import { text } from './texts.js';

/** The server could not be reached, or could not answer: asked again after this, ms. */
const AGAIN = 2_000;

const page = /** @type {HTMLElement} */ (document.querySelector('[data-screening]'));
const id = page.dataset.screening;

const socket = new Socket({
  clock: new ServerClock(),
  hello: () => [{ type: 'watch', rooms: [], vets: [] }],
  handle: ({ type, id: of, state }) => (type === 'screening' && of === id && state !== 'queued' ? look() : undefined),
  // What happened while there was no socket was told to nobody.
  state: (state) => (state === 'up' ? look() : undefined),
});

async function look() {
  if (page.dataset.state !== 'queued') return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
    if (answer.status >= 500) throw new Error(`status ${answer.status}`);
    show(new DOMParser().parseFromString(await answer.text(), 'text/html'));
  } catch {
    setTimeout(look, AGAIN);
  }
}

/** @param {Document} news */
function show(news) {
  const fresh = /** @type {HTMLElement|null} */ (news.querySelector('[data-screening]'));
  const outcome = news.querySelector('[data-outcome]');
  if (!fresh || !outcome) {
    location.reload(); // the session has ended: the whole page says so
    return;
  }
  if (fresh.dataset.state === 'queued' || page.dataset.state !== 'queued') return;
  page.dataset.state = fresh.dataset.state;
  page.querySelector('[data-outcome]')?.replaceWith(document.adoptNode(outcome));
  const line = page.querySelector('[data-news]');
  if (line) line.textContent = text('result.js_ready');
  socket.stop();
}
