package clinic

import (
	"slices"
	"time"
)

// Nearest gives the free slots that begin closest to an instant, at most n, in order of time.
func Nearest(slots []Slot, at time.Time, n int) []Slot {
	free := slices.DeleteFunc(slices.Clone(slots), func(s Slot) bool { return s.State != SlotFree })
	away := func(s Slot) time.Duration { return s.Start.Sub(at).Abs() }
	slices.SortStableFunc(free, func(a, b Slot) int { return int(away(a) - away(b)) })
	free = free[:min(n, len(free))]
	slices.SortFunc(free, func(a, b Slot) int { return a.Start.Compare(b.Start) })
	return free
}
