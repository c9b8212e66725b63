package handlers

import (
	"net/http"
	"slices"

	"vetroom/clinic"
	"vetroom/web"
)

// homePage is "/".
func (h *Handler) homePage(c *call) (reply, error) {
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	ready, err := h.readiness(c.ctx())
	if err != nil {
		return reply{}, err
	}
	p := web.HomePage{Layout: layout, Online: ready.Online, UsualWait: ready.UsualWait}
	if p.Next, err = h.nextReservation(c); err != nil {
		return reply{}, err
	}
	return c.page(http.StatusOK, p)
}

// nextReservation gives the nearest of the caller's that can still be entered, nil without one.
func (h *Handler) nextReservation(c *call) (*web.Reservation, error) {
	if c.who.Session == "" {
		return nil, nil
	}
	views, err := h.Desk.Reservations(c.ctx(), c.who.Session)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(views, func(v clinic.View) bool { return !over(&v) })
	if i < 0 {
		return nil, nil
	}
	next := c.shownReservation(&views[i])
	return &next, nil
}
