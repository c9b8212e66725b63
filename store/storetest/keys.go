package storetest

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/store"
)

// travel is a clock that a test sets: the store's estimate of the database's clock goes with it. Once set it stands, so
// that a test may look around an instant however slow the machine is.
type travel struct{ at atomic.Pointer[time.Time] }

func (c *travel) config(cfg *store.Config) {
	cfg.Local = func() time.Time {
		if at := c.at.Load(); at != nil {
			return *at
		}
		return time.Now()
	}
}

// to sets the clock, to later than it is.
func (c *travel) to(t time.Time) {
	from := time.Now()
	at := from.Add(t.Sub(from)) // with a monotonic reading, as a machine's clock has
	c.at.Store(&at)
}

func testIdempotency(t *testing.T, fresh func(*testing.T) string) {
	var clock travel
	h := enter(t, fresh, clock.config)
	vet := h.vet()
	key := clinic.IdempotencyKey{Key: randomBytes(), Body: randomBytes()}
	other := clinic.IdempotencyKey{Key: key.Key, Body: randomBytes()}
	_, err := h.Replayed(h.Context(), key)
	h.wantError(err, clinic.ErrNotFound, "an unused key")

	b := booking(vet, spanAt(hour(3), 20))
	b.Key = &key
	first, repeated, err := h.Book(h.Context(), b)
	if err != nil || repeated {
		h.Fatalf("the first: %v, repeated %v", err, repeated)
	}
	again, repeated, err := h.Book(h.Context(), b)
	if err != nil || !repeated || again.Reservation.ID != first.Reservation.ID {
		h.Errorf("the same again: %+v, repeated %v, %v", again, repeated, err)
	}
	if v, err := h.Replayed(h.Context(), key); err != nil || *v != *first {
		h.Errorf("replayed: %+v, %v", v, err)
	}
	b.Key = &other
	_, _, err = h.Book(h.Context(), b)
	h.wantError(err, clinic.ErrKeyReused, "another body")
	_, err = h.Replayed(h.Context(), other)
	h.wantError(err, clinic.ErrKeyReused, "another body, looked up")

	clock.to(time.Now().Add(clinic.IdempotencyWindow + time.Second))
	_, err = h.Replayed(h.Context(), key)
	h.wantError(err, clinic.ErrNotFound, "a day later")
	b = booking(vet, spanAt(hour(40), 20))
	b.Key = &other
	next, repeated, err := h.Book(h.Context(), b)
	if err != nil || repeated || next.Reservation.ID == first.Reservation.ID {
		h.Errorf("the key used anew: %+v, repeated %v, %v", next, repeated, err)
	}
	if v, err := h.Replayed(h.Context(), other); err != nil || *v != *next {
		h.Errorf("replayed: %+v, %v", v, err)
	}
}

func testKeys(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	b := booking(h.vet(), spanAt(hour(3), 20))
	b.Session = "booker"
	v, _, err := h.Book(h.Context(), b)
	h.must(err)
	id := v.Reservation.ID
	second := clinic.LinkHash(randomBytes())
	h.must(h.AddLink(h.Context(), id, second))
	for _, link := range []clinic.LinkHash{b.Link, second} {
		if got, err := h.LinkedTo(h.Context(), link); err != nil || got != id {
			h.Errorf("a link leads to %q, %v", got, err)
		}
	}
	_, err = h.LinkedTo(h.Context(), randomBytes())
	h.wantError(err, clinic.ErrNotFound, "an unknown link")

	h.must(h.Grant(h.Context(), "finder", id))
	h.must(h.Grant(h.Context(), "finder", id))
	for session, want := range map[string]bool{"booker": true, "finder": true, "stranger": false} {
		if ok, err := h.Granted(h.Context(), session, id); err != nil || ok != want {
			h.Errorf("granted to the %s: %v, %v", session, ok, err)
		}
	}
	earlier := h.book(h.vet(), hour(2), 20)
	h.must(h.Grant(h.Context(), "finder", earlier.Reservation.ID))
	held, err := h.VisitsOfSession(h.Context(), "finder")
	h.must(err)
	if got := []string{held[0].Reservation.ID, held[len(held)-1].Reservation.ID}; len(held) != 2 || !slices.Equal(got, []string{earlier.Reservation.ID, id}) {
		h.Errorf("the finder holds %v", got)
	}
}

// testKeysEnd looks at a link and a grant around their end, which follows the reservation's.
func testKeysEnd(t *testing.T, fresh func(*testing.T) string) {
	var clock travel
	h := enter(t, fresh, clock.config)
	b := booking(h.vet(), spanAt(hour(3), 20))
	b.Session = "booker"
	v, _, err := h.Book(h.Context(), b)
	h.must(err)
	v = h.change(v.Reservation.ID, moveTo(hour(50), 20))
	want := func(when string, valid bool) {
		h.Helper()
		_, err := h.LinkedTo(h.Context(), b.Link)
		granted, grantErr := h.Granted(h.Context(), "booker", v.Reservation.ID)
		held, heldErr := h.VisitsOfSession(h.Context(), "booker")
		if (err == nil) != valid || granted != valid || (len(held) == 1) != valid || grantErr != nil || heldErr != nil {
			h.Errorf("%s: link %v, granted %v %v, holds %d %v", when, err, granted, grantErr, len(held), heldErr)
		}
	}
	want("at once", true)
	clock.to(v.Reservation.End.Add(clinic.LinkLife - time.Millisecond))
	want("right before the end", true)
	h.must(h.Prune(h.Context(), time.Hour))
	want("pruned right before the end", true)
	clock.to(v.Reservation.End.Add(clinic.LinkLife + time.Millisecond))
	want("right after the end", false)
	h.must(h.Prune(h.Context(), time.Hour))
	want("pruned after the end", false)
}

