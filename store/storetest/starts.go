package storetest

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// testChangeAgainstClaim cancels and moves visits around the very instant of their start, while a scheduler claims their
// openings, or looks for them: a thousand times.
func testChangeAgainstClaim(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	lease := h.lead("scheduler")
	wanted := 1000
	lead := 400 * time.Millisecond
	if raceDetector {
		wanted, lead = 60, 2*time.Second
	}
	opened, missed, late := 0, 0, time.Duration(0)
	for rounds := 0; opened+missed < wanted || (opened == 0 || missed == 0) && rounds < 30; rounds++ {
		start := time.Now().Add(lead).Truncate(time.Millisecond)
		visits := h.bookAll(h.vets(min(wanted, 100)), start)
		if time.Until(start) < lead/4+late {
			lead *= 2 // the machine is slow today
			continue
		}
		n := h.raceAround(lease, start, lead/6, late, visits)
		opened, missed = opened+n, missed+len(visits)-n
		switch { // all on one side: a change takes longer, or shorter, than was thought
		case n == len(visits):
			late += lead / 6
		case n == 0:
			late = max(late-lead/12, -lead/12)
		}
	}
	h.Logf("%d doors opened, %d changes came before", opened, missed)
	if opened == 0 || missed == 0 {
		h.Error("all changes came on one side of the start: the test shows nothing")
	}
}

// bookAll books one visit of each vet.
func (h *house) bookAll(vets []string, start time.Time) []*clinic.Visit {
	visits := make([]*clinic.Visit, len(vets))
	race(times(8, func(n int) {
		for i := n; i < len(vets); i += 8 {
			visits[i] = h.book(vets[i], start, 5)
		}
	})...)
	return visits
}

// raceAround changes the visits around their start, most within spread before it and all by late earlier, while their
// openings are claimed, and counts those that were.
func (h *house) raceAround(lease events.Lease, start time.Time, spread, late time.Duration, visits []*clinic.Visit) int {
	h.Helper()
	openings, outbox := make([]string, len(visits)), h.outbox()
	for i, v := range visits {
		openings[i] = h.find(outbox[v.Room.ID], clinic.RoomOpen).ID
	}
	changed := make([]bool, len(visits))
	changes := times(len(visits), func(i int) {
		f := cancel
		if i%2 == 1 {
			f = moveTo(start.Add(time.Hour), 5)
		}
		sleepUntil(start.Add(rand.N(spread) - spread*7/8 - late))
		_, _, err := h.ChangeVisit(h.Context(), visits[i].Reservation.ID, f)
		if err != nil && !(i%2 == 1 && errors.Is(err, clinic.ErrTooLate)) {
			h.Errorf("a change at the start: %v", err)
		}
		changed[i] = err == nil
	})
	won, stood := map[string]bool{}, map[string]bool{}
	race(append(changes, func() {
		if rand.N(2) == 0 {
			h.claimAround(lease, start, openings, won)
		} else {
			h.lookAround(start, openings, stood)
		}
	})...)
	h.claimDue(lease, start, openings, won)
	outbox = h.outbox()
	for i, v := range visits {
		if stood[openings[i]] && !won[openings[i]] {
			h.Errorf("an opening was seen standing at its start, and then taken away: %q", kindsOf(outbox[v.Room.ID]))
		}
		h.settled(h.visit(v.Reservation.ID), start, changed[i], openings[i], outbox[v.Room.ID], won)
	}
	return len(won)
}

// lookAround looks again and again, around the start, which openings stand.
func (h *house) lookAround(start time.Time, ids []string, stood map[string]bool) {
	rows := make([]events.Instant, len(ids))
	for i, id := range ids {
		rows[i] = events.Instant{ID: id, DueAt: start}
	}
	sleepUntil(start.Add(-2 * time.Millisecond))
	for time.Now().Before(start.Add(10 * time.Millisecond)) {
		standing, err := h.Standing(h.Context(), rows)
		if err != nil {
			h.Errorf("look: %v", err)
		}
		for _, id := range standing {
			if time.Now().Before(start) {
				h.Error("an opening stood before its start")
			}
			stood[id] = true
		}
	}
}

// claimAround claims the openings again and again around the start.
func (h *house) claimAround(lease events.Lease, start time.Time, ids []string, won map[string]bool) {
	rows := make([]events.Instant, len(ids))
	for i, id := range ids {
		rows[i] = events.Instant{ID: id, DueAt: start}
	}
	sleepUntil(start.Add(-2 * time.Millisecond))
	for time.Now().Before(start.Add(10 * time.Millisecond)) {
		h.claimDue(lease, start, ids, won)
	}
}

func (h *house) claimDue(lease events.Lease, start time.Time, ids []string, won map[string]bool) {
	got, err := h.Claim(h.Context(), lease, NewID(), ids)
	if err != nil {
		h.Errorf("claim: %v", err)
	}
	for _, id := range got {
		if time.Now().Before(start) {
			h.Error("an opening was claimed before its start")
		}
		won[id] = true
	}
}

// settled checks a visit that was changed around its start: an opening whose removal was decided before the start is
// never claimed; any other is.
func (h *house) settled(v *clinic.Visit, start time.Time, changed bool, opening string, rows []row, won map[string]bool) {
	h.Helper()
	h.rising(rows)
	kept := false
	for _, r := range rows {
		kept = kept || r.ID == opening
	}
	early := changed && (!v.Reservation.Start.Equal(start) || v.Room.ClosedAt.Before(start))
	if kept == early || won[opening] == early {
		h.Errorf("a visit of %v (changed before its start: %v, %s, closed at %v): its opening is kept: %v, won: %v; %q",
			start, early, v.Reservation.State, v.Room.ClosedAt, kept, won[opening], kindsOf(rows))
	}
}
