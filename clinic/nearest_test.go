package clinic

import (
	"slices"
	"testing"
	"time"
)

func TestNearestAreTheClosestFreeSlotsInOrder(t *testing.T) {
	at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	slot := func(minutes int, state SlotState) Slot {
		start := at.Add(time.Duration(minutes) * time.Minute)
		return Slot{Span{start, start.Add(20 * time.Minute)}, state}
	}
	slots := []Slot{slot(-60, SlotPast), slot(-40, SlotFree), slot(-20, SlotTaken), slot(0, SlotTaken), slot(20, SlotFree), slot(40, SlotFree), slot(2880, SlotFree)}
	for n, want := range map[int][]int{0: nil, 1: {20}, 2: {-40, 20}, 3: {-40, 20, 40}, 9: {-40, 20, 40, 2880}} {
		var got []int
		for _, s := range Nearest(slots, at, n) {
			got = append(got, int(s.Start.Sub(at).Minutes()))
		}
		if !slices.Equal(got, want) {
			t.Errorf("the nearest %d: %v, want %v", n, got, want)
		}
	}
	if slots[0].State != SlotPast || len(slots) != 7 {
		t.Error("what was given is changed")
	}
}
