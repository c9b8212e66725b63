/** A photo in a box: whole at first, and as close as one wants by wheel, two fingers, buttons and keys. */

/** How close, at most: of the whole, and pixels of the screen to one of the photo. */
const CLOSEST = 8;
const PIXEL = 2;
const STEP = 1.25;

export class Pane {
  wide = 1; // pixels of the photo
  high = 1;
  still = false; // it follows another: no hand moves it
  /** @type {((event: PointerEvent, what: 'down'|'move'|'up'|'cancel') => boolean)|undefined} takes one pointer before it moves the photo */ pen;
  #scale = 1; // pixels of the screen to one of the photo
  #x = 0; // of the photo's corner in the box
  #y = 0;
  #free = false; // somebody went closer: a new size of the box leaves that
  /** @type {Map<number, {x: number, y: number}>} */ #fingers = new Map();

  /** @param {HTMLElement} box @param {HTMLElement} photo @param {HTMLImageElement} image @param {() => void} moved by hand */
  constructor(box, photo, image, moved) {
    this.box = box;
    this.photo = photo;
    this.image = image;
    this.moved = moved;
    image.addEventListener('load', () => {
      [this.wide, this.high] = [image.naturalWidth, image.naturalHeight];
      this.photo.hidden = false;
      if (this.#part) this.show(this.#part);
      else this.fit();
      this.loaded?.();
    });
    new ResizeObserver(() => (this.#part && this.still ? this.show(this.#part) : this.#free ? this.#put() : this.fit())).observe(box);
    box.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    box.addEventListener('keydown', (event) => this.#key(event));
    box.addEventListener('pointerdown', (event) => this.#down(event));
    box.addEventListener('pointermove', (event) => this.#move(event));
    box.addEventListener('pointerup', (event) => this.#up(event, 'up'));
    box.addEventListener('pointercancel', (event) => this.#up(event, 'cancel'));
  }

  /** @type {(() => void)|undefined} */ loaded;
  /** @type {number[]|undefined} what another shows */ #part;

  /** @param {string} url @param {string} words */
  load(url, words) {
    this.photo.hidden = true;
    this.#part = undefined;
    this.#free = false;
    this.image.alt = words;
    this.image.src = url;
  }

  get #whole() {
    return Math.min(this.box.clientWidth / this.wide, this.box.clientHeight / this.high);
  }

  /** All of it. */
  fit() {
    this.#scale = this.#whole;
    this.#free = false;
    this.#put();
  }

  /** Closer or further, by the middle; 0: all of it. @param {number} by */
  zoom(by) {
    if (this.still) return;
    if (by === 0) this.fit();
    else this.#closer(by, this.box.clientWidth / 2, this.box.clientHeight / 2);
    this.moved();
  }

  /** @param {number} by @param {number} x @param {number} y what stays where it is, in the box */
  #closer(by, x, y) {
    const least = this.#whole;
    const most = Math.max(least * CLOSEST, PIXEL);
    const scale = Math.min(most, Math.max(least, this.#scale * by));
    this.#x = x - ((x - this.#x) * scale) / this.#scale;
    this.#y = y - ((y - this.#y) * scale) / this.#scale;
    this.#scale = scale;
    this.#free = scale > least * 1.001;
    this.#put();
  }

  /** No empty edge on one side while something is hidden on the other. */
  #put() {
    const [w, h] = [this.wide * this.#scale, this.high * this.#scale];
    const keep = (/** @type {number} */ at, /** @type {number} */ size, /** @type {number} */ room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at)));
    this.#x = keep(this.#x, w, this.box.clientWidth);
    this.#y = keep(this.#y, h, this.box.clientHeight);
    Object.assign(this.photo.style, { left: `${this.#x}px`, top: `${this.#y}px`, width: `${w}px`, height: `${h}px` });
  }

  /** What is seen: left, top, width and height, 0 to 1 of the photo. @returns {number[]} */
  get part() {
    const [w, h] = [this.wide * this.#scale, this.high * this.#scale];
    const cut = (/** @type {number} */ x) => Math.min(1, Math.max(0, Math.round(x * 10_000) / 10_000));
    const [left, top] = [cut(-this.#x / w), cut(-this.#y / h)];
    return [left, top, cut((this.box.clientWidth - this.#x) / w) - left, cut((this.box.clientHeight - this.#y) / h) - top].map(cut);
  }

  /** Shows at least what another sees. @param {number[]} part */
  show(part) {
    this.#part = part;
    const [left, top, width, height] = part;
    this.#scale = Math.min(this.box.clientWidth / (this.wide * width), this.box.clientHeight / (this.high * height));
    this.#x = this.box.clientWidth / 2 - (left + width / 2) * this.wide * this.#scale;
    this.#y = this.box.clientHeight / 2 - (top + height / 2) * this.high * this.#scale;
    this.#put();
  }

  /** Where a pointer is, 0 to 1 of the photo. @param {PointerEvent} event @returns {number[]} */
  at({ clientX, clientY }) {
    const { left, top } = this.box.getBoundingClientRect();
    const cut = (/** @type {number} */ x) => Math.min(1, Math.max(0, Math.round(x * 20_000) / 20_000));
    return [cut((clientX - left - this.#x) / (this.wide * this.#scale)), cut((clientY - top - this.#y) / (this.high * this.#scale))];
  }

  /** How much of the photo's width a pixel of the screen is. */
  get grain() {
    return 1 / (this.wide * this.#scale);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    if (this.still) return;
    const { left, top } = this.box.getBoundingClientRect();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 30;
    this.#closer(Math.exp(-event.deltaY * lines * 0.002), event.clientX - left, event.clientY - top);
    this.moved();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.still) return;
    const moves = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] });
    const by = { '+': STEP, '=': STEP, '-': 1 / STEP, 0: 0 }[event.key];
    if (by !== undefined) this.zoom(by);
    else if (moves[event.key]) this.#drag(...moves[event.key]);
    else return;
    event.preventDefault();
  }

  /** @param {number} dx @param {number} dy */
  #drag(dx, dy) {
    this.#x += dx;
    this.#y += dy;
    this.#put();
    this.moved();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (this.still || event.button > 0) return;
    this.box.setPointerCapture(event.pointerId);
    this.#fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.#fingers.size === 1) this.pen?.(event, 'down');
    else this.pen?.(event, 'cancel'); // two fingers move the photo, whatever one of them began
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const was = this.#fingers.get(event.pointerId);
    if (!was) return;
    if (this.#fingers.size === 1 && this.pen?.(event, 'move')) return;
    const before = this.#grip();
    this.#fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const now = this.#grip();
    const { left, top } = this.box.getBoundingClientRect();
    this.#x += now.x - before.x;
    this.#y += now.y - before.y;
    if (before.span > 0 && now.span > 0) this.#closer(now.span / before.span, now.x - left, now.y - top);
    else this.#put();
    this.moved();
  }

  /** Between the first two fingers. */
  #grip() {
    const [a, b = a] = [...this.#fingers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, span: Math.hypot(a.x - b.x, a.y - b.y) };
  }

  /** @param {PointerEvent} event @param {'up'|'cancel'} what */
  #up(event, what) {
    if (!this.#fingers.delete(event.pointerId)) return;
    if (this.#fingers.size === 0) this.pen?.(event, what);
  }
}
