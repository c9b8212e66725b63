package clinic

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// takenStore knows what is taken, and how often it was asked.
type takenStore struct {
	Store
	taken map[string][]Span
	asked [][]string
}

func (s *takenStore) Busy(_ context.Context, ids []string, span Span) (map[string][]Span, error) {
	s.asked = append(s.asked, ids)
	busy := map[string][]Span{}
	for _, id := range ids {
		for _, taken := range s.taken[id] {
			if taken.Overlaps(span) {
				busy[id] = append(busy[id], taken)
			}
		}
	}
	return busy, nil
}

// TestCardsNextFree compares the next free times that come of short reads with those of one that knows everything.
func TestCardsNextFree(t *testing.T) {
	now := at(t, "2026-12-01T00:10:00Z")
	s, vets := &takenStore{taken: map[string][]Span{}}, []*Vet(nil)
	for full := range 34 { // days without anything free, from today on
		v := testVet(t, "Asia/Seoul")
		v.ID = fmt.Sprint("vet ", full)
		for day := range time.Weekday(7) {
			v.Hours.Weekly = append(v.Hours.Weekly, window(day, 9*60, 12*60), window(day, 23*60+40, 24*60))
		}
		from := at(t, "2026-11-30T15:00:00Z")
		for i := range full {
			s.taken[v.ID] = append(s.taken[v.ID], Span{from.AddDate(0, 0, i), from.AddDate(0, 0, i+1)})
		}
		vets = append(vets, v)
	}
	cards, err := (&Desk{Store: s}).cardsOf(t.Context(), vets, now)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cards {
		want, _ := vets[i].NextFree(s.taken[vets[i].ID], now)
		if c.Vet != vets[i] || !c.NextFree.Equal(want) {
			t.Errorf("full for %d days: next free %v, want %v", i, c.NextFree, want)
		}
	}
	if len(s.asked) != 3 || len(s.asked[0]) != len(vets) || len(s.asked[1]) >= len(vets) || len(s.asked[2]) >= len(s.asked[1]) {
		t.Errorf("asked for %q", s.asked)
	}
}
