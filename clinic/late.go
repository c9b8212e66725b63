package clinic

import (
	"context"
	"time"
)

// Lateness is how late the vet of a visit is at an instant.
type Lateness struct {
	// Late tells whether the owner may give the visit to another vet: the own one is not in the room, and announced a
	// delay or let the start pass.
	Late bool
	// Minutes is the delay as announced, or what has passed since the start if the vet is absent for longer.
	Minutes int
}

// LateStore keeps what the owner of a late vet needs.
type LateStore interface {
	// Seated tells of which of the reservations the vet is in the room, or waits at its door.
	Seated(ctx context.Context, reservationIDs []string) (map[string]bool, error)
	// ChangeSeated is [VisitStore.ChangeVisit] for what depends on whether the vet is seated: that is still so when it is
	// saved, as far as it was told by then; if not, decide is asked again.
	ChangeSeated(ctx context.Context, reservationID string, decide SeatedDecision) (*Visit, *Vet, error)
	// TransferVisit saves what decide did to a visit that goes over to another vet, and its facts; that vet, and whether
	// the own one is seated, stay as decide saw them until it is saved. It returns ErrNotFound, and ErrSlotTaken if the
	// other vet's time is not free.
	TransferVisit(ctx context.Context, reservationID, toVetID string, decide SeatedDecision) (*Visit, *Vet, error)
}

// SeatedDecision decides on a visit, knowing whether its vet is in the room, or waits at its door. The vet that it is
// given is the own one, or the one to whom the visit shall go.
type SeatedDecision func(v *Visit, vet *Vet, seated bool, now time.Time) ([]Event, error)

// Lateness tells how late the vet is at now; seated is whether that one is in the room.
func (v *Visit) Lateness(seated bool, now time.Time) Lateness {
	l := Lateness{Minutes: v.Room.DelayedMinutes}
	if seated || v.underway(now) != nil {
		return l
	}
	passed := now.Sub(v.Reservation.Start)
	l.Late = l.Minutes > 0 || passed >= 0
	if v.Room.StateAt(now) == RoomOpened {
		l.Minutes = max(l.Minutes, int(passed/time.Minute))
	}
	return l
}

// Transfer gives the visit to another vet, at the same time and in the same room. It returns ErrClosed if it is over.
// What follows at that vet is told by [Visit.YieldTo]; whether that one may see the animal is asked of [Vet.Covers].
func (v *Visit) Transfer(to *Vet, now time.Time) ([]Event, error) {
	if err := v.underway(now); err != nil {
		return nil, err
	}
	former := v.Reservation.VetID
	v.Reservation.VetID, v.Room.VetID = to.ID, to.ID
	v.Reservation.Sequence++
	v.Room.DelayedMinutes, v.Room.ClosesAt = 0, closesAt(v.Reservation.End, time.Time{})
	return v.facts(now,
		Event{Kind: BookingRescheduled, By: ByOwner, PreviousStart: v.Reservation.Start, PreviousVetID: former},
		Event{Kind: RoomRescheduled, By: ByOwner}), nil
}

// MoveLate is Move for an owner whose vet is late: the room may be open, and is locked again until the new start.
func (v *Visit) MoveLate(to Span, now time.Time) ([]Event, error) {
	if err := v.underway(now); err != nil {
		return nil, err
	}
	return v.move(to, ByOwner, now), nil
}

// cutOff is until how long before the start an owner may change a visit.
func (v *Vet) cutOff() time.Duration { return time.Duration(v.Hours.CancelCutoffMinutes) * time.Minute }
