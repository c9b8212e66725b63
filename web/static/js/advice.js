/**
 * What to do after a check, as keys of the texts "callcheck.do_…": plain, and in the order of what helps most. Pure.
 *
 * @typedef {'ok'|'silent'|'denied'|'missing'|'busy'|'unsupported'|'untried'} Device
 * @typedef {'kakaotalk'|'inapp'|'ios'|'android'|'safari'|'firefox'|'desktop'} Browser
 */

/** Which browser it is, as far as the way to its permissions goes. @param {string} agent navigator.userAgent @returns {Browser} */
export function browserOf(agent) {
  if (/KAKAOTALK/i.test(agent)) return 'kakaotalk';
  if (/NAVER\(inapp|DaumApps|Instagram|FBA[NV]|FB_IAB|\bLine\/|; wv\)/i.test(agent)) return 'inapp';
  if (/iPhone|iPad|iPod/.test(agent)) return 'ios';
  if (/Android/.test(agent)) return 'android';
  if (/Firefox\//.test(agent)) return 'firefox';
  return /Safari\//.test(agent) && !/Chrom(e|ium)\//.test(agent) ? 'safari' : 'desktop';
}

/**
 * @param {object} found
 * @param {Device} found.camera @param {Device} found.microphone @param {Device} [found.speaker]
 * @param {import('./verdict.js').Verdict} [found.verdict] @param {import('./verdict.js').Way} [found.way]
 * @param {import('./echo.js').Reason} [found.refused] why the connection could not be tried
 * @param {Browser} browser
 * @returns {string[]}
 */
export function advice({ camera, microphone, speaker, verdict, way, refused }, browser) {
  const either = (/** @type {Device} */ device) => camera === device || microphone === device;
  const inApp = browser === 'kakaotalk' || browser === 'inapp';
  /** @type {(string|false|undefined)[]} */
  const keys = [
    (either('denied') || (inApp && either('unsupported'))) && `allow_${browser}`,
    !inApp && either('unsupported') && 'unsupported',
    either('busy') && 'device_busy',
    camera === 'missing' && 'no_camera',
    microphone === 'missing' && 'no_microphone',
    microphone === 'silent' && 'silent',
    speaker === 'silent' && 'speaker',
    refused && refused !== 'stopped' && `refused_${refused}`,
    verdict && verdict !== 'good' && verdict,
    way === 'relay_udp' && 'relay',
    way === 'relay_tcp' && 'relay_tcp',
  ];
  return keys.filter((key) => typeof key === 'string').map((key) => `callcheck.do_${key}`);
}
