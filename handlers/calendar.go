package handlers

import (
	"fmt"
	"net/http"

	ics "github.com/arran4/golang-ical"

	"vetroom/clinic"
)

// calendarWords are what a calendar shows, by the owner's locale: the vet, the number, and how to come back.
var calendarWords = map[string]struct{ summary, description string }{
	"ko": {"%s 화상 진료", "예약 번호: %s\n예약 시간이 되면 문이 열려요: %s"},
	"en": {"Video visit with %s", "Reservation number: %s\nThe door opens on time: %s"},
}

// readCalendar is GET /api/v1/reservations/{id}/calendar.ics.
func (h *Handler) readCalendar(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	view, err := h.Desk.Reservation(c.ctx(), c.who, id)
	if err != nil {
		return reply{}, err
	}
	cal, method := h.calendar(view)
	name := "vetroom-" + view.Reservation.Number + ".ics"
	return reply{status: http.StatusOK, body: []byte(cal)}.
		with("Content-Type", "text/calendar; charset=utf-8; method="+string(method)).
		with("Content-Disposition", `attachment; filename="`+name+`"`), nil
}

// calendar writes a visit by RFC 5545: always the same UID, a SEQUENCE that rises with every move and cancel, and
// CANCEL once it was cancelled. Its URL is the reservation's page, not a link that lets anybody in.
func (h *Handler) calendar(v *clinic.View) (string, ics.Method) {
	r := &v.Reservation
	words, ok := calendarWords[r.Owner.Locale]
	if !ok {
		words = calendarWords["ko"]
	}
	method, status := ics.MethodPublish, ics.ObjectStatusConfirmed
	if r.State == clinic.StateCancelled {
		method, status = ics.MethodCancel, ics.ObjectStatusCancelled
	}
	cal := ics.NewCalendar()
	cal.SetProductId("-//Vetroom//Vetroom//EN")
	cal.SetMethod(method)
	url := h.link("/reservations/" + r.ID)
	e := cal.AddEvent(r.ID + "@" + h.base.Hostname())
	e.SetDtStampTime(v.At)
	e.SetStartAt(r.Start)
	e.SetEndAt(r.End)
	e.SetSequence(r.Sequence)
	e.SetStatus(status)
	e.SetSummary(fmt.Sprintf(words.summary, v.Vet.Name))
	e.SetDescription(fmt.Sprintf(words.description, r.Number, url))
	e.SetURL(url)
	e.SetProperty(ics.ComponentPropertyOrganizer, h.link("/vets/"+v.Vet.ID), ics.WithCN(v.Vet.Name))
	return cal.Serialize(ics.WithNewLineWindows), method
}
