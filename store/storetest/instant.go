package storetest

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"vetroom/clinic"
)

// desk is a front desk on the store, and another process's on the same database.
func (h *house) desks() [2]*clinic.Desk {
	desk := func(s clinic.Store, clock clinic.Clock) *clinic.Desk {
		return &clinic.Desk{Store: s, Clock: clock, Permits: clinic.PermitsEnforced, NewID: NewID, Random: randomReader{}}
	}
	other := h.again()
	return [2]*clinic.Desk{desk(h.Store, h.Store), desk(other, other)}
}

// randomReader gives random bytes.
type randomReader struct{}

func (randomReader) Read(b []byte) (int, error) {
	for i := range b {
		random := randomBytes()
		b[i] = random[0]
	}
	return len(b), nil
}

// online gives vets who are online.
func (h *house) online(n int) []string {
	h.Helper()
	vets := h.vets(n)
	for _, id := range vets {
		h.goOnline(id, true)
	}
	return vets
}

func (h *house) goOnline(vet string, online bool) {
	h.Helper()
	_, err := h.ChangeVet(h.Context(), vet, func(v *clinic.Vet, now time.Time) ([]clinic.Event, error) {
		return v.SetOnline(online, clinic.ReasonVet, now), nil
	})
	h.must(err)
}

// ask adds a request of a session and a phone of its own, without looking for a vet.
func (h *house) ask() *clinic.InstantRequest {
	h.Helper()
	id := NewID()
	q := clinic.AskRequest{Session: "s-" + id, Request: request()}
	q.Owner.Phone = id[:30]
	r := clinic.NewInstantRequest(id, q, h.Now())
	got, err := h.AddInstant(h.Context(), r, nil)
	if err != nil || got != id {
		h.Fatalf("added %q, %v, want %s", got, err, id)
	}
	return r
}

func (h *house) instant(id string) *clinic.InstantRequest {
	h.Helper()
	all, err := h.Instants(h.Context(), []string{id})
	h.must(err)
	at := slices.IndexFunc(all, func(r *clinic.InstantRequest) bool { return r.ID == id })
	if at < 0 {
		h.Fatalf("no request %s", id)
	}
	return all[at]
}

func whatsOf(entries []clinic.Entry) (whats []clinic.What) {
	for _, e := range entries {
		whats = append(whats, e.What)
	}
	return whats
}

func testInstant(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	first, second := h.ask(), h.ask()
	if read := h.instant(first.ID); read.State != clinic.InstantQueued || read.Owner != first.Owner || read.Pet != first.Pet ||
		read.Purpose != first.Purpose || read.Symptoms != first.Symptoms || !read.ExpiresAt.Equal(first.ExpiresAt) || len(read.Steps) != 1 {
		h.Errorf("saved %+v\nread  %+v", first, read)
	}
	before := func(r *clinic.InstantRequest, want int) {
		h.Helper()
		if n, err := h.QueuedBefore(h.Context(), r); n != want || err != nil {
			h.Errorf("%d are queued before, want %d: %v", n, want, err)
		}
	}
	before(first, 0)
	before(second, 1)
	if one, err := h.Instant(h.Context(), second.ID); err != nil || one.Session != second.Session || one.State != clinic.InstantQueued {
		h.Errorf("one alone is %+v, %v", one, err)
	}
	for _, id := range []string{NewID(), "no id\n"} {
		_, err := h.Instant(h.Context(), id)
		h.wantError(err, clinic.ErrNotFound, "an unknown request read")
	}
	vets := h.online(2)
	ring := func(id, vet string) error {
		_, err := h.ChangeInstant(h.Context(), id, func(r *clinic.InstantRequest, now time.Time) error { return r.Ring(vet, now) })
		return err
	}
	h.must(ring(first.ID, vets[0]))
	before(second, 0)
	h.wantError(ring(second.ID, vets[0]), clinic.ErrRung, "a vet who is rung by another")
	if r := h.instant(second.ID); r.State != clinic.InstantQueued || r.Rev != 0 {
		h.Errorf("a ring that failed left %+v", r)
	}
	_, err := h.ChangeInstant(h.Context(), first.ID, func(r *clinic.InstantRequest, now time.Time) error { return r.Decline(vets[0], now) })
	h.must(err)
	h.must(ring(second.ID, vets[0]))
	all, err := h.Instants(h.Context(), []string{first.ID, "none", "no id\n"})
	h.must(err)
	if len(all) != 2 || all[0].ID != first.ID || all[1].ID != second.ID || all[1].VetID != vets[0] {
		h.Errorf("all are %+v", all)
	}
	if n, err := h.StandingByPhone(h.Context(), first.Owner.Phone); n != 1 || err != nil {
		h.Errorf("a phone that asks holds %d: %v", n, err)
	}
	_, err = h.ChangeInstant(h.Context(), first.ID, func(r *clinic.InstantRequest, now time.Time) error { return r.Leave(now) })
	h.must(err)
	if all, err := h.Instants(h.Context(), nil); err != nil || len(all) != 1 || all[0].ID != second.ID {
		h.Errorf("one was left: %+v, %v", all, err)
	}
	if n, err := h.StandingByPhone(h.Context(), first.Owner.Phone); n != 0 || err != nil {
		h.Errorf("a phone that left holds %d: %v", n, err)
	}
	_, err = h.ChangeInstant(h.Context(), NewID(), func(*clinic.InstantRequest, time.Time) error { return nil })
	h.wantError(err, clinic.ErrNotFound, "an unknown request")
}

