package storetest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"vetroom/clinic"
	"vetroom/store"
)

func testSchema(t *testing.T, fresh func(*testing.T) string) {
	t.Parallel()
	url := fresh(t)
	s := OpenOnly(t, url)
	if err := s.SchemaState(t.Context()); !errors.Is(err, store.ErrSchemaOld) {
		t.Errorf("an empty database: %v, want ErrSchemaOld", err)
	}
	var all sync.WaitGroup
	for range 8 {
		other := OpenOnly(t, url)
		all.Go(func() {
			if err := other.Migrate(t.Context()); err != nil {
				t.Errorf("migrate beside others: %v", err)
			}
		})
	}
	all.Wait()
	if err := errors.Join(s.SchemaState(t.Context()), s.Migrate(t.Context()), s.Ping(t.Context())); err != nil {
		t.Errorf("after migrating: %v", err)
	}
}

func testRoundTrip(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	vet, start := h.vet(), hour(30).Add(7*time.Minute+123*time.Millisecond)
	booked := h.book(vet, start, 20)
	read := h.visit(booked.Reservation.ID)
	if *read != *booked {
		h.Errorf("saved %+v\nread  %+v", *booked, *read)
	}
	for what, find := range map[string]func() (*clinic.Visit, error){
		"number": func() (*clinic.Visit, error) { return h.VisitByNumber(h.Context(), booked.Reservation.Number) },
		"room":   func() (*clinic.Visit, error) { return h.VisitOfRoom(h.Context(), booked.Room.ID) },
	} {
		if v, err := find(); err != nil || *v != *booked {
			h.Errorf("by %s: %v, %v", what, v, err)
		}
	}
	cancelled := h.change(booked.Reservation.ID, cancel)
	if read := h.visit(booked.Reservation.ID); *read != *cancelled || read.Reservation.Reason != "사정이 생겼어요" {
		h.Errorf("saved %+v\nread  %+v", *cancelled, *read)
	}
	h.testReads(vet, start)
}

// testReads looks at the questions that give several visits: of two, one of them cancelled.
func (h *house) testReads(vet string, start time.Time) {
	h.Helper()
	standing := h.book(vet, start.Add(time.Hour), 20)
	n, err := h.StandingByPhone(h.Context(), "01012345678")
	if err != nil || n != 1 {
		h.Errorf("the phone holds %d, %v, want 1", n, err)
	}
	day := clinic.Span{Start: start, End: start.Add(2 * time.Hour)}
	of, err := h.VisitsOfVet(h.Context(), vet, day)
	if err != nil || len(of) != 2 || of[1].Reservation.ID != standing.Reservation.ID {
		h.Errorf("the vet's visits: %v, %v", of, err)
	}
	opening, err := h.OpeningIn(h.Context(), day)
	if err != nil || len(opening) != 1 || opening[0].Reservation.ID != standing.Reservation.ID {
		h.Errorf("what opens: %v, %v", opening, err)
	}
	busy, err := h.Busy(h.Context(), []string{vet, vet, "nobody"}, day)
	if err != nil || !slices.Equal(busy[vet], []clinic.Span{standing.Reservation.Span}) {
		h.Errorf("what is taken: %v, %v", busy, err)
	}
}

