package clinic

import (
	"strings"
	"time"
)

// EventKind names a fact, as on the wire but for the leading "vetroom.".
type EventKind string

// The facts of a visit, of a vet and of a screening.
const (
	BookingConfirmed   EventKind = "booking.confirmed"
	BookingRescheduled EventKind = "booking.rescheduled"
	BookingCancelled   EventKind = "booking.cancelled"
	BookingCompleted   EventKind = "booking.completed"
	BookingNoShow      EventKind = "booking.no_show"
	BookingReminder    EventKind = "booking.reminder"

	VetOnline  EventKind = "vet.online"
	VetOffline EventKind = "vet.offline"

	RoomOpen        EventKind = "room.open"
	RoomDelayed     EventKind = "room.delayed"
	RoomExtended    EventKind = "room.extended"
	RoomRescheduled EventKind = "room.rescheduled"
	RoomClosed      EventKind = "room.closed"

	AIRequested EventKind = "ai.requested"
	AIResult    EventKind = "ai.result"
	AIFailed    EventKind = "ai.failed"
	AIReviewed  EventKind = "ai.reviewed"
)

// ReasonCode says why, in one word that is safe to publish.
type ReasonCode string

// Why a room closed, a reservation was cancelled, or a vet went offline. Those of a screening stand with it.
const (
	ReasonEnded     ReasonCode = "ended"     // the time was up
	ReasonVet       ReasonCode = "vet"       // the vet said so
	ReasonOwner     ReasonCode = "owner"     // the owner said so
	ReasonCancelled ReasonCode = "cancelled" // the reservation was cancelled
	ReasonNoShow    ReasonCode = "no_show"   // nobody came
	ReasonPermit    ReasonCode = "permit"    // no permit covers the visit any more
	ReasonLogout    ReasonCode = "logout"    // the vet signed out
	ReasonAbsent    ReasonCode = "absent"    // the vet's last socket is gone
)

// Aggregate names what an event's version counts for.
type Aggregate string

// The aggregates, in the order in which a transaction changes them.
const (
	AggregateReservation Aggregate = "reservation"
	AggregateRoom        Aggregate = "room"
	AggregateVet         Aggregate = "vet"
	AggregateScreening   Aggregate = "screening"
)

// Event is a fact: what happened to one aggregate, or will at Due. It holds copies, so that later changes leave it.
type Event struct {
	ID      string // UUIDv7, given when it is saved
	Kind    EventKind
	Version int64     // rises with every event of the aggregate, given when it is saved
	Due     time.Time // UTC; published at this instant, not before
	By      Party

	Visit *Visit // of a booking or room event: as it was right after the change
	Vet   *Vet   // of a vet event

	Screening *Screening // of an ai event: as it was right after the change

	PreviousStart time.Time     // booking.rescheduled
	PreviousVetID string        // booking.rescheduled to another vet
	Reason        ReasonCode    // booking.cancelled, room.closed, vet.*, ai.failed
	Before        time.Duration // booking.reminder: how long before the start
	OpenedBy      Party         // room.open: ByVet or BySchedule
}

// Aggregate gives what the event belongs to, and its id.
func (e Event) Aggregate() (Aggregate, string) {
	switch {
	case e.Vet != nil:
		return AggregateVet, e.Vet.ID
	case e.Screening != nil:
		return AggregateScreening, e.Screening.ID
	case strings.HasPrefix(string(e.Kind), "room."):
		return AggregateRoom, e.Visit.Room.ID
	default:
		return AggregateReservation, e.Visit.Reservation.ID
	}
}
