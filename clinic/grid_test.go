package clinic

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestCellSet compares a set of bits with a map.
func TestCellSet(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	day := at(t, "2026-12-01T00:00:00Z")
	for range 200 {
		var spans []Span
		held := map[Cell]bool{}
		for range random.IntN(6) {
			start := day.Add(time.Duration(random.IntN(3*86_400_000)-86_400_000) * time.Millisecond)
			s := Span{start, start.Add(time.Duration(random.IntN(3*3_600_000)) * time.Millisecond)} // some are empty
			spans = append(spans, s)
			first, last := s.Cells()
			for c := first; c <= last; c++ {
				held[c] = true
			}
		}
		set := cellsOf(spans)
		for range 200 {
			first := CellOf(day) + Cell(random.IntN(1200)-400)
			last := first + Cell(random.IntN(5)-1)
			want := false
			for c := first; c <= last; c++ {
				want = want || held[c]
			}
			if set.has(first, last) != want {
				t.Fatalf("%d to %d of %v: %v, want %v", first, last, spans, !want, want)
			}
		}
	}
}

// TestGridsKnowAChangedVet: a vet who was read again is another, whatever is remembered of the day.
func TestGridsKnowAChangedVet(t *testing.T) {
	var g grids
	monday := date(t, "2026-11-30")
	v := testVet(t, "Asia/Seoul", window(time.Monday, 9*60, 10*60))
	if n := len(g.starts(v, monday)); n != 3 {
		t.Fatalf("%d slots, want 3", n)
	}
	changed := *v
	changed.Hours.SlotMinutes = 30
	for range 2 {
		if got := g.starts(&changed, monday); !slices.Equal(got, gridStarts(&changed, monday)) || len(got) != 2 {
			t.Errorf("slots of the changed vet begin at %v", got)
		}
		if n := len(g.starts(v, monday)); n != 3 {
			t.Errorf("%d slots of the vet as it was, want 3", n)
		}
	}
}

// TestSlotStateToTheInstant: a slot may begin at the very end of the notice, and not a nanosecond before.
func TestSlotStateToTheInstant(t *testing.T) {
	v := testVet(t, "Asia/Seoul", window(time.Tuesday, 9*60, 9*60+20))
	start := at(t, "2026-12-01T00:00:00Z")
	v.Hours.NoticeMinutes = 5
	for _, c := range []struct {
		now  time.Time
		want SlotState
	}{
		{start.Add(-5 * time.Minute), SlotFree},
		{start.Add(-5*time.Minute + time.Nanosecond), SlotPast},
		{start.Add(-5*time.Minute - time.Nanosecond), SlotFree},
	} {
		if got := v.Slots(date(t, "2026-12-01"), 1, nil, c.now); len(got) != 1 || got[0].State != c.want {
			t.Errorf("at %v: %v, want %s", c.now, got, c.want)
		}
	}
}
