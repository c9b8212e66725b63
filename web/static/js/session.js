/** Keeps the one-hour cookie alive while its page is open. */
const EVERY = 15 * 60 * 1000;
let last = Date.now();

async function renew() {
  last = Date.now();
  try {
    await fetch('/api/v1/session', { method: 'POST' });
  } catch {
    // away: the next turn tries again
  }
}

setInterval(renew, EVERY);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && Date.now() - last >= EVERY) renew();
});
