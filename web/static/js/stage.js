/**
 * What stands over the picture.
 *
 * @typedef {'on'|'off'|'none'|'line'} Picture that comes, that is switched off, that no camera makes, that the line does not carry
 * @typedef {object} Now
 * @property {string} seat
 * @property {string} other absent, waiting or present
 * @property {boolean} connected
 * @property {number|undefined} lost for how long the connection is, ms
 * @property {number} waited since one began to connect, ms
 * @property {boolean} alarmed the verification code does not fit
 * @property {boolean} muted until a tap
 * @property {Picture} theirs
 * @property {Picture} own
 */

/** After so long a loss it is said what can be done meanwhile, ms. */
const LONG = 10_000;
/** A loss that heals at once is not worth a word, ms. */
const SHORT = 700;

/** @param {Now} now @returns {{key: string, seconds: number|undefined}} no words for an empty key */
export function stageWords({ seat, other, connected, lost, waited, alarmed, muted, theirs, own }) {
  const who = seat === 'vet' ? 'owner' : 'vet';
  const say = (/** @type {string} */ key, /** @type {number|undefined} */ seconds = undefined) => ({ key, seconds });
  if (alarmed) return say('call.code_wrong');
  if (!connected && other === 'absent') return say(`call.${who}_absent`);
  if (lost !== undefined && lost > LONG) return say('call.lost_long', Math.floor(lost / 1000));
  if (lost !== undefined && lost > SHORT) return say('call.lost', Math.floor(lost / 1000));
  if (!connected && lost === undefined && waited > LONG) return say('call.lost_long', Math.floor(waited / 1000));
  if (!connected && lost === undefined) return say('call.connecting');
  if (muted) return say('call.tap_to_hear');
  if (theirs !== 'on') return say(`call.${who}_picture_${theirs}`);
  return say(own === 'line' ? 'call.own_picture_line' : '');
}
