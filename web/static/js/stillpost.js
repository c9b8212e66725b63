/** Photos of a visit, to the server and from it. */

/** A server that is away, or busy, is asked again after these, ms. */
const PAUSES = [1_000, 3_000, 8_000];

/** @typedef {{ok: boolean, code: string, still?: any}} Posted */

/**
 * Keeps a photo. The same under one name is kept once, however often it is sent.
 * @param {string} reservation @param {string} name @param {Blob} photo
 * @param {{progress?: (part: number) => void, signal?: AbortSignal}} [more]
 * @returns {Promise<Posted>} never rejects; "cancelled" if the signal said so
 */
export async function post(reservation, name, photo, { progress = () => {}, signal } = {}) {
  for (const pause of [...PAUSES, 0]) {
    const answer = await once(reservation, name, photo, progress, signal);
    const passing = !answer.ok && ['away', 'unavailable', 'rate_limited', 'malformed'].includes(answer.code);
    if (!passing || pause === 0) return answer;
    await new Promise((done) => {
      setTimeout(done, pause);
      signal?.addEventListener('abort', done, { once: true });
    });
  }
  throw new Error('not reached');
}

/** fetch tells nothing of how far it is. @param {string} reservation @param {string} name @param {Blob} photo @param {(part: number) => void} progress @param {AbortSignal} [signal] @returns {Promise<Posted>} */
function once(reservation, name, photo, progress, signal) {
  if (signal?.aborted) return Promise.resolve({ ok: false, code: 'cancelled' });
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api/v1/reservations/${reservation}/stills`);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Idempotency-Key', name);
    request.responseType = 'json';
    request.upload.addEventListener('progress', ({ loaded, total }) => total > 0 && progress(loaded / total));
    request.addEventListener('load', () => {
      const ok = request.status === 201;
      done({ ok, code: ok ? '' : (request.response?.code ?? 'away'), still: ok ? request.response : undefined });
    });
    request.addEventListener('error', () => done({ ok: false, code: 'away' }));
    request.addEventListener('abort', () => done({ ok: false, code: 'cancelled' }));
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    const form = new FormData();
    form.set('photo', photo, 'photo');
    request.send(form);
  });
}

/** @param {string} reservation @returns {Promise<any[]|undefined>} undefined if the server is away */
export async function list(reservation) {
  try {
    const answer = await fetch(`/api/v1/reservations/${reservation}/stills`, { headers: { Accept: 'application/json' } });
    return answer.ok ? (await answer.json()).stills : undefined;
  } catch {
    return undefined;
  }
}
