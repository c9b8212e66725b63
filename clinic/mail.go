package clinic

import (
	"fmt"
	"time"
)

// MailKind says what a mail to an owner is about.
type MailKind string

// The mails.
const (
	MailConfirmed MailKind = "confirmed"
	MailMoved     MailKind = "moved" // to another time, or to another vet
	MailCancelled MailKind = "cancelled"
	MailDayBefore MailKind = "day_before"
	MailSoon      MailKind = "soon"
)

// Mail is one mail to be sent: neither its address nor its words, which are made when it is sent, but what it says of
// its reservation. There is one at most of a reservation, kind and sequence.
type Mail struct {
	ReservationID string
	Kind          MailKind
	Sequence      int64  // the reservation's; of reminders the start in Unix milliseconds, so that none comes twice
	VetID         string // of reminders, whose it was when they were planned
	Start         time.Time
	DueAt         time.Time // when it is to be tried next
	Tries         int       // that failed
}

// Key names the mail, the same at each try.
func (m Mail) Key() string { return fmt.Sprintf("%s.%s.%d", m.ReservationID, m.Kind, m.Sequence) }

// MailOf gives the mail that a fact of now gives rise to, and false where there is none, as where the owner gave no
// address.
func MailOf(e Event) (Mail, bool) {
	kind := map[EventKind]MailKind{
		BookingConfirmed: MailConfirmed, BookingRescheduled: MailMoved, BookingCancelled: MailCancelled,
	}[e.Kind]
	if kind == "" || e.Visit.Reservation.Owner.Email == "" {
		return Mail{}, false
	}
	r := &e.Visit.Reservation
	return Mail{ReservationID: r.ID, Kind: kind, Sequence: int64(r.Sequence), VetID: r.VetID, Start: r.Start, DueAt: e.Due}, true
}

// reminders are the mails that go out so long before the start: with each of [Reminders].
var reminders = map[MailKind]time.Duration{MailDayBefore: Reminders[0], MailSoon: Reminders[1]}

// Reminders gives the reminders that follow from a confirmation or a move, those that lie ahead.
func (m Mail) Reminders(now time.Time) []Mail {
	if m.Kind != MailConfirmed && m.Kind != MailMoved {
		return nil
	}
	var ahead []Mail
	for _, kind := range []MailKind{MailDayBefore, MailSoon} {
		r := m
		r.Kind, r.Sequence, r.DueAt, r.Tries = kind, m.Start.UnixMilli(), m.Start.Add(-reminders[kind]), 0
		if !r.DueAt.Before(now) {
			ahead = append(ahead, r)
		}
	}
	return ahead
}

// Holds tells whether what the mail says is still so, and still worth saying: only then is it sent. A reminder tells of
// the start alone, and is written with the vet whose the visit is then.
func (m Mail) Holds(v *Visit, now time.Time) bool {
	r := &v.Reservation
	if m.Kind == MailCancelled {
		return r.State == StateCancelled && now.Before(r.Start.Add(24*time.Hour))
	}
	until := map[MailKind]time.Time{
		MailConfirmed: r.End, MailMoved: r.End, MailDayBefore: r.Start.Add(-time.Hour), MailSoon: r.Start,
	}[m.Kind]
	_, reminds := reminders[m.Kind]
	return r.Standing() && (reminds || r.VetID == m.VetID) && r.Start.Equal(m.Start) && now.Before(until)
}
