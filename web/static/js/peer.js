/**
 * One RTCPeerConnection at a time, by perfect negotiation
 * (https://www.w3.org/TR/webrtc/#perfect-negotiation-example) with the roles
 * that the server gives. Signals are {description} or {candidate}.
 *
 * It is made ahead, while one waits at the door, and negotiates from start() on.
 *
 * The other side may come back as another connection (its page was reloaded):
 * its descriptions then name another one, or carry another DTLS fingerprint, and
 * this side begins anew as well. Signals of ours name the connection that they
 * are of, and the one that they are for, as far as it is known: what is for one
 * that is no more is dropped. A peer of another kind need not do so.
 *
 * Beside sound and picture there are two data channels, which both sides make by
 * the same ids (so none is lost to glare): `talk` for short messages, and `file`
 * for what is long, so that neither waits for the other. A peer of another kind
 * may have neither.
 *
 * @typedef {{type: string, [key: string]: any}} Talk from the other side's browser: to be checked before it is believed
 * @typedef {{description?: RTCSessionDescriptionInit, candidate?: RTCIceCandidateInit|null, of?: string, to?: string}} Signal
 */
import { oneMeaning } from './extmap.js';
import { noConnection } from './noconnection.js';

/** So long the polite side leaves the first offer to the other, ms: two at once cost both a round. */
const AFTER_YOU = 700;
/** An offer that was sent less than this ago is still on its way, ms. */
const UNDER_WAY = 500;
/** How long to watch for media before saying that none comes. */
const FLOW_WATCH = 800;
/** Candidates that wait for their description. */
const MOST_EARLY = 100;
const TALK = { negotiated: true, id: 0 };
const FILE = { negotiated: true, id: 1 };
/** What the other side may say at once, in UTF-16 units: more is nothing of ours. */
const MAX_TALK = 16_384;

export class Peer {
  /** @type {RTCPeerConnection} */ #pc;
  /** @type {RTCDataChannel|undefined} */ #talk;
  /** @type {RTCDataChannel|undefined} */ #file;
  #channelled = false;
  /** Sound and picture belong together, whenever they come. */
  #bundle = new MediaStream();
  /** Names of this connection and of the other side's. */
  #id = '';
  /** @type {string|undefined} */ #other;
  /** @type {RTCIceCandidateInit[]} candidates that came before their description */ #early = [];
  /** @type {RTCIceServer[]} */ #servers = [];
  /** Resolved once the connection is given up. */
  #drop = () => {};
  /** @type {Promise<void>} */ #over = Promise.resolve();
  #started = false;
  #making = false;
  #ignored = false;
  #answering = false;
  #closed = false;
  /** Instants of performance.now(). */
  #offered = -Infinity;
  #described = -Infinity;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #later;

  /**
   * @param {object} with_
   * @param {boolean} with_.polite
   * @param {MediaStream} with_.stream own camera and microphone, as far as there are any
   * @param {(signal: Signal) => void} with_.send
   * @param {(event: RTCTrackEvent) => void} with_.track
   * @param {(state: RTCPeerConnectionState) => void} with_.state
   * @param {(message: Talk) => void} [with_.talk] the other side's browser says something
   * @param {(open: boolean) => void} [with_.channels] both data channels are open, or no more
   */
  constructor({ polite, stream, send, track, state, talk = () => {}, channels = () => {} }) {
    this.polite = polite;
    this.stream = stream;
    this.send = send;
    this.track = track;
    this.state = state;
    this.talk = talk;
    this.channels = channels;
    this.#pc = this.#make();
  }

  /** The one in force. */
  get connection() {
    return this.#pc;
  }

  get started() {
    return this.#started;
  }

  get connected() {
    return this.#pc.connectionState === 'connected';
  }

  /** When the other side last described itself, and when an offer of ours that is not answered yet was sent. */
  get described() {
    return this.#described;
  }

  get asking() {
    return this.#pc.signalingState === 'have-local-offer' ? this.#offered : undefined;
  }

