package handlers

import (
	"net/http"

	"vetroom/clinic"
)

type credentials struct{ login, password string }

func readCredentials(o *object) credentials {
	return credentials{o.needed("login"), o.needed("password")}
}

// enterVet signs a vet in and sets the cookie.
func (h *Handler) enterVet(c *call, q credentials) (*clinic.Vet, error) {
	vet, err := h.signIn(c, q.login, q.password)
	if err != nil {
		return nil, err
	}
	cookie, err := h.Sessions.enter(vet, c.now)
	if err != nil {
		return nil, err
	}
	c.setCookie(cookie)
	return vet, nil
}

// login is POST /api/v1/vet/login.
func (h *Handler) login(c *call) (reply, error) {
	q, err := read(c, readCredentials)
	if err != nil {
		return reply{}, err
	}
	vet, err := h.enterVet(c, q)
	if err != nil {
		return reply{}, err
	}
	card, err := h.Desk.Vet(c.ctx(), vet.ID)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, signedInJSON{ownVetOf(card)})
}

// leaveVet ends the vet's session for good, its sockets, and the vet's being online.
func (h *Handler) leaveVet(c *call) error {
	if _, err := h.Desk.SetOnline(c.ctx(), c.who.VetID, false, clinic.ReasonLogout); err != nil {
		return err
	}
	if err := h.Sessions.Revoked.Revoke(c.ctx(), c.who.VetSession, c.now.Add(revokedFor)); err != nil {
		return err
	}
	if h.CloseSockets != nil {
		h.CloseSockets(c.ctx(), c.who.VetSession, c.who.VetID)
	}
	c.setCookie(h.Sessions.farewell(vetCookie))
	return nil
}

// logout is POST /api/v1/vet/logout.
func (h *Handler) logout(c *call) (reply, error) {
	if _, err := read(c, noBody); err != nil {
		return reply{}, err
	}
	return nothing(), h.leaveVet(c)
}

// me is GET /api/v1/vet/me.
func (h *Handler) me(c *call) (reply, error) {
	card, err := h.Desk.Vet(c.ctx(), c.who.VetID)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, ownVetOf(card))
}

func readOnline(o *object) bool { return o.flag("online") }

// setOnline is PUT /api/v1/vet/online.
func (h *Handler) setOnline(c *call) (reply, error) {
	online, err := read(c, readOnline)
	if err != nil {
		return reply{}, err
	}
	vet, err := h.Desk.SetOnline(c.ctx(), c.who.VetID, online, clinic.ReasonVet)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, onlineJSON{vet.Online, wireOrNull(vet.OnlineSince)})
}

// readHours is GET /api/v1/vet/hours.
func (h *Handler) readHours(c *call) (reply, error) {
	vet, err := h.Desk.Store.Vet(c.ctx(), c.who.VetID)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, hoursOf(vet))
}

// replaceHours is PUT /api/v1/vet/hours.
func (h *Handler) replaceHours(c *call) (reply, error) {
	doc, err := read(c, readHours)
	if err != nil {
		return reply{}, err
	}
	vet, err := h.Desk.SetHours(c.ctx(), c.who.VetID, doc.Hours, doc.zone)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, hoursOf(vet))
}

// listPermits is GET /api/v1/vet/permits.
func (h *Handler) listPermits(c *call) (reply, error) {
	vet, err := h.Desk.Store.Vet(c.ctx(), c.who.VetID)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, permitsJSON{orEmpty(vet.Permits)})
}

// listVisits is GET /api/v1/vet/reservations.
func (h *Handler) listVisits(c *call) (reply, error) {
	span, err := ask(c, readDays)
	if err != nil {
		return reply{}, err
	}
	views, err := h.Desk.VetReservations(c.ctx(), c.who.VetID, span.from, span.days)
	if err != nil {
		return reply{}, err
	}
	out := reservationsOf(views)
	for i := range views {
		out.Reservations[i] = c.withScreening(out.Reservations[i], &views[i])
	}
	return asJSON(http.StatusOK, out)
}

// bookFollowUp is POST /api/v1/vet/reservations.
func (h *Handler) bookFollowUp(c *call) (reply, error) {
	q, canonical, err := readAll(c, readFollowUp(c.now))
	if err != nil {
		return reply{}, err
	}
	q.VetID = c.who.VetID
	if q.Key, err = c.key("follow-up "+q.VetID, canonical); err != nil {
		return reply{}, err
	}
	booked, err := h.Desk.FollowUp(c.ctx(), q)
	if err != nil {
		return reply{}, err
	}
	return h.created(booked)
}

// cancelVisit is POST /api/v1/vet/reservations/{id}/cancel.
func (h *Handler) cancelVisit(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	reason, err := read(c, readReason)
	if err != nil {
		return reply{}, err
	}
	return answerReservation(h.Desk.VetCancel(c.ctx(), c.who.VetID, id, reason))
}

// markNoShow is POST /api/v1/vet/reservations/{id}/no-show.
func (h *Handler) markNoShow(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	if _, err := read(c, noBody); err != nil {
		return reply{}, err
	}
	return answerReservation(h.Desk.NoShow(c.ctx(), c.who.VetID, id))
}

// completeVisit is POST /api/v1/vet/reservations/{id}/complete.
func (h *Handler) completeVisit(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	if _, err := read(c, noBody); err != nil {
		return reply{}, err
	}
	return answerReservation(h.Desk.Complete(c.ctx(), c.who.VetID, id))
}
