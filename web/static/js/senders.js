/** Makes a connection's senders keep to a step of the plan. The sound goes first, always. */

/** @typedef {import('./plan.js').Step} Step */

/** So often at most, ms, a whole picture is sent for another way. */
const EACH = 400;

/** @param {RTCPeerConnection} pc @param {Step} step */
export async function keepTo(pc, step) {
  for (const sender of pc.getSenders()) {
    if (sender.track) await set(sender, sender.track.kind === 'audio' ? sound(step) : picture(step));
  }
}

/** @param {Step} step */
const sound = (step) => ({ maxBitrate: step.sound, priority: 'high', networkPriority: 'high' });

/** @param {Step} step */
const picture = (step) => (step.rate === 0 ? { active: false } : { active: true, maxBitrate: step.bitrate, scaleResolutionDownBy: step.scale, maxFramerate: step.rate });

/** @param {RTCRtpSender} sender @param {object} wanted */
async function set(sender, wanted) {
  const parameters = sender.getParameters();
  if (!parameters.encodings?.length) return; // not negotiated yet
  Object.assign(parameters.encodings[0], wanted);
  try {
    await sender.setParameters(parameters);
  } catch (error) {
    console.warn('senders', error); // a browser that knows fewer of them goes on as it likes
  }
}

/**
 * Sends a whole picture whenever another way carries the media. What the other side asked of the old one is lost, it asks
 * again only after seconds, and shows nothing until then.
 * @param {RTCPeerConnection} pc that is connected
 */
export function refreshOnAnotherWay(pc) {
  const ice = pc.getSenders().find(({ transport }) => transport)?.transport?.iceTransport;
  let last = performance.now();
  ice?.addEventListener('selectedcandidatepairchange', () => {
    if (performance.now() - last < EACH) return;
    last = performance.now();
    refresh(pc);
  });
}

/** @param {RTCPeerConnection} pc */
async function refresh(pc) {
  const sender = pc.getSenders().find(({ track }) => track?.kind === 'video');
  const parameters = sender?.getParameters();
  if (!sender || !parameters?.encodings?.[0] || parameters.encodings[0].active === false) return;
  try {
    await /** @type {any} */ (sender).setParameters(parameters, { encodingOptions: [{ keyFrame: true }] });
  } catch (error) {
    console.warn('senders', error); // the other side asks again
  }
}
