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
import { call } from './api.js';
import { Cameras } from './cameras.js';
import { Strip } from './stillstrip.js';
import { list, post } from './stillpost.js';
import { firstText, text } from './texts.js';
import { clockWords } from './times.js';

/** The other side is given so long to say that it wants the bytes, or has stored them, ms. */
const ANSWER = 8_000;
const STORING = 30_000;
/** A photo that is not known here is asked for at most so often, ms. */
const LOOK_UP = 2_000;
/** A drawing rests for so long before it is saved, ms. */
const REST = 500;
const NAME = /^[0-9a-f]{16,64}$/;

export class Stills {
  /** @type {any[]} as the server has them */ #all = [];
  /** @type {Map<string, {blob: Blob, url: string, still?: string}>} photos of this page, by name */ #own = new Map();
  /** @type {string|undefined} what the vet asked for last */ #asked;
  /** @type {string|undefined} what is on its way from here */ #going;
  /** @type {(AbortController & {id: string})|undefined} */ #posting;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #late;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #saving;
  /** @type {Set<string>} closed by the owner while the vet shows it */ #shut = new Set();
  #chatted = false; // the chat was open before the viewer
  #hidden = false; // the vet has closed its viewer
  #state = 'locked';
  #over = false;
  #read = 0;
  #asking = -Infinity; // when the server was last asked for a photo that the other side named

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
    this.zone = zone;
    this.say = (/** @type {import('./peer.js').Talk} */ message) => with_.peer.say(message);
    this.file = () => with_.peer.file;
    this.chat = chat;
    this.cameras = new Cameras(stream, (track) => {
      turned(track);
      this.#mirror();
    });
    this.strip = new Strip({
      open: (id) => this.#open(id, true),
      chose: (photo) => this.#choose(photo),
      ask: () => this.#ask(),
      cancel: () => this.#cancel(),
    });
    this.#turns();
  }

  /** The call's own button for another camera, where there are some. */
  #turns() {
    const button = /** @type {HTMLButtonElement|null} */ (document.querySelector('[data-camera-turn]'));
    button?.addEventListener('click', async () => {
      button.disabled = true;
      await this.cameras.turn();
      button.disabled = false;
    });
    navigator.mediaDevices?.addEventListener('devicechange', () => this.own());
    this.own();
  }

  /** One's own camera is on, or another. */
  async own() {
    const button = /** @type {HTMLButtonElement|null} */ (document.querySelector('[data-camera-turn]'));
    if (button) button.hidden = (await this.cameras.count()) < 2 || !this.cameras.track;
  }

  /** One's own picture is a mirror, but not what the camera at the back sees. */
  #mirror() {
    /** @type {HTMLElement} */ (document.querySelector('[data-call-room]')).dataset.facing = this.cameras.facing ?? '';
  }

  // What comes.

  /** The other side's browser says something. @param {import('./peer.js').Talk} message */
  async talked(message) {
    if (this.#over) return;
    if (message.type === 'view') return this.#view(message);
    if (message.type === 'mark') return this.#mark(message);
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
    if (message.type === 'still') this.#load(message.id);
    else if (this.#all.some(({ screening }) => screening?.id === message.id)) this.#load();
  }

  /** Both data channels are open, or no more. @param {boolean} open */
  async channel(open) {
    if (!open || this.#over) return;
    (await this.#link()).opened();
    this.#viewer?.tellAll();
  }

  /** The socket has its seat again. */
  joined() {
    this.#load();
  }

  /** @param {string} state of the room */
  door(state) {
    this.#state = state;
    this.strip.door(state);
    if (state === 'closed') this.end();
  }

  end() {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#late);
    this.#flush();
    this.#sheet?.close();
    this.#viewer?.close(true);
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
    this.#own.set(id, { blob, url: URL.createObjectURL(blob) });
    this.#going = id;
    this.#sending(id, 0);
  }

  /** @param {string} id @param {number} part */
  #sending(id, part) {
    if (this.#going !== id) return;
    this.#sheet?.sending(this.#own.get(id)?.url ?? '', part);
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
    const blob = this.#own.get(id)?.blob;
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
    const own = this.#own.get(id);
    if (own && typeof still === 'string') {
      own.still = still;
      this.#viewer?.rename(id, still);
    }
    if (this.#going !== id) return;
    this.#going = undefined;
    clearTimeout(this.#late);
    this.#posting?.abort();
    if (this.#sheet?.dialog.open) this.#sheet.kept();
    else this.strip.status({ words: text('still.js_kept'), passing: true });
    this.#load();
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
    this.#own.set(id, { blob, url: URL.createObjectURL(blob) });
    this.strip.status({ words: text('still.js_storing') });
    await this.#open(id, true);
    const answer = await post(this.reservation, id, blob);
    if (!answer.ok) {
      this.say({ type: 'still_lost', id });
      return this.strip.status({ words: firstText(`still.js_failed_${answer.code}`, 'still.js_failed'), passing: true });
    }
    const own = this.#own.get(id);
    if (own) own.still = answer.still.id;
    this.say({ type: 'still_kept', id, still: answer.still.id });
    this.#viewer?.rename(id, answer.still.id);
    this.strip.status({ words: text('still.js_kept'), passing: true });
    if (this.#viewer?.marksOf(answer.still.id)?.length) this.#draws(answer.still.id);
    this.#load();
  }

  // What is stored.

  /** @param {string} [news] a still that is new or has changed */
  async #load(news) {
    const read = ++this.#read;
    const all = await list(this.reservation);
    if (!all || read !== this.#read || this.#over) return;
    const known = new Set(this.#all.map(({ id }) => id));
    this.#all = all;
    this.strip.show(all.map((still) => ({ id: still.id, small: still.small, words: this.#title(still) })));
    const fresh = all.find(({ id }) => id === news && !known.has(id));
    if (fresh && ![...this.#own.values()].some(({ still }) => still === fresh.id)) this.#isNew(fresh);
    const shown = all.find(({ id }) => id === this.#viewer?.shown?.id);
    if (shown) this.#viewer?.screening(shown.screening);
  }

  /** One came by another way than between the browsers. @param {any} still */
  #isNew(still) {
    if (!this.vet || still.by !== 'owner') return;
    this.#asked = undefined;
    this.strip.status({ words: text('still.js_new'), see: still.id });
  }

  /** @param {any} still */
  #title(still) {
    return text('still.js_title', { time: clockWords(Date.parse(still.taken_at), this.zone) });
  }

  /** @param {string} id of a still, or a name @returns {import('./viewer.js').Shown|undefined} */
  #find(id) {
    const [name, own] = [...this.#own].find(([known, { still }]) => known === id || still === id) ?? [];
    const stored = this.#all.find((still) => still.id === (own?.still ?? id));
    if (!own && !stored) return undefined;
    return {
      id: stored?.id ?? own?.still ?? name ?? id, url: own?.url ?? stored.photo, marks: stored?.marks ?? [], screening: stored?.screening,
      title: stored ? this.#title(stored) : text('still.js_title', { time: clockWords(Date.now(), this.zone) }),
    };
  }

  // Looking.

  /** @param {string} id @param {boolean} focus @param {boolean} [follow] */
  async #open(id, focus, follow = false) {
    const viewer = await this.#openViewer();
    const found = this.#find(id);
    if (!found || this.#over) return;
    this.#makeRoom();
    viewer.open(found, { focus, follow });
    this.strip.seen();
  }

  /** On a phone the chat makes room for the photo, and comes back after it. */
  #makeRoom() {
    if (this.chat.panel.hidden || matchMedia('(min-width: 60rem)').matches) return;
    this.#chatted = true;
    this.chat.show(false);
  }

  /** The vet shows a part of a photo. @param {any} message */
  async #view({ still, part }) {
    if (this.vet || typeof still !== 'string') return;
    this.#hidden = still === '';
    if (still === '') {
      this.#shut.clear();
      if (this.#viewer?.following) this.#viewer.close(true);
      return;
    }
    if (this.#shut.has(still) || this.#shut.has(this.#find(still)?.id ?? '')) return;
    if (!this.#find(still)) await this.#lookUp();
    if (this.#hidden || !this.#find(still)) return;
    const now = this.#viewer;
    if (!now?.following || now.shown?.id !== this.#find(still)?.id) await this.#open(still, false, true);
    if (!this.#hidden) this.#viewer?.see(part);
  }

  /** The other side names a photo that is not known here: the server is asked, but not as often as it may be named. */
  async #lookUp() {
    const now = performance.now();
    if (now - this.#asking < LOOK_UP) return;
    this.#asking = now;
    await this.#load();
  }

  /** @param {any} message */
  #mark(message) {
    const now = this.#viewer;
    if (this.vet || !now?.following || now.shown?.id !== this.#find(message.still)?.id) return;
    now.follow(message);
  }

  #closed() {
    if (this.#chatted && !this.#over) this.chat.show(true);
    this.#chatted = false;
    if (this.vet) return this.#flush();
    if (!this.#hidden && this.#viewer?.last) this.#shut.add(this.#viewer.last.id);
  }

  /** The vet drew: it is saved when the hand rests. @param {string} id */
  #draws(id) {
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.#flush(), REST);
    this.#unsaved = id;
  }

  /** @type {string|undefined} */ #unsaved;

  async #flush() {
    clearTimeout(this.#saving);
    const [id, viewer] = [this.#unsaved, this.#viewer];
    const marks = viewer?.marksOf(id);
    if (!id || !marks || NAME.test(id)) return; // not stored yet: it is, soon
    this.#unsaved = undefined;
    const answer = await call('PUT', `/vet/stills/${id}/marks`, { marks });
    const still = this.#all.find((one) => one.id === id);
    if (still && answer.ok) still.marks = answer.body.marks;
    viewer?.say(text(answer.ok ? 'still.js_marks_saved' : 'still.js_marks_failed'));
    if (!answer.ok) this.#unsaved ??= id;
  }

  /** @param {string} id */
  async #screen(id) {
    const viewer = this.#viewer;
    viewer?.screening({ state: 'queued' });
    const answer = await call('POST', `/vet/stills/${id}/screen`);
    if (answer.ok) return this.#load();
    viewer?.screening(undefined);
    viewer?.say(text('still.js_screen_away'));
  }

  // What is loaded when it is wanted.

  /** @type {import('./stillsheet.js').Sheet|undefined} */ #sheet;
  /** @type {import('./viewer.js').Viewer|undefined} */ #viewer;
  /** @type {Promise<import('./filelink.js').FileLink & {able: boolean}>|undefined} */ #linked;

  async #openSheet() {
    const [{ Sheet }] = await Promise.all([import('./stillsheet.js'), dressed()]);
    this.#sheet ??= new Sheet({
      cameras: this.cameras,
      took: (photo) => this.#took(photo),
      chose: (file) => this.#choose(file),
      refused: () => this.#refuse(),
      cancelled: () => this.#cancel(),
    });
    return this.#sheet;
  }

  async #openViewer() {
    const [{ Viewer }] = await Promise.all([import('./viewer.js'), dressed()]);
    this.#viewer ??= new Viewer({
      draws: this.vet,
      tell: (message) => this.say(message),
      drawn: (id) => this.#draws(id),
      screen: (id) => this.#screen(id),
      closed: () => this.#closed(),
    });
    return this.#viewer;
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
      this.#asked = undefined;
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

/** @type {Promise<unknown>|undefined} */ let dress;

/** The styles of the sheet and the viewer are here. */
function dressed() {
  dress ??= new Promise((done) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL('../css/viewer.css', import.meta.url).href;
    for (const event of ['load', 'error']) link.addEventListener(event, done);
    document.head.append(link);
  });
  return dress;
}

function newName() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
