package web

import "time"

// LateOffers is what the owner of a late vet may do instead of waiting.
type LateOffers struct {
	CanMove bool  // to another of the vet's times
	Vets    []Vet // who could take over now
}

// Aftercare is what the vet wrote down for the owner.
type Aftercare struct {
	Text         string // may be empty where a visit is advised
	VisitAdvised bool   // the animal shall be seen in person
	Vet          string // the name of who wrote it
	At           time.Time
}

// ChatLine is one word of the chat, as it is kept.
type ChatLine struct {
	From string // owner or vet
	Text string
	At   time.Time
}

// doors tells those that can be entered now from those that are ahead.
func (p ReservationsPage) doors() (open, ahead []Reservation) {
	for _, r := range p.Upcoming {
		if r.Door.State == "open" {
			open = append(open, r)
		} else {
			ahead = append(ahead, r)
		}
	}
	return open, ahead
}

// Over says that the reservation can no longer be entered.
func (p ReservationPage) Over() bool { return !p.Reservation.Waits() }

// ended is why it cannot, as the texts "visit.…" name it.
func (r Reservation) ended() string {
	switch {
	case r.State == "cancelled":
		return "cancelled_" + r.CancelledBy
	case r.State == "confirmed" && r.Door.Reason == "vet":
		return "completed"
	case r.State == "confirmed":
		return "ended"
	}
	return r.State
}

// lateAddress leads to what can be done about a late vet.
func (r Reservation) lateAddress() string { return r.address() + "#late" }

// roomAddress leads into the room.
func (r Reservation) roomAddress() string { return roomAddress(r.Door.RoomID) }

// recordAddress is where the vet writes the visit's record.
func (r Reservation) recordAddress() string { return "/vet" + r.address() }

// lateMinutes is how late the door says that the vet is: one who is in the open room is not, whatever was announced.
func (d Door) lateMinutes() int {
	if d.State == "open" && !d.Late {
		return 0
	}
	return d.DelayedMinutes
}
