/**
 * A photo from browser to browser. Its bytes go over the data channel `file`, what is said about them over `talk`:
 *
 *   sender    still_begin {id, bytes, mime, sha256}     a photo is there
 *   receiver  still_from {id, tag, from}                send it from this byte on, each piece under this tag
 *   sender    pieces: tag (4 bytes), offset (4), at most 16 KiB with both; then still_end {id}
 *   receiver  still_got {id}                            it is here, whole
 *   either    still_stop {id, why}                      no more of it
 *
 * The receiver names a new tag each time, so that what is still on its way of an earlier try is told apart. After a break
 * the sender begins again, and the receiver asks for what it lacks. The receiver believes nothing: one photo at a time, of a
 * few kinds, at most 12 MiB, no byte more than was announced, and whole only if its hash is the one that was announced.
 *
 * @typedef {import('./peer.js').Talk} Talk
 * @typedef {{id: string, blob: Blob, begin?: Talk, run?: object}} Outgoing
 * @typedef {{id: string, mime: string, sha256: string, bytes: Uint8Array, got: number, tag: number, tries: number, quiet?: ReturnType<typeof setTimeout>}} Incoming
 */

export const MOST_BYTES = 12 * 1024 * 1024;
const PIECE = 16 * 1024;
const HEAD = 8;
/** How much waits in the channel at most, and when it takes more, bytes. */
const FULL = 256 * 1024;
const LOW = 64 * 1024;
/** Read of the photo at once, bytes. */
const CHUNK = 16 * (PIECE - HEAD);
/** A receiver that hears nothing for so long asks again, so many times, ms. */
const QUIET = 8_000;
const TRIES = 3;

/** What a photo of each kind begins with. */
const KINDS = /** @type {Record<string, (b: Uint8Array) => boolean>} */ ({
  'image/jpeg': (b) => b[0] === 0xff && b[1] === 0xd8 && b[2] === 0xff,
  'image/png': (b) => b[0] === 0x89 && b[1] === 0x50 && b[2] === 0x4e && b[3] === 0x47,
  'image/webp': (b) => ascii(b, 0, 4) === 'RIFF' && ascii(b, 8, 12) === 'WEBP',
});

/** @param {Uint8Array} b @param {number} from @param {number} to */
const ascii = (b, from, to) => String.fromCharCode(...b.slice(from, to));

