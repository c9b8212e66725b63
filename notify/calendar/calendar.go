// Package calendar writes a visit as a calendar file (RFC 5545), for whoever gives it out: a page, or a mail.
package calendar

import (
	"net/url"

	ics "github.com/arran4/golang-ical"

	"vetroom/clinic"
)

// Words are what a calendar shows: what it is, and its number and how to come back.
type Words struct{ Summary, Description string }

// File is a calendar with one event.
type File struct {
	Name   string // of the file
	Type   string // media type
	Method string // PUBLISH or CANCEL
	Body   string
}

// Page gives the address of a reservation's page: not a link that lets anybody in.
func Page(base *url.URL, reservationID string) string {
	return base.String() + "/reservations/" + reservationID
}

// Of writes a visit of the site at base: always the same UID, a SEQUENCE that rises with every move and cancel, and
// CANCEL once it was cancelled.
func Of(v *clinic.View, base *url.URL, words Words) File {
	r := &v.Reservation
	method, status := ics.MethodPublish, ics.ObjectStatusConfirmed
	if r.State == clinic.StateCancelled {
		method, status = ics.MethodCancel, ics.ObjectStatusCancelled
	}
	cal := ics.NewCalendar()
	cal.SetProductId("-//Vetroom//Vetroom//EN")
	cal.SetMethod(method)
	e := cal.AddEvent(r.ID + "@" + base.Hostname())
	e.SetDtStampTime(v.At)
	e.SetStartAt(r.Start)
	e.SetEndAt(r.End)
	e.SetSequence(r.Sequence)
	e.SetStatus(status)
	e.SetSummary(words.Summary)
	e.SetDescription(words.Description)
	e.SetURL(Page(base, r.ID))
	e.SetProperty(ics.ComponentPropertyOrganizer, base.String()+"/vets/"+v.Vet.ID, ics.WithCN(v.Vet.Name))
	return File{
		Name: "vetroom-" + r.Number + ".ics", Type: "text/calendar; charset=utf-8; method=" + string(method),
		Method: string(method), Body: cal.Serialize(ics.WithNewLineWindows),
	}
}
