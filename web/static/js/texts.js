/** The page's words, from its <script type="application/json" id="texts">. */
const block = document.getElementById('texts');
/** @type {Record<string, string>} */
const words = block ? JSON.parse(block.textContent || '{}') : {};

/**
 * The words under a key, with {name} replaced.
 * @param {string} key
 * @param {Record<string, string|number>} [values]
 */
export function text(key, values = {}) {
  return (words[key] ?? '').replace(/\{(\w+)\}/g, (hole, name) => String(values[name] ?? hole));
}

/**
 * The words of the first key that exists; empty if none does.
 * @param {...string} keys
 */
export function firstText(...keys) {
  return words[keys.find((key) => key in words) ?? ''] ?? '';
}