func testStrangeIDs(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	for _, id := range []string{"", "한글", "a b", strings.Repeat("x", 5000), "\xff", "0'; DROP TABLE vets"} {
		_, visit := h.Visit(h.Context(), id)
		_, room := h.VisitOfRoom(h.Context(), id)
		_, number := h.VisitByNumber(h.Context(), id)
		_, vet := h.Vet(h.Context(), id)
		_, login := h.VetByLogin(h.Context(), id)
		_, seat := h.take(id, clinic.RoleOwner)
		_, _, changed := h.ChangeVisit(h.Context(), id, cancel)
		_, _, booked := h.Book(h.Context(), booking(id, spanAt(hour(1), 20)))
		_, changedVet := h.ChangeVet(h.Context(), id, nil)
		_, permits := h.ChangePermits(h.Context(), id, nil)
		for i, err := range []error{visit, room, number, vet, login, seat, changed, booked, changedVet, permits, h.Grant(h.Context(), "s", id)} {
			if i != 10 || id == "" || !utf8.ValidString(id) || strings.ContainsAny(id, " 한") {
				h.wantError(err, clinic.ErrNotFound, "question %d about %.20q", i, id)
			}
		}
		if rooms, err := h.Rooms(h.Context(), []string{id}); err != nil || len(rooms) != 0 {
			h.Errorf("rooms of %.20q: %v, %v", id, rooms, err)
		}
		if ok, err := h.Granted(h.Context(), id, id); err != nil || ok {
			h.Errorf("granted to %.20q: %v, %v", id, ok, err)
		}
	}
}

func testNumbering(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.book(h.vet(), hour(30), 20)
	reservation, room := v.Reservation.ID, v.Room.ID
	h.wantKinds(h.waiting(reservation), "booking.confirmed", "booking.reminder", "booking.reminder")
	rows := h.waiting(room)
	h.wantKinds(rows, "room.open", "room.closed")
	opening := h.find(rows, clinic.RoomOpen)
	if v.Room.OpenVersion != opening.Version || !opening.DueAt.Equal(v.Reservation.Start) || h.says(opening).Version != opening.Version {
		h.Errorf("the opening is %+v, the room says version %d", opening, v.Room.OpenVersion)
	}

	v = h.change(reservation, delay(10))
	rows = h.waiting(room)
	h.wantKinds(rows, "room.delayed", "room.open", "room.closed")
	h.rising(rows)
	renumbered := h.find(rows, clinic.RoomOpen)
	if renumbered.ID == opening.ID || renumbered.Version <= v.Room.Version || renumbered.Version != v.Room.OpenVersion {
		h.Errorf("after a delay the opening is %+v, the room %+v", renumbered, v.Room)
	}

	h.change(reservation, moveTo(hour(40), 40))
	h.wantKinds(h.waiting(room), "room.delayed", "room.rescheduled", "room.open", "room.closed")
	h.wantKinds(h.waiting(reservation), "booking.confirmed", "booking.rescheduled", "booking.reminder", "booking.reminder")
	h.rising(h.waiting(room))
	h.rising(h.waiting(reservation))
	if got := h.find(h.waiting(room), clinic.RoomOpen); !got.DueAt.Equal(hour(40)) {
		h.Errorf("moved to %v, the opening is due at %v", hour(40), got.DueAt)
	}

	v = h.change(reservation, cancel)
	h.wantKinds(h.waiting(room), "room.delayed", "room.rescheduled", "room.closed")
	h.wantKinds(h.waiting(reservation), "booking.confirmed", "booking.rescheduled", "booking.cancelled")
	h.rising(h.waiting(room))
	if v.Room.OpenVersion != 0 || v.Room.CloseVersion != 0 {
		h.Errorf("a cancelled room awaits %+v", v.Room)
	}
}

// rising fails unless no two rows of an aggregate have one version, and a later version is never due before.
func (h *house) rising(rows []row) {
	h.Helper()
	for i := range rows[1:] {
		if a, b := rows[i], rows[i+1]; a.Version >= b.Version || a.DueAt.After(b.DueAt) {
			h.Errorf("%s is version %d due %v, then %s version %d due %v", a.Kind, a.Version, a.DueAt, b.Kind, b.Version, b.DueAt)
		}
	}
}

func testDueStays(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.bookSoon()
	opening := h.find(h.waiting(v.Room.ID), clinic.RoomOpen)
	h.until("the start", func() bool { return !h.Now().Before(v.Room.OpensAt) })
	v = h.change(v.Reservation.ID, cancel)
	rows := h.waiting(v.Room.ID)
	h.wantKinds(rows, "room.open", "room.closed")
	h.rising(rows)
	if rows[0].ID != opening.ID || h.says(rows[1]).Reason != clinic.ReasonCancelled {
		h.Errorf("at or after the start the opening became %+v", rows)
	}
}

