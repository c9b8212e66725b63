/** Photos in the call, from when there may be some: what still.js is told before it is loaded waits for it. */

/** What the two sides say of photos. */
const TALK = ['still_ask', 'still_open', 'still_no', 'still_begin', 'still_from', 'still_end', 'still_got', 'still_stop', 'still_kept', 'still_lost', 'view', 'mark'];

export class Photos {
  /** @type {Promise<import('./still.js').Stills>|undefined} */ #stills;

  /** @param {ConstructorParameters<typeof import('./still.js').Stills>[0]} with_ */
  constructor(with_) {
    this.with = with_;
    for (const type of TALK) with_.call.on(type, (message) => this.#tell((stills) => stills.talked(message)));
    with_.call.follow((open) => this.#tell((stills) => stills.channel(open)));
  }

  /** @param {(stills: import('./still.js').Stills) => unknown} what */
  #tell(what) {
    this.#stills?.then(what);
  }

  /** @param {string} state of the room */
  door(state) {
    if (state === 'open') this.#stills ??= import('./still.js').then(({ Stills }) => new Stills(this.with));
    this.#tell((stills) => stills.door(state));
  }

  /** The socket says that there is news. @param {any} message */
  framed(message) {
    this.#tell((stills) => stills.framed(message));
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
    this.#tell((stills) => stills.end());
  }
}
