/**
 * A page that is loaded again in a call goes in again by itself, with camera and microphone as they were. It is known in
 * this window alone.
 *
 * @typedef {{audio: boolean, video: boolean}} Devices which of them are on
 */

/** @param {string} room */
const slot = (room) => `vetroom.inside.${room}`;

/** What was on when this window was inside the room last, if it did not leave. @param {string} room @returns {Devices|undefined} */
export function inside(room) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(slot(room)) ?? 'null');
    return kept ? { audio: kept.audio !== false, video: kept.video !== false } : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} room @param {Devices|undefined} devices nothing: it left */
export function keepInside(room, devices) {
  try {
    if (devices) sessionStorage.setItem(slot(room), JSON.stringify(devices));
    else sessionStorage.removeItem(slot(room));
  } catch {
    // only a comfort
  }
}
