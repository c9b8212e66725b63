package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

func testLeases(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	acquire := func(owner string, ttl time.Duration) (events.Lease, bool) {
		h.Helper()
		lease, ok, err := h.Acquire(h.Context(), "x", owner, ttl)
		h.must(err)
		return lease, ok
	}
	first, ok := acquire("a", time.Minute)
	if !ok || first.Epoch != 1 || first.Owner != "a" || time.Until(first.Until) < 50*time.Second || time.Until(first.Until) > 61*time.Second {
		h.Fatalf("a free lease: %+v, %v", first, ok)
	}
	if _, ok := acquire("b", time.Minute); ok {
		h.Error("a held lease was given to another")
	}
	own, ok := acquire("a", time.Minute)
	if !ok || own.Epoch != 2 {
		h.Errorf("one's own lease: %+v, %v", own, ok)
	}
	_, err := h.Renew(h.Context(), first, time.Minute)
	h.wantError(err, events.ErrLeaseLost, "renew an older epoch")
	renewed, err := h.Renew(h.Context(), own, 2*time.Minute)
	if err != nil || renewed.Epoch != 2 || !renewed.Until.After(own.Until) {
		h.Errorf("renewed %+v to %+v, %v", own, renewed, err)
	}
	renewed, err = h.Renew(h.Context(), renewed, 100*time.Millisecond)
	h.must(err)
	var taken events.Lease
	h.until("the lease runs out", func() bool { taken, ok = acquire("b", time.Minute); return ok })
	if taken.Epoch != 3 || time.Now().Before(renewed.Until.Add(-time.Millisecond)) {
		h.Errorf("taken as %+v at %v, which was held until %v", taken, time.Now(), renewed.Until)
	}
	_, err = h.Renew(h.Context(), renewed, time.Minute)
	h.wantError(err, events.ErrLeaseLost, "renew what another took")
	h.must(h.Release(h.Context(), renewed)) // changes nothing
	if _, ok := acquire("c", time.Minute); ok {
		h.Error("the old holder released the new one's lease")
	}
	h.must(h.Release(h.Context(), taken))
	if next, ok := acquire("c", time.Minute); !ok || next.Epoch != 4 {
		h.Errorf("released, then %+v, %v", next, ok)
	}
	var winners sync.Map
	race(times(16, func(i int) {
		lease, ok, err := h.Acquire(h.Context(), "raced", fmt.Sprint("owner ", i), time.Minute)
		if err != nil {
			h.Errorf("a racer: %v", err)
		} else if ok {
			winners.Store(i, lease)
		}
	})...)
	n := 0
	winners.Range(func(_, lease any) bool { n++; return true })
	if n != 1 {
		h.Errorf("%d of 16 hold one lease", n)
	}
}

func testClaims(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.book(h.vet(), hour(30), 20)
	rows := h.waiting(v.Reservation.ID, v.Room.ID)
	confirmed := h.find(rows, clinic.BookingConfirmed).ID
	claim := func(lease events.Lease, name string) []string {
		h.Helper()
		won, err := h.Claim(h.Context(), lease, name, idsOf(rows))
		h.must(err)
		return won
	}
	old, ok, err := h.Acquire(h.Context(), "scheduler", "a", time.Minute)
	if err != nil || !ok {
		h.Fatalf("acquire: %v, %v", ok, err)
	}
	if standing, err := h.Standing(h.Context(), append(instantsOf(rows), events.Instant{ID: NewID(), DueAt: rows[0].DueAt})); err != nil || !slices.Equal(standing, []string{confirmed}) {
		h.Errorf("standing at its instant: %q, %v; want only what is due: %q", standing, err, confirmed)
	}
	for range 2 { // the second as if the first's answer had been lost
		if won := claim(old, "first"); !slices.Equal(won, []string{confirmed}) {
			h.Errorf("won %q, want only what is due: %q", won, confirmed)
		}
	}
	if won := claim(old, "second"); len(won) != 0 {
		h.Errorf("won %q twice under one epoch", won)
	}
	_, err = h.Renew(h.Context(), old, time.Millisecond)
	h.must(err)
	var lease events.Lease
	h.until("the lease runs out", func() bool {
		lease, ok, err = h.Acquire(h.Context(), "scheduler", "b", time.Minute)
		h.must(err)
		return ok
	})
	_, err = h.Claim(h.Context(), old, "late", idsOf(rows))
	h.wantError(err, events.ErrLeaseLost, "a claim without the lease")
	if won := claim(lease, "third"); !slices.Equal(won, []string{confirmed}) {
		h.Errorf("a newer epoch won %q, want %q", won, confirmed)
	}
	_, err = h.Claim(h.Context(), old, "first", idsOf(rows))
	h.wantError(err, events.ErrLeaseLost, "an older epoch's claim")
	h.must(h.Mark(h.Context(), lease, []events.Marked{{Message: events.Message{ID: confirmed}, At: time.Now(), Seq: 1}}))
	if standing, err := h.Standing(h.Context(), instantsOf(rows)); err != nil || len(standing) != 0 {
		h.Errorf("once published: %q, %v", standing, err)
	}
	newer, _, err := h.Acquire(h.Context(), "scheduler", "b", time.Minute)
	h.must(err)
	if won := claim(newer, "fourth"); len(won) != 0 {
		h.Errorf("won %q, which was marked", won)
	}
	// What is claimed is not deleted: the reservation's rows ahead are, the claimed one is past.
	h.change(v.Reservation.ID, cancel)
	h.wantKinds(h.waiting(v.Reservation.ID), "booking.cancelled")
}