func testNeighbours(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	vet, start := h.vet(), hour(5)
	at := func(minutes float64) time.Time { return start.Add(time.Duration(minutes * float64(time.Minute))) }
	closes := func(v *clinic.Visit, want time.Time, when string) {
		h.Helper()
		read := h.visit(v.Reservation.ID)
		if !read.Room.ClosesAt.Equal(want) {
			h.Errorf("%s: closes at %v, want %v", when, read.Room.ClosesAt.Sub(start), want.Sub(start))
		}
		rows := h.waiting(v.Room.ID)
		h.rising(rows)
		if closing := h.find(rows, clinic.RoomClosed); !closing.DueAt.Equal(want) || closing.Version != read.Room.CloseVersion {
			h.Errorf("%s: the closing is due at %v as version %d, the room says %+v", when, closing.DueAt.Sub(start), closing.Version, read.Room)
		}
	}
	a := h.book(vet, at(0), 20)
	closes(a, at(25), "alone")
	b := h.book(vet, at(20), 20)
	closes(a, at(20), "with the next right after")
	closes(b, at(45), "the last")
	h.change(b.Reservation.ID, moveTo(at(22.5), 20))
	closes(a, at(22.5), "the next moved within its cell")
	h.change(b.Reservation.ID, moveTo(at(60), 20))
	closes(a, at(25), "the next moved away")
	c := h.book(vet, at(27), 8)
	closes(a, at(25), "another beyond the grace")
	h.change(a.Reservation.ID, moveTo(at(5), 20))
	closes(a, at(27), "moved towards the next")
	h.change(c.Reservation.ID, cancel)
	closes(a, at(30), "the next cancelled")
	d := h.book(vet, at(80), 20)
	closes(b, at(80), "b before d")
	if _, _, err := h.ChangeVisit(h.Context(), b.Reservation.ID, extend(5)); !errors.Is(err, clinic.ErrSlotTaken) {
		h.Errorf("extended into another: %v, want ErrSlotTaken", err)
	}
	h.change(a.Reservation.ID, extend(35)) // to minute 60, where b begins
	closes(a, at(60), "extended up to the next")
	closes(d, at(105), "d")
	h.disjoint(vet)
}

func testApart(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.book(h.vet(), hour(30), 20)
	before := h.waiting(v.Reservation.ID)
	h.change(v.Reservation.ID, delay(5))
	if after := h.waiting(v.Reservation.ID); !slices.Equal(idsOf(before), idsOf(after)) {
		h.Errorf("a change of the room renewed the reservation's rows: %v, then %v", before, after)
	}
	short := h.bookSoon()
	h.until("the start", func() bool { return !h.Now().Before(short.Room.OpensAt) })
	h.change(short.Reservation.ID, func(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) { return v.Close(now) })
	room := h.waiting(short.Room.ID)
	done := h.change(short.Reservation.ID, func(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) {
		return v.Complete(now)
	})
	if after := h.waiting(short.Room.ID); !slices.Equal(idsOf(room), idsOf(after)) {
		h.Errorf("a change of the reservation renewed the room's rows: %v, then %v", kindsOf(room), kindsOf(after))
	}
	if read := h.visit(short.Reservation.ID); *read != *done {
		h.Errorf("saved %+v\nread  %+v", *done, *read)
	}
	h.testEnded()
}

// testEnded holds that a visit that took place keeps its time, and that what was left of it is free.
func (h *house) testEnded() {
	v := h.book(h.vet(), time.Now().Add(-12*time.Minute), 30)
	h.change(v.Reservation.ID, func(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) { return v.Complete(now) })
	_, _, err := h.Book(h.Context(), booking(v.Reservation.VetID, spanAt(v.Reservation.Start, 5)))
	h.wantError(err, clinic.ErrSlotTaken, "booked the time of a visit that took place")
	h.book(v.Reservation.VetID, h.visit(v.Reservation.ID).Room.ClosedAt, 18)
}

