package handlers

import (
	"crypto/sha256"
	"net/http"
	"time"

	"vetroom/clinic"
)

// renewSession is POST /api/v1/session.
func (h *Handler) renewSession(c *call) (reply, error) {
	id, err := h.Sessions.identify(c.Request)
	if err != nil {
		return reply{}, err
	}
	if _, err := read(c, noBody); err != nil {
		return reply{}, err
	}
	if len(id.sessions()) == 0 {
		return reply{}, errNoSession
	}
	for _, s := range id.sessions() {
		c.setCookie(h.Sessions.cookie(s, c.now))
	}
	return nothing(), nil
}

// ownerSession gives the caller's owner session, or a new one, and issue, which sends its cookie: only what the
// session came to hold is worth a cookie.
func (c *call) ownerSession() (id string, issue func(), err error) {
	if c.who.Session != "" {
		return c.who.Session, func() {}, nil
	}
	s, err := c.h.Sessions.start(ownerCookie, "")
	return s.id, func() { c.setCookie(c.h.Sessions.cookie(s, c.now)) }, err
}

// key reads the Idempotency-Key header, nil if there is none. scope tells keys of different calls apart.
func (c *call) key(scope string, canonical []byte) (*clinic.IdempotencyKey, error) {
	values := c.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return nil, nil
	}
	if key := values[0]; len(values) == 1 && len(key) >= 1 && len(key) <= 255 {
		return keyOf(scope, key, canonical), nil
	}
	var f faults
	f.note("Idempotency-Key", "must be one text of 1 to 255 characters")
	return nil, f.err()
}

func keyOf(scope, key string, body []byte) *clinic.IdempotencyKey {
	return &clinic.IdempotencyKey{Key: sha256.Sum256([]byte(scope + "\n" + key)), Body: sha256.Sum256(body)}
}

// book books for an owner, within the brakes, and gives the browser the session that holds the reservation.
func (h *Handler) book(c *call, q clinic.BookRequest) (*clinic.Booked, error) {
	session, issue, err := c.ownerSession()
	if err != nil {
		return nil, err
	}
	q.Session = session
	var try *act
	if c.who.VetID == "" {
		if try, err = enter(c.ctx(), demand{h.brakes.reservations, neighbourhood(c.address)}); err != nil {
			return nil, err
		}
	}
	turn, err := enter(c.ctx(), demand{h.brakes.phone, clinic.NormalPhone(q.Owner.Phone)})
	if err != nil {
		try.settle(false)
		return nil, err
	}
	defer turn.settle(false)
	booked, err := h.Desk.Book(c.ctx(), q)
	try.settle(err == nil && !booked.Repeated)
	if err != nil {
		return nil, err
	}
	issue()
	return booked, nil
}

// created answers a booking: 201, where it is, and the link that is told this once (only answers to GET are packed).
func (h *Handler) created(b *clinic.Booked) (reply, error) {
	out := reservationOf(&b.View)
	out.Link = h.link("/r/" + b.Token)
	answer, err := asJSON(http.StatusCreated, out)
	return answer.with("Location", "/api/v1/reservations/"+out.ID), err
}

// bookReservation is POST /api/v1/reservations.
func (h *Handler) bookReservation(c *call) (reply, error) {
	q, canonical, err := readAll(c, readBooking(c.now))
	if err != nil {
		return reply{}, err
	}
	if q.Key, err = c.key("book", canonical); err != nil {
		return reply{}, err
	}
	booked, err := h.book(c, q)
	if err != nil {
		return reply{}, err
	}
	return h.created(booked)
}

// listReservations is GET /api/v1/reservations. Who holds none gets none.
func (h *Handler) listReservations(c *call) (reply, error) {
	if c.who.Session == "" {
		return asJSON(http.StatusOK, reservationsOf(nil))
	}
	views, err := h.Desk.Reservations(c.ctx(), c.who.Session)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, reservationsOf(views))
}

// answerReservation answers with a reservation, or the error.
func answerReservation(v *clinic.View, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, reservationOf(v))
}

// readReservation is GET /api/v1/reservations/{id}.
func (h *Handler) readReservation(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	view, err := h.Desk.Reservation(c.ctx(), c.who, id)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, c.withScreening(reservationOf(view), view))
}

func readReason(o *object) string { return o.text("reason") }

func readStart(o *object) time.Time { return o.instant("start") }

// cancelReservation is POST /api/v1/reservations/{id}/cancel.
func (h *Handler) cancelReservation(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	reason, err := read(c, readReason)
	if err != nil {
		return reply{}, err
	}
	return answerReservation(h.Desk.Cancel(c.ctx(), c.who, id, reason))
}

// rescheduleReservation is POST /api/v1/reservations/{id}/reschedule.
func (h *Handler) rescheduleReservation(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	start, err := read(c, readStart)
	if err != nil {
		return reply{}, err
	}
	return answerReservation(h.Desk.Reschedule(c.ctx(), c.who, id, start))
}

type lookupRequest struct{ number, phone string }

func readLookup(o *object) lookupRequest {
	return lookupRequest{o.needed("number"), o.needed("phone")}
}

// lookup finds a reservation by its number and phone, within the brakes: each try counts, for both.
func (h *Handler) lookup(c *call, q lookupRequest) (*clinic.View, error) {
	try, err := enter(c.ctx(),
		demand{h.brakes.lookups, neighbourhood(c.address)}, demand{h.brakes.number, clinic.NormalNumber(q.number)})
	if err != nil {
		return nil, err
	}
	try.settle(true)
	session, issue, err := c.ownerSession()
	if err != nil {
		return nil, err
	}
	view, err := h.Desk.Lookup(c.ctx(), session, q.number, q.phone)
	if err == nil {
		issue()
	}
	return view, err
}

// lookupReservation is POST /api/v1/reservations/lookup.
func (h *Handler) lookupReservation(c *call) (reply, error) {
	q, err := read(c, readLookup)
	if err != nil {
		return reply{}, err
	}
	return answerReservation(h.lookup(c, q))
}

// readTimeline is GET /api/v1/reservations/{id}/timeline.
func (h *Handler) readTimeline(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	entries, err := h.Desk.Timeline(c.ctx(), c.who, id)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, timelineOf(entries))
}
