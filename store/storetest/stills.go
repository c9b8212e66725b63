package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"vetroom/clinic"
)

// wholePhoto needs more than one row, and the last one is not full.
var wholePhoto = clinic.Photo{JPEG: bytes.Repeat(photo, 4), Small: photo[:1000], Width: 4032, Height: 3024}

// openVisit books a visit and opens its door.
func (h *house) openVisit() *clinic.Visit {
	h.Helper()
	v := h.book(h.vet(), hour(30), 20)
	return h.change(v.Reservation.ID, func(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) { return v.OpenEarly(now) })
}

func taking(id string, by clinic.Role) clinic.StillTaking {
	return clinic.StillTaking{ReservationID: id, Photo: wholePhoto, Decide: func(v *clinic.Visit, had int, now time.Time) (*clinic.Still, error) {
		return clinic.NewStill(NewID(), v, by, wholePhoto, had, now)
	}}
}

// named is a taking under a name.
func named(t clinic.StillTaking, name, body string) clinic.StillTaking {
	t.Key = &clinic.IdempotencyKey{Key: sha256.Sum256([]byte(name)), Body: sha256.Sum256([]byte(body))}
	return t
}

func (h *house) takeStill(t clinic.StillTaking) *clinic.Still {
	h.Helper()
	s, repeated, err := h.AddStill(h.Context(), t)
	h.must(err)
	if repeated {
		h.Fatal("a new still was taken for a repeat")
	}
	return s
}

var drawn = []clinic.Mark{
	{Kind: clinic.MarkPen, Colour: "yellow", Points: [][2]float64{{0, 0.5}, {0.12345, 1}}},
	{Kind: clinic.MarkCircle, Colour: "blue", Points: [][2]float64{{0.1, 0.1}, {0.2, 0.2}}},
}

func testStills(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	id := h.openVisit().Reservation.ID
	first, second := h.takeStill(taking(id, clinic.RoleOwner)), h.takeStill(named(taking(id, clinic.RoleVet), "n", "b"))
	h.takeStill(taking(h.openVisit().Reservation.ID, clinic.RoleVet))
	all, err := h.Stills(h.Context(), id)
	if err != nil || len(all) != 2 || !reflect.DeepEqual(all[0], first) || !reflect.DeepEqual(all[1], second) {
		h.Errorf("saved %+v and %+v, read %+v, %v", first, second, all, err)
	}
	for small, want := range map[bool][]byte{false: wholePhoto.JPEG, true: wholePhoto.Small} {
		if got, err := h.StillPhoto(h.Context(), first.ID, small); err != nil || !bytes.Equal(got, want) {
			h.Errorf("the photo (small: %v) came back with %d bytes of %d, %v", small, len(got), len(want), err)
		}
	}
	changed, err := h.ChangeStill(h.Context(), first.ID, func(s *clinic.Still) error { return s.Draw(drawn) })
	if read, readErr := h.Still(h.Context(), first.ID); err != nil || readErr != nil || !reflect.DeepEqual(read, changed) || !reflect.DeepEqual(read.Marks, drawn) {
		h.Errorf("drawn on as %+v, %v; read %+v, %v", changed, err, read, readErr)
	}
	_, err = h.ChangeStill(h.Context(), first.ID, func(*clinic.Still) error { return clinic.ErrInvalid })
	h.wantError(err, clinic.ErrInvalid, "what decide refuses")
	h.wantStillsTold(id, clinic.ByOwner, clinic.ByVet)
	for _, id := range []string{NewID(), "", "한글"} {
		_, err := h.Still(h.Context(), id)
		h.wantError(err, clinic.ErrNotFound, "still %q", id)
		_, err = h.StillPhoto(h.Context(), id, false)
		h.wantError(err, clinic.ErrNotFound, "photo of %q", id)
		_, err = h.ChangeStill(h.Context(), id, func(*clinic.Still) error { return nil })
		h.wantError(err, clinic.ErrNotFound, "change of %q", id)
		_, _, err = h.AddStill(h.Context(), taking(id, clinic.RoleVet))
		h.wantError(err, clinic.ErrNotFound, "a still of %q", id)
		if none, err := h.Stills(h.Context(), id); err != nil || len(none) != 0 {
			h.Errorf("stills of %q: %v, %v", id, none, err)
		}
	}
}

// wantStillsTold looks at what the timeline says of stills.
func (h *house) wantStillsTold(id string, want ...clinic.Party) {
	h.Helper()
	entries, err := h.Timeline(h.Context(), id)
	h.must(err)
	var by []clinic.Party
	for _, e := range entries {
		if e.What == clinic.WhatStill {
			by = append(by, e.By)
		}
	}
	if fmt.Sprint(by) != fmt.Sprint(want) {
		h.Errorf("the timeline tells of stills by %v, want %v", by, want)
	}
}