func testNumberTaken(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	first := h.book(h.vet(), hour(3), 20)
	b, draws := booking(h.vet(), spanAt(hour(3), 20)), 0
	decide := b.Decide
	b.Decide = func(vet *clinic.Vet, now time.Time) (*clinic.Visit, []clinic.Event, error) {
		v, facts, err := decide(vet, now)
		if draws++; draws == 1 {
			v.Reservation.Number = first.Reservation.Number
		}
		return v, facts, err
	}
	v, _, err := h.Book(h.Context(), b)
	h.must(err)
	if draws != 2 || v.Reservation.Number == first.Reservation.Number {
		h.Errorf("after %d draws the number is %s", draws, v.Reservation.Number)
	}
}

func testRollback(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	vet := h.vet()
	h.book(vet, hour(3), 20)
	var made *clinic.Visit
	b := booking(vet, spanAt(hour(3), 20))
	decide := b.Decide
	b.Decide = func(v *clinic.Vet, now time.Time) (*clinic.Visit, []clinic.Event, error) {
		visit, facts, err := decide(v, now)
		made = visit
		return visit, facts, err
	}
	key := clinic.IdempotencyKey{Key: randomBytes(), Body: randomBytes()}
	b.Key, b.Session = &key, "session"
	_, _, err := h.Book(h.Context(), b)
	h.wantError(err, clinic.ErrSlotTaken, "a second booking")
	if rows := h.waiting(made.Reservation.ID, made.Room.ID); len(rows) != 0 {
		h.Errorf("a booking that was rolled back left %q", kindsOf(rows))
	}
	_, err = h.Visit(h.Context(), made.Reservation.ID)
	h.wantError(err, clinic.ErrNotFound, "its reservation")
	_, err = h.LinkedTo(h.Context(), b.Link)
	h.wantError(err, clinic.ErrNotFound, "its link")
	_, err = h.Replayed(h.Context(), key)
	h.wantError(err, clinic.ErrNotFound, "its key")
	if entries, err := h.Timeline(h.Context(), made.Reservation.ID); err != nil || len(entries) != 0 {
		h.Errorf("its timeline: %v, %v", entries, err)
	}
	refusal := clinic.ErrNotPermitted.With("not here")
	v := h.book(vet, hour(4), 20)
	_, _, err = h.ChangeVisit(h.Context(), v.Reservation.ID, func(v *clinic.Visit, vet *clinic.Vet, now time.Time) ([]clinic.Event, error) {
		if _, err := cancel(v, vet, now); err != nil {
			return nil, err
		}
		return nil, refusal
	})
	if err != error(refusal) {
		h.Errorf("refused by decide: %v, want the refusal itself", err)
	}
	if read := h.visit(v.Reservation.ID); *read != *v {
		h.Errorf("a refusal changed %+v to %+v", *v, *read)
	}
}

func testOnDue(t *testing.T, fresh func(*testing.T) string) {
	told := make(chan time.Time, 10)
	h := enter(t, fresh, func(cfg *store.Config) { cfg.OnDue = func(t time.Time) { told <- t } })
	before := time.Now()
	v := h.book(h.vet(), hour(30), 20)
	if due := <-told; due.Before(before.Add(-time.Second)) || due.After(time.Now()) {
		h.Errorf("told of %v, want the confirmation's instant", due)
	}
	h.change(v.Reservation.ID, func(*clinic.Visit, *clinic.Vet, time.Time) ([]clinic.Event, error) { return nil, nil })
	_, _, err := h.Book(h.Context(), booking(v.Reservation.VetID, v.Reservation.Span))
	h.wantError(err, clinic.ErrSlotTaken, "the same time")
	if len(told) != 0 {
		h.Errorf("told of %v though nothing was saved", <-told)
	}
}
