/**
 * Photos in a visit: the vet asks for one, the owner's camera takes it, it goes from browser to browser and is stored by
 * the vet's; or the owner's sends it to the server itself, where there is no way between the browsers or the photo is one
 * that was there before. docs/stills.md draws it. What is big is loaded when it is wanted.
 *
 * Over `talk`, beside what filelink.js says of the bytes:
 *
 *   vet    still_ask {id}          wants a photo, which shall have this name
 *   owner  still_open {id}         is shown the shutter; still_no {id}: took none
 *   vet    still_kept {id, still}  it is stored, as this still; still_lost {id}: it could not be
 *   vet    view {still, part}      shows this part of a photo; still '': none
 *   vet    mark {still, …}         all marks; or one at a place; or so many kept
 */
import { CameraBar } from './camerabar.js';
import { Strip } from './stillstrip.js';
import { dressed, Looking, NAME } from './stilllook.js';
import { post } from './stillpost.js';
import { firstText, text } from './texts.js';

/** The other side is given so long to say that it wants the bytes, or has stored them, ms. */
const ANSWER = 8_000;
const STORING = 30_000;

export class Stills {
  /** @type {string|undefined} what the vet asked for last */ #asked;
  /** @type {string|undefined} what is on its way from here */ #going;
  /** @type {(AbortController & {id: string})|undefined} */ #posting;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #late;
  #over = false;

