/**
 * How camera and microphone are.
 * @param {MediaStream} stream @param {string} problem as openMedia says it
 * @returns {{camera: import('./advice.js').Device, microphone: import('./advice.js').Device}}
 */
export function devicesOf(stream, problem) {
  /** @type {Record<string, import('./advice.js').Device>} */
  const because = { denied: 'denied', none: 'missing', busy: 'busy', insecure: 'unsupported' };
  const why = because[problem] ?? 'missing';
  return {
    camera: stream.getVideoTracks().length > 0 ? 'ok' : why,
    microphone: stream.getAudioTracks().length > 0 ? 'ok' : why,
  };
}
