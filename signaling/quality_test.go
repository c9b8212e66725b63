package signaling_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vetroom/clinic"
)

// went gives what the timeline says of how the call goes.
func (w *world) went() (all []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.timeline {
		if e.What == clinic.WhatQuality {
			all = append(all, fmt.Sprintf("%s %s: %s", e.ReservationID, e.By, e.Detail))
		}
	}
	return all
}

// goes says how the call goes, as browsers do, each ten seconds.
func (g *guest) goes(quality string, times int) {
	for range times {
		g.say(`{"type":"quality",%s}`, quality)
		sleep(10 * time.Second)
	}
}

const (
	good  = `"level":"good","video":true,"relay":false`
	sound = `"level":"poor","video":false,"relay":true`
)

// TestTheTimelineSaysHowTheCallGoes: what changed, at once and of either side; what did not, once a minute.
func TestTheTimelineSaysHowTheCallGoes(t *testing.T) {
	onOneAndTwo(t, func(t *testing.T, w *world, _ [2]*core, owner, vet *guest) {
		before := len(owner.all())
		owner.goes(good, 2)
		vet.goes(sound, 1)
		owner.goes(good, 1)
		owner.goes(sound, 1)
		owner.goes(good, 6)
		sleep(time.Second)
		want := []string{"r-room owner: good", "r-room vet: poor audio relay", "r-room owner: poor audio relay", "r-room owner: good"}
		if got := w.went(); !slices.Equal(got, want) {
			t.Fatalf("it says %q, want %q", got, want)
		}
		owner.goes(good, 1)
		sleep(time.Second)
		if got := w.went(); len(got) != 5 {
			t.Errorf("a minute after the change it says %q", got)
		}
		if n := len(owner.all()); n != before {
			t.Errorf("it was answered: %s", owner.last().Raw)
		}
	})
}

// TestNobodyFillsTheTimeline: not by flapping, not at a closed door, not without a seat.
func TestNobodyFillsTheTimeline(t *testing.T) {
	onOneAndTwo(t, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		for range 50 {
			owner.say(`{"type":"quality",%s}`, good)
			owner.say(`{"type":"quality",%s}`, sound)
		}
		sleep(time.Second)
		if got := w.went(); len(got) != 6 {
			t.Errorf("in a moment it noted %d changes", len(got))
		}
		vet.say(`{"type":"leave"}`)
		vet.say(`{"type":"quality",%s}`, good)
		sleep(20 * time.Minute)
		owner.say(`{"type":"quality",%s}`, good)
		sleep(10 * time.Minute)
		owner.say(`{"type":"quality",%s}`, sound)
		sleep(time.Second)
		if got := w.went(); len(got) != 7 || got[6] != "r-room owner: good" {
			t.Errorf("without a seat, or after the end, it noted %q", got[6:])
		}
	})
}
