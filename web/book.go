package web

import (
	"net/url"
	"slices"
	"time"
)

// BookPage is "/vets/{id}/book": the red flags first, then the form that books a time chosen on the vet's page. It is
// also the answer to a refused booking, with everything that was typed.
type BookPage struct {
	Layout
	Vet   Vet
	Carry Carry
	// Zone is the reader's time zone where it differs from the vet's; nil: it does not.
	Zone *time.Location
	// Flags are the questions that come first; nil: they are answered.
	Flags *Flags
	// Slot is the time that was chosen. Its state is that of now: of one that is not free any more, or was never
	// offered, Nearest are the free times around it, offered in its place.
	Slot    Slot
	Nearest []Slot
	// FollowUpOnly lists the areas that the vet's permits cover for follow-ups only: the form asks for the first visit.
	FollowUpOnly []string
	// Photo is the screening that can go along; nil without one.
	Photo *AttachedPhoto
	Form  Form
	// Key is the idempotency key of this form, made anew for a fresh form and kept when the form is shown again.
	Key string
}

// BookedPage is the answer to a booking, this once: what to keep, and what happens next and when.
type BookedPage struct {
	Layout
	Reservation Reservation
	Link        string // the capability URL: only its hash is stored
	Mail        string // where the same goes by mail; empty: nowhere
}

// AttachedPhoto is a screening as it goes along with a booking.
type AttachedPhoto struct {
	ID, Img string
	State   string // queued, done or failed
	Finding string // code of the surest finding; empty: none yet
}

// Carry is what goes along the links from the list of vets to a booking.
type Carry struct {
	Screening string // the photo to attach, by its id
	Near      string // where the owner is, "LAT,LON"
	Cleared   bool   // no red flag is there, and so is not asked for again
}

// values are its parts in an address.
func (c Carry) values() url.Values {
	q := url.Values{}
	for _, pair := range c.pairs() {
		q.Set(pair[0], pair[1])
	}
	return q
}

// pairs are its parts in a form.
func (c Carry) pairs() [][2]string {
	flags := ""
	if c.Cleared {
		flags = NoFlags
	}
	return slices.DeleteFunc([][2]string{{"screening", c.Screening}, {"near", c.Near}, {"flags", flags}}, func(p [2]string) bool { return p[1] == "" })
}

// With is an address with what goes along.
func (c Carry) With(address string) string {
	if q := c.values(); len(q) > 0 {
		return address + "?" + q.Encode()
	}
	return address
}

// readersZone is the zone in which a reader is told an instant: the reader's own where its clock shows another time than
// that of the vet.
func readersZone(vet, own *time.Location, at time.Time) *time.Location {
	if own == nil || sameClock(vet, own, at) {
		return vet
	}
	return own
}

// sameClock says whether clocks in both zones show the same.
func sameClock(a, b *time.Location, at time.Time) bool {
	_, x := in(at, a).Zone()
	_, y := in(at, b).Zone()
	return x == y
}

// there says an instant by the vet's clock, where the reader's own shows another time; else nothing.
func (p *printer) there(at, now time.Time, vet, own *time.Location) string {
	if at.IsZero() || own == nil || sameClock(vet, own, at) {
		return ""
	}
	return p.t("booking.js_there", "when", p.when(in(at, vet), now))
}

// Lost says that the chosen time cannot be booked any more.
func (p BookPage) Lost() bool { return p.Slot.State != "free" }

// gone is the text of why the chosen time cannot be booked.
func (p BookPage) gone() string {
	if p.Slot.State == "taken" {
		return "booking.js_lost"
	}
	return "booking.not_offered"
}

// zone is the one in which times are told.
func (p BookPage) zone() *time.Location { return readersZone(p.Vet.Zone, p.Zone, p.Slot.Start) }

// timesAddress leads back to the timetable, where another time can be chosen.
func (p BookPage) timesAddress() string {
	if p.Slot.Start.IsZero() {
		return p.Carry.With(p.Vet.address()) + "#times"
	}
	return p.Vet.timesAddress(p.Carry, in(p.Slot.Start, p.zone()).Format(time.DateOnly), p.Slot.Start)
}

// areas are those of the vet's permits; all where none are named.
func (p BookPage) areas() []string {
	if len(p.Vet.Areas) == 0 {
		return Areas
	}
	return p.Vet.Areas
}

// alwaysFollowUp says that the vet sees no animal for the first time.
func (p BookPage) alwaysFollowUp() bool {
	return len(p.FollowUpOnly) > 0 && len(p.FollowUpOnly) >= len(p.areas())
}

// attached says whether the photo goes along: unless it was taken out of the form.
func (p BookPage) attached() bool {
	_, sent := p.Form.Values["screening_id"]
	return !sent || p.Form.Value("screening_id") != ""
}

// inPerson says that the booking was refused because the animal is to be seen in person.
func (p BookPage) inPerson() bool {
	return p.Form.Code == "not_permitted" || p.Form.Code == "prior_visit_required"
}

// hospitals leads to the hospitals around.
func (p BookPage) hospitals() string {
	return Carry{Near: p.Carry.Near}.With("/hospitals")
}

// others leads to the vets who see the area that was chosen.
func (p BookPage) others() string {
	return VetsPage{Area: p.Form.Value("visit.area"), Near: p.Carry.Near, Screening: p.Carry.Screening}.With("online", "")
}
