package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vetroom/clinic"
)

func testRecords(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.book(h.vet(), hour(30), 20)
	id, vet := v.Reservation.ID, v.Reservation.VetID
	_, err := h.Record(h.Context(), id, 0)
	h.wantError(err, clinic.ErrNotFound, "before the first word")
	long := clinic.Note{Subjective: strings.Repeat("개", clinic.MaxNote), Objective: "🐶", Plan: "a\r\n\tb", VisitAdvised: true}
	first, err := h.SaveRecord(h.Context(), id, vet, long, ptr(int64(0)))
	if err != nil || first.Version != 1 || first.VetID != vet {
		h.Fatalf("first: %+v, %v", first, err)
	}
	same, err := h.SaveRecord(h.Context(), id, vet, long, ptr(int64(0)))
	if err != nil || *same != *first {
		h.Errorf("the same again: %+v, %v", same, err)
	}
	_, err = h.SaveRecord(h.Context(), id, vet, clinic.Note{Plan: "x"}, ptr(int64(0)))
	h.wantError(err, clinic.ErrRecordChanged, "based on an older version")
	second, err := h.SaveRecord(h.Context(), id, vet, clinic.Note{Aftercare: "쉬게 해 주세요"}, nil)
	if err != nil || second.Version != 2 {
		h.Errorf("second: %+v, %v", second, err)
	}
	for version, want := range map[int64]*clinic.Record{0: second, 1: first, 2: second} {
		if got, err := h.Record(h.Context(), id, version); err != nil || *got != *want {
			h.Errorf("version %d: %+v, %v", version, got, err)
		}
	}
	_, err = h.Record(h.Context(), id, 3)
	h.wantError(err, clinic.ErrNotFound, "a version that there is not")
	versions, err := h.RecordVersions(h.Context(), id)
	if err != nil || len(versions) != 2 || versions[0].Version != 1 || versions[0].Subjective != "" || !versions[1].At.Equal(second.At) {
		h.Errorf("versions: %+v, %v", versions, err)
	}
	for what, ids := range map[string][2]string{"another vet": {id, h.vet()}, "no reservation": {vet, vet}, "no id": {"한글", vet}} {
		_, err := h.SaveRecord(h.Context(), ids[0], ids[1], clinic.Note{}, nil)
		h.wantError(err, clinic.ErrNotFound, "%s", what)
	}
}

func ptr[T any](v T) *T { return &v }

func testRecordRacers(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.book(h.vet(), hour(30), 20)
	id, vet := v.Reservation.ID, v.Reservation.VetID
	const writers = 12
	var won atomic.Int64
	race(times(writers, func(i int) {
		if _, err := h.SaveRecord(h.Context(), id, vet, clinic.Note{Plan: fmt.Sprint("any ", i)}, nil); err != nil {
			h.Errorf("a writer: %v", err)
		}
		if _, err := h.SaveRecord(h.Context(), id, vet, clinic.Note{Plan: fmt.Sprint("first ", i)}, ptr(int64(0))); err == nil {
			won.Add(1)
		} else if !is(err, clinic.ErrRecordChanged) {
			h.Errorf("a writer of the first: %v", err)
		}
	})...)
	versions, err := h.RecordVersions(h.Context(), id)
	if err != nil || len(versions) != writers+int(won.Load()) || versions[len(versions)-1].Version != int64(len(versions)) {
		h.Errorf("%d versions of %d writers, %v", len(versions), writers, err)
	}
	if won.Load() != 0 { // each wrote once before
		h.Errorf("%d wrote over what they had not read", won.Load())
	}
}

func testEarlierVisits(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	vet, other := h.vet(), h.vet()
	first, second, last := h.book(vet, hour(30), 20), h.book(vet, hour(31), 20), h.book(vet, hour(32), 20)
	elsewhere := h.book(other, hour(30), 20)
	phone := first.Reservation.Owner.Phone
	before, err := h.VisitsBefore(h.Context(), vet, phone, last.Reservation.Start)
	if err != nil || len(before) != 2 || before[0].Reservation.ID != second.Reservation.ID || before[1].Reservation.ID != first.Reservation.ID {
		h.Errorf("before the last: %v, %v", before, err)
	}
	for what, q := range map[string][2]string{"another phone": {vet, "01099999999"}, "no vet": {"한글", phone}, "no phone": {vet, ""}} {
		if got, err := h.VisitsBefore(h.Context(), q[0], q[1], last.Reservation.Start); err != nil || len(got) != 0 {
			h.Errorf("%s: %v, %v", what, got, err)
		}
	}
	for _, plan := range []string{"one", "two"} {
		_, err := h.SaveRecord(h.Context(), first.Reservation.ID, vet, clinic.Note{Plan: plan}, nil)
		h.must(err)
	}
	_, err = h.SaveRecord(h.Context(), elsewhere.Reservation.ID, other, clinic.Note{Plan: "theirs"}, nil)
	h.must(err)
	newest, err := h.NewestRecords(h.Context(), []string{first.Reservation.ID, second.Reservation.ID, first.Reservation.ID, "한글"})
	if err != nil || len(newest) != 1 || newest[first.Reservation.ID].Plan != "two" || newest[first.Reservation.ID].Version != 2 {
		h.Errorf("the newest records: %v, %v", newest, err)
	}
	if none, err := h.NewestRecords(h.Context(), nil); err != nil || len(none) != 0 {
		h.Errorf("of nothing: %v, %v", none, err)
	}
}