  /**
   * @param {object} with_
   * @param {string} with_.seat
   * @param {string} with_.zone
   * @param {import('./call.js').Call} with_.call
   * @param {() => MediaStream} with_.stream
   * @param {(track: MediaStreamTrack) => void} with_.turned another camera makes the picture now
   * @param {import('./roomchat.js').Chat} with_.chat
   */
  constructor({ seat, zone, call: with_, stream, turned, chat }) {
    this.vet = seat === 'vet';
    this.reservation = chat.reservation;
    this.say = (/** @type {import('./peer.js').Talk} */ message) => with_.peer.say(message);
    this.file = () => with_.peer.file;
    this.chat = chat;
    this.bar = new CameraBar(stream, turned);
    this.strip = new Strip({
      open: (id) => this.look.open(id, true),
      chose: (photo) => this.#choose(photo),
      ask: () => this.#ask(),
      cancel: () => this.#cancel(),
    });
    this.look = new Looking({ vet: this.vet, zone, chat, strip: this.strip, say: this.say, came: () => this.#answered() });
  }

  /** One's own camera is on, or another. */
  own() {
    this.bar.show();
  }

  // What comes.

  /** The other side's browser says something. @param {import('./peer.js').Talk} message */
  async talked(message) {
    if (this.#over) return;
    if (message.type === 'view') return this.look.view(message);
    if (message.type === 'mark') return this.look.mark(message);
    const { id } = message;
    if (typeof id !== 'string' || !NAME.test(id)) return;
    const own = this.vet ? this.#vetHears : this.#ownerHears;
    if (own[message.type]) return own[message.type](id, message);
    (await this.#link()).hear(message);
  }

  /** @type {Record<string, (id: string, message: any) => unknown>} */
  #ownerHears = {
    still_ask: (id) => this.#asks(id),
    still_kept: (id, { still }) => this.#kept(id, still),
    still_lost: (id) => this.#going === id && this.#post(id),
    still_stop: (id, message) => (this.#asked === id ? this.#unasked() : this.#link().then((link) => link.hear(message))),
  };

  /** @type {Record<string, (id: string, message: any) => unknown>} */
  #vetHears = {
    still_open: (id) => this.#asked === id && this.strip.status({ words: text('still.js_aiming'), cancel: true }),
    still_no: (id) => {
      if (this.#asked !== id) return;
      this.#asked = undefined;
      this.strip.status({ words: text('still.js_not_now'), passing: true });
    },
  };

  /** The socket says that there is news. @param {any} message */
  framed(message) {
    if (message.type === 'still') this.look.load(message.id);
    else if (this.look.has(message.id)) this.look.load();
  }

  /** Both data channels are open, or no more. @param {boolean} open */
  async channel(open) {
    if (!open || this.#over) return;
    (await this.#link()).opened();
    this.look.viewer?.tellAll();
  }

  /** The socket has its seat again. */
  joined() {
    this.look.load();
  }

  /** @param {string} state of the room */
  door(state) {
    this.strip.door(state);
    if (state === 'closed') this.end();
  }

  end() {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#late);
    this.#sheet?.close();
    this.look.end();
    this.strip.status({});
  }

  // Asking for one.

  #ask() {
    const id = newName();
    if (!this.say({ type: 'still_ask', id })) {
      const written = this.chat.write(text('still.js_ask_words'));
      return this.strip.status({ words: text(written ? 'still.js_asked_chat' : 'still.js_ask_failed'), passing: true });
    }
    this.#asked = id;
    this.strip.status({ words: text('still.js_asked'), cancel: true });
  }

  /** The vet asks. @param {string} id */
  async #asks(id) {
    this.#asked = id;
    const sheet = await this.#openSheet();
    if (this.#asked !== id) return;
    this.say({ type: 'still_open', id });
    sheet.open();
  }

  #unasked() {
    this.#asked = undefined;
    this.#sheet?.close();
  }

  #refuse() {
    if (this.#asked) this.say({ type: 'still_no', id: this.#asked });
    this.#asked = undefined;
  }

  /** What was asked for is here. Whether anything was. */
  #answered() {
    const asked = this.#asked !== undefined;
    this.#asked = undefined;
    return asked;
  }

  /** The vet wants it no more; or the owner does not send it. */
  async #cancel() {
    const id = this.vet ? this.#asked : this.#going;
    this.#posting?.abort();
    this.#asked = this.#going = undefined;
    clearTimeout(this.#late);
    this.strip.status({});
    if (id) (await this.#link()).stop(id);
    this.#sheet?.failed('cancelled');
  }

  // Sending.

  /** The camera took one. @param {Blob} photo */
  async #took(photo) {
    const id = this.#asked ?? newName();
    this.#asked = undefined;
    this.#begin(id, photo);
    const link = await this.#link();
    if (!this.file() || !link.able) return this.#post(id);
    this.#wait(ANSWER, id);
    link.send(id, photo);
  }

  /** The owner chose one that was there before: the server takes from it what it tells beside the picture. @param {Blob} photo */
  async #choose(photo) {
    const id = newName();
    const { fitting } = await import('./shutter.js');
    try {
      this.#begin(id, READ.includes(photo.type) && photo.size <= MOST ? photo : await fitting(photo));
      this.#post(id);
    } catch {
      this.#failed('unsupported_type');
    }
  }

  /** @param {string} id @param {Blob} blob */
  #begin(id, blob) {
    this.#posting?.abort();
    this.look.keep(id, blob);
    this.#going = id;
    this.#sending(id, 0);
  }

  /** @param {string} id @param {number} part */
  #sending(id, part) {
    if (this.#going !== id) return;
    this.#sheet?.sending(this.look.own.get(id)?.url ?? '', part);
    if (!this.#sheet?.dialog.open) this.strip.status({ words: text('still.js_sending'), part, cancel: true });
  }

  /** Without an answer the photo goes to the server. @param {number} ms @param {string} id */
  #wait(ms, id) {
    clearTimeout(this.#late);
    this.#late = setTimeout(() => this.#going === id && this.#post(id), ms);
  }

  /** To the server, from here. @param {string} id */
  async #post(id) {
    clearTimeout(this.#late);
    const blob = this.look.own.get(id)?.blob;
    if (!blob || this.#posting?.id === id) return;
    this.#linked?.then((link) => link.stop(id, 'posting'));
    const posting = Object.assign(new AbortController(), { id });
    this.#posting = posting;
    const answer = await post(this.reservation, id, blob, { progress: (part) => this.#sending(id, part), signal: posting.signal });
    if (this.#posting === posting) this.#posting = undefined;
    if (answer.ok) this.#kept(id, answer.still.id);
    else if (answer.code !== 'cancelled' && this.#going === id) this.#failed(answer.code);
  }

  /** @param {string} id @param {any} still */
  #kept(id, still) {
    if (typeof still === 'string') this.look.stored(id, still);
    if (this.#going !== id) return;
    this.#going = undefined;
    clearTimeout(this.#late);
    this.#posting?.abort();
    if (this.#sheet?.dialog.open) this.#sheet.kept();
    else this.strip.status({ words: text('still.js_kept'), passing: true });
    this.look.load();
  }

  /** @param {string} code */
  #failed(code) {
    this.#going = undefined;
    if (this.#sheet?.dialog.open) this.#sheet.failed(code);
    else this.strip.status({ words: firstText(`still.js_failed_${code}`, 'still.js_failed'), passing: true });
  }

  // Receiving.

  /** The vet has it: it is shown at once, and stored. @param {string} id @param {Blob} blob */
  async #came(id, blob) {
    if (this.#asked === id) this.#asked = undefined;
    this.look.keep(id, blob);
    this.strip.status({ words: text('still.js_storing') });
    await this.look.open(id, true);
    const answer = await post(this.reservation, id, blob);
    if (!answer.ok) {
      this.say({ type: 'still_lost', id });
      return this.strip.status({ words: firstText(`still.js_failed_${answer.code}`, 'still.js_failed'), passing: true });
    }
    this.say({ type: 'still_kept', id, still: answer.still.id });
    this.look.stored(id, answer.still.id);
    this.strip.status({ words: text('still.js_kept'), passing: true });
    if (this.look.viewer?.marksOf(answer.still.id)?.length) this.look.draws(answer.still.id);
    this.look.load();
  }

  // What is loaded when it is wanted.

  /** @type {import('./stillsheet.js').Sheet|undefined} */ #sheet;
  /** @type {Promise<import('./filelink.js').FileLink & {able: boolean}>|undefined} */ #linked;

  async #openSheet() {
    const [{ Sheet }] = await Promise.all([import('./stillsheet.js'), dressed()]);
    this.#sheet ??= new Sheet({
      cameras: this.bar.cameras,
      took: (photo) => this.#took(photo),
      chose: (file) => this.#choose(file),
      refused: () => this.#refuse(),
      cancelled: () => this.#cancel(),
    });
    return this.#sheet;
  }

  #link() {
    this.#linked ??= import('./filelink.js').then(({ FileLink, canLink }) => {
      const link = new FileLink({
        say: this.say, file: this.file,
        sending: (id, part) => {
          this.#sending(id, part);
          this.#wait(ANSWER, id);
        },
        sent: (id) => {
          this.#sheet?.arrived();
          this.#wait(STORING, id);
        },
        receiving: (id, part) => {
          this.#asked = id;
          this.strip.status({ words: text('still.js_receiving'), part, cancel: true });
        },
        came: (id, blob) => this.#came(id, blob),
        stopped: (id, why) => this.#stopped(id, why),
      });
      link.opened();
      return Object.assign(link, { able: canLink() });
    });
    return this.#linked;
  }

  /** @param {string} id @param {string} why */
  #stopped(id, why) {
    if (this.vet) {
      if (why === 'posting' && this.#asked === undefined) return; // and it is here
      if (why !== 'posting') this.#asked = undefined;
      return this.strip.status({ words: firstText(`still.js_stopped_${why}`, 'still.js_stopped'), passing: true });
    }
    if (this.#going !== id) return;
    if (why === 'cancelled') this.#failed('cancelled');
    else this.#post(id); // the other side cannot take it so
  }
}

/** What the server reads, and how much of it. */
const READ = ['image/jpeg', 'image/png', 'image/webp'];
const MOST = 12 * 1024 * 1024;

function newName() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
