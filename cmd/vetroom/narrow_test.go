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

// sound is what getStats tells of the peer's: nothing yet, of a connection that was just made in place of another.
type sound struct{ Received, Lost, Samples, Concealed float64 }

const readSound = `(async () => {
	const {packetsReceived = 0, packetsLost = 0, totalSamplesReceived = 0, concealedSamples = 0} =
		[...(await window.vetroomPeer.getStats()).values()].find((s) => s.type === 'inbound-rtp' && s.kind === 'audio') ?? {};
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
			return [before, await read()];
		})();
		return true;
	})()`)
}

// heardNext gives what was heard then.
func (b *tab) heardNext() sound {
	b.t.Helper()
	heard := eval[[2]sound](b, `window.nextHeard`)
	return heard[1].since(heard[0])
}

func (s sound) since(b sound) sound {
	if s.Received < b.Received {
		return s // it is another connection, which counts from none
	}
	return sound{s.Received - b.Received, s.Lost - b.Lost, s.Samples - b.Samples, s.Concealed - b.Concealed}
}

// lost is how much of what was sent did not come, 0..1.
func (s sound) lost() float64 { return s.Lost / max(1, s.Lost+s.Received) }

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
		if h.madeUp() > soundMadeUp {
			t.Errorf("%s: too little of the sound came", b.name)
		}
	}
	for _, b := range c.both() {
		b.hearsWhole()
	}
}

// hearsWhole waits for five seconds in which the sound of the other comes as good as whole. Where the picture takes the
// sound's place there are none; where a busy machine holds up a browser there are others.
func (b *tab) hearsWhole() {
	b.t.Helper()
	eventually(b.t, 30*time.Second, b.name+" hears the sound whole", func() error {
		h := b.soundFor(250)
		b.t.Logf("%s: %s", b.name, h)
		if h.lost() > 0.05 || h.madeUp() > 0.1 {
			return fmt.Errorf("it suffers: %s", h)
		}
		return nil
	})
}