func testStillRefused(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.openVisit()
	id := v.Reservation.ID
	kept := h.takeStill(named(taking(id, clinic.RoleVet), "n", "b"))
	again, repeated, err := h.AddStill(h.Context(), named(taking(id, clinic.RoleVet), "n", "b"))
	if err != nil || !repeated || !reflect.DeepEqual(again, kept) {
		h.Errorf("the same again: %+v, %v, %v", again, repeated, err)
	}
	_, _, err = h.AddStill(h.Context(), named(taking(id, clinic.RoleVet), "n", "another"))
	h.wantError(err, clinic.ErrKeyReused, "another under its name")
	h.takeStill(named(taking(h.openVisit().Reservation.ID, clinic.RoleVet), "n", "of another visit"))
	h.change(id, func(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) { return v.Close(now) })
	_, _, err = h.AddStill(h.Context(), named(taking(id, clinic.RoleVet), "m", "b"))
	h.wantError(err, clinic.ErrRoomClosed, "after the end")
	if _, repeated, err := h.AddStill(h.Context(), named(taking(id, clinic.RoleVet), "n", "b")); err != nil || !repeated {
		h.Errorf("the same again after the end: %v, %v", repeated, err)
	}
	if all, err := h.Stills(h.Context(), id); err != nil || len(all) != 1 {
		h.Errorf("%d stills, %v", len(all), err)
	}
	h.wantStillsTold(id, clinic.ByVet)
}

func testStillRacers(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	id := h.openVisit().Reservation.ID
	small := func(take clinic.StillTaking) clinic.StillTaking {
		take.Photo.JPEG = photo[:100]
		return take
	}
	for range clinic.MaxStills - 3 {
		h.takeStill(small(taking(id, clinic.RoleOwner)))
	}
	var added, same atomic.Int64
	race(times(8, func(i int) {
		switch _, repeated, err := h.AddStill(h.Context(), named(small(taking(id, clinic.RoleVet)), "n", "b")); {
		case err != nil:
			h.Errorf("the same at once: %v", err)
		case !repeated:
			same.Add(1)
		}
	})...)
	race(times(8, func(i int) {
		switch _, _, err := h.AddStill(h.Context(), small(taking(id, clinic.RoleVet))); {
		case err == nil:
			added.Add(1)
		case !is(err, clinic.ErrTooManyStills):
			h.Errorf("one of many: %v", err)
		}
	})...)
	if same.Load() != 1 || added.Load() != 2 {
		h.Errorf("the same was added %d times, of many for two places %d", same.Load(), added.Load())
	}
}

func testStillDrawers(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	s := h.takeStill(taking(h.openVisit().Reservation.ID, clinic.RoleVet))
	race(times(8, func(int) {
		if _, err := h.ChangeStill(h.Context(), s.ID, func(s *clinic.Still) error { return s.Draw(append(s.Marks, drawn[0])) }); err != nil {
			h.Errorf("one of many: %v", err)
		}
	})...)
	if read, err := h.Still(h.Context(), s.ID); err != nil || len(read.Marks) != 8 || read.Rev != 8 {
		h.Errorf("8 drew at once: %+v, %v", read, err)
	}
}

func testStillScreened(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.openVisit()
	still := h.takeStill(taking(v.Reservation.ID, clinic.RoleVet))
	screen := func(id, was string) (*clinic.Screening, bool) {
		s, facts := clinic.NewStillScreening(NewID(), clinic.Quality{Sharp: true}, h.Now())
		won, err := h.ScreenStill(h.Context(), id, was, s, photo, facts)
		h.must(err)
		return s, won
	}
	first, won := screen(still.ID, "")
	if read, err := h.Still(h.Context(), still.ID); err != nil || !won || read.ScreeningID != first.ID || read.Rev != 1 {
		h.Errorf("screened as %+v, %v, %v", read, won, err)
	}
	if body, err := h.ScreeningPhoto(h.Context(), first.ID); err != nil || !bytes.Equal(body, photo) {
		h.Errorf("its photo has %d bytes, %v", len(body), err)
	}
	h.wantScreeningFacts(first.ID, "ai.requested")
	if all, err := h.VisitsOfScreening(h.Context(), first.ID); err != nil || len(all) != 1 || all[0].Reservation.ID != v.Reservation.ID {
		h.Errorf("it is attached to %v, %v", all, err)
	}
	for what, args := range map[string][2]string{"another": {still.ID, ""}, "of no still": {NewID(), ""}, "of no id": {"한글", ""}} {
		if lost, won := screen(args[0], args[1]); won {
			h.Errorf("%s was screened", what)
		} else if _, err := h.Screening(h.Context(), lost.ID); !is(err, clinic.ErrNotFound) {
			h.Errorf("%s: the screening is there, %v", what, err)
		}
	}
	second, won := screen(still.ID, first.ID)
	if read, err := h.Still(h.Context(), still.ID); err != nil || !won || read.ScreeningID != second.ID {
		h.Errorf("screened again as %+v, %v, %v", read, won, err)
	}
	h.must(h.ForgetScreenings(h.Context(), h.Now().Add(time.Hour)))
	for _, s := range []*clinic.Screening{first, second} {
		if _, err := h.Screening(h.Context(), s.ID); err != nil {
			h.Errorf("a screening of a kept still: %v", err)
		}
	}
}
