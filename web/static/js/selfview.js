/**
 * One's own picture lies over the other's. It is dragged to the corner where it hides least, or goes on to the next one
 * at a press.
 */

const CORNERS = ['bottom-right', 'bottom-left', 'top-left', 'top-right'];
/** A finger is not still: what moves by no more is a press, px. */
const STILL = 8;

/** @param {HTMLElement} box lies in what it moves over; its button takes presses */
export function movable(box) {
  const button = /** @type {HTMLElement} */ (box.querySelector('[data-self-move]'));
  const over = /** @type {HTMLElement} */ (box.parentElement);
  /** @type {{x: number, y: number}|undefined} where the pointer took hold */ let held;
  let dragged = false;

  button.addEventListener('pointerdown', (event) => {
    held = { x: event.clientX, y: event.clientY };
    dragged = false;
    button.setPointerCapture(event.pointerId);
  });
  button.addEventListener('pointermove', (event) => {
    if (!held) return;
    const [x, y] = [event.clientX - held.x, event.clientY - held.y];
    dragged ||= Math.hypot(x, y) > STILL;
    if (dragged) box.style.transform = `translate(${x}px, ${y}px)`;
  });
  button.addEventListener('pointerup', () => {
    if (dragged) box.dataset.corner = nearest(box.getBoundingClientRect(), over.getBoundingClientRect());
    letGo();
  });
  button.addEventListener('pointercancel', letGo);
  button.addEventListener('click', (event) => {
    if (dragged && event.detail > 0) return; // the end of a drag
    box.dataset.corner = CORNERS[(CORNERS.indexOf(box.dataset.corner ?? '') + 1) % CORNERS.length];
  });

  function letGo() {
    held = undefined;
    box.style.transform = '';
  }
}

/** The corner that a box is closest to. @param {DOMRect} box @param {DOMRect} over */
function nearest(box, over) {
  const low = box.top + box.bottom > over.top + over.bottom;
  const right = box.left + box.right > over.left + over.right;
  return `${low ? 'bottom' : 'top'}-${right ? 'right' : 'left'}`;
}
