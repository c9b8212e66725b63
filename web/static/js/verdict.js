/**
 * What a connection is good for, from samples of it while the server sent back what it got. Pure: no page, no network.
 *
 * @typedef {'udp'|'relay_udp'|'relay_tcp'|'none'} Way
 * @typedef {'good'|'fair'|'poor'|'audio'|'none'} Verdict
 *
 * One sample: counts grow from the connection's beginning; undefined is what the browser does not tell.
 * @typedef {object} Sample
 * @property {number} at when, ms
 * @property {Way} way
 * @property {number} [rtt] there and back, ms
 * @property {number} sent packets
 * @property {number} lostThere of them, those that the server missed
 * @property {number} got packets that came back
 * @property {number} lost packets that did not, wherever they were lost
 * @property {number} [jitter] of the sound, ms
 * @property {number} framesSent
 * @property {number} framesGot
 * @property {number} soundsSent packets of sound
 * @property {number} soundsGot
 *
 * @typedef {{rtt: number, there: number, back: number, loss: number, jitter: number, pictures: number, sounds: number}} Figures
 *   milliseconds; shares of packets lost on the way there, back, and on the worse of both; shares of pictures and sounds
 *   that came back, NaN where none were sent
 */

/**
 * What each verdict bears at most. A call carries media one way, and is seldom better than either of its two ends:
 * beyond 400 ms people talk over each other, above some 5 percent of loss pictures freeze more than they move.
 */
export const BOUNDS = {
  good: { rtt: 300, loss: 0.02, jitter: 40 },
  fair: { rtt: 600, loss: 0.05, jitter: 100 },
  poor: { rtt: 1500, loss: 0.15, jitter: 300 },
};
/** Of the pictures sent, so many must come back: below the first they stutter, below the second there is no use in them. */
export const PICTURES = { steady: 0.6, any: 0.2 };

/** @param {Sample[]} samples @returns {Figures} */
export function figures(samples) {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return { rtt: NaN, there: NaN, back: NaN, loss: NaN, jitter: NaN, pictures: NaN, sounds: NaN };
  /** @param {(s: Sample) => number} count */
  const grown = (count) => Math.max(0, count(last) - count(first));
  const there = share(grown((s) => s.lostThere), grown((s) => s.sent));
  const lost = grown((s) => s.lost);
  const around = share(lost, lost + grown((s) => s.got));
  const back = there < 1 ? Math.max(0, 1 - (1 - around) / (1 - there)) : 0;
  return {
    rtt: median(samples.map((s) => s.rtt)),
    there, back, loss: Math.max(there, back),
    jitter: median(samples.map((s) => s.jitter)),
    pictures: ratio(grown((s) => s.framesGot), grown((s) => s.framesSent)),
    sounds: ratio(grown((s) => s.soundsGot), grown((s) => s.soundsSent)),
  };
}

/** @param {Figures} f @returns {Verdict} */
export function verdict(f) {
  if (nothing(f.pictures) && nothing(f.sounds) && Number.isNaN(f.rtt)) return 'none';
  if (f.pictures === 0 && !(f.sounds > 0) || f.sounds === 0 && !(f.pictures > 0)) return 'none';
  if (f.pictures < PICTURES.any) return 'audio';
  for (const name of /** @type {const} */ (['good', 'fair', 'poor'])) {
    const fits = !(f.rtt > BOUNDS[name].rtt) && !(f.loss > BOUNDS[name].loss) && !(f.jitter > BOUNDS[name].jitter);
    if (fits && (name === 'poor' || !(f.pictures < PICTURES.steady))) return name;
  }
  return 'audio';
}

/** @param {number} share */
const nothing = (share) => Number.isNaN(share) || share === 0;

/** A share of a whole that may be nothing. @param {number} part @param {number} whole */
const share = (part, whole) => (whole > 0 ? Math.min(1, part / whole) : 0);

/** @param {number} part @param {number} whole */
const ratio = (part, whole) => (whole > 0 ? Math.min(1, part / whole) : NaN);

/** @param {(number|undefined)[]} values */
function median(values) {
  const known = values.filter((v) => v !== undefined && !Number.isNaN(v)).sort((a, b) => Number(a) - Number(b));
  return known.length ? Number(known[Math.floor(known.length / 2)]) : NaN;
}

/**
 * Reads a sample from what getStats() gives.
 * @param {Map<string, any>} stats @param {number} at @returns {Sample}
 */
export function sampleOf(stats, at) {
  /** @type {Sample} */
  const s = { at, way: wayOf(stats), sent: 0, lostThere: 0, got: 0, lost: 0, framesSent: 0, framesGot: 0, soundsSent: 0, soundsGot: 0 };
  s.rtt = millis(pairOf(stats)?.currentRoundTripTime);
  for (const r of stats.values()) {
    const audio = r.kind === 'audio';
    if (r.type === 'outbound-rtp') {
      s.sent += r.packetsSent ?? 0;
      if (audio) s.soundsSent += r.packetsSent ?? 0;
      else s.framesSent += r.framesSent ?? r.framesEncoded ?? 0;
    } else if (r.type === 'inbound-rtp') {
      s.got += r.packetsReceived ?? 0;
      s.lost += Math.max(0, r.packetsLost ?? 0);
      if (audio) {
        s.soundsGot += r.packetsReceived ?? 0;
        s.jitter = millis(r.jitter);
      } else {
        s.framesGot += r.framesReceived ?? r.framesDecoded ?? 0;
      }
    } else if (r.type === 'remote-inbound-rtp') {
      s.lostThere += Math.max(0, r.packetsLost ?? 0);
      if (r.roundTripTime > 0) s.rtt = millis(r.roundTripTime);
    }
  }
  return s;
}

/** @param {number|undefined} seconds */
const millis = (seconds) => (seconds === undefined ? undefined : seconds * 1000);

/** @param {Map<string, any>} stats */
function pairOf(stats) {
  const all = [...stats.values()];
  const transport = all.find((r) => r.type === 'transport' && r.selectedCandidatePairId);
  return stats.get(transport?.selectedCandidatePairId)
    ?? all.find((r) => r.type === 'candidate-pair' && (r.selected || (r.nominated && r.state === 'succeeded')));
}

/** @param {Map<string, any>} stats @returns {Way} */
function wayOf(stats) {
  const pair = pairOf(stats);
  const local = stats.get(pair?.localCandidateId);
  if (!pair) return 'none';
  if (local?.candidateType !== 'relay' && !local?.relayProtocol) return 'udp'; // of a relay's translated address some tell only this
  const protocol = local.relayProtocol ?? (/transport=tcp|^turns:/.test(local.url ?? '') ? 'tcp' : 'udp');
  return protocol === 'udp' ? 'relay_udp' : 'relay_tcp';
}
