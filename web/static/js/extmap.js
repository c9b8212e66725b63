/**
 * RTP header extensions of a peer of another kind. In one bundle an id has one
 * meaning (RFC 8285, RFC 9143), and Chromium refuses a description that gives it
 * two. aiortc numbers those of each section anew, so that its sound and its
 * picture mean something else by the same id. An extension is never owed: the
 * one that comes later is left away, and the answer then does not have it.
 *
 * @param {RTCSessionDescriptionInit} description
 * @returns {RTCSessionDescriptionInit}
 */
export function oneMeaning(description) {
  const { type, sdp } = description;
  if (!sdp) return description;
  /** @type {Map<string, string>} */ const meanings = new Map();
  const fits = (/** @type {string} */ line) => {
    const [, id, meaning] = /^a=extmap:(\d+)\S* (\S+)/.exec(line) ?? [];
    if (id === undefined) return true;
    if (!meanings.has(id)) meanings.set(id, meaning);
    return meanings.get(id) === meaning;
  };
  return { type, sdp: sdp.split('\r\n').filter(fits).join('\r\n') };
}
