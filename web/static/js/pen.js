/** The vet's pen, circle and arrow, and their colours. */
import { MOST_MARKS, MOST_POINTS, pointsOf, simpler } from './marks.js';

/** A shape smaller than this on the screen was not meant, px. */
const SMALLEST = 6;
/** A line is drawn through points at least so far apart, px, and kept within so much of them. */
const APART = 3;
const OFF = 1.2;

/** @typedef {import('./marks.js').Mark} Mark */

export class Pen {
  tool = 'hand';
  colour = 'yellow';
  /** @type {Mark|undefined} */ #mark;
  #grain = 1;

  /**
   * @param {import('./pane.js').Pane} pane
   * @param {{marks: () => Mark[], drawing: (mark: Mark|undefined) => void, done: (mark: Mark) => void}} on
   */
  constructor(pane, { marks, drawing, done }) {
    this.pane = pane;
    this.marks = marks;
    this.drawing = drawing;
    this.done = done;
    pane.pen = (event, what) => this.#draws(event, what);
    this.tools = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-tool]')]);
    for (const button of this.tools) button.addEventListener('click', () => this.choose(button.dataset.tool ?? 'hand'));
    for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('[data-colour]'))) {
      field.addEventListener('change', () => {
        this.colour = field.value;
        if (this.tool === 'hand') this.choose('pen');
      });
    }
  }

  /** @param {string} tool hand, pen, circle or arrow */
  choose(tool) {
    this.tool = tool;
    this.pane.box.dataset.drawing = String(tool !== 'hand');
    for (const button of this.tools) button.setAttribute('aria-pressed', String(button.dataset.tool === tool));
  }

  /** @param {PointerEvent} event @param {'down'|'move'|'up'|'cancel'} what */
  #draws(event, what) {
    if (what === 'down') this.#begin(event);
    else if (!this.#mark) return false;
    else if (what === 'move') this.#grow(event);
    else this.#end(what === 'up');
    return this.#mark !== undefined;
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    const marks = this.marks();
    if (this.tool === 'hand' || marks.length >= MOST_MARKS || pointsOf(marks) > MOST_POINTS - 2) return;
    const at = this.pane.at(event);
    this.#grain = this.pane.grain;
    this.#mark = { kind: this.tool, colour: this.colour, points: [at, at] };
  }

  /** @param {PointerEvent} event */
  #grow(event) {
    const mark = /** @type {Mark} */ (this.#mark);
    const at = this.pane.at(event);
    if (mark.kind !== 'pen') mark.points[1] = at;
    else if (this.#far(mark.points[mark.points.length - 1], at) >= APART) mark.points.push(at);
    if (mark.kind === 'pen' && mark.points.length > 100) mark.points = simpler(mark.points, OFF * this.#grain);
    const left = MOST_POINTS - pointsOf(this.marks().filter((m) => m !== mark));
    if (mark.points.length > left) mark.points.length = left;
    if (this.#size(mark) >= SMALLEST) this.drawing(mark);
  }

  /** @param {boolean} meant */
  #end(meant) {
    const mark = /** @type {Mark} */ (this.#mark);
    this.#mark = undefined;
    if (this.#size(mark) < SMALLEST || !meant) return void (this.marks().includes(mark) && this.drawing(undefined));
    if (mark.kind === 'pen') mark.points = simpler(mark.points, OFF * this.#grain);
    this.done(mark);
  }

  /** How far apart on the screen, px. @param {number[]} a @param {number[]} b */
  #far([x1, y1], [x2, y2]) {
    return Math.hypot(x1 - x2, ((y1 - y2) * this.pane.high) / this.pane.wide) / this.#grain;
  }

  /** @param {Mark} mark */
  #size({ points }) {
    return Math.max(...points.map((at) => this.#far(points[0], at)));
  }
}
