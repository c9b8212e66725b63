/** What was seen in a still, as the record shows it. */
import { firstText, text } from './texts.js';

/** @param {HTMLElement} box @param {any} screening undefined where it was not screened */
export function showScreening(box, screening) {
  box.hidden = !screening;
  if (!screening) return box.replaceChildren();
  const lines = [paragraph('soft', text('check.reference'))];
  if (screening.state !== 'done') lines.push(paragraph('', firstText(`still.js_screen_${screening.state}`)));
  else lines.push(bars(screening.findings));
  if (screening.untrained) lines.push(paragraph('hint', text('advice.untrained')));
  box.dataset.state = screening.state;
  box.replaceChildren(...lines);
}

/** @param {{label: string, score: number}[]} findings */
function bars(findings) {
  const list = document.createElement('ul');
  list.className = 'bars';
  for (const { label, score } of findings) {
    const meter = document.createElement('meter');
    meter.value = score;
    meter.setAttribute('aria-label', label);
    const line = document.createElement('li');
    line.append(span('', label), meter, span('num', `${Math.round(score * 100)}%`));
    list.append(line);
  }
  return list;
}

/** @param {string} name @param {string} words */
function paragraph(name, words) {
  const p = document.createElement('p');
  p.className = name;
  p.textContent = words;
  return p;
}

/** @param {string} name @param {string} words */
function span(name, words) {
  const s = document.createElement('span');
  s.className = name;
  s.textContent = words;
  return s;
}
