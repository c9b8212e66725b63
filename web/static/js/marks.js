/**
 * What a vet draws on a photo: few shapes, whose points lie at 0 to 1 of its width and height. The bounds are those of
 * the server (clinic/still.go); what comes from the other side's browser is held to them before it is drawn.
 *
 * @typedef {{kind: string, colour: string, points: number[][]}} Mark
 */

export const MOST_MARKS = 50;
export const MOST_POINTS = 500;
const KINDS = ['pen', 'circle', 'arrow'];
const COLOURS = ['yellow', 'red', 'blue', 'white'];
/** How long an arrow's head is at most, of the photo's longer side. */
const HEAD = 0.04;

/** @param {any} value @returns {value is Mark} */
export function isMark(value) {
  if (!KINDS.includes(value?.kind) || !COLOURS.includes(value.colour) || !Array.isArray(value.points)) return false;
  const n = value.points.length;
  if (value.kind === 'pen' ? n < 2 || n > MOST_POINTS : n !== 2) return false;
  return value.points.every((/** @type {any} */ at) => Array.isArray(at) && at.length === 2 && at.every((x) => typeof x === 'number' && x >= 0 && x <= 1));
}

/** How many points marks have in all. @param {Mark[]} marks */
export const pointsOf = (marks) => marks.reduce((sum, { points }) => sum + points.length, 0);

/** @param {any} list @returns {list is Mark[]} */
export function areMarks(list) {
  return Array.isArray(list) && list.length <= MOST_MARKS && list.every(isMark) && pointsOf(list) <= MOST_POINTS;
}

/** Draws marks into an SVG that lies over the photo. @param {SVGSVGElement} svg @param {Mark[]} marks @param {number} wide @param {number} high pixels */
export function draw(svg, marks, wide, high) {
  svg.setAttribute('viewBox', `0 0 ${wide} ${high}`);
  svg.replaceChildren(...marks.map((mark) => shape(svg, mark, wide, high)));
}

/** A dark line under the coloured one: it stands out on any skin. @param {SVGSVGElement} svg @param {Mark} mark @param {number} wide @param {number} high */
function shape(svg, mark, wide, high) {
  const group = document.createElementNS(svg.namespaceURI, 'g');
  group.setAttribute('class', `mark mark-${mark.colour}`);
  for (const part of ['mark-under', 'mark-line']) {
    const line = document.createElementNS(svg.namespaceURI, 'path');
    line.setAttribute('class', part);
    line.setAttribute('d', path(mark, wide, high));
    group.append(line);
  }
  return group;
}

/** As web/still.go does. @param {Mark} mark @param {number} wide @param {number} high */
function path({ kind, points }, wide, high) {
  const at = points.map(([x, y]) => [round(x * wide), round(y * high)]);
  if (kind === 'pen') return `M${at.map((p) => p.join(' ')).join('L')}`;
  const [[x1, y1], [x2, y2]] = at;
  if (kind === 'circle') {
    const [rx, ry] = [round(Math.abs(x2 - x1) / 2), round(Math.abs(y2 - y1) / 2)];
    const [left, right, middle] = [Math.min(x1, x2), Math.max(x1, x2), round((y1 + y2) / 2)];
    return `M${left} ${middle}A${rx} ${ry} 0 1 0 ${right} ${middle}A${rx} ${ry} 0 1 0 ${left} ${middle}`;
  }
  const long = Math.hypot(x2 - x1, y2 - y1);
  const head = Math.min(HEAD * Math.max(wide, high), long / 2);
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const [a, b] = [angle - 2.6, angle + 2.6].map((turn) => `${round(x2 + head * Math.cos(turn))} ${round(y2 + head * Math.sin(turn))}`);
  return `M${x1} ${y1}L${x2} ${y2}M${a}L${x2} ${y2}L${b}`;
}

/** @param {number} x */
const round = (x) => Math.round(x * 10) / 10;

/** The line through fewer points: none left out is further from it than `off` (Ramer, Douglas and Peucker). @param {number[][]} points @param {number} off @returns {number[][]} */
export function simpler(points, off) {
  if (points.length < 3) return points;
  const [first, last] = [points[0], points[points.length - 1]];
  let [most, at] = [0, 0];
  for (let i = 1; i < points.length - 1; i++) {
    const d = distance(points[i], first, last);
    if (d > most) [most, at] = [d, i];
  }
  if (most <= off) return [first, last];
  return [...simpler(points.slice(0, at + 1), off).slice(0, -1), ...simpler(points.slice(at), off)];
}

/** @param {number[]} p @param {number[]} a @param {number[]} b */
function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const long = dx * dx + dy * dy;
  const t = long === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / long));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}
