package clinic

import (
	"slices"
	"time"
)

// Visit is a reservation and its room: they change together.
type Visit struct {
	Reservation Reservation
	Room        Room
}

// Reminders are sent so long before the start.
var Reminders = []time.Duration{24 * time.Hour, 10 * time.Minute}

// Limits of what a vet may set outside the grid (contract §2).
const (
	MinMinutes = 5
	MaxMinutes = 180
)

// NewVisit makes a confirmed reservation and its room. The vet's next reservation is not known yet: see
// [Visit.YieldTo]. Its facts are the confirmation and all that lies ahead.
func NewVisit(ids VisitIDs, kind Kind, vetID string, span Span, q Request, now time.Time) (*Visit, []Event) {
	span = Span{Millis(span.Start), Millis(span.End)}
	v := &Visit{
		Reservation: Reservation{
			ID: ids.Reservation, Number: ids.Number, RoomID: ids.Room, VetID: vetID, Kind: kind, State: StateConfirmed,
			Span: span, Request: q, CreatedAt: Millis(now),
		},
		Room: Room{
			ID: ids.Room, ReservationID: ids.Reservation, VetID: vetID, OpenedBy: BySchedule,
			OpensAt: span.Start, ClosesAt: closesAt(span.End, time.Time{}),
		},
	}
	by := ByOwner
	if kind == KindFollowUp {
		by = ByVet
	}
	return v, v.facts(now, Event{Kind: BookingConfirmed, By: by})
}

// VisitIDs are the fresh ids of a new visit.
type VisitIDs struct {
	Reservation, Room, Number string
}

// facts finishes the given events: a copy of the visit each, due now.
func (v *Visit) facts(now time.Time, events ...Event) []Event {
	snapshot := *v
	for i := range events {
		events[i].Visit, events[i].Due = &snapshot, Millis(now)
	}
	return events
}

// Restate refreshes the copies that the change's own facts hold, after the change was completed by YieldTo.
func (v *Visit) Restate(own []Event) {
	snapshot := *v
	for i := range own {
		own[i].Visit = &snapshot
	}
}

// Ahead gives the facts of the future as things stand at now, in due order: reminders, the opening, the closing.
// An instant that is exactly now still lies ahead.
func (v *Visit) Ahead(now time.Time) []Event {
	snapshot := *v
	r, room := &snapshot.Reservation, &snapshot.Room
	var events []Event
	add := func(due time.Time, e Event) {
		if !due.Before(Millis(now)) {
			e.Visit, e.Due, e.By = &snapshot, due, BySchedule
			events = append(events, e)
		}
	}
	if r.Standing() {
		for _, before := range Reminders {
			add(r.Start.Add(-before), Event{Kind: BookingReminder, Before: before})
		}
	}
	if room.ClosedAt.IsZero() && room.OpenedBy == BySchedule {
		add(room.OpensAt, Event{Kind: RoomOpen, OpenedBy: BySchedule})
	}
	if room.ClosedAt.IsZero() {
		add(room.ClosesAt, Event{Kind: RoomClosed, Reason: ReasonEnded})
	}
	slices.SortStableFunc(events, func(a, b Event) int { return a.Due.Compare(b.Due) })
	return events
}

// Stamp takes over the versions that the saved events were given: own gave the change, ahead lies in the future.
func (v *Visit) Stamp(own, ahead []Event) {
	room := &v.Room
	room.OpenVersion, room.CloseVersion = 0, 0
	for _, e := range own {
		switch a, _ := e.Aggregate(); a {
		case AggregateReservation:
			v.Reservation.Version = max(v.Reservation.Version, e.Version)
		case AggregateRoom:
			room.Version = max(room.Version, e.Version)
		}
	}
	for _, e := range ahead {
		switch e.Kind {
		case RoomOpen:
			room.OpenVersion = e.Version
		case RoomClosed:
			room.CloseVersion = e.Version
		}
	}
}

// OwnerMayChange returns ErrClosed for a visit that is over and ErrTooLate past the vet's cut-off.
func (v *Visit) OwnerMayChange(cutoff time.Duration, now time.Time) error {
	if err := v.underway(now); err != nil {
		return err
	}
	if now.After(v.Reservation.Start.Add(-cutoff)) || v.Room.StateAt(now) != RoomLocked {
		return ErrTooLate
	}
	return nil
}

// underway returns ErrClosed unless the reservation stands and its room is not closed.
func (v *Visit) underway(now time.Time) error {
	if !v.Reservation.Standing() || v.Room.StateAt(now) == RoomShut {
		return ErrClosed
	}
	return nil
}

// Cancellation says who cancels and why.
type Cancellation struct {
	By   Party
	Code ReasonCode
	Text string // free text, kept with the reservation, never published
}

// Cancel gives the time back and closes the room, open or not. It returns ErrClosed if the visit is over.
// Whether an owner may still cancel is asked of OwnerMayChange.
func (v *Visit) Cancel(c Cancellation, now time.Time) ([]Event, error) {
	if err := v.underway(now); err != nil {
		return nil, err
	}
	r := &v.Reservation
	r.State, r.CancelledBy, r.ReasonCode, r.Reason = StateCancelled, c.By, c.Code, c.Text
	r.Sequence++
	v.Room.close(ReasonCancelled, now)
	return v.facts(now,
		Event{Kind: BookingCancelled, By: c.By, Reason: c.Code},
		Event{Kind: RoomClosed, By: c.By, Reason: ReasonCancelled}), nil
}

