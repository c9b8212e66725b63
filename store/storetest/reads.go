package storetest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/store"
)

// testReadsAreCurrent changes a vet by another process, in each way that there is, and looks at whether each read of the
// first process, which remembers the vet, tells the change at once.
func testReadsAreCurrent(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	id, other := h.vet(), h.again()
	visit := h.book(id, hour(30), 20)
	change := func(decide func(*clinic.Vet, time.Time) ([]clinic.Event, error)) func() (*clinic.Vet, error) {
		return func() (*clinic.Vet, error) { return other.ChangeVet(h.Context(), id, decide) }
	}
	for what, by := range map[string]func() (*clinic.Vet, error){
		"hours": change(func(v *clinic.Vet, _ time.Time) ([]clinic.Event, error) {
			v.Hours.SlotMinutes += 5
			return nil, nil
		}),
		"online": change(func(v *clinic.Vet, now time.Time) ([]clinic.Event, error) {
			return v.SetOnline(true, clinic.ReasonVet, now), nil
		}),
		"password": change(func(v *clinic.Vet, _ time.Time) ([]clinic.Event, error) {
			v.PasswordHash = "y"
			return nil, nil
		}),
		"permits": func() (*clinic.Vet, error) {
			return other.ChangePermits(h.Context(), id, func(v *clinic.Vet, _ []*clinic.Visit, _ time.Time) (map[*clinic.Visit][]clinic.Event, error) {
				v.Permits = append(v.Permits, anyTime)
				return nil, nil
			})
		},
	} {
		h.wantEverywhere(id, visit, nil, "before a change of "+what)
		changed, err := by()
		h.must(err)
		h.wantEverywhere(id, visit, changed, "after a change of "+what)
	}
}

// wantEverywhere reads a vet in every way; nil only has them remembered.
func (h *house) wantEverywhere(id string, visit *clinic.Visit, want *clinic.Vet, when string) {
	h.Helper()
	for what, read := range map[string]func() (*clinic.Vet, error){
		"by id": func() (*clinic.Vet, error) { return h.Vet(h.Context(), id) },
		"among others": func() (*clinic.Vet, error) {
			all, err := h.VetsByID(h.Context(), []string{id})
			return all[id], err
		},
		"in a list": func() (*clinic.Vet, error) {
			all, _, err := h.Vets(h.Context(), clinic.VetQuery{Day: time.Now(), Limit: 50})
			return all[slices.IndexFunc(all, func(v *clinic.Vet) bool { return v.ID == id })], err
		},
		"with the calendar": func() (*clinic.Vet, error) {
			v, _, err := h.Calendar(h.Context(), id, func(*clinic.Vet) clinic.Span { return visit.Reservation.Span })
			return v, err
		},
		"with a visit": func() (*clinic.Vet, error) {
			seen, err := h.Look(h.Context(), clinic.Looking{Reservation: visit.Reservation.ID})
			h.must(err)
			return seen.Vet, nil
		},
	} {
		v, err := read()
		h.must(err)
		if want != nil && !reflect.DeepEqual(v, want) {
			h.Errorf("%s, %s: read %+v, want %+v", when, what, v, want)
		}
	}
}

// testCalendar reads what is taken beside and across the edges of a span: by the first process that never saw the vet,
// by one that remembers the vet, and by one that remembers the vet as no more.
func testCalendar(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	id, other := h.vet(), h.again()
	span := clinic.Span{Start: hour(48), End: hour(50)}
	before, after := span.Start, span.End
	h.book(id, before.Add(-40*time.Minute), 20)
	across := h.book(id, before.Add(-10*time.Minute), 20)
	gone := h.book(id, before.Add(30*time.Minute), 20)
	h.change(gone.Reservation.ID, cancel)
	long := h.book(id, after.Add(-10*time.Minute), 20)
	for range 3 { // as long as one may become
		h.change(long.Reservation.ID, extend(180))
	}
	long = h.change(long.Reservation.ID, extend(160))
	h.book(id, long.Reservation.End, 20)
	want := []clinic.Span{across.Reservation.Span, long.Reservation.Span}

	look := func(s *store.Store, slot int, when string) {
		h.Helper()
		v, busy, err := s.Calendar(h.Context(), id, func(v *clinic.Vet) clinic.Span {
			if v.Hours.SlotMinutes != slot {
				return clinic.Span{Start: hour(200), End: hour(201)}
			}
			return span
		})
		h.must(err)
		if v.Hours.SlotMinutes != slot || !slices.Equal(busy, want) {
			h.Errorf("%s: slots of %d minutes, taken %v, want %d and %v", when, v.Hours.SlotMinutes, busy, slot, want)
		}
	}
	look(h.Store, 20, "a vet who is not known")
	look(h.Store, 20, "a vet who is known")
	_, err := other.ChangeVet(h.Context(), id, func(v *clinic.Vet, _ time.Time) ([]clinic.Event, error) {
		v.Hours.SlotMinutes = 30
		return nil, nil
	})
	h.must(err)
	look(h.Store, 30, "a vet who changed")
	moved, _, err := other.ChangeVisit(h.Context(), across.Reservation.ID, moveTo(before.Add(20*time.Minute), 20))
	h.must(err)
	want[0] = moved.Reservation.Span
	look(h.Store, 30, "a visit that moved elsewhere")
	busy, err := h.Busy(h.Context(), []string{id}, span)
	if err != nil || !slices.Equal(busy[id], want) {
		h.Errorf("taken: %v, %v, want %v", busy[id], err, want)
	}
	for _, nobody := range []string{NewID(), "", "수의사"} {
		_, _, err := h.Calendar(h.Context(), nobody, func(*clinic.Vet) clinic.Span { return span })
		h.wantError(err, clinic.ErrNotFound, "the calendar of %q", nobody)
	}
}