func testClaimersRace(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	lease := h.lead("scheduler")
	vets := h.vets(60)
	var aggregates []string
	for _, vet := range vets {
		aggregates = append(aggregates, h.book(vet, hour(3), 20).Reservation.ID)
	}
	var due []string
	for _, r := range h.waiting(aggregates...) {
		if r.Kind == clinic.BookingConfirmed {
			due = append(due, r.ID)
		}
	}
	var won [4][]string
	race(times(len(won), func(i int) {
		ids := slices.Clone(due)
		if i%2 == 1 {
			slices.Reverse(ids)
		}
		var err error
		if won[i], err = h.Claim(h.Context(), lease, NewID(), ids); err != nil {
			h.Errorf("a claimer: %v", err)
		}
	})...)
	all := slices.Concat(won[:]...)
	slices.Sort(all)
	slices.Sort(due)
	if !slices.Equal(all, due) {
		h.Errorf("four claimers won %d rows of %d", len(all), len(due))
	}
}

// publish claims and marks what is due of the aggregates.
func (h *house) publish(lease events.Lease, at time.Time, aggregates ...string) []events.Marked {
	h.Helper()
	rows := h.waiting(aggregates...)
	won, err := h.Claim(h.Context(), lease, NewID(), idsOf(rows))
	h.must(err)
	var marked []events.Marked
	for i, r := range rows {
		if slices.Contains(won, r.ID) {
			marked = append(marked, events.Marked{Message: r.Message, At: at, Seq: uint64(100 + i)})
		}
	}
	h.must(h.Mark(h.Context(), lease, marked))
	return marked
}

func testMarks(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	lease := h.lead("scheduler")
	v := h.bookSoon()
	h.until("the start", func() bool { return time.Now().After(v.Room.OpensAt.Add(2 * time.Millisecond)) })
	at := time.Now().UTC().Truncate(time.Millisecond)
	booked := h.publish(lease, at, v.Reservation.ID)
	opened := h.publish(lease, at, v.Room.ID)
	if len(booked) != 1 || len(opened) != 1 {
		h.Fatalf("published %v and %v", booked, opened)
	}
	h.wantEmitted(v.Reservation.ID, clinic.Entry{ReservationID: v.Reservation.ID, At: at, What: clinic.WhatEmitted, By: clinic.BySchedule})
	// A mark is never overwritten, and tells nothing twice.
	again := opened[0]
	again.At, again.Seq = at.Add(time.Hour), 7
	h.must(h.Mark(h.Context(), lease, []events.Marked{again}))
	h.must(h.Mark(h.Context(), lease, nil))
	newest := func(stream string) []events.Marked {
		h.Helper()
		got, err := h.Newest(h.Context(), stream, 10)
		h.must(err)
		return got
	}
	if got := newest("ROOM"); len(got) != 1 || got[0].ID != opened[0].ID || got[0].Seq != opened[0].Seq || !got[0].At.Equal(at) || len(got[0].Body) != 0 {
		h.Errorf("the newest is %+v, want %+v", got, opened[0])
	}
	h.wantEmitted(v.Reservation.ID, clinic.Entry{ReservationID: v.Reservation.ID, At: at, What: clinic.WhatEmitted, By: clinic.BySchedule})

	early := h.book(h.vet(), hour(3), 20)
	h.change(early.Reservation.ID, func(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) { return v.OpenEarly(now) })
	h.publish(lease, at.Add(time.Millisecond), early.Room.ID)
	h.wantEmitted(early.Reservation.ID, clinic.Entry{ReservationID: early.Reservation.ID, At: at.Add(time.Millisecond), What: clinic.WhatEmitted, By: clinic.ByVet})
	if got := newest("ROOM"); len(got) != 2 || got[1].ID != opened[0].ID {
		h.Errorf("newest first: %+v", got)
	}

	h.must(h.Remark(h.Context(), []events.Marked{{Message: events.Message{ID: opened[0].ID}, Seq: 4242}, {Message: events.Message{ID: NewID()}, Seq: 1}}))
	if got := newest("ROOM"); got[1].Seq != 4242 || !got[1].At.Equal(at) {
		h.Errorf("remarked: %+v", got[1])
	}
	if got := newest("AI"); len(got) != 0 {
		h.Errorf("a silent stream: %+v", got)
	}
	h.testPublished(lease)
}

