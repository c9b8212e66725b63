package web

import (
	"time"

	"github.com/a-h/templ"

	"vetroom/clinic"
)

// Page is one of the page structs of this package, each of which embeds a
// Layout and has a template, its method draw.
type Page interface {
	layout() Layout
	draw(p *printer) templ.Component
}

// Layout is what every page needs beside its own content. The language is not
// in it: Render takes that.
type Layout struct {
	// Path is the request's path with its query, where the language switch
	// comes back to.
	Path string
	// Now is the server's clock at rendering. All "today" and "in 3 days" are
	// counted from it, and the scripts take it as their first guess of the
	// server's clock.
	Now time.Time
	// Owner says that the browser holds an owner's cookie.
	Owner bool
	// Vet is the signed-in vet, nil for everybody else.
	Vet *SignedVet
}

// SignedVet is the vet who is looking at the page.
type SignedVet struct {
	ID, Name string
	Online   bool
}

func (l Layout) layout() Layout { return l }

// HomePage is "/".
type HomePage struct {
	Layout
	// Next is the nearest reservation that the cookie holds and whose room is
	// not closed; nil without one.
	Next *Reservation
	// Online counts the vets who are online now and may see somebody today.
	Online int
	// UsualWait is how long it took lately until a vet answered who was asked at
	// once; zero where that is not known.
	UsualWait time.Duration
}

// VetsPage is "/vets". Query, Online, Area and Near are the filters in force,
// as they stood in the query string.
type VetsPage struct {
	Layout
	Vets   []Vet
	Query  string // q
	Online bool   // online=true
	Area   string // area: skin, eye, teeth, joint, other or empty
	Near   string // near: "LAT,LON" or empty
	// Screening is the photo that goes along to a booking, by its id; empty: none.
	Screening string
	// Zone is the reader's time zone, nil where nobody knows it.
	Zone *time.Location
	// NextCursor leads to the next page of the list; empty on the last one.
	NextCursor string
}

// VetPage is "/vets/{id}": who it is, and a week of slots of which one leads to
// the booking. With Move it is the same week for another start of that
// reservation.
type VetPage struct {
	Layout
	Vet   Vet
	Carry Carry // what goes along to the booking
	// Zone is the reader's time zone where it differs from the vet's: the week is drawn in it. Nil: in the vet's.
	Zone *time.Location
	// Days is the week shown, in order, also days without a slot.
	Days []Day
	// From and Count ask for the slots of these days: GET …/slots?from=…&days=….
	From  string
	Count int
	// Earlier and Later are the values of ?from= for the weeks around this one
	// ("2026-12-08"); empty where there is none.
	Earlier, Later string
	// Move is the reservation that is being moved (?move={id}); nil for a new
	// booking.
	Move *Reservation
	// Form holds the chosen "start", and what was wrong with it.
	Form Form
}

// Day is one local day of a timetable.
type Day struct {
	Date  time.Time // any instant of that day, in the zone in which the week is drawn
	Slots []Slot
}

// Slot is one time that a vet offers.
type Slot struct {
	Start, End time.Time
	State      string // free, taken or past
}

// ReservationsPage is "/reservations": those that the cookie holds, and the
// form that brings one back by number and phone.
type ReservationsPage struct {
	Layout
	Upcoming []Reservation // nearest first
	Past     []Reservation // latest first
	// Expired says that a cookie or a link had run out, so that the page says
	// how to come back rather than "nothing here".
	Expired bool
	Lookup  Form
}

// ReservationPage is "/reservations/{id}".
type ReservationPage struct {
	Layout
	Reservation Reservation
	Timeline    []Entry
	// Cancel carries the error of a refused cancelling (code "too_late").
	Cancel Form
	// Late is there while the vet is late; Transfer carries the error of a
	// change to another vet that was refused.
	Late     *LateOffers
	Transfer Form
	// Handed says that the visit was just given to the vet that it now has.
	Handed bool
	// Aftercare is what the vet wrote for the owner: nil until then.
	Aftercare *Aftercare
	Chat      []ChatLine // what was said, once the door was open
	// Photo is the screening that came with the reservation; nil without one.
	Photo  *clinic.Screening
	Stills []Still // photos that were taken in the room
}

// Entry is one line of a reservation's timeline.
type Entry struct {
	At   time.Time
	What string // the contract's words: booked, moved, due, emitted, …
	By   string // owner, vet, system or empty
	// Detail are the words that say more, as "poor relay"; or empty.
	Detail string
}

// VetLoginPage is "/vet/login".
type VetLoginPage struct {
	Layout
	Form Form
	// Next is the local path to go to after the login; empty means "/vet".
	Next string
}

// VetDayPage is "/vet", the vet's own page. Layout.Vet must be set.
type VetDayPage struct {
	Layout
	Zone  *time.Location
	Today []Reservation // by start
	Week  []DayList     // the six days after today, also empty ones
	// Chosen is the patient beside the list, on a screen that is wide enough; nil without one.
	Chosen *Case
	// SlotMinutes is offered as the length of a follow-up.
	SlotMinutes int
}

// DayList is one local day of the vet's week.
type DayList struct {
	Date         time.Time
	Reservations []Reservation
}

// VetHoursPage is "/vet/hours".
type VetHoursPage struct {
	Layout
	Hours Hours
	Saved bool
	// Outside are standing reservations that the saved hours no longer offer;
	// they stand all the same.
	Outside []Reservation
	// Form carries errors only; values come from Hours, as they were typed.
	Form Form
}

// Hours is the hours document as the form shows it: text as it was typed, so
// that a refused form comes back unchanged.
type Hours struct {
	TimeZone                                        string
	SlotMinutes, BufferMinutes                      string
	NoticeMinutes, HorizonDays, CancelCutoffMinutes string
	Weekly                                          []HoursRow       // any order
	Exceptions                                      []HoursException // by date
}

// HoursRow is one stretch of a weekly day.
type HoursRow struct{ Day, From, To string } // mon…sun, "09:00", "24:00"

// HoursException is one date that differs: closed, or open From to To.
type HoursException struct {
	Date     string // 2026-12-25
	Closed   bool
	From, To string
}

// RoomPage is "/room?id=ROOM", the call.
type RoomPage struct {
	Layout
	Reservation Reservation // its Door is the room
}

// ErrorPage stands in for any page: 403, 404, 410 (a link that ran out), 413,
// 429, 500, 503 and, for what has no page of its own, 400.
type ErrorPage struct {
	Layout
	Status int
	// RetryAfter is said for 429 and 503; zero says "in a moment".
	RetryAfter time.Duration
}