func testRevocations(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	for range 2 {
		h.must(h.Revoke(h.Context(), "over", time.Now().Add(time.Hour)))
	}
	for session, want := range map[string]bool{"over": true, "other": false, "": false} {
		if got, err := h.Revoked(h.Context(), session); err != nil || got != want {
			h.Errorf("revoked %q: %v, %v", session, got, err)
		}
	}
	for _, c := range []struct {
		sessions []string
		want     bool
	}{{nil, false}, {[]string{"", ""}, false}, {[]string{"other", "over"}, true}, {[]string{"over", ""}, true}, {[]string{"other", "another"}, false}} {
		if got, err := h.Revoked(h.Context(), c.sessions...); err != nil || got != c.want {
			h.Errorf("one of %q revoked: %v, %v", c.sessions, got, err)
		}
	}
}

func testTimeline(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.book(h.vet(), hour(3), 20)
	id := v.Reservation.ID
	h.change(id, delay(5))
	h.change(id, cancel)
	at := time.Now().UTC().Truncate(time.Millisecond).Add(time.Second)
	tell := func(what clinic.What, after time.Duration) clinic.Entry {
		return clinic.Entry{ReservationID: id, At: at.Add(after), What: what, By: clinic.ByOwner}
	}
	h.must(h.Tell(h.Context(), []clinic.Entry{
		tell(clinic.WhatOwnerTold, 0), tell(clinic.WhatOwnerTold, 1), tell(clinic.WhatVetTold, 0), tell(clinic.WhatLeft, 0), tell(clinic.WhatLeft, 0),
	}))
	h.must(h.Tell(h.Context(), []clinic.Entry{tell(clinic.WhatOwnerTold, time.Second), tell(clinic.WhatOwnerJoined, time.Second)}))
	rated := tell(clinic.WhatQuality, 2*time.Second)
	rated.Detail = "poor relay"
	h.must(h.Tell(h.Context(), []clinic.Entry{rated}))
	h.must(h.Tell(h.Context(), nil))
	entries, err := h.Timeline(h.Context(), id)
	h.must(err)
	var got []clinic.What
	for _, e := range entries {
		got = append(got, e.What)
	}
	want := []clinic.What{
		clinic.WhatBooked, clinic.WhatDelayed, clinic.WhatCancelled, clinic.WhatClosed,
		clinic.WhatOwnerTold, clinic.WhatVetTold, clinic.WhatLeft, clinic.WhatLeft, clinic.WhatOwnerJoined,
		clinic.WhatQuality,
	}
	if !slices.Equal(got, want) {
		h.Errorf("the timeline tells %q, want %q", got, want)
	}
	if told := entries[4]; told != tell(clinic.WhatOwnerTold, 0) {
		h.Errorf("told %+v", told)
	}
	if told := entries[len(entries)-1]; told != rated {
		h.Errorf("told %+v, want %+v", told, rated)
	}
}

// take takes one seat.
func (h *house) take(roomID string, role clinic.Role) (int64, error) {
	seat := clinic.Seat{RoomID: roomID, Role: role}
	taken, err := h.TakeSeats(h.Context(), []clinic.Seat{seat})
	if epoch, ok := taken[seat]; ok || err != nil {
		return epoch, err
	}
	return 0, clinic.ErrNotFound
}

func testSeats(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.book(h.vet(), hour(3), 20)
	for want := range int64(3) {
		if epoch, err := h.take(v.Room.ID, clinic.RoleVet); err != nil || epoch != want+1 {
			h.Errorf("the vet's seat: %d, %v, want %d", epoch, err, want+1)
		}
	}
	if epoch, err := h.take(v.Room.ID, clinic.RoleOwner); err != nil || epoch != 1 {
		h.Errorf("the owner's seat: %d, %v", epoch, err)
	}
	if read := h.visit(v.Reservation.ID); *read != *v {
		h.Error("taking a seat changed the room")
	}
	_, err := h.take(NewID(), clinic.RoleVet)
	h.wantError(err, clinic.ErrNotFound, "a seat in no room")
	other := h.book(h.vet(), hour(4), 20)
	seats := []clinic.Seat{
		{RoomID: other.Room.ID, Role: clinic.RoleVet}, {RoomID: v.Room.ID, Role: clinic.RoleVet},
		{RoomID: NewID(), Role: clinic.RoleVet}, {RoomID: other.Room.ID, Role: clinic.RoleOwner},
	}
	taken, err := h.TakeSeats(h.Context(), seats)
	if err != nil || len(taken) != 3 || taken[seats[0]] != 1 || taken[seats[1]] != 4 || taken[seats[3]] != 1 {
		h.Errorf("seats together: %v, %v", taken, err)
	}

	changed := h.change(v.Reservation.ID, delay(5))
	ids := []string{v.Room.ID, NewID(), v.Room.ID}
	revs, err := h.RoomRevs(h.Context(), ids)
	if err != nil || len(revs) != 1 || revs[v.Room.ID] != changed.Room.Rev || changed.Room.Rev == v.Room.Rev {
		h.Errorf("revs %v, %v, want %d, not %d", revs, err, changed.Room.Rev, v.Room.Rev)
	}
	rooms, err := h.Rooms(h.Context(), ids)
	if err != nil || len(rooms) != 1 || *rooms[0] != changed.Room {
		h.Errorf("rooms %v, %v", rooms, err)
	}
	if rooms, err := h.Rooms(h.Context(), nil); err != nil || len(rooms) != 0 {
		h.Errorf("no rooms: %v, %v", rooms, err)
	}
}
