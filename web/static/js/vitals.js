/**
 * How the call goes, each second, from getStats() of both directions.
 *
 * @typedef {object} Sample of the time since the one before
 * @property {boolean} silent nothing is heard of the other side, for too long
 * @property {number} loss of what is received, 0..1
 * @property {number} audioLoss of the sound alone
 * @property {number} jitter of the sound, s
 * @property {number} frames of the picture, decoded, a second
 * @property {number} frozen how much of the time the picture stood, 0..1
 * @property {number} told what the other side says that it lost of ours, 0..1
 * @property {number} audioTold of our sound alone
 * @property {number|undefined} trip round trip, s
 * @property {number|undefined} room what the way may carry, as the browser sees it, bit/s
 * @property {boolean|undefined} limited our picture is smaller than it might be because of that; undefined where no browser says
 * @property {boolean} relay the media goes by a relay
 * @property {number} rate of what comes, bit/s
 *
 * @typedef {object} Counters
 * @property {number} at
 * @property {Record<string, {packets: number, lost: number, jitter: number, frames: number, frozen: number, samples: number, madeUp: number}>} in
 * @property {Record<string, {told: number, reason: string|undefined}>} out
 * @property {number} stamp of the report: two that are the same are one
 * @property {number} packets of sound and picture
 * @property {number} bits of both, as they pass through the network
 * @property {number} quiet since the last of them, ms, where the browser says; else 0
 * @property {string|undefined} pair of addresses by which it all goes
 * @property {number} checks that were answered on it
 * @property {number|undefined} trip
 * @property {number|undefined} room
 * @property {boolean} relay
 */

/** So long nothing may be heard where sound or picture came until then, and where none did: then there are only checks, ms. */
const SILENCE = { media: 1_500, checks: 8_000 };
/** Half of that is a reason to look more often. */
const QUIET = SILENCE.media / 2;
const NONE = { packets: 0, lost: 0, jitter: 0, frames: 0, frozen: 0, samples: 0, madeUp: 0 };
/** What a packet weighs beside what the browser counts: IP, UDP, SRTP's seal; bytes. */
const WRAPPING = 38;

/** @param {RTCPeerConnection} pc @returns {Promise<Counters>} */
export async function count(pc) {
  /** @type {Map<string, any>} */
  const all = new Map(/** @type {any} */ (await pc.getStats()));
  /** @type {Counters} */
  const c = { at: performance.now(), stamp: 0, in: {}, out: {}, packets: 0, bits: 0, quiet: Infinity, pair: undefined, checks: 0, trip: undefined, room: undefined, relay: false };
  const reports = [...all.values()];
  for (const r of reports) {
    if (r.type === 'inbound-rtp') {
      c.in[r.kind] = received(r);
      c.stamp = r.timestamp;
      c.packets += r.packetsReceived ?? 0;
      c.bits += 8 * ((r.bytesReceived ?? 0) + (r.headerBytesReceived ?? 0) + WRAPPING * (r.packetsReceived ?? 0));
      c.quiet = Math.min(c.quiet, r.timestamp - (r.lastPacketReceivedTimestamp ?? r.timestamp));
    }
    if (r.type === 'remote-inbound-rtp') c.out[r.kind] = { ...c.out[r.kind], told: r.fractionLost ?? 0 };
    if (r.type === 'outbound-rtp') c.out[r.kind] = { told: 0, ...c.out[r.kind], reason: r.qualityLimitationReason };
  }
  const pair = selected(all, reports);
  if (!pair) return c;
  c.pair = pair.id;
  c.checks = pair.responsesReceived ?? 0;
  c.trip = pair.currentRoundTripTime;
  c.room = pair.availableOutgoingBitrate;
  c.relay = [pair.localCandidateId, pair.remoteCandidateId].some((id) => all.get(id)?.candidateType === 'relay');
  return c;
}

