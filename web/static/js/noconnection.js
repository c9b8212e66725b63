/**
 * Stands in for an RTCPeerConnection where the browser has none, or none that it gives: it never connects to anybody, and the
 * page around it, chat and all, goes on.
 *
 * @returns {any}
 */
export function noConnection() {
  const channel = () => Object.assign(new EventTarget(), { readyState: 'closed' });
  const nothing = () => {};
  return Object.assign(new EventTarget(), {
    connectionState: 'new', signalingState: 'stable', localDescription: null, remoteDescription: null,
    currentLocalDescription: null, currentRemoteDescription: null,
    getStats: async () => new Map(), getSenders: () => [], getTransceivers: () => [], createDataChannel: channel,
    addTrack: nothing, addTransceiver: nothing, setConfiguration: nothing, restartIce: nothing, close: nothing,
    setLocalDescription: async () => {}, setRemoteDescription: async () => {}, addIceCandidate: async () => {},
  });
}
