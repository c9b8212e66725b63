/** Makes a connection's senders keep to a step of the plan. The sound goes first, always. */

/** @typedef {import('./plan.js').Step} Step */

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
