package main

import (
	"fmt"
	"testing"
	"time"
)

// sentStep is how much of the picture a page sends: 1 for all of it, 2 for half its width, and so on; 0 for none.
const sentStep = `(() => {
	const sender = window.vetroomPeer.getSenders().find(({track}) => track?.kind === 'video');
	const {active, scaleResolutionDownBy} = sender.getParameters().encodings[0];
	return active ? scaleResolutionDownBy ?? 1 : 0;
})()`

// sound is what getStats tells of the peer's.
type sound struct{ Received, Lost, Samples, Concealed float64 }

const readSound = `(async () => {
	const {packetsReceived, packetsLost, totalSamplesReceived, concealedSamples} =
		[...(await window.vetroomPeer.getStats()).values()].find((s) => s.type === 'inbound-rtp' && s.kind === 'audio');
	return {Received: packetsReceived, Lost: packetsLost, Samples: totalSamplesReceived, Concealed: concealedSamples};
})()`

// soundFor gives what was heard in the next of so many packets.
func (b *tab) soundFor(packets float64) (s sound) {
	b.t.Helper()
	first := eval[sound](b, readSound)
	eventually(b.t, 60*time.Second, b.name+" hears the sound go on", func() error {
		if s = eval[sound](b, readSound).since(first); s.Received < packets {
			return fmt.Errorf("%s", s)
		}
		return nil
	})
	return s
}

// hearsNext has a page write down what is heard in its next five seconds, for afterwards.
func (b *tab) hearsNext() {
	b.t.Helper()
	eval[bool](b, `(() => {
		const read = () => `+readSound+`;
		window.nextHeard = (async () => {
			const before = await read();
			await new Promise((done) => setTimeout(done, 5000));
			const after = await read();
			return Object.fromEntries(Object.entries(after).map(([what, n]) => [what, n - before[what]]));
		})();
		return true;
	})()`)
}

// heardNext gives what was heard then.
func (b *tab) heardNext() sound { b.t.Helper(); return eval[sound](b, `window.nextHeard`) }

func (s sound) since(b sound) sound {
	return sound{s.Received - b.Received, s.Lost - b.Lost, s.Samples - b.Samples, s.Concealed - b.Concealed}
}

// madeUp is how much of what was heard the browser had to make up, 0..1.
func (s sound) madeUp() float64 { return s.Concealed / max(1, s.Samples) }

func (s sound) String() string {
	return fmt.Sprintf("%.0f packets of sound, %.0f lost, %.1f%% made up", s.Received, s.Lost, 100*s.madeUp())
}

// TestANarrowWayKeepsItsSound: where the way gets narrow each side sends a smaller picture, or none; the sound goes on.
func TestANarrowWayKeepsItsSound(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	c := newFarCall(t)
	for _, b := range c.both() {
		b.soundFor(150) // it goes well
	}
	for _, b := range c.both() {
		b.hearsNext()
	}
	began := time.Now()
	c.wifi.limit(150)
	for _, b := range c.both() {
		b.holds(15*time.Second, "sends less of the picture", sentStep+" !== 1")
		t.Logf("%s: less of the picture after %v", b.name, time.Since(began).Round(time.Second/10))
	}
	for _, b := range c.both() {
		h := b.heardNext()
		t.Logf("%s: in the first five seconds %s", b.name, h)
		if h.madeUp() > 0.5 {
			t.Errorf("%s: too little of the sound came", b.name)
		}
	}
	var first [2]sound
	for i, b := range c.both() {
		first[i] = eval[sound](b, readSound)
	}
	for i, b := range c.both() {
		var now sound
		eventually(t, 20*time.Second, b.name+" hears five seconds more", func() error {
			now = eval[sound](b, readSound)
			if got := now.Received - first[i].Received; got < 250 {
				return fmt.Errorf("%.0f packets", got)
			}
			return nil
		})
		lost := (now.Lost - first[i].Lost) / (now.Received - first[i].Received + now.Lost - first[i].Lost)
		concealed := (now.Concealed - first[i].Concealed) / (now.Samples - first[i].Samples)
		t.Logf("%s: step 1/%v, %.1f %% of the sound lost, %.1f %% concealed", b.name, eval[float64](b, sentStep), 100*lost, 100*concealed)
		if lost > 0.05 || concealed > 0.1 {
			t.Errorf("%s: the sound suffers: %.1f %% lost, %.1f %% concealed", b.name, 100*lost, 100*concealed)
		}
	}
}
