/**
 * A photo beside the call, to be looked at closely and drawn on. The vet's shows and draws; what it shows and has drawn is
 * told, so that the owner's follows it.
 *
 * @typedef {import('./marks.js').Mark} Mark
 * @typedef {{id: string, url: string, marks: Mark[], title: string, screening?: any}} Shown
 */
import { areMarks, draw, isMark, MOST_MARKS } from './marks.js';
import { Pane } from './pane.js';
import { Pen } from './pen.js';
import { showScreening } from './screened.js';
import { text } from './texts.js';

/** At most so many times a second what is shown and drawn is told. */
const PACE = 50;

/** @template {Element} T @param {string} selector @returns {T} */
const get = (selector) => /** @type {T} */ (document.querySelector(`[data-viewer] ${selector}`));

export class Viewer {
  /** @type {Shown|undefined} */ shown;
  following = false; // what the vet shows
  /** @type {Shown|undefined} what is shown, or was */ last;
  /** @type {Element|null} */ #from = null;
  /** @type {number|undefined} */ #drawing;

  /**
   * @param {object} with_
   * @param {boolean} with_.draws
   * @param {(message: import('./peer.js').Talk) => void} with_.tell
   * @param {(id: string, marks: Mark[]) => void} with_.drawn
   * @param {(id: string) => void} with_.screen
   * @param {() => void} with_.closed
   */
  constructor({ draws, tell, drawn, screen, closed }) {
    this.draws = draws;
    this.tell = tell;
    this.drawn = drawn;
    this.onClosed = closed;
    this.box = /** @type {HTMLElement} */ (document.querySelector('[data-viewer]'));
    this.stage = /** @type {HTMLElement} */ (this.box.parentElement);
    /** @type {SVGSVGElement} */ this.svg = get('[data-viewer-marks]');
    this.pane = new Pane(get('[data-viewer-pane]'), get('[data-viewer-photo]'), get('img'), () => this.#moved());
    this.pane.loaded = () => {
      this.#redraw();
      this.tellAll();
    };
    this.tellPart = paced((part) => this.shown && this.tell({ type: 'view', still: this.shown.id, part }));
    this.tellMark = paced((at, mark) => this.shown && this.tell({ type: 'mark', still: this.shown.id, at, mark }));
    get('[data-viewer-close]').addEventListener('click', () => this.close());
    this.box.addEventListener('keydown', (event) => event.key === 'Escape' && this.close());
    for (const [name, by] of /** @type {[string, number][]} */ ([['in', 1.5], ['out', 1 / 1.5], ['whole', 0]])) {
      get(`[data-zoom="${name}"]`).addEventListener('click', () => this.pane.zoom(by));
    }
    if (!draws) return;
    this.pen = new Pen(this.pane, {
      marks: () => this.shown?.marks ?? [],
      drawing: (mark) => this.#draws(mark),
      done: (mark) => this.#drew(mark),
    });
    get('[data-undo]').addEventListener('click', () => this.#undo());
    get('[data-screen]').addEventListener('click', () => this.shown && screen(this.shown.id));
  }

  /** @param {Shown} shown @param {{follow?: boolean, focus?: boolean}} [how] */
  open(shown, { follow = false, focus = true } = {}) {
    const same = this.shown?.id === shown.id;
    if (!same) {
      this.#drawing = undefined;
      this.pane.load(shown.url, shown.title);
      this.pen?.choose('hand');
    }
    this.shown = this.last = { ...shown, marks: [...shown.marks] };
    this.following = follow;
    this.pane.still = follow;
    if (this.box.hidden) this.#from = document.activeElement;
    this.box.hidden = false;
    this.stage.dataset.viewing = 'true';
    this.box.dataset.following = String(follow);
    get('[data-viewer-title]').textContent = shown.title;
    this.say(follow ? text('still.js_following') : '');
    this.#redraw();
    this.screening(shown.screening);
    if (same) return;
    this.pane.fit();
    if (focus) this.box.focus();
  }

  get isOpen() {
    return this.shown !== undefined;
  }

  /** What is shown, whole: the other side has just come, or another photo is shown. */
  tellAll() {
    if (!this.draws || !this.shown) return;
    this.tell({ type: 'view', still: this.shown.id, part: this.pane.part });
    this.tell({ type: 'mark', still: this.shown.id, marks: this.shown.marks });
  }

  /** What is shown has another name now: it is stored. @param {string} old @param {string} id */
  rename(old, id) {
    if (this.last?.id === old) this.last.id = id;
  }

  /** What is drawn on a photo, also when it was closed just now. @param {string|undefined} id */
  marksOf(id) {
    return this.last?.id === id ? this.last?.marks : undefined;
  }

  /** @param {boolean} [quietly] the other side closed it */
  close(quietly = false) {
    if (!this.shown) return;
    this.shown = undefined;
    this.following = false;
    this.box.hidden = true;
    delete this.stage.dataset.viewing;
    if (this.draws && !quietly) this.tell({ type: 'view', still: '' });
    this.onClosed();
    if (this.#from?.isConnected) /** @type {HTMLElement} */ (this.#from).focus({ preventScroll: true });
  }

  #moved() {
    if (this.draws && this.shown) this.tellPart(this.pane.part);
  }

  #redraw() {
    if (this.shown) draw(this.svg, this.shown.marks, this.pane.wide, this.pane.high);
    if (!this.draws) return;
    /** @type {HTMLButtonElement} */ (get('[data-undo]')).disabled = !this.shown?.marks.length;
  }

  // Drawing.

  /** A shape that grows; undefined: it is given up. @param {Mark|undefined} mark */
  #draws(mark) {
    if (!this.shown) return;
    this.#drawing ??= this.shown.marks.length;
    if (mark) {
      this.shown.marks[this.#drawing] = mark;
      this.tellMark(this.#drawing, mark);
    } else {
      this.tellMark.stop();
      this.shown.marks.length = this.#drawing;
      this.tell({ type: 'mark', still: this.shown.id, keep: this.#drawing });
      this.#drawing = undefined;
    }
    this.#redraw();
  }

  /** @param {Mark} mark */
  #drew(mark) {
    if (!this.shown) return;
    this.tellMark.stop();
    const at = this.#drawing ?? this.shown.marks.length;
    this.#drawing = undefined;
    this.shown.marks[at] = mark;
    this.tell({ type: 'mark', still: this.shown.id, at, mark });
    this.#redraw();
    this.drawn(this.shown.id, this.shown.marks);
  }

  #undo() {
    if (!this.shown?.marks.length) return;
    this.shown.marks.pop();
    this.tell({ type: 'mark', still: this.shown.id, keep: this.shown.marks.length });
    this.#redraw();
    this.drawn(this.shown.id, this.shown.marks);
  }

  // Following. The other side is a stranger's browser: what makes no sense is passed over.

  /** @param {any} part */
  see(part) {
    const right = Array.isArray(part) && part.length === 4 && part.every((x) => Number.isFinite(x) && x >= 0 && x <= 1) && part[2] > 0 && part[3] > 0;
    if (right && this.following) this.pane.show(part);
  }

  /** @param {any} message */
  follow({ at, mark, keep, marks }) {
    if (!this.shown) return;
    const now = this.shown.marks;
    if (areMarks(marks)) this.shown.marks = [...marks];
    else if (Number.isInteger(at) && at >= 0 && at <= now.length && at < MOST_MARKS && isMark(mark)) now[at] = mark;
    else if (Number.isInteger(keep) && keep >= 0 && keep <= now.length) now.length = keep;
    this.#redraw();
  }

  // What is said.

  /** @param {any} screening */
  screening(screening) {
    if (this.shown) this.shown.screening = screening;
    showScreening(get('[data-viewer-result]'), screening);
    if (!this.draws) return;
    /** @type {HTMLButtonElement} */ (get('[data-screen]')).disabled = Boolean(screening) && screening.state !== 'failed';
  }

  /** @param {string} words */
  say(words) {
    get('[data-viewer-words]').textContent = words;
  }
}

/** At most each PACE ms, the latest. @template {any[]} A @param {(...args: A) => void} act */
function paced(act) {
  /** @type {ReturnType<typeof setTimeout>|undefined} */ let timer;
  /** @type {A|undefined} */ let waiting;
  const go = (/** @type {A} */ ...args) => {
    waiting = args;
    timer ??= setTimeout(run, 0);
  };
  function run() {
    if (!waiting) return void (timer = undefined);
    const args = waiting;
    waiting = undefined;
    act(...args);
    timer = setTimeout(run, PACE);
  }
  go.stop = () => void (waiting = undefined);
  return go;
}
