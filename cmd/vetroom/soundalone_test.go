//go:build long

package main

import (
	"testing"
	"time"
)

// TestAWayForSoundAloneCarriesSound: the way becomes too narrow for pictures; they step down and away, both are told, and the
// sound goes on, whole; when the way is wide again the pictures come back.
func TestAWayForSoundAloneCarriesSound(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	c := newFarCall(t)
	for _, b := range c.both() {
		b.soundFor(150) // it goes well
	}
	squeezed := map[*tab]sound{}
	for _, b := range c.both() {
		squeezed[b] = eval[sound](b, readSound)
		b.hearsNext()
	}
	c.wifi.limit(80)
	began := time.Now()
	for _, b := range c.both() {
		b.holds(60*time.Second, "sends sound alone", `!`+sendsPicture)
		h := eval[sound](b, readSound).since(squeezed[b])
		took := time.Since(began)
		t.Logf("%s sends sound alone after %v; until then %s", b.name, took.Round(100*time.Millisecond), h)
		if took > 2500*time.Millisecond {
			t.Errorf("%s: the picture gives way late", b.name)
		}
	}
	for _, b := range c.both() {
		h := b.heardNext()
		t.Logf("%s: in the first five seconds %s", b.name, h)
		if h.madeUp() > 0.4 {
			t.Errorf("%s: too little of the sound came", b.name)
		}
	}
	for _, b := range c.both() {
		b.holds(15*time.Second, "reads why no picture comes", `document.querySelector('.call').dataset.picture === 'line' && `+stageWords+` !== ''`)
	}
	for _, b := range c.both() {
		b.soundFor(100) // what was under way has passed
		h := b.soundFor(250)
		t.Logf("%s heard %s", b.name, h)
		if h.madeUp() > 0.1 { // an attempt to send a picture again may fall into this time
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
