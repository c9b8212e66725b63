/** Camera and microphone: as much as there is, and plain words about what is not. */

/** @typedef {{stream: MediaStream, problem: ''|'denied'|'none'|'busy'|'insecure'}} Media */

/** How large a picture the call asks a camera for. */
export const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };
/** @type {MediaTrackConstraints} */
const VIDEO = { ...SIZE, facingMode: 'user' };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Samples of sound of which the loudness is one: some 43 ms. */
const PIECE = 2048;

/** @param {any} error @returns {'denied'|'none'|'busy'} */
function reason(error) {
  if (error?.name === 'NotAllowedError' || error?.name === 'SecurityError') return 'denied';
  return error?.name === 'NotFoundError' || error?.name === 'OverconstrainedError' ? 'none' : 'busy';
}

/**
 * Both if possible, else either, else an empty stream; never rejects.
 * @returns {Promise<Media>}
 */
export async function openMedia() {
  if (!navigator.mediaDevices) return { stream: new MediaStream(), problem: 'insecure' };
  /** @type {Media['problem']} */
  let problem = '';
  for (const wanted of [{ video: VIDEO, audio: AUDIO }, { audio: AUDIO }, { video: VIDEO }]) {
    try {
      return { stream: await navigator.mediaDevices.getUserMedia(wanted), problem };
    } catch (error) {
      problem ||= reason(error);
    }
  }
  return { stream: new MediaStream(), problem };
}

/**
 * Opens the camera or the microphone alone, anew.
 * @param {string} kind @param {string} [facingMode] of the camera
 * @returns {Promise<MediaStreamTrack|undefined>} never rejects
 */
export async function openOne(kind, facingMode = 'user') {
  try {
    const stream = await navigator.mediaDevices.getUserMedia(kind === 'audio' ? { audio: AUDIO } : { video: { ...VIDEO, facingMode } });
    return stream.getTracks()[0];
  } catch {
    return undefined;
  }
}

/**
 * Draws how loud the microphone is until stopped.
 * @param {MediaStream} stream @param {HTMLMeterElement} meter @param {(level: number) => void} [heard]
 * @returns {() => void} stop
 */
export function showLevel(stream, meter, heard = () => {}) {
  if (stream.getAudioTracks().length === 0) return () => {};
  const audio = new AudioContext();
  const analyser = audio.createAnalyser();
  analyser.fftSize = 4 * PIECE; // of more than passes between two looks: nothing short is missed
  audio.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    let power = 0;
    for (let at = 0; at < samples.length; at += PIECE) {
      power = Math.max(power, samples.subarray(at, at + PIECE).reduce((sum, x) => sum + x * x, 0) / PIECE);
    }
    meter.value = Math.min(1, Math.sqrt(power) * 4);
    heard(meter.value);
  }, 100);
  // Browsers start audio only after a gesture.
  const wake = () => audio.resume();
  document.addEventListener('pointerdown', wake, { once: true });
  return () => {
    clearInterval(timer);
    document.removeEventListener('pointerdown', wake);
    if (audio.state !== 'closed') audio.close();
  };
}
