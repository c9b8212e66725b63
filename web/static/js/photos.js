/** Photos in the call. What they need is loaded when the room is open and the page stands, or at once when there is one. */

/** What the two sides say of photos. */
const TALK = ['still_ask', 'still_open', 'still_no', 'still_begin', 'still_from', 'still_end', 'still_got', 'still_stop', 'still_kept', 'still_lost', 'view', 'mark'];

/** So long after the opening the page has what it needs first, ms. */
const SOON = 1_500;

export class Photos {
  /** @type {Promise<import('./still.js').Stills>|undefined} */ #stills;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #soon;
  #state = 'locked';

  /** @param {ConstructorParameters<typeof import('./still.js').Stills>[0]} with_ */
  constructor(with_) {
    this.with = with_;
    for (const type of TALK) with_.call.on(type, (message) => this.#now((stills) => stills.talked(message)));
    with_.call.follow((open) => this.#tell((stills) => stills.channel(open)));
  }

  /** Tells it, if it is there. @param {(stills: import('./still.js').Stills) => unknown} what */
  #tell(what) {
    this.#stills?.then(what);
  }

  /** Tells it, and has it come for that. @param {(stills: import('./still.js').Stills) => unknown} what */
  #now(what) {
    if (this.#state === 'open') this.#load();
    this.#tell(what);
  }

  #load() {
    this.#stills ??= import('./still.js').then(({ Stills }) => {
      const stills = new Stills(this.with);
      stills.door(this.#state);
      stills.joined();
      return stills;
    });
  }

  /** @param {string} state of the room */
  door(state) {
    this.#state = state;
    if (state === 'open') this.#soon ??= setTimeout(() => this.#now(() => {}), SOON);
    this.#tell((stills) => stills.door(state));
  }

  /** The socket says that there is news. @param {any} message */
  framed(message) {
    this.#now((stills) => stills.framed(message));
  }

  /** The socket has its seat again. */
  joined() {
    this.#tell((stills) => stills.joined());
  }

  /** One's own camera is on, or another. */
  own() {
    this.#tell((stills) => stills.own());
  }

  end() {
    this.#state = 'closed';
    clearTimeout(this.#soon);
    this.#tell((stills) => stills.end());
  }
}