func testInstantAccepted(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	desk, vet := h.desks()[0], h.online(1)[0]
	if wait, err := h.UsualWait(h.Context()); wait != 0 || err != nil {
		h.Errorf("nobody waited yet: %v, %v", wait, err)
	}
	r := h.ask()
	if _, err := desk.Dispatch(h.Context()); err != nil {
		h.Fatal(err)
	}
	view, err := desk.AcceptInstant(h.Context(), vet, r.ID)
	h.must(err)
	v := h.visit(view.Reservation.ID)
	now := h.Now()
	if v.Reservation.Kind != clinic.KindInstant || v.Room.StateAt(now) != clinic.RoomOpened || v.Room.OpenedBy != clinic.ByVet ||
		v.Reservation.End.Sub(v.Reservation.Start) != 20*time.Minute || v.Reservation.Owner != r.Owner {
		h.Errorf("the visit is %+v", v)
	}
	if ok, err := h.Granted(h.Context(), r.Session, v.Reservation.ID); !ok || err != nil {
		h.Errorf("the owner's session holds it: %v, %v", ok, err)
	}
	h.wantKinds(h.waiting(v.Reservation.ID, v.Room.ID), "booking.confirmed", "room.open", "room.closed")
	said := h.says(h.find(h.waiting(v.Room.ID), clinic.RoomOpen))
	if said.OpenedBy != clinic.ByVet || !said.OpensAt.Equal(v.Reservation.Start) {
		h.Errorf("the opening says %+v", said)
	}
	entries, err := h.Timeline(h.Context(), v.Reservation.ID)
	h.must(err)
	want := []clinic.What{clinic.WhatAsked, clinic.WhatRung, clinic.WhatAccepted, clinic.WhatBooked, clinic.WhatOpened}
	if got := whatsOf(entries); !slices.Equal(got, want) {
		h.Errorf("the timeline is %q, want %q", got, want)
	}
	again, err := desk.AcceptInstant(h.Context(), vet, r.ID)
	if err != nil || again.Reservation.ID != v.Reservation.ID {
		h.Errorf("accepted again: %v, %v", again, err)
	}
	if wait, err := h.UsualWait(h.Context()); wait != h.instant(r.ID).SettledAt.Sub(r.CreatedAt) || err != nil {
		h.Errorf("the usual wait is %v: %v", wait, err)
	}
	_, err = desk.AcceptInstant(h.Context(), vet, h.ask().ID)
	h.wantError(err, clinic.ErrSlotTaken, "accepted by a vet who is with somebody")
	h.must(h.Prune(h.Context(), time.Hour))
	h.instant(r.ID)
}

// testClosedGivesTimeBack holds that a call which ended before its time leaves the vet free for the next.
func testClosedGivesTimeBack(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	desk, vet := h.desks()[0], h.online(1)[0]
	v, err := desk.AcceptInstant(h.Context(), vet, h.ask().ID)
	h.must(err)
	_, err = desk.CloseRoom(h.Context(), vet, v.Room.ID)
	h.must(err)
	if engaged, err := h.Engaged(h.Context(), []string{vet}); err != nil || len(engaged[vet]) != 1 || engaged[vet][0].Overlaps(spanAt(time.Now(), 20)) {
		h.Errorf("the vet is with somebody at %v: %v", engaged, err)
	}
	next, err := desk.AcceptInstant(h.Context(), vet, h.ask().ID)
	h.must(err)
	_, err = desk.Complete(h.Context(), vet, v.Reservation.ID)
	h.must(err)
	_, err = desk.NoShow(h.Context(), vet, next.Reservation.ID)
	h.must(err)
	h.book(vet, h.visit(next.Reservation.ID).Room.ClosedAt.Add(time.Millisecond), 20)
}

