/** Parts of a page that are taken anew from the server's: it alone knows how they look. */

/**
 * Puts the named parts of the page at an address in the place of this page's. What was open stays open, what was chosen
 * stays chosen, and the focus stays where it was. False if the page could not be had; then nothing changed.
 * @param {string} address @param {string[]} names selectors, each of one element
 */
export async function refetch(address, names) {
  const fresh = await fetched(address);
  if (!fresh) return false;
  for (const name of names) {
    const [old, now] = [document.querySelector(name), fresh.querySelector(name)];
    if (old && now) put(old, now);
  }
  return true;
}

/** @param {string} address */
async function fetched(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: 'text/html' } });
    const at = new URL(answer.url).pathname;
    if (at === '/vet/login' && !document.querySelector('form[data-record]')) location.assign(at); // signed out, and nothing to lose
    if (!answer.ok || at !== new URL(address, location.href).pathname) return null;
    return new DOMParser().parseFromString(await answer.text(), 'text/html');
  } catch {
    return null; // away: what is shown stays
  }
}

/** @param {Element} old @param {Element} now */
function put(old, now) {
  const opened = [...old.querySelectorAll('details[open]')].map((e) => pathOf(old, e));
  const chosen = [...old.querySelectorAll('select')].map((e) => ({ path: pathOf(old, e), value: e.value }));
  const focus = old.contains(document.activeElement) ? pathOf(old, /** @type {Element} */ (document.activeElement)) : '';
  const adopted = document.adoptNode(now);
  old.replaceWith(adopted);
  for (const path of opened) at(adopted, path)?.setAttribute('open', '');
  for (const { path, value } of chosen) {
    const select = /** @type {HTMLSelectElement|null} */ (at(adopted, path));
    if (select && [...select.options].some((o) => o.value === value)) select.value = value;
  }
  if (focus) /** @type {HTMLElement|null} */ (at(adopted, focus))?.focus({ preventScroll: true });
}

/** Where an element lies under a root, by the ids on its way and its place among its kind. @param {Element} root @param {Element} element */
function pathOf(root, element) {
  const steps = [];
  for (let e = element; e !== root && e.parentElement; e = e.parentElement) {
    const id = e.getAttribute('data-id') ?? e.getAttribute('data-case');
    const nth = [...e.parentElement.children].filter((c) => c.tagName === e.tagName).indexOf(e) + 1;
    const tag = e.tagName.toLowerCase();
    steps.unshift(id ? `${tag}:is([data-id="${CSS.escape(id)}"],[data-case="${CSS.escape(id)}"])` : `${tag}:nth-of-type(${nth})`);
  }
  return steps.join(' > ');
}

/** @param {Element} root @param {string} path */
function at(root, path) {
  return path ? root.querySelector(`:scope > ${path}`) : null;
}