  #make() {
    const pc = 'RTCPeerConnection' in window ? new RTCPeerConnection({ iceServers: this.#servers }) : noConnection();
    // A debugging aid, and how tests read getStats(): nothing here reads it back.
    Object.assign(window, { vetroomPeer: pc });
    this.#drop();
    this.#over = new Promise((done) => (this.#drop = done));
    this.#id = newName();
    this.#other = undefined;
    this.#early = [];
    this.#ignored = this.#answering = this.#making = false;
    pc.addEventListener('negotiationneeded', () => pc === this.#pc && this.#started && this.#offer());
    pc.addEventListener('icecandidate', ({ candidate }) => pc === this.#pc && candidate && this.#send({ candidate }));
    pc.addEventListener('track', (event) => this.track(event));
    pc.addEventListener('connectionstatechange', () => pc === this.#pc && this.state(pc.connectionState));
    this.#pc = pc;
    this.#addTracks(pc);
    this.#addChannels(pc);
    return pc;
  }

  /**
   * Begins to negotiate. The polite side waits a moment for the other's offer, unless it is in a hurry: it comes back, and
   * the other does not know what is no more.
   * @param {RTCIceServer[]} iceServers @param {Signal[]} held what came meanwhile @param {boolean} hurry
   */
  async start(iceServers, held, hurry) {
    if (this.#closed || this.#started) return;
    this.setServers(iceServers);
    if (held.length > 0 || (this.polite && !hurry)) this.#later = setTimeout(() => this.#begin(), AFTER_YOU);
    else this.#begin();
    for (const signal of held) await this.receive(signal);
  }

  #begin() {
    clearTimeout(this.#later);
    if (this.#closed || this.#started) return;
    this.#started = true;
    if (this.#pc.signalingState === 'stable' && !this.#pc.remoteDescription) this.#offer();
  }

  /** @param {RTCPeerConnection} pc */
  #addChannels(pc) {
    const [talk, file] = [pc.createDataChannel('talk', TALK), pc.createDataChannel('file', FILE)];
    file.binaryType = 'arraybuffer';
    talk.addEventListener('message', ({ data }) => pc === this.#pc && this.#hear(data));
    const look = () => pc === this.#pc && this.#channelsAre(talk.readyState === 'open' && file.readyState === 'open');
    for (const channel of [talk, file]) for (const event of ['open', 'close']) channel.addEventListener(event, look);
    this.#talk = talk;
    this.#file = file;
  }

  /** @param {boolean} open */
  #channelsAre(open) {
    if (open === this.#channelled) return;
    this.#channelled = open;
    this.channels(open);
  }

  /** @param {unknown} data */
  #hear(data) {
    if (typeof data !== 'string' || data.length > MAX_TALK) return;
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof message?.type === 'string') this.talk(message);
  }

  /** Says something to the other side's browser; false where it cannot be said now. @param {Talk} message */
  say(message) {
    if (this.#talk?.readyState !== 'open') return false;
    this.#talk.send(JSON.stringify(message));
    return true;
  }

  /** The channel for what is long, while it is open. */
  get file() {
    return this.#file?.readyState === 'open' ? this.#file : undefined;
  }

  /**
   * What there is not (yet) is offered and answered as well: a camera that comes later needs no new negotiation.
   * @param {RTCPeerConnection} pc
   */
  #addTracks(pc) {
    for (const kind of ['audio', 'video']) {
      const track = this.stream.getTracks().find((t) => t.kind === kind);
      if (track) pc.addTrack(track, this.#bundle);
      else if (!this.polite) pc.addTransceiver(kind, { direction: 'sendrecv', streams: [this.#bundle] });
    }
  }

  /** Takes another stream of one's own, for example after the permission came late. @param {MediaStream} stream */
  setStream(stream) {
    this.stream = stream;
    const senders = this.#pc.getSenders();
    const free = this.#pc.getTransceivers().filter(({ sender, direction }) => !sender.track && direction === 'sendrecv');
    for (const track of stream.getTracks()) {
      const sender = senders.find((s) => s.track?.kind === track.kind) ?? free.find((t) => t.receiver.track.kind === track.kind)?.sender;
      if (!sender) this.#pc.addTrack(track, this.#bundle);
      else if (sender.track !== track) sender.replaceTrack(track);
    }
  }

  async #offer() {
    const pc = this.#pc;
    try {
      this.#making = true;
      await pc.setLocalDescription();
      if (pc === this.#pc && pc.localDescription) this.#describeTo(pc.localDescription);
    } catch (error) {
      if (!this.#closed) console.error('peer: offer', error);
    } finally {
      if (pc === this.#pc) this.#making = false;
    }
  }

  /** @param {RTCSessionDescription} description */
  #describeTo(description) {
    if (description.type === 'offer') this.#offered = performance.now();
    this.#send({ description });
  }

  /** @param {Signal} signal */
  #send(signal) {
    this.send({ ...signal, of: this.#id, ...(this.#other && { to: this.#other }) });
  }

  /** Takes a signal of the other side. @param {Signal} signal */
  async receive(signal) {
    if (this.#closed || (signal.to !== undefined && signal.to !== this.#id)) return;
    if (signal.description) await this.#describe(signal.description, signal.of);
    else if (signal.candidate) await this.#candidate(signal.candidate);
  }

  /** Waits for an operation, but on a connection that is closed meanwhile none ever ends. @param {Promise<void>} operation */
  #done(operation) {
    return Promise.race([operation, this.#over]);
  }

  /** @param {RTCSessionDescriptionInit} description @param {string} [of] */
  async #describe(description, of) {
    if (this.#isAnother(description, of)) {
      const offers = description.type === 'answer'; // it answered what we no longer are; our new offer follows
      this.renew(offers);
      if (offers) return;
    } else if (this.#yields(description)) {
      const known = this.#pc.remoteDescription !== null; // then the other side takes a new one of ours as such
      this.renew(known);
      if (known) return;
    }
    const pc = this.#pc;
    const ready = !this.#making && (pc.signalingState === 'stable' || this.#answering);
    const collision = description.type === 'offer' && !ready;
    this.#ignored = !this.polite && collision;
    if (this.#ignored) return this.#insist();
    if (description.type === 'answer' && pc.signalingState !== 'have-local-offer') return;
    this.#answering = description.type === 'answer';
    try {
      await this.#done(pc.setRemoteDescription(oneMeaning(description)));
    } finally {
      this.#answering = false;
    }
    if (pc !== this.#pc) return;
    this.#other = of;
    this.#described = performance.now();
    for (const candidate of this.#early.splice(0)) await this.#candidate(candidate);
    if (description.type === 'offer') await this.#answer(pc);
    this.#begin();
  }

  /** @param {RTCPeerConnection} pc */
  async #answer(pc) {
    for (const transceiver of pc.getTransceivers()) {
      if (transceiver.direction !== 'recvonly' || transceiver.sender.track) continue;
      transceiver.direction = 'sendrecv';
      transceiver.sender.setStreams?.(this.#bundle);
    }
    await this.#done(pc.setLocalDescription());
    if (pc === this.#pc && pc.localDescription) this.#describeTo(pc.localDescription);
  }

  /**
   * Of two offers that cross, the polite side's is not rolled back, but its connection given up: after a rollback Chromium
   * shows nothing more of a picture that came; of a first offer's, it gathers nothing, and refuses the channels for good
   * where they stand at another place in the other offer.
   * @param {RTCSessionDescriptionInit} description
   */
  #yields({ type }) {
    const asks = this.#making || this.#pc.signalingState !== 'stable';
    return this.polite && type === 'offer' && asks;
  }

  /** The other side offers while our own offer stands: perhaps it never had ours. */
  #insist() {
    const own = this.#pc.localDescription;
    const lost = performance.now() - this.#offered > UNDER_WAY;
    if (own?.type === 'offer' && !this.#making && lost) this.#describeTo(own);
  }

  /** @param {RTCSessionDescriptionInit} description @param {string} [of] */
  #isAnother(description, of) {
    if (of !== undefined && this.#other !== undefined) return of !== this.#other;
    const known = fingerprint(this.#pc.remoteDescription);
    const given = fingerprint(description);
    return known !== '' && given !== '' && known !== given;
  }

  /**
   * A candidate may come before its description: it waits. One of a description that is out of date waits for nothing, and
   * is dropped with the next.
   * @param {RTCIceCandidateInit} candidate
   */
  async #candidate(candidate) {
    const remote = this.#pc.remoteDescription;
    const of = candidate.usernameFragment;
    if (!remote || (of && !remote.sdp.includes(`a=ice-ufrag:${of}\r\n`))) {
      if (!this.#ignored && this.#early.length < MOST_EARLY) this.#early.push(candidate);
      return;
    }
    try {
      await this.#done(this.#pc.addIceCandidate(candidate));
    } catch (error) {
      // One of an offer that was passed over, or of a connection that is gone, is no loss.
      if (!this.#ignored) console.warn('peer: candidate', error);
    }
  }

  /**
   * Finds the way to the other side anew; the media goes on as long as the old one carries it.
   * @param {RTCIceServer[]} [iceServers]
   */
  restart(iceServers) {
    if (this.#closed) return;
    if (iceServers) this.setServers(iceServers);
    if (!this.#started) return this.#begin();
    this.#pc.restartIce();
    // An offer that was lost on the way would hold back negotiationneeded for ever.
    if (this.#pc.signalingState === 'have-local-offer') this.#offer();
  }

  /** @param {RTCIceServer[]} iceServers */
  setServers(iceServers) {
    this.#servers = iceServers;
    this.#pc.setConfiguration({ iceServers });
  }

  /** By which certificates the two speak, as both descriptions say in every part; none where one says two. */
  fingerprints() {
    const [own, theirs] = [this.#pc.currentLocalDescription, this.#pc.currentRemoteDescription].map(fingerprintsIn);
    return own.length === 1 && theirs.length === 1 ? { own: own[0], theirs: theirs[0] } : undefined;
  }

  /** Whether anything still arrives, watched for a moment. */
  async flows() {
    const before = await this.#received();
    await new Promise((done) => setTimeout(done, FLOW_WATCH));
    return (await this.#received()) > before;
  }

  async #received() {
    let bytes = 0;
    for (const report of (await this.#pc.getStats()).values()) if (report.type === 'inbound-rtp') bytes += report.bytesReceived;
    return bytes;
  }

  /** A new connection in place of the old one. @param {boolean} offers whether this side begins */
  renew(offers) {
    if (this.#closed) return;
    this.#channelled = false;
    this.channels(false);
    this.#pc.close();
    this.#started = false;
    this.#make();
    this.state('new');
    if (offers) this.#begin();
  }

  close() {
    this.#closed = true;
    this.#drop();
    clearTimeout(this.#later);
    this.#pc.close();
  }
}

/** @param {RTCSessionDescription|null} description */
function fingerprintsIn(description) {
  const found = (description?.sdp ?? '').matchAll(/^a=fingerprint:(\S+) (\S+)/gm);
  return [...new Set([...found].map(([, algorithm, value]) => `${algorithm.toLowerCase()} ${value.toUpperCase()}`))];
}

/** Of this page's many connections; a stranger's choice of the same would only hurt itself. */
function newName() {
  return crypto.getRandomValues(new Uint32Array(2)).join('-');
}

/** @param {RTCSessionDescriptionInit|RTCSessionDescription|null} description */
function fingerprint(description) {
  return /^a=fingerprint:\S+ (\S+)/m.exec(description?.sdp ?? '')?.[1] ?? '';
}
