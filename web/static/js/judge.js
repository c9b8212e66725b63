/**
 * How well a photo can be judged, measured before it is sent: what screening/intake.go measures, with its limits
 * (docs/screening.md). The server judges again, and its word counts.
 */

/** Pixels of the longer side at which sharpness is measured. */
const SIDE = 1024;
const SMALLEST = 320;
const TEXTURE = 30;
const EDGE = 0.005;
const CONTRAST = 25;
const TILES = 4;
const DARK = 70;
const BLOWN = 250;

/** @typedef {'too_small'|'blurred'|'dark'|'bright'} Note */

/**
 * @param {HTMLImageElement} image that is loaded
 * @returns {Note[]} what a better photo would have
 */
export function judge(image) {
  const { naturalWidth: wide, naturalHeight: high } = image;
  const scale = Math.min(1, SIDE / Math.max(wide, high));
  const [w, h] = [wide, high].map((side) => Math.max(1, Math.round(side * scale)));
  const grey = greyOf(image, w, h);
  let dark = 0;
  let blown = 0;
  let sum = 0;
  for (const v of grey) {
    sum += v;
    if (v < DARK) dark++;
    if (v >= BLOWN) blown++;
  }
  const exposure = (128 / Math.max(16, sum / grey.length)) ** 2;
  /** @type {[Note, boolean][]} */
  const found = [
    ['too_small', Math.min(wide, high) < SMALLEST],
    ['blurred', !sharp(grey, w, h, exposure)],
    ['dark', dark >= 0.9 * grey.length],
    ['bright', blown > 0.3 * grey.length],
  ];
  return found.filter(([, wrong]) => wrong).map(([note]) => note);
}

/** Brightness alone, 0 to 255. @param {HTMLImageElement} image @param {number} w @param {number} h */
function greyOf(image, w, h) {
  const canvas = new OffscreenCanvas(w, h);
  const draw = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
  draw.fillStyle = '#fff';
  draw.fillRect(0, 0, w, h);
  draw.imageSmoothingQuality = 'high';
  draw.drawImage(image, 0, 0, w, h);
  const { data } = draw.getImageData(0, 0, w, h);
  const grey = new Float32Array(w * h);
  for (let i = 0; i < grey.length; i++) grey[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  return grey;
}

/** Whether any tile has texture or a clear edge. @param {Float32Array} grey @param {number} w @param {number} h @param {number} exposure */
function sharp(grey, w, h, exposure) {
  for (let ty = 0; ty < TILES; ty++) {
    for (let tx = 0; tx < TILES; tx++) {
      const [brightness, laplacian] = variances(grey, w, {
        left: Math.max(1, Math.floor((tx * w) / TILES)), right: Math.min(w - 1, Math.floor(((tx + 1) * w) / TILES)),
        top: Math.max(1, Math.floor((ty * h) / TILES)), bottom: Math.min(h - 1, Math.floor(((ty + 1) * h) / TILES)),
      });
      if (laplacian * exposure >= TEXTURE || (brightness >= CONTRAST && laplacian >= EDGE * brightness)) return true;
    }
  }
  return false;
}

/** Those of brightness and of its Laplacian. @param {Float32Array} grey @param {number} w @param {{left: number, right: number, top: number, bottom: number}} tile */
function variances(grey, w, { left, right, top, bottom }) {
  let [n, v, vv, l, ll] = [0, 0, 0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let i = y * w + left; i < y * w + right; i++) {
      const edge = grey[i - 1] + grey[i + 1] + grey[i - w] + grey[i + w] - 4 * grey[i];
      n++;
      v += grey[i];
      vv += grey[i] * grey[i];
      l += edge;
      ll += edge * edge;
    }
  }
  return n === 0 ? [0, 0] : [vv / n - (v / n) ** 2, ll / n - (l / n) ** 2];
}