/** @param {any} r of inbound-rtp */
function received(r) {
  return {
    packets: r.packetsReceived ?? 0,
    lost: r.packetsLost ?? 0,
    jitter: r.jitter ?? 0,
    frames: r.framesDecoded ?? 0,
    frozen: r.totalFreezesDuration ?? 0,
    samples: r.totalSamplesReceived ?? 0,
    madeUp: r.concealedSamples ?? 0,
  };
}

/** @param {Map<string, any>} all @param {any[]} reports */
function selected(all, reports) {
  const transport = reports.find((r) => r.type === 'transport' && r.selectedCandidatePairId);
  return all.get(transport?.selectedCandidatePairId) ?? reports.find((r) => r.type === 'candidate-pair' && r.nominated && r.state === 'succeeded');
}

export class Vitals {
  /** @type {Counters|undefined} */ #last;
  /** @type {Counters|undefined} */ #latest;
  #heard = 0; // when there was a sign of life
  #media = false;

  /** A new connection counts from the beginning. */
  reset() {
    this.#last = this.#latest = undefined;
  }

  /** Whether there has been no sign of life for too long, or long enough to look again soon. @param {Counters} now */
  hear(now) {
    const before = this.#latest;
    if (!before || (now.pair === before.pair && now.checks > before.checks)) this.#heard = now.at;
    else if (now.packets !== before.packets) this.#heard = Math.max(this.#heard, now.at - Math.min(now.quiet, now.at - before.at));
    this.#latest = now;
    const quiet = now.at - this.#heard;
    return { silent: quiet >= (this.#media ? SILENCE.media : SILENCE.checks), uneasy: quiet >= QUIET };
  }

  /**
   * What changed since the last call; nothing for the first of a connection.
   * @param {Counters} now @param {boolean} silent @returns {Sample|undefined}
   */
  since(now, silent) {
    const last = this.#last;
    this.#last = now;
    if (!last) return undefined;
    const [audio, video] = ['audio', 'video'].map((kind) => change(last.in[kind], now.in[kind]));
    if (audio.packets + video.packets > 0) this.#media = true;
    const seconds = (now.at - last.at) / 1000 || 1;
    return {
      silent,
      loss: ratio(audio.lost + video.lost, audio.packets + video.packets),
      audioLoss: ratio(audio.lost, audio.packets),
      jitter: now.in.audio?.jitter ?? 0,
      frames: video.frames / seconds,
      frozen: Math.min(1, video.frozen / seconds),
      told: Math.max(now.out.audio?.told ?? 0, now.out.video?.told ?? 0),
      audioTold: now.out.audio?.told ?? 0,
      trip: now.trip,
      room: now.room,
      limited: now.out.video?.reason === undefined ? undefined : now.out.video.reason === 'bandwidth',
      relay: now.relay,
      rate: Math.max(0, now.bits - last.bits) / seconds,
    };
  }
}

/** What came from one count to the next. @param {Counters} before @param {Counters} after */
export function between(before, after) {
  const sound = change(before.in.audio, after.in.audio);
  return {
    ms: after.at - before.at,
    packets: after.packets - before.packets,
    bits: after.bits - before.bits,
    sound: sound.packets,
    lost: sound.lost,
    madeUp: share(sound.madeUp, sound.samples),
  };
}

/** @param {typeof NONE|undefined} before @param {typeof NONE|undefined} after */
function change(before = NONE, after = NONE) {
  const grown = (/** @type {keyof typeof NONE} */ what) => Math.max(0, after[what] - before[what]);
  return { packets: grown('packets'), lost: grown('lost'), frames: grown('frames'), frozen: grown('frozen'), samples: grown('samples'), madeUp: grown('madeUp') };
}

/** @param {number} part @param {number} whole */
function share(part, whole) {
  return whole === 0 ? 0 : part / whole;
}

/** @param {number} lost @param {number} arrived */
function ratio(lost, arrived) {
  return lost + arrived === 0 ? 0 : lost / (lost + arrived);
}
