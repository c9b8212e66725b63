/** Two soft notes, to hear whether the speaker is on. Call it from a tap: browsers are silent before one. */
export async function chime() {
  const audio = new AudioContext();
  const over = [523.25, 783.99].map((pitch, i) => note(audio, pitch, audio.currentTime + 0.05 + i * 0.35));
  await Promise.all(over);
  await audio.close();
}

/** @param {AudioContext} audio @param {number} pitch Hz @param {number} at s */
function note(audio, pitch, at) {
  const [tone, loudness] = [audio.createOscillator(), audio.createGain()];
  tone.frequency.value = pitch;
  loudness.gain.setValueAtTime(0.0001, at);
  loudness.gain.exponentialRampToValueAtTime(0.4, at + 0.04);
  loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.7);
  tone.connect(loudness).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.75);
  return new Promise((done) => tone.addEventListener('ended', done));
}