func testInstantRacers(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	desks, vets := h.desks(), h.online(8)
	for round := range 6 {
		r := h.ask()
		var won, taken atomic.Int64
		race(times(len(vets), func(i int) {
			switch _, err := desks[i%2].AcceptInstant(h.Context(), vets[i], r.ID); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, clinic.ErrTaken):
				taken.Add(1)
			case !errors.Is(err, clinic.ErrSlotTaken): // had one of an earlier round
				h.Errorf("one of many vets: %v", err)
			}
		})...)
		if won.Load() != 1 || taken.Load()+int64(round) < 7 {
			h.Fatalf("round %d: %d won, %d were told that another did", round, won.Load(), taken.Load())
		}
	}
	for _, vet := range vets {
		if n := len(h.disjoint(vet)); n > 1 {
			h.Errorf("a vet has %d consultations", n)
		}
	}
}

func testInstantLeftOrAccepted(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	desks := h.desks()
	for range 12 {
		r, vet := h.ask(), h.online(1)[0]
		var left, accepted error
		race(
			func() { left = desks[0].LeaveInstant(h.Context(), clinic.Who{Session: r.Session}, r.ID) },
			func() { _, accepted = desks[1].AcceptInstant(h.Context(), vet, r.ID) },
		)
		after, standing := h.instant(r.ID), h.disjoint(vet)
		switch {
		case left == nil && errors.Is(accepted, clinic.ErrClosed) && after.State == clinic.InstantLeft && len(standing) == 0:
		case accepted == nil && errors.Is(left, clinic.ErrTaken) && after.State == clinic.InstantAccepted && len(standing) == 1:
		default:
			h.Fatalf("left: %v, accepted: %v; it is %s with %d visits", left, accepted, after.State, len(standing))
		}
	}
}

func testInstantAgainstBooking(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	desks := h.desks()
	for range 12 {
		r, vet := h.ask(), h.online(1)[0]
		var booked, accepted error
		race(
			func() { _, _, booked = h.Book(h.Context(), booking(vet, spanAt(h.Now().Add(5*time.Minute), 20))) },
			func() { _, accepted = desks[1].AcceptInstant(h.Context(), vet, r.ID) },
		)
		after := h.instant(r.ID)
		if (booked == nil) == (accepted == nil) || (after.State == clinic.InstantAccepted) != (accepted == nil) || len(h.disjoint(vet)) != 1 {
			h.Fatalf("booked: %v, accepted: %v; the request is %s", booked, accepted, after.State)
		}
		for _, err := range []error{booked, accepted} {
			if err != nil && !errors.Is(err, clinic.ErrSlotTaken) {
				h.Fatalf("the loser was told %v", err)
			}
		}
	}
}

// testDispatchers has several processes look after many requests at once.
func testDispatchers(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	desks, vets := h.desks(), h.online(5)
	for range 8 {
		h.ask()
	}
	race(times(6, func(i int) {
		if _, err := desks[i%2].Dispatch(h.Context()); err != nil {
			h.Errorf("one of many dispatchers: %v", err)
		}
	})...)
	for i, desk := range desks { // what one of them left to another that was late, the next look finds
		if _, err := desk.Dispatch(h.Context()); err != nil {
			h.Errorf("dispatcher %d: %v", i, err)
		}
	}
	all, err := desks[1].InstantNews(h.Context(), nil)
	h.must(err)
	rung := map[string]bool{}
	for i, r := range all {
		if i < len(vets) && r.State != clinic.InstantRinging || i >= len(vets) && r.Position != i-len(vets)+1 {
			h.Errorf("request %d is %s at %d", i, r.State, r.Position)
		}
		rung[r.VetID] = true
	}
	if len(rung) != len(vets)+1 { // and "" of those that wait
		h.Errorf("%d vets are rung", len(rung)-1)
	}
	h.goOnline(vets[0], false)
	if _, err := desks[0].Dispatch(h.Context()); err != nil {
		h.Fatal(err)
	}
	all, err = desks[0].InstantNews(h.Context(), nil)
	h.must(err)
	for _, r := range all {
		if r.VetID == vets[0] {
			h.Error("a vet who went away is rung")
		}
	}
	if ready, err := desks[0].Readiness(h.Context()); err != nil || ready.Online != 4 || ready.Free != 0 || ready.Waiting != 8 {
		h.Errorf("ready: %+v, %v", ready, err)
	}
}