func testChat(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	id, other := NewID(), NewID()
	at := time.Now().UTC().Truncate(time.Millisecond)
	said := func(of string, from clinic.Role, text, name string, after time.Duration) clinic.ChatMessage {
		return clinic.ChatMessage{ReservationID: of, From: from, Text: text, At: at.Add(after), ID: name}
	}
	want := []clinic.ChatMessage{
		said(id, clinic.RoleOwner, "안녕하세요 🐕", "c1", 0), said(id, clinic.RoleVet, "네", "c1", 0),
		said(id, clinic.RoleVet, strings.Repeat("개", 2000), "", time.Second), said(id, clinic.RoleVet, "a\x00b", "", 2*time.Second),
	}
	h.must(h.KeepChat(h.Context(), []clinic.ChatMessage{want[3], said(other, clinic.RoleOwner, "x", "c1", 0), want[0], want[1]}))
	h.must(h.KeepChat(h.Context(), []clinic.ChatMessage{said(id, clinic.RoleOwner, "안녕하세요 🐕", "c1", time.Hour), want[2]}))
	h.must(h.KeepChat(h.Context(), nil))
	if got, err := h.Chat(h.Context(), id); err != nil || !slices.Equal(got, want) {
		h.Errorf("the chat: %+v, %v", got, err)
	}
	if got, err := h.Chat(h.Context(), "한글"); err != nil || len(got) != 0 {
		h.Errorf("of no id: %v, %v", got, err)
	}
	flood := make([]clinic.ChatMessage, clinic.MaxChats)
	for i := range flood {
		flood[i] = said(other, clinic.RoleOwner, "x", "", 0)
	}
	h.must(h.KeepChat(h.Context(), flood))
	h.must(h.KeepChat(h.Context(), []clinic.ChatMessage{flood[0], said(id, clinic.RoleOwner, "still here", "", time.Hour)}))
	if got, err := h.Chat(h.Context(), other); err != nil || len(got) != clinic.MaxChats {
		h.Errorf("a flood left %d, %v", len(got), err)
	}
	if got, err := h.Chat(h.Context(), id); err != nil || len(got) != len(want)+1 {
		h.Errorf("a flood elsewhere: %d, %v", len(got), err)
	}
}

func testSeated(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.book(h.vet(), hour(30), 20)
	id := v.Reservation.ID
	at := time.Now().UTC().Truncate(time.Millisecond)
	seated := func(want bool, when string) {
		h.Helper()
		got, err := h.Seated(h.Context(), []string{id, "한글", NewID()})
		if err != nil || got[id] != want || len(got) > 1 {
			h.Errorf("%s: %v, %v", when, got, err)
		}
	}
	tell := func(what clinic.What, by clinic.Party) {
		h.Helper()
		at = at.Add(time.Millisecond)
		h.must(h.Tell(h.Context(), []clinic.Entry{{ReservationID: id, At: at, What: what, By: by}}))
	}
	seated(false, "nobody came")
	tell(clinic.WhatOwnerJoined, clinic.ByOwner)
	seated(false, "the owner came")
	tell(clinic.WhatVetJoined, clinic.ByVet)
	seated(false, "a vet without a socket")
	h.must(h.Attend(h.Context(), []string{v.Reservation.VetID}))
	seated(true, "the vet came")
	tell(clinic.WhatLeft, clinic.ByOwner)
	seated(true, "the owner left")
	tell(clinic.WhatLeft, clinic.ByVet)
	seated(false, "the vet left")
	tell(clinic.WhatVetJoined, clinic.ByVet)
	seated(true, "the vet is back")
	tell(clinic.WhatMoved, clinic.ByOwner)
	seated(false, "it was moved")
}