// testLeftEarly holds that what a visit left when its room was closed is not shown as taken, and can be booked.
func testLeftEarly(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	ended := func(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) {
		if _, err := v.OpenEarly(now); err != nil {
			return nil, err
		}
		return v.Close(now)
	}
	id := h.vet()
	v := h.book(id, time.Now().Add(time.Hour).Truncate(5*time.Minute), 60)
	kept := h.book(id, v.Reservation.End, 20)
	wide := clinic.Span{Start: time.Now().Add(-time.Hour), End: time.Now().Add(10 * time.Hour)}
	taken := func() (all []clinic.Span) {
		h.Helper()
		busy, err := h.Busy(h.Context(), []string{id}, wide)
		h.must(err)
		_, same, err := h.Calendar(h.Context(), id, func(*clinic.Vet) clinic.Span { return wide })
		h.must(err)
		if !slices.Equal(busy[id], same) {
			h.Errorf("one read says %v, the other %v", busy[id], same)
		}
		return slices.DeleteFunc(same, func(s clinic.Span) bool { return !s.Start.Before(s.End) })
	}
	if got := taken(); len(got) != 2 {
		h.Errorf("before: %v", got)
	}
	h.change(v.Reservation.ID, ended)
	if got := taken(); !slices.Equal(got, []clinic.Span{kept.Reservation.Span}) {
		h.Errorf("a visit that was over before its start still takes %v", got)
	}
	h.book(id, v.Reservation.Start, 60)
}

// testLook looks at a visit as its holder, as another and as nobody.
func testLook(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.book(h.vet(), hour(30), 20)
	another := h.book(v.Reservation.VetID, hour(40), 20)
	h.must(h.Grant(h.Context(), "holder", v.Reservation.ID))
	h.must(h.Grant(h.Context(), "other", another.Reservation.ID))
	for session, held := range map[string]bool{"holder": true, "other": false, "nobody": false, "": false, "보호자": false} {
		for _, q := range []clinic.Looking{{Reservation: v.Reservation.ID}, {Room: v.Room.ID}, {Reservation: v.Reservation.ID, Timeline: true}} {
			q.Session = session
			seen, err := h.Look(h.Context(), q)
			h.must(err)
			if *seen.Visit != *v || seen.Held != held || seen.Vet.ID != v.Reservation.VetID {
				h.Errorf("%+v shows %+v", q, seen)
			}
			if told := len(seen.Timeline) == 1 && seen.Timeline[0].What == clinic.WhatBooked; told != q.Timeline {
				h.Errorf("%+v tells %v", q, seen.Timeline)
			}
		}
	}
	other := h.again()
	moved, _, err := other.ChangeVisit(h.Context(), v.Reservation.ID, moveTo(hour(32), 20))
	h.must(err)
	seen, err := h.Look(h.Context(), clinic.Looking{Reservation: v.Reservation.ID, Timeline: true})
	if err != nil || *seen.Visit != *moved || len(seen.Timeline) != 2 {
		h.Errorf("after a move: %+v, %v", seen, err)
	}
	for _, q := range []clinic.Looking{{}, {Reservation: NewID()}, {Room: v.Reservation.ID}, {Reservation: "예약"}} {
		_, err := h.Look(h.Context(), q)
		h.wantError(err, clinic.ErrNotFound, "a look at %+v", q)
	}
}
