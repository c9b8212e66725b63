package storetest

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vetroom/clinic"
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

// testFaultAmongRacers has a booking panic that waits to be saved with others: it harms who brought it, and no other.
func testFaultAmongRacers(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	vets := h.vets(24)
	race(times(2*len(vets), func(i int) {
		b := booking(vets[i%len(vets)], spanAt(hour(3+i/len(vets)), 20))
		wrong := i%16 == 15
		if wrong {
			b.Decide = func(*clinic.Vet, time.Time) (*clinic.Visit, []clinic.Event, error) { return nil, nil, nil }
		}
		defer func() {
			if fault := recover(); (fault != nil) != wrong {
				h.Errorf("racer %d panicked: %v", i, fault)
			}
		}()
		if _, _, err := h.Book(h.Context(), b); err != nil {
			h.Errorf("racer %d: %v", i, err)
		}
	})...)
	h.book(vets[0], hour(9), 20)
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
