/** Calls of the JSON API. */

/**
 * What came back: the body, or the problem (RFC 9457) in its place.
 * @typedef {{ok: boolean, status: number, body: any, code: string, errors: {field: string, detail?: string}[]}} Answer
 */

/**
 * @param {string} method @param {string} path @param {object} [body]
 * @returns {Promise<Answer>} never rejects: an unreachable server answers with code "away"
 */
export async function call(method, path, body = {}) {
  try {
    const answer = await fetch(`/api/v1${path}`, {
      method, headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: method === 'GET' ? undefined : JSON.stringify(body),
    });
    const json = await answer.json().catch(() => ({}));
    return { ok: answer.ok, status: answer.status, body: json, code: json.code ?? '', errors: json.errors ?? [] };
  } catch {
    return { ok: false, status: 0, body: {}, code: 'away', errors: [] };
  }
}
