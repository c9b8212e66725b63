// Package clinic is the domain: vets and their hours, slots, reservations, rooms and permits, and the rules that
// hold between them. It is pure. It never reads a clock, a socket or a disk; time, ids and randomness are passed in.
//
// # A visit
//
// A reservation and its room make a visit; they change together.
//
//	            Book                        Complete
//	(nothing) ────────▶ confirmed ─────────────────────▶ completed
//	                     │  │  ▲                NoShow
//	                     │  │  └─ Move ──┐ ───────────▶ no_show
//	                     │  └────────────┘
//	                     └──── Cancel ─────────────────▶ cancelled
//
//	           the start, or OpenEarly       ClosesAt, or Close
//	 locked ───────────────────────────▶ open ─────────────────▶ closed
//	   └──────────── Cancel, NoShow, Complete ────────────────────▲
//
// The room's state is never stored: [Room.StateAt] computes it from the room and the clock, so that a snapshot, an
// event and a sweep cannot disagree.
//
// # Facts
//
// Every transition refuses what it must with a named error and returns the facts ([Event]) that the change gives rise
// to. Facts of the future (the opening, the closing, reminders) come from [Visit.Ahead]. A store saves a change and
// its facts in one transaction, or neither.
package clinic

import "time"

// Clock tells the time that everybody agrees on: the process's estimate of the database's clock.
type Clock interface {
	Now() time.Time
}

// Millis cuts t to whole milliseconds, in UTC: the precision of every stored and sent time.
func Millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// Party says who did something.
type Party string

// The parties. System is a sweep or an operator's command; Schedule is the clock.
const (
	ByOwner    Party = "owner"
	ByVet      Party = "vet"
	BySystem   Party = "system"
	BySchedule Party = "schedule"
)

// Role is a seat in a room.
type Role string

// The two seats of a room.
const (
	RoleOwner Role = "owner"
	RoleVet   Role = "vet"
)

// Seat is one seat of one room.
type Seat struct {
	RoomID string
	Role   Role
}

// Other gives the seat across.
func (r Role) Other() Role {
	if r == RoleOwner {
		return RoleVet
	}
	return RoleOwner
}

// Who is asking: an owner's session, a vet, or both in one browser.
type Who struct {
	Session    string // the owner's session id, or ""
	VetID      string // the signed-in vet, or ""
	VetSession string // that vet's session id, which a logout ends
}

// Known tells whether anybody is asking at all.
func (w Who) Known() bool { return w.Session != "" || w.VetID != "" }