// Move puts the visit to another time. It returns ErrClosed if it is over and ErrTooLate once the room is open.
// What follows the new time is told by [Visit.YieldTo].
func (v *Visit) Move(to Span, by Party, now time.Time) ([]Event, error) {
	if err := v.underway(now); err != nil {
		return nil, err
	}
	if v.Room.StateAt(now) != RoomLocked {
		return nil, ErrTooLate
	}
	return v.move(to, by, now), nil
}

func (v *Visit) move(to Span, by Party, now time.Time) []Event {
	previous := v.Reservation.Start
	v.Reservation.Span = Span{Millis(to.Start), Millis(to.End)}
	v.Reservation.Sequence++
	v.Room.OpensAt, v.Room.ClosesAt = v.Reservation.Start, closesAt(v.Reservation.End, time.Time{})
	v.Room.DelayedMinutes, v.Room.OpenedBy = 0, BySchedule
	return v.facts(now,
		Event{Kind: BookingRescheduled, By: by, PreviousStart: previous},
		Event{Kind: RoomRescheduled, By: by})
}

// OpenEarly opens the room before its start. An open room stays as it is, without a fact.
// It returns ErrClosed if the visit is over.
func (v *Visit) OpenEarly(now time.Time) ([]Event, error) {
	if err := v.underway(now); err != nil {
		return nil, err
	}
	if v.Room.StateAt(now) == RoomOpened {
		return nil, nil
	}
	v.Room.OpensAt, v.Room.OpenedBy, v.Room.DelayedMinutes = Millis(now), ByVet, 0
	return v.facts(now, Event{Kind: RoomOpen, By: ByVet, OpenedBy: ByVet}), nil
}

// Close ends the call. A closed room stays as it is, without a fact. It returns ErrRoomLocked before the opening.
func (v *Visit) Close(now time.Time) ([]Event, error) {
	switch v.Room.StateAt(now) {
	case RoomLocked:
		return nil, ErrRoomLocked
	case RoomShut:
		return nil, nil
	}
	v.Room.close(ReasonVet, now)
	return v.facts(now, Event{Kind: RoomClosed, By: ByVet, Reason: ReasonVet}), nil
}

// Delay announces that the vet will be late by minutes. It moves neither the door nor the end.
// It returns ErrClosed if the visit is over, and ErrInvalid outside 0 to 180 minutes.
func (v *Visit) Delay(minutes int, now time.Time) ([]Event, error) {
	if err := v.underway(now); err != nil {
		return nil, err
	}
	if err := checkMinutes(minutes, 0); err != nil {
		return nil, err
	}
	v.Room.DelayedMinutes = minutes
	return v.facts(now, Event{Kind: RoomDelayed, By: ByVet}), nil
}

// Extend moves the end by minutes; the store refuses it with ErrSlotTaken where that time is not free.
// It returns ErrClosed if the visit is over, and ErrInvalid outside 5 to 180 minutes and beyond LongestVisit in all.
func (v *Visit) Extend(minutes int, now time.Time) ([]Event, error) {
	if err := v.underway(now); err != nil {
		return nil, err
	}
	if err := checkMinutes(minutes, MinMinutes); err != nil {
		return nil, err
	}
	end := v.Reservation.End.Add(time.Duration(minutes) * time.Minute)
	var p problems
	p.check(end.Sub(v.Reservation.Start) <= LongestVisit, "minutes", "would make the visit longer than %d hours", LongestVisit/time.Hour)
	if err := p.err(); err != nil {
		return nil, err
	}
	v.Reservation.End = end
	v.Reservation.Sequence++
	v.Room.ClosesAt = closesAt(v.Reservation.End, time.Time{})
	return v.facts(now, Event{Kind: RoomExtended, By: ByVet}), nil
}

func checkMinutes(minutes, low int) error {
	var p problems
	p.check(minutes >= low && minutes <= MaxMinutes, "minutes", "must be from %d to %d", low, MaxMinutes)
	return p.err()
}

// Complete says that the consultation took place and closes the room if it is still open.
// It returns ErrTooEarly before the opening and ErrClosed unless the reservation stands.
func (v *Visit) Complete(now time.Time) ([]Event, error) {
	return v.settle(StateCompleted, Event{Kind: BookingCompleted, By: ByVet}, ReasonVet, now)
}

// NoShow says that the owner did not come and closes the room. It returns ErrTooEarly before the opening and
// ErrClosed unless the reservation stands.
func (v *Visit) NoShow(now time.Time) ([]Event, error) {
	return v.settle(StateNoShow, Event{Kind: BookingNoShow, By: ByVet}, ReasonNoShow, now)
}

func (v *Visit) settle(to State, e Event, reason ReasonCode, now time.Time) ([]Event, error) {
	if !v.Reservation.Standing() {
		return nil, ErrClosed
	}
	if v.Room.StateAt(now) == RoomLocked {
		return nil, ErrTooEarly
	}
	v.Reservation.State = to
	events := []Event{e}
	if v.Room.StateAt(now) == RoomOpened {
		v.Room.close(reason, now)
		events = append(events, Event{Kind: RoomClosed, By: ByVet, Reason: reason})
	}
	return v.facts(now, events...), nil
}

// YieldTo tells the visit when the vet's next reservation starts (zero: none near): its room closes by then, and
// Grace after the end otherwise. It reports whether that changed anything; a room that is closed stays closed.
func (v *Visit) YieldTo(next, now time.Time) ([]Event, bool) {
	c := closesAt(v.Reservation.End, next)
	if v.Room.StateAt(now) == RoomShut || c.Equal(v.Room.ClosesAt) {
		return nil, false
	}
	v.Room.ClosesAt = c
	return v.facts(now, Event{Kind: RoomRescheduled, By: BySystem}), true
}