/** @param {BufferSource} bytes */
async function sha256(bytes) {
  return [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

/** Whether this browser can send photos so. */
export const canLink = () => Boolean(globalThis.crypto?.subtle);

export class FileLink {
  /** @type {Outgoing|undefined} */ #out;
  /** @type {Incoming|undefined} */ #in;
  /** @type {RTCDataChannel|undefined} */ #heard;

  /**
   * @param {object} with_
   * @param {(message: Talk) => boolean} with_.say
   * @param {() => RTCDataChannel|undefined} with_.file
   * @param {(id: string, part: number) => void} with_.sending how much of it has left, 0 to 1
   * @param {(id: string) => void} with_.sent the other side has it whole
   * @param {(id: string, part: number) => void} with_.receiving
   * @param {(id: string, photo: Blob) => void} with_.came
   * @param {(id: string, why: string) => void} with_.stopped by the other side, or since nothing came
   */
  constructor({ say, file, sending, sent, receiving, came, stopped }) {
    this.say = say;
    this.file = file;
    this.sending = sending;
    this.sent = sent;
    this.receiving = receiving;
    this.came = came;
    this.stopped = stopped;
  }

  /** Both channels are open again: what was under way begins anew, from where it stopped. */
  opened() {
    const file = this.file();
    if (!file || file === this.#heard) return;
    this.#heard = file;
    file.bufferedAmountLowThreshold = LOW;
    file.addEventListener('message', ({ data }) => file === this.#heard && this.#piece(data));
    if (this.#out?.begin) this.say(this.#out.begin);
    if (this.#in) this.#watch(this.#in);
  }

  // Sending.

  /** Offers a photo. @param {string} id @param {Blob} blob */
  async send(id, blob) {
    /** @type {Outgoing} */ const out = { id, blob };
    this.#out = out;
    const begin = { type: 'still_begin', id, bytes: blob.size, mime: blob.type, sha256: await sha256(await blob.arrayBuffer()) };
    if (this.#out !== out) return;
    out.begin = begin;
    this.say(begin);
  }

  /** Sends no more of it. @param {string} id @param {string} [why] */
  stop(id, why = 'cancelled') {
    if (this.#out?.id === id) this.#out = undefined;
    if (this.#in?.id === id) this.#drop();
    this.say({ type: 'still_stop', id, why });
  }

  /** @param {Outgoing} out @param {number} tag @param {number} from */
  async #pump(out, tag, from) {
    const run = (out.run = {}); // of two that run the later goes on
    const file = this.file();
    const goes = () => this.#out === out && out.run === run && file !== undefined && file.readyState === 'open';
    for (let at = from; at < out.blob.size && goes(); at += CHUNK) {
      const chunk = new Uint8Array(await out.blob.slice(at, at + CHUNK).arrayBuffer());
      for (let i = 0; i < chunk.length && goes(); i += PIECE - HEAD) {
        await roomIn(/** @type {RTCDataChannel} */ (file));
        if (!goes()) return;
        file?.send(piece(tag, at + i, chunk.subarray(i, i + PIECE - HEAD)));
      }
      this.sending(out.id, Math.max(0, at + chunk.length - (file?.bufferedAmount ?? 0)) / out.blob.size);
    }
    if (goes()) this.say({ type: 'still_end', id: out.id });
  }

  // Receiving.

  /** @param {Talk} begin */
  #begin({ id, bytes, mime, sha256: sum }) {
    const known = this.#in?.id === id && this.#in?.sha256 === sum && this.#in?.bytes.length === bytes;
    if (!known) {
      const right = Number.isSafeInteger(bytes) && bytes > 0 && bytes <= MOST_BYTES && typeof mime === 'string' && Object.hasOwn(KINDS, mime) && typeof sum === 'string' && /^[0-9a-f]{64}$/.test(sum);
      if (!right) return void this.say({ type: 'still_stop', id, why: 'refused' });
      if (this.#in && this.#in.id !== id) return void this.say({ type: 'still_stop', id, why: 'busy' });
      this.#drop();
      this.#in = { id, mime, sha256: sum, bytes: new Uint8Array(bytes), got: 0, tag: 0, tries: 0 };
    }
    this.#ask();
  }

  /** Asks for what lacks. */
  #ask() {
    const into = this.#in;
    if (!into) return;
    into.tag = crypto.getRandomValues(new Uint32Array(1))[0];
    this.say({ type: 'still_from', id: into.id, tag: into.tag, from: into.got });
    this.#watch(into);
  }

  /** @param {Incoming} into */
  #watch(into) {
    clearTimeout(into.quiet);
    into.quiet = setTimeout(() => {
      if (this.#in !== into) return;
      if (++into.tries <= TRIES) return this.#ask();
      this.#drop();
      this.stopped(into.id, 'quiet');
    }, QUIET);
  }

  #drop() {
    clearTimeout(this.#in?.quiet);
    this.#in = undefined;
  }

  /** @param {unknown} data */
  #piece(data) {
    const into = this.#in;
    if (!into || !(data instanceof ArrayBuffer) || data.byteLength <= HEAD || data.byteLength > PIECE) return;
    const head = new DataView(data);
    if (head.getUint32(0) !== into.tag) return; // of an earlier try
    const bytes = new Uint8Array(data, HEAD);
    if (head.getUint32(4) !== into.got || into.got + bytes.length > into.bytes.length) return this.#refuse(into, 'refused');
    into.bytes.set(bytes, into.got);
    into.got += bytes.length;
    this.#watch(into);
    this.receiving(into.id, into.got / into.bytes.length);
    if (into.got === into.bytes.length) this.#whole(into);
  }

  /** @param {Incoming} into */
  async #whole(into) {
    clearTimeout(into.quiet);
    const sum = await sha256(into.bytes);
    if (this.#in !== into) return;
    if (sum !== into.sha256 || !KINDS[into.mime](into.bytes)) return this.#refuse(into, 'damaged');
    this.#in = undefined;
    this.say({ type: 'still_got', id: into.id });
    this.came(into.id, new Blob([into.bytes], { type: into.mime }));
  }

  /** @param {Incoming} into @param {string} why */
  #refuse(into, why) {
    this.#drop();
    this.say({ type: 'still_stop', id: into.id, why });
    this.stopped(into.id, why);
  }

  /** What the other side says of a photo. @param {Talk} message whose id is a name */
  hear(message) {
    const { type, id } = message;
    if (type === 'still_begin') return this.#begin(message);
    if (type === 'still_stop' && this.#in?.id === id) {
      this.#drop();
      return this.stopped(id, whyOf(message));
    }
    const out = this.#out;
    if (out?.id !== id || !out) return;
    if (type === 'still_from' && isWord(message.tag) && isWord(message.from) && message.from <= out.blob.size) this.#pump(out, message.tag, message.from);
    if (type === 'still_got' || type === 'still_stop') this.#out = undefined;
    if (type === 'still_got') this.sent(id);
    if (type === 'still_stop') this.stopped(id, whyOf(message));
  }
}

/** @param {Talk} message */
const whyOf = ({ why }) => (typeof why === 'string' && /^[a-z]{1,20}$/.test(why) ? why : '');

/** @param {any} n */
const isWord = (n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32;

/** @param {number} tag @param {number} at @param {Uint8Array} bytes */
function piece(tag, at, bytes) {
  const whole = new Uint8Array(HEAD + bytes.length);
  const head = new DataView(whole.buffer);
  head.setUint32(0, tag);
  head.setUint32(4, at);
  whole.set(bytes, HEAD);
  return whole.buffer;
}

/** Waits until the channel takes more. @param {RTCDataChannel} file */
function roomIn(file) {
  if (file.bufferedAmount <= FULL) return undefined;
  return new Promise((done) => {
    for (const event of ['bufferedamountlow', 'close']) file.addEventListener(event, done, { once: true });
  });
}
