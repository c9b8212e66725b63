/**
 * One RTCPeerConnection at a time, by perfect negotiation
 * (https://www.w3.org/TR/webrtc/#perfect-negotiation-example) with the roles
 * that the server gives. Signals are {description} or {candidate}.
 *
 * The other side may come back as another connection (its page was reloaded):
 * its descriptions then carry another DTLS fingerprint, and this side begins
 * anew as well.
 *
 * Beside sound and picture there are two data channels, which both sides make by
 * the same ids (so none is lost to glare): `talk` for short messages, and `file`
 * for what is long, so that neither waits for the other. A peer of another kind
 * may have neither.
 *
 * @typedef {{type: string, [key: string]: any}} Talk from the other side's browser: to be checked before it is believed
 * @typedef {{description?: RTCSessionDescriptionInit, candidate?: RTCIceCandidateInit|null}} Signal
 */

/** How long ICE may be `disconnected` before it is restarted: most such breaks heal within this. */
const PATIENCE = 2_000;
/** How long to watch for media before saying that none comes. */
const FLOW_WATCH = 800;
const TALK = { negotiated: true, id: 0 };
const FILE = { negotiated: true, id: 1 };
/** What the other side may say at once, in UTF-16 units: more is nothing of ours. */
const MAX_TALK = 16_384;

export class Peer {
  /** @type {RTCPeerConnection} */ #pc;
  /** @type {RTCDataChannel|undefined} */ #talk;
  /** @type {RTCDataChannel|undefined} */ #file;
  #channelled = false;
  /** @type {RTCIceCandidateInit[]} candidates that came before their description */ #early = [];
  #making = false;
  #ignored = false;
  #answering = false;
  #closed = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #worry;

  /**
   * @param {object} with_
   * @param {boolean} with_.polite
   * @param {RTCIceServer[]} with_.iceServers
   * @param {MediaStream} with_.stream own camera and microphone, as far as there are any
   * @param {(signal: Signal) => void} with_.send
   * @param {(event: RTCTrackEvent) => void} with_.track
   * @param {(state: RTCPeerConnectionState) => void} with_.state
   * @param {(message: Talk) => void} [with_.talk] the other side's browser says something
   * @param {(open: boolean) => void} [with_.channels] both data channels are open, or no more
   */
  constructor({ polite, iceServers, stream, send, track, state, talk = () => {}, channels = () => {} }) {
    this.polite = polite;
    this.iceServers = iceServers;
    this.stream = stream;
    this.send = send;
    this.track = track;
    this.state = state;
    this.talk = talk;
    this.channels = channels;
    this.#pc = this.#make();
  }

  get connected() {
    return this.#pc.connectionState === 'connected';
  }