// testDecidedOnASeat holds that what depends on the vet's seat is decided by who sits there when it is saved.
func testDecidedOnASeat(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	vets := h.vets(2)
	v := h.book(vets[0], hour(30), 20)
	id := v.Reservation.ID
	h.must(h.Attend(h.Context(), []string{vets[0]}))
	at := time.Now().UTC().Truncate(time.Millisecond)
	changes := map[string]func(clinic.SeatedDecision) error{
		"changed": func(decide clinic.SeatedDecision) error {
			_, _, err := h.ChangeSeated(h.Context(), id, decide)
			return err
		},
		"given away": func(decide clinic.SeatedDecision) error {
			_, _, err := h.TransferVisit(h.Context(), id, vets[1], decide)
			return err
		},
	}
	for name, change := range changes {
		var asked []bool
		err := change(func(v *clinic.Visit, vet *clinic.Vet, seated bool, now time.Time) ([]clinic.Event, error) {
			if asked = append(asked, seated); seated {
				return nil, clinic.ErrTooEarly
			}
			at = at.Add(time.Millisecond) // meanwhile the vet comes in
			h.must(h.Tell(h.Context(), []clinic.Entry{{ReservationID: id, At: at, What: clinic.WhatVetJoined, By: clinic.ByVet}}))
			return v.Delay(5, now)
		})
		h.wantError(err, clinic.ErrTooEarly, "%s", name)
		if len(asked) != 2 || h.visit(id).Room.DelayedMinutes != 0 {
			h.Errorf("%s: decided %v", name, asked)
		}
		at = at.Add(time.Millisecond)
		h.must(h.Tell(h.Context(), []clinic.Entry{{ReservationID: id, At: at, What: clinic.WhatLeft, By: clinic.ByVet}}))
	}
}

// give gives a visit to another vet.
func (h *house) give(id, to string) (*clinic.Visit, error) {
	v, _, err := h.TransferVisit(h.Context(), id, to, func(v *clinic.Visit, to *clinic.Vet, _ bool, now time.Time) ([]clinic.Event, error) {
		return v.Transfer(to, now)
	})
	return v, err
}

func testTransfer(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	vets := h.vets(2)
	former, other, start := vets[0], vets[1], hour(5)
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	before, v := h.book(former, at(-20), 20), h.book(former, at(0), 20)
	otherBefore, otherNext := h.book(other, at(-20), 20), h.book(other, at(20), 20)
	given, err := h.give(v.Reservation.ID, other)
	h.must(err)
	if read := h.visit(v.Reservation.ID); *read != *given || read.Reservation.VetID != other || read.Room.VetID != other || read.Room.ID != v.Room.ID {
		h.Errorf("saved %+v\nread  %+v", *given, *read)
	}
	for id, want := range map[string]time.Time{
		before.Reservation.ID: at(5), otherBefore.Reservation.ID: at(0), v.Reservation.ID: at(20), otherNext.Reservation.ID: at(45),
	} {
		if got := h.visit(id).Room.ClosesAt; !got.Equal(want) {
			h.Errorf("%s closes at %v, want %v", id, got.Sub(start), want.Sub(start))
		}
	}
	rows := h.waiting(v.Room.ID)
	h.rising(rows)
	if moved := h.says(h.find(rows, clinic.RoomRescheduled)); moved.VetID != other {
		h.Errorf("the room's news is of %s", moved.VetID)
	}
	if opening := h.says(h.find(rows, clinic.RoomOpen)); opening.VetID != other {
		h.Errorf("the opening ahead is of %s", opening.VetID)
	}
	h.find(h.waiting(v.Reservation.ID), clinic.BookingRescheduled)
	h.book(former, at(0), 20) // free again
	_, err = h.give(v.Reservation.ID, former)
	h.wantError(err, clinic.ErrSlotTaken, "back to where another is")
	_, err = h.give(v.Reservation.ID, NewID())
	h.wantError(err, clinic.ErrNotFound, "to nobody")
	h.disjoint(other)
	h.disjoint(former)
}

// testTransferOfWhoIsGone gives away a visit whose vet was in the room and has no socket any more, as after a crash.
func testTransferOfWhoIsGone(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	vets := h.vets(2)
	v := h.book(vets[0], hour(5), 20)
	at := time.Now().UTC().Truncate(time.Millisecond)
	h.must(h.Tell(h.Context(), []clinic.Entry{{ReservationID: v.Reservation.ID, At: at, What: clinic.WhatVetJoined, By: clinic.ByVet}}))
	h.must(h.Attend(h.Context(), vets[1:])) // whoever takes over is there, but not in the room
	given, err := h.give(v.Reservation.ID, vets[1])
	h.must(err)
	if given.Reservation.VetID != vets[1] {
		h.Errorf("it is still %s's", given.Reservation.VetID)
	}
}

// testTransferAgainstBooking lets a transfer and a booking race for a vet's time: one of them has it.
func testTransferAgainstBooking(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	given, booked := 0, 0
	for i := range 20 {
		vets := h.vets(2)
		v := h.book(vets[0], hour(3), 20)
		var transfer, book error
		first := func() { _, transfer = h.give(v.Reservation.ID, vets[1]) }
		second := func() { _, _, book = h.Book(h.Context(), booking(vets[1], spanAt(hour(3).Add(10*time.Minute), 20))) }
		race(first, second)
		switch {
		case transfer == nil && is(book, clinic.ErrSlotTaken):
			given++
		case book == nil && is(transfer, clinic.ErrSlotTaken):
			booked++
		default:
			h.Errorf("round %d: transfer %v, booking %v", i, transfer, book)
		}
		h.disjoint(vets[0])
		h.disjoint(vets[1])
	}
	h.Logf("%d given, %d booked", given, booked)
}
