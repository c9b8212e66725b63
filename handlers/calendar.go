package handlers

import (
	"net/http"

	"vetroom/notify/calendar"
)

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
	r := &view.Reservation
	summary, description := h.Web.CalendarWords(r.Owner.Locale, view.Vet.Name, r.Number, calendar.Page(h.base, r.ID))
	file := calendar.Of(view, h.base, calendar.Words{Summary: summary, Description: description})
	return reply{status: http.StatusOK, body: []byte(file.Body)}.
		with("Content-Type", file.Type).with("Content-Disposition", `attachment; filename="`+file.Name+`"`), nil
}