func (h *house) wantEmitted(reservation string, want clinic.Entry) {
	h.Helper()
	entries, err := h.Timeline(h.Context(), reservation)
	h.must(err)
	var got []clinic.Entry
	for _, e := range entries {
		if e.What == clinic.WhatEmitted {
			got = append(got, e)
		}
	}
	if !slices.Equal(got, []clinic.Entry{want}) {
		h.Errorf("the timeline tells %+v, want %+v", got, want)
	}
}

// testPublished reads what was published by pages: each row once, an aggregate's in order of version, all marked at one
// instant.
func (h *house) testPublished(lease events.Lease) {
	h.Helper()
	since := time.Now().UTC().Truncate(time.Millisecond).Add(time.Minute)
	var rooms []string
	for _, vet := range h.vets(5) {
		v := h.book(vet, hour(4), 20)
		h.change(v.Reservation.ID, delay(5))
		h.change(v.Reservation.ID, delay(10))
		h.change(v.Reservation.ID, cancel)
		rooms = append(rooms, v.Room.ID)
	}
	want := h.publish(lease, since, rooms...)
	if len(want) != 15 {
		h.Fatalf("published %d rows, want 15", len(want))
	}
	var got []events.Marked
	for after := ""; ; {
		page, err := h.Published(h.Context(), "ROOM", since, after, 4)
		h.must(err)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		after = page[len(page)-1].ID
	}
	versions := map[string]int64{}
	for _, m := range got {
		d, err := events.Decode(m.Body)
		h.must(err)
		if d.Room.Version <= versions[d.Room.RoomID] {
			h.Errorf("version %d after %d", d.Room.Version, versions[d.Room.RoomID])
		}
		versions[d.Room.RoomID] = d.Room.Version
	}
	if len(got) != len(want) || len(versions) != 5 {
		h.Errorf("read %d rows of %d rooms, want 15 of 5", len(got), len(versions))
	}
	none, err := h.Published(h.Context(), "ROOM", since.Add(time.Hour), "", 4)
	if err != nil || len(none) != 0 {
		h.Errorf("published later: %v, %v", none, err)
	}
}

func testPrune(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	lease := h.lead("scheduler")
	week := 7 * 24 * time.Hour
	vets := h.vets(600)
	visits := make([]*clinic.Visit, len(vets))
	race(times(8, func(n int) {
		for i := n; i < len(vets); i += 8 {
			visits[i] = h.book(vets[i], hour(30), 20)
		}
	})...)
	var olds, news []string
	for i, v := range visits {
		if i < 550 {
			olds = append(olds, v.Reservation.ID)
		} else {
			news = append(news, v.Reservation.ID)
		}
	}
	h.publish(lease, time.Now().Add(-week-time.Hour), olds...)
	h.publish(lease, time.Now().Add(-week+time.Hour), news...)
	h.must(h.Revoke(h.Context(), "past", time.Now().Add(-time.Second)))
	h.must(h.Revoke(h.Context(), "future", time.Now().Add(time.Hour)))
	h.must(h.Prune(h.Context(), week))
	kept, err := h.Newest(h.Context(), "BOOKING", 10_000)
	h.must(err)
	if len(kept) != len(news) {
		h.Errorf("%d published rows are kept, want %d", len(kept), len(news))
	}
	for session, want := range map[string]bool{"past": false, "future": true} {
		if got, err := h.Revoked(h.Context(), session); err != nil || got != want {
			h.Errorf("the %s revocation is kept: %v, %v", session, got, err)
		}
	}
	// Versions rise beyond what was pruned, and what waits is untouched.
	v := h.change(olds[0], cancel)
	rows := h.waiting(olds[0])
	h.wantKinds(rows, "booking.cancelled")
	if rows[0].Version <= 1 || v.Reservation.Version != rows[0].Version {
		h.Errorf("after pruning the cancellation is version %d", rows[0].Version)
	}
	if _, err := h.LinkedTo(h.Context(), clinic.LinkHash{}); err == nil {
		h.Error("an unknown link leads somewhere")
	}
	if rows := h.waiting(news[0]); len(rows) != 2 {
		h.Errorf("what waits after pruning: %q", kindsOf(rows))
	}
}
