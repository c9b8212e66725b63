package storetest

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// race runs all at once and waits for them.
func race(all ...func()) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for _, f := range all {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			f()
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

func times(n int, f func(i int)) []func() {
	all := make([]func(), n)
	for i := range all {
		all[i] = func() { f(i) }
	}
	return all
}

func testRacersForOneSlot(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	other := h.again() // racers of two processes
	vet := h.vet()
	var won, taken atomic.Int64
	race(times(64, func(i int) {
		s := h.Store
		if i%2 == 1 {
			s = other
		}
		_, _, err := s.Book(h.Context(), booking(vet, spanAt(hour(3), 20)))
		switch {
		case err == nil:
			won.Add(1)
		case errors.Is(err, clinic.ErrSlotTaken):
			taken.Add(1)
		default:
			h.Errorf("a racer: %v", err)
		}
	})...)
	if won.Load() != 1 || taken.Load() != 63 {
		h.Errorf("%d of 64 won and %d were told that the slot is taken", won.Load(), taken.Load())
	}
	if standing := h.disjoint(vet); len(standing) != 1 {
		h.Errorf("%d visits stand", len(standing))
	}
}

// testRacersTogether has bookings of many vets come at one instant, so that they are saved together, and some of them
// cannot be: it harms no other.
func testRacersTogether(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	vets := h.vets(24)
	taken, key := h.book(vets[0], hour(3), 20), &clinic.IdempotencyKey{Key: randomBytes(), Body: randomBytes()}
	first := booking(vets[1], spanAt(hour(9), 20))
	first.Key = key
	used, _, err := h.Book(h.Context(), first)
	h.must(err)
	race(times(4*len(vets), func(i int) {
		b, want := booking(vets[i%len(vets)], spanAt(hour(3+i/len(vets)), 20)), error(nil)
		switch {
		case i == 0:
			want = clinic.ErrSlotTaken // by the booking from before
		case i%7 == 0:
			b, want = ofNoScreening(b), clinic.ErrNoSuchScreening
		case i%11 == 0:
			b.Key = key
		}
		v, repeated, err := h.Book(h.Context(), b)
		if !errors.Is(err, want) || repeated != (b.Key != nil) || repeated && v.Reservation.ID != used.Reservation.ID {
			h.Errorf("racer %d: %v, a repeat: %t, want %v", i, err, repeated, want)
		}
		if err == nil && !repeated {
			h.wantKinds(h.waiting(v.Room.ID), "room.open", "room.closed")
			h.wantLinked(b.Link, v.Reservation.ID)
		}
	})...)
	for i, vet := range vets {
		want := 0
		for j := i; j < 4*len(vets); j += len(vets) {
			if j%7 != 0 && j%11 != 0 {
				want++
			}
		}
		if i < 2 {
			want++ // taken and used
		}
		if standing := h.disjoint(vet); len(standing) != want {
			h.Errorf("%d visits of vet %d stand, want %d", len(standing), i, want)
		}
	}
	h.wantKinds(h.waiting(taken.Room.ID), "room.open", "room.closed")
}

// ofNoScreening has a booking name a screening that is not there.
func ofNoScreening(b clinic.Booking) clinic.Booking {
	decide := b.Decide
	b.Decide = func(vet *clinic.Vet, now time.Time) (*clinic.Visit, []clinic.Event, error) {
		v, facts, err := decide(vet, now)
		v.Reservation.ScreeningID = NewID()
		return v, facts, err
	}
	return b
}

func (h *house) wantLinked(link clinic.LinkHash, reservationID string) {
	h.Helper()
	if id, err := h.LinkedTo(h.Context(), link); err != nil || id != reservationID {
		h.Errorf("the link leads to %q, %v, want %q", id, err, reservationID)
	}
}

func testUnequalRacers(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	for round := range 5 {
		vet := h.vet()
		var won atomic.Int64
		race(times(24, func(i int) {
			start := hour(3).Add(time.Duration(rand.IntN(60*60*1000)) * time.Millisecond)
			_, _, err := h.Book(h.Context(), booking(vet, spanAt(start, 5+rand.IntN(40))))
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, clinic.ErrSlotTaken) {
				h.Errorf("a racer: %v", err)
			}
		})...)
		standing := h.disjoint(vet)
		if len(standing) == 0 || int64(len(standing)) != won.Load() {
			h.Errorf("round %d: %d won, %d stand", round, won.Load(), len(standing))
		}
		h.wantDoors(standing)
	}
}

