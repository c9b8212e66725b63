/**
 * Takes a photo with the camera that is in the call: by ImageCapture at the resolution of the camera, or, where a browser
 * has none or it does not answer, as a frame of the picture, made as large as the camera gives it.
 */
import { MOST_BYTES } from './filelink.js';

/** Some phones never answer: takePhoto is given so long, and what it is asked before so long, ms. */
const PATIENCE = 6_000;
const QUESTION = 1_500;
/** The picture of the call is made larger for one frame, if that comes within this, ms. */
const GROWING = 2_000;
const QUALITY = 0.92;

/** @template T @param {Promise<T>} what @param {number} ms @returns {Promise<T>} */
function within(what, ms) {
  return Promise.race([what, new Promise((_, fail) => setTimeout(() => fail(new Error(`no answer for ${ms} ms`)), ms))]);
}

/**
 * @param {MediaStreamTrack} track @param {HTMLVideoElement} video that shows it
 * @returns {Promise<Blob>} a JPEG of at most 12 MiB; rejects if the camera gives nothing
 */
export async function takePhoto(track, video) {
  const photo = await captured(track).catch((error) => {
    console.warn('shutter: takePhoto', error);
    return frame(track, video);
  });
  return fitting(photo);
}

/** @param {MediaStreamTrack} track @returns {Promise<Blob>} */
async function captured(track) {
  const Capture = /** @type {any} */ (globalThis).ImageCapture;
  if (!Capture) throw new Error('no ImageCapture');
  const capture = new Capture(track);
  /** @type {any} */ const able = await within(capture.getPhotoCapabilities(), QUESTION).catch(() => undefined);
  const [wide, high] = [able?.imageWidth?.max, able?.imageHeight?.max];
  const began = performance.now();
  if (wide > 0 && high > 0) {
    const photo = await within(capture.takePhoto({ imageWidth: wide, imageHeight: high }), PATIENCE).catch(() => undefined);
    if (photo?.size > 0) return photo;
  }
  const photo = await within(capture.takePhoto(), Math.max(QUESTION, PATIENCE - (performance.now() - began)));
  if (!photo?.size) throw new Error('an empty photo');
  return photo;
}

/** @param {MediaStreamTrack} track @param {HTMLVideoElement} video */
async function frame(track, video) {
  const before = track.getConstraints();
  await grow(track, video);
  try {
    return await jpegOf(video, video.videoWidth, video.videoHeight, QUALITY);
  } finally {
    await track.applyConstraints(before).catch(() => {});
  }
}

/** @param {MediaStreamTrack} track @param {HTMLVideoElement} video */
async function grow(track, video) {
  const most = track.getCapabilities?.();
  const [wide, high] = [most?.width?.max ?? 4032, most?.height?.max ?? 3024];
  if (video.videoWidth >= wide) return;
  const grown = new Promise((done) => video.addEventListener('resize', done, { once: true }));
  try {
    await within(track.applyConstraints({ ...track.getConstraints(), width: { ideal: wide }, height: { ideal: high } }), GROWING);
    await within(grown, GROWING);
  } catch {
    // it is as large as it gets
  }
}

/** @param {CanvasImageSource} picture @param {number} wide @param {number} high @param {number} quality @returns {Promise<Blob>} */
function jpegOf(picture, wide, high, quality) {
  const canvas = document.createElement('canvas');
  canvas.width = wide;
  canvas.height = high;
  canvas.getContext('2d')?.drawImage(picture, 0, 0, wide, high);
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob?.size ? done(blob) : fail(new Error('no frame'))), 'image/jpeg', quality));
}

/** A JPEG that may be sent: another kind, or one that is too large, is written anew. @param {Blob} photo @returns {Promise<Blob>} */
export async function fitting(photo) {
  if (photo.type === 'image/jpeg' && photo.size <= MOST_BYTES) return photo;
  const picture = await createImageBitmap(photo);
  try {
    for (const [scale, quality] of [[1, QUALITY], [1, 0.8], [0.75, 0.8], [0.5, 0.8]]) {
      const smaller = await jpegOf(picture, Math.round(picture.width * scale), Math.round(picture.height * scale), quality);
      if (smaller.size <= MOST_BYTES) return smaller;
    }
  } finally {
    picture.close();
  }
  throw new Error('too large');
}