  #make() {
    const pc = new RTCPeerConnection({ iceServers: this.iceServers });
    // A debugging aid, and how tests read getStats(): nothing here reads it back.
    Object.assign(window, { vetroomPeer: pc });
    this.#early = [];
    this.#ignored = this.#answering = this.#making = false;
    pc.addEventListener('negotiationneeded', () => pc === this.#pc && this.#offer());
    pc.addEventListener('icecandidate', ({ candidate }) => pc === this.#pc && candidate && this.send({ candidate }));
    pc.addEventListener('track', (event) => this.track(event));
    pc.addEventListener('connectionstatechange', () => pc === this.#pc && this.#changed(pc.connectionState));
    this.#pc = pc;
    this.#addTracks(pc);
    this.#addChannels(pc);
    return pc;
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

  /** @param {RTCPeerConnection} pc */
  #addTracks(pc) {
    for (const track of this.stream.getTracks()) pc.addTrack(track, this.stream);
    if (this.polite) return;
    // The impolite side's offer is the one that stands: it must ask for what it does not send itself.
    for (const kind of ['audio', 'video']) {
      const has = this.stream.getTracks().some((track) => track.kind === kind);
      if (!has) pc.addTransceiver(kind, { direction: 'recvonly' });
    }
  }

  /** Takes another stream of one's own, for example after the permission came late. @param {MediaStream} stream */
  setStream(stream) {
    this.stream = stream;
    for (const track of stream.getTracks()) {
      const sender = this.#pc.getSenders().find((s) => s.track?.kind === track.kind);
      if (sender) sender.replaceTrack(track);
      else this.#pc.addTrack(track, stream);
    }
  }

  async #offer() {
    const pc = this.#pc;
    try {
      this.#making = true;
      await pc.setLocalDescription();
      if (pc === this.#pc && pc.localDescription) this.send({ description: pc.localDescription });
    } catch (error) {
      if (!this.#closed) console.error('peer: offer', error);
    } finally {
      if (pc === this.#pc) this.#making = false;
    }
  }

  /** Takes a signal of the other side. @param {Signal} signal */
  async receive(signal) {
    if (this.#closed) return;
    if (signal.description) await this.#describe(signal.description);
    else if (signal.candidate) await this.#candidate(signal.candidate);
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #describe(description) {
    if (this.#isAnother(description)) {
      this.renew();
      if (description.type === 'answer') return; // it answered what we no longer are; our new offer follows
    }
    const pc = this.#pc;
    const ready = !this.#making && (pc.signalingState === 'stable' || this.#answering);
    const collision = description.type === 'offer' && !ready;
    this.#ignored = !this.polite && collision;
    if (this.#ignored) return this.#insist();
    if (description.type === 'answer' && pc.signalingState !== 'have-local-offer') return;
    this.#answering = description.type === 'answer';
    await pc.setRemoteDescription(description);
    this.#answering = false;
    for (const candidate of this.#early.splice(0)) await this.#candidate(candidate);
    if (description.type !== 'offer') return;
    await pc.setLocalDescription();
    if (pc.localDescription) this.send({ description: pc.localDescription });
  }

  /** The other side offers while our own offer stands: perhaps it never had ours. */
  #insist() {
    const own = this.#pc.localDescription;
    if (own?.type === 'offer' && !this.#making) this.send({ description: own });
  }

  /** @param {RTCSessionDescriptionInit} description */
  #isAnother(description) {
    const known = fingerprint(this.#pc.remoteDescription);
    const given = fingerprint(description);
    return known !== '' && given !== '' && known !== given;
  }

  /** @param {RTCIceCandidateInit} candidate */
  async #candidate(candidate) {
    if (!this.#pc.remoteDescription) {
      this.#early.push(candidate);
      return;
    }
    try {
      await this.#pc.addIceCandidate(candidate);
    } catch (error) {
      // One of an offer that was passed over, or of a connection that is gone, is no loss.
      if (!this.#ignored) console.warn('peer: candidate', error);
    }
  }

  /** @param {RTCPeerConnectionState} state */
  #changed(state) {
    clearTimeout(this.#worry);
    if (state === 'failed') this.restart();
    if (state === 'disconnected') this.#worry = setTimeout(() => this.restart(), PATIENCE);
    this.state(state);
  }

  /**
   * Finds the way to the other side anew; the media goes on as long as the old one carries it.
   * @param {RTCIceServer[]} [iceServers]
   */
  restart(iceServers) {
    if (this.#closed) return;
    if (iceServers) this.setServers(iceServers);
    this.#pc.restartIce();
    // An offer that was lost on the way would hold back negotiationneeded for ever.
    if (this.#pc.signalingState === 'have-local-offer') this.#offer();
  }

  /** @param {RTCIceServer[]} iceServers */
  setServers(iceServers) {
    this.iceServers = iceServers;
    this.#pc.setConfiguration({ iceServers });
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

  /** A new connection in place of the old one. */
  renew() {
    clearTimeout(this.#worry);
    this.#channelsAre(false);
    this.#pc.close();
    this.#pc = this.#make();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#worry);
    this.#pc.close();
  }
}

/** @param {RTCSessionDescriptionInit|RTCSessionDescription|null} description */
function fingerprint(description) {
  return /^a=fingerprint:\S+ (\S+)/m.exec(description?.sdp ?? '')?.[1] ?? '';
}
