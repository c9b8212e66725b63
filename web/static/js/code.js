/**
 * The verification code: six digits that both sides see if, and only if, they speak to each other and to nobody between.
 *
 * It is made of the fingerprints of both DTLS certificates. That alone would not do: whoever sits between chooses
 * certificates of its own for either side, and could try until the digits are the same. So each side adds a number that
 * nobody can foresee, and the vet's side binds itself to its own before it has seen the owner's, as in ZRTP (RFC 6189,
 * section 4.4.1). Over the data channel `talk`:
 *
 *   vet    {"type":"code_commit","commit": SHA-256 of the vet's nonce}
 *   owner  {"type":"code_nonce","nonce": 32 bytes}
 *   vet    {"type":"code_reveal","nonce": 32 bytes}     the owner checks it against the commitment
 *   code = SHA-256(name, owner's fingerprint, vet's, owner's nonce, vet's), its first 32 bits modulo a million
 *
 * bytes in base64url. Each message counts once and in this order; a connection that was made anew begins anew.
 *
 * @typedef {import('./peer.js').Talk} Talk
 * @typedef {'waiting'|'shown'|'none'|'wrong'} CodeState none: the other side takes no part
 */

const NAME = 'vetroom call code 1';
/** Base64url of 32 bytes. */
const BYTES = /^[\w-]{43}$/;
/** Whoever has not answered by then takes no part, ms. */
const PATIENCE = 10_000;

export class Code {
  #nonce = '';
  #commit = '';
  /** @type {'commit'|'nonce'|'reveal'|''} the message that is awaited */ #awaits = '';
  #round = 0;
  #late = false; // it did not answer in time
  /** @type {Promise<void>} */ #chain = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #patience;

  /**
   * @param {object} with_
   * @param {boolean} with_.vet whether this is the vet's side
   * @param {(message: Talk) => boolean} with_.say
   * @param {() => {own: string, theirs: string}|undefined} with_.fingerprints of the connection in force; none where they are in doubt
   * @param {(state: CodeState, digits: string) => void} with_.show
   */
  constructor({ vet, say, fingerprints, show }) {
    this.vet = vet;
    this.say = say;
    this.fingerprints = fingerprints;
    this.show = show;
    this.reset();
  }

  /** The connection is, or will be, another one. */
  reset() {
    clearTimeout(this.#patience);
    this.#round++;
    this.#late = false;
    this.#nonce = encode(crypto.getRandomValues(new Uint8Array(32)));
    this.#awaits = this.vet ? 'nonce' : 'commit';
    this.show('waiting', '');
  }

  /** Media flows: whoever can take part can do so now. */
  connected() {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      this.#late = this.#awaits !== '';
      this.#end('none', '');
    }, PATIENCE);
  }

  /** The channel is open. */
  begin() {
    if (!this.vet) return;
    this.#inTurn(async () => void this.say({ type: 'code_commit', commit: await digest(this.#nonce) }));
  }

  /** @param {Talk} message */
  hear(message) {
    this.#inTurn(() => this.#hear(message));
  }

  /** One thing after the other, and nothing of a connection that is gone. @param {() => Promise<void>|void} act */
  #inTurn(act) {
    if (!crypto.subtle) return this.#end('none', ''); // a page that did not come over https takes no part
    if (this.#late) this.reset(); // the other side does, after all
    const round = this.#round;
    this.#chain = this.#chain.then(() => (round === this.#round && this.#awaits !== '' ? act() : undefined)).catch(() => this.#end('wrong', ''));
  }

  /** @param {Talk} message */
  async #hear({ type, commit, nonce }) {
    const value = type === 'code_commit' ? commit : nonce;
    if (type !== `code_${this.#awaits}` || typeof value !== 'string' || !BYTES.test(value)) return this.#end('wrong', '');
    if (type === 'code_commit') {
      this.#commit = value;
      this.#awaits = 'reveal';
      this.say({ type: 'code_nonce', nonce: this.#nonce });
    } else if (type === 'code_nonce') {
      this.say({ type: 'code_reveal', nonce: this.#nonce });
      await this.#finish(value, this.#nonce);
    } else if ((await digest(value)) === this.#commit) {
      await this.#finish(this.#nonce, value);
    } else {
      this.#end('wrong', '');
    }
  }

  /** @param {string} owners nonce @param {string} vets */
  async #finish(owners, vets) {
    const found = this.fingerprints();
    if (!found) return this.#end('wrong', '');
    const [owner, vet] = this.vet ? [found.theirs, found.own] : [found.own, found.theirs];
    const round = this.#round;
    const digits = await digitsOf(owner, vet, owners, vets);
    if (round === this.#round) this.#end('shown', digits);
  }

  /** @param {CodeState} state @param {string} digits */
  #end(state, digits) {
    if (this.#awaits === '') return;
    clearTimeout(this.#patience);
    this.#awaits = '';
    this.show(state, digits);
  }

  close() {
    clearTimeout(this.#patience);
    this.#awaits = '';
  }
}

/** @param {...string} parts */
export async function digitsOf(...parts) {
  const bits = new DataView(await hash([NAME, ...parts].join('\n'))).getUint32(0);
  return String(bits % 1_000_000).padStart(6, '0');
}

/** @param {string} nonce */
export const digest = async (nonce) => encode(new Uint8Array(await hash(`${NAME} commit\n${nonce}`)));

/** @param {string} words */
const hash = (words) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(words));

/** @param {Uint8Array} bytes */
const encode = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
