//go:build long

package main

import (
	"fmt"
	"testing"
	"time"
)

func (s sound) since(b sound) sound {
	return sound{s.Received - b.Received, s.Lost - b.Lost, s.Samples - b.Samples, s.Concealed - b.Concealed}
}

func (s sound) String() string {
	return fmt.Sprintf("%.0f packets of sound, %.0f lost, %.1f%% made up", s.Received, s.Lost, 100*s.Concealed/max(1, s.Samples))
}

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

// TestAWayForSoundAloneCarriesSound: the way becomes too narrow for pictures; they step down and away, both are told, and the
// sound goes on, whole; when the way is wide again the pictures come back.
func TestAWayForSoundAloneCarriesSound(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	c := newFarCall(t)
	squeezed := map[*tab]sound{}
	for _, b := range c.both() {
		squeezed[b] = eval[sound](b, readSound)
	}
	c.wifi.limit(80)
	began := time.Now()
	for _, b := range c.both() {
		b.holds(60*time.Second, "sends sound alone", `!`+sendsPicture)
		h := eval[sound](b, readSound).since(squeezed[b])
		t.Logf("%s sends sound alone after %v; until then %s", b.name, time.Since(began).Round(100*time.Millisecond), h)
	}
	for _, b := range c.both() {
		b.holds(15*time.Second, "reads why no picture comes", `document.querySelector('.call').dataset.picture === 'line' && `+stageWords+` !== ''`)
	}
	for _, b := range c.both() {
		b.soundFor(100) // what was under way has passed
		h := b.soundFor(250)
		t.Logf("%s heard %s", b.name, h)
		if h.Concealed > 0.1*h.Samples { // an attempt to send a picture again may fall into this time
			t.Errorf("%s: the sound suffers", b.name)
		}
	}
	c.wifi.limit(10_000)
	wide := time.Now()
	for _, b := range c.both() {
		b.holds(90*time.Second, "sends its picture again", sendsPicture)
		t.Logf("%s sends its picture again after %v", b.name, time.Since(wide).Round(100*time.Millisecond))
	}
	for _, b := range c.both() {
		b.hears(30*time.Second, 20)
	}
}
