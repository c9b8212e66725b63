/** Instants as people say them: the same words, from the same texts, as the server's times.go. */
import { firstText, text } from './texts.js';

const DAY = 24 * 3600 * 1000;
/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} zone */
function format(zone) {
  let f = formats.get(zone);
  if (!f) {
    const n = /** @type {const} */ ('numeric');
    f = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: n, month: n, day: n, hour: n, minute: n, second: n });
    formats.set(zone, f);
  }
  return f;
}

/**
 * The wall clock of an instant in a zone.
 * @param {number} at ms since the epoch
 * @param {string} zone IANA name
 */
export function parts(at, zone) {
  /** @type {Record<string, number>} */
  const p = {};
  for (const { type, value } of format(zone).formatToParts(at)) p[type] = Number(value);
  return { year: p.year, month: p.month, day: p.day, hour: p.hour, minute: p.minute, second: p.second };
}

/** Ms that a zone's wall clock is ahead of UTC at an instant. @param {number} at @param {string} zone */
export function offset(at, zone) {
  const p = parts(at, zone);
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(at / 1000) * 1000;
}

/** Calendar days from a to b in a zone. @param {number} a @param {number} b @param {string} zone */
export function daysBetween(a, b, zone) {
  const day = (/** @type {number} */ at) => Math.floor((at + offset(at, zone)) / DAY);
  return day(b) - day(a);
}

/** A time of day. @param {number} at @param {string} zone */
export function clockWords(at, zone) {
  const { hour, minute } = parts(at, zone);
  const key = `time.${minute === 0 ? 'hour' : 'minute'}_${hour < 12 ? 'am' : 'pm'}`;
  return text(key, { h: (hour + 11) % 12 + 1, m: minute, mm: String(minute).padStart(2, '0') });
}

/** A day as seen from now. @param {number} at @param {number} now @param {string} zone */
export function dayWords(at, now, zone) {
  const near = { '0': 'time.today', '1': 'time.tomorrow', '-1': 'time.yesterday' };
  const key = near[/** @type {keyof typeof near} */ (String(daysBetween(now, at, zone)))];
  if (key) return text(key);
  const p = parts(at, zone);
  const weekday = new Date(Date.UTC(p.year, p.month - 1, p.day)).getUTCDay();
  return text(p.year === parts(now, zone).year ? 'time.date' : 'time.date_year', {
    year: p.year, day: p.day, month: firstText(`time.month_${p.month}`), weekday: firstText(`time.weekday_${weekday}`),
  });
}

/** Day and time. @param {number} at @param {number} now @param {string} zone */
export function whenWords(at, now, zone) {
  return text('time.when', { day: dayWords(at, now, zone), time: clockWords(at, zone) });
}

/** A countdown "4:05", rounded up to whole seconds. @param {number} ms */
export function countdown(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  const [h, m, rest] = [Math.floor(s / 3600), Math.floor(s / 60) % 60, String(s % 60).padStart(2, '0')];
  return h ? `${h}:${String(m).padStart(2, '0')}:${rest}` : `${m}:${rest}`;
}

/**
 * The instant of a local "2026-12-01T14:30[:05]" in a zone, NaN if it is none.
 * In the hour that a clock change repeats, the first; in the one that it skips, the clock before the change.
 * @param {string} local @param {string} zone
 */
export function fromLocal(local, zone) {
  const wall = Date.parse(`${local}${local.length === 16 ? ':00' : ''}Z`);
  if (Number.isNaN(wall)) return NaN;
  return wall - offset(wall - offset(wall - DAY, zone), zone);
}
