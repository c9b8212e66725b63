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

// TestANarrowWayKeepsItsSound: where the way gets narrow each side sends a smaller picture, or none; the sound goes on.
func TestANarrowWayKeepsItsSound(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	c := newFarCall(t)
	began := time.Now()
	c.wifi.limit(150)
	for _, b := range c.both() {
		b.holds(30*time.Second, "sends less of the picture", sentStep+" !== 1")
		t.Logf("%s: less of the picture after %v", b.name, time.Since(began).Round(time.Second/10))
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