// wantDoors checks when each of a vet's visits, in order of start, closes: at the next start, or with the grace over.
func (h *house) wantDoors(standing []*clinic.Visit) {
	h.Helper()
	outbox := h.outbox()
	for i, v := range standing {
		want := v.Reservation.End.Add(clinic.Grace)
		if i+1 < len(standing) {
			if next := standing[i+1].Reservation.Start; next.Before(want) {
				want = next
			}
		}
		if !v.Room.ClosesAt.Equal(want) {
			h.Errorf("a visit from %v to %v closes at %v, want %v", v.Reservation.Start, v.Reservation.End, v.Room.ClosesAt, want)
		}
		rows := outbox[v.Room.ID]
		h.rising(rows)
		if closing := h.find(rows, clinic.RoomClosed); !closing.DueAt.Equal(want) {
			h.Errorf("its closing is due at %v, want %v", closing.DueAt, want)
		}
	}
}

func testAdjacentRacers(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	at := func(minutes float64) time.Time { return hour(3).Add(time.Duration(minutes * float64(time.Minute))) }
	for range 12 {
		vet := h.vet()
		race(times(6, func(i int) { // every 20 minutes, the odd ones two minutes late and shorter
			start, minutes := at(float64(20*i)), 20
			if i%2 == 1 {
				start, minutes = start.Add(2*time.Minute), 17
			}
			if _, _, err := h.Book(h.Context(), booking(vet, spanAt(start, minutes))); err != nil {
				h.Errorf("beside others: %v", err)
			}
		})...)
		standing := h.disjoint(vet)
		if len(standing) != 6 {
			h.Fatalf("%d of 6 stand", len(standing))
		}
		h.wantDoors(standing)
		race(
			func() { h.try(standing[0], cancel) },
			func() { h.try(standing[1], moveTo(at(21.5), 18)) }, // within its own cells
			func() { h.try(standing[2], moveTo(at(300), 20)) },
			func() { h.try(standing[3], delay(10)) },
			func() { h.try(standing[4], extend(5)) },
			func() { h.try(standing[5], moveTo(at(40), 20)) },
		)
		h.wantDoors(h.disjoint(vet))
	}
}

// try changes a visit, which may lose its new time to another.
func (h *house) try(v *clinic.Visit, f step) {
	if _, _, err := h.ChangeVisit(h.Context(), v.Reservation.ID, f); err != nil && !errors.Is(err, clinic.ErrSlotTaken) {
		h.Errorf("beside others: %v", err)
	}
}

func testKeyRacers(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	key := clinic.IdempotencyKey{Key: randomBytes(), Body: randomBytes()}
	vet := h.vet()
	var ids [16]string
	var first atomic.Int64
	race(times(len(ids), func(i int) {
		b := booking(vet, spanAt(hour(3), 20))
		b.Key = &key
		v, repeated, err := h.Book(h.Context(), b)
		if err != nil {
			h.Errorf("one of many with one key: %v", err)
			return
		}
		ids[i] = v.Reservation.ID
		if !repeated {
			first.Add(1)
		}
	})...)
	for _, id := range ids {
		if id != ids[0] || first.Load() != 1 {
			h.Fatalf("%d booked; the visits are %q", first.Load(), ids)
		}
	}
}

func testVisitRacers(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	other := h.again()
	v := h.book(h.vet(), hour(30), 20)
	race(times(20, func(i int) {
		s := h.Store
		if i%2 == 1 {
			s = other
		}
		if _, _, err := s.ChangeVisit(h.Context(), v.Reservation.ID, delay(5*i)); err != nil {
			h.Errorf("one of many changes: %v", err)
		}
	})...)
	rows := h.waiting(v.Room.ID)
	h.rising(rows)
	if len(rows) != 22 { // each delay, the opening, the closing
		h.Errorf("after 20 changes: %q", kindsOf(rows))
	}
}

func testVetRacers(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	vet := h.vet()
	race(times(20, func(i int) {
		_, err := h.ChangeVet(h.Context(), vet, func(v *clinic.Vet, now time.Time) ([]clinic.Event, error) {
			return v.SetOnline(!v.Online, clinic.ReasonVet, now), nil
		})
		if err != nil {
			h.Errorf("one of many changes: %v", err)
		}
	})...)
	rows := h.waiting(vet)
	h.rising(rows)
	for i, r := range rows {
		if online := r.Kind == clinic.VetOnline; len(rows) != 20 || online != (i%2 == 0) {
			h.Fatalf("after 20 changes: %q", kindsOf(rows))
		}
	}
}

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
