package handlers

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"vetroom/clinic"
	"vetroom/web"
)

// How many times are offered in the place of one that is gone, and from how many days around it.
const (
	nearestSlots = 4
	nearestDays  = 8
)

// bookPage is GET /vets/{id}/book?start=…: the red flags, then the form for that time. Without a time there is nothing to
// book yet.
func (h *Handler) bookPage(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	in := c.query()
	carry, start := in.carry(), in.instant("start")
	if start.IsZero() {
		return redirect(carry.With("/vets/"+id) + "#times"), nil
	}
	keep := url.Values{"start": {in.Get("start")}, "screening": {carry.Screening}}
	flags, clear, err := h.redFlags(c, "/vets/"+id+"/book", keep)
	if err != nil {
		return reply{}, err
	}
	p, err := h.booking(c, id, start, carry)
	if err != nil {
		return reply{}, err
	}
	if !clear {
		p.Flags = &flags
	}
	return c.page(http.StatusOK, p)
}

// booking fills the page that books a time of a vet's, fresh; a zero time is one that is not chosen yet.
func (h *Handler) booking(c *call, id string, start time.Time, carry web.Carry) (web.BookPage, error) {
	layout, err := c.layout()
	if err != nil {
		return web.BookPage{}, err
	}
	vet, err := h.Desk.Store.Vet(c.ctx(), id)
	if err != nil {
		return web.BookPage{}, err
	}
	wanted := start
	if wanted.Before(c.now) {
		wanted = c.now
	}
	t, err := h.Desk.Timetable(c.ctx(), id, clinic.DateOf(wanted, vet.Zone).AddDays(-1), nearestDays)
	if err != nil {
		return web.BookPage{}, err
	}
	p := web.BookPage{
		Layout: layout, Vet: shownVet(t.Card, nil), Carry: carry, Zone: c.ownZone(t.Zone), Slot: web.Slot{Start: start},
		FollowUpOnly: h.followUpOnly(c, t.Card),
	}
	if i := slices.IndexFunc(t.Slots, func(s clinic.Slot) bool { return s.Start.Equal(start) }); i >= 0 {
		p.Slot = shownSlot(t.Slots[i])
	}
	for _, s := range clinic.Nearest(t.Slots, wanted, nearestSlots) {
		p.Nearest = append(p.Nearest, shownSlot(s))
	}
	if len(p.Nearest) == 0 && !t.NextFree.IsZero() {
		p.Nearest = []web.Slot{{Start: t.NextFree, State: string(clinic.SlotFree)}}
	}
	if p.Key, err = h.newKey(); err != nil {
		return web.BookPage{}, err
	}
	p.Photo, err = h.attachedPhoto(c, carry.Screening)
	return p, err
}

// attachedPhoto gives the caller's screening of an id, nil without one.
func (h *Handler) attachedPhoto(c *call, id string) (*web.AttachedPhoto, error) {
	if id == "" {
		return nil, nil
	}
	s, err := h.Desk.Screening(c.ctx(), c.who, id)
	if isNothing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	photo := &web.AttachedPhoto{ID: s.ID, Img: "/api/v1/screenings/" + s.ID + "/photo", State: string(s.State)}
	if s.State == clinic.ScreeningDone {
		photo.Finding = string(s.Top())
	}
	return photo, nil
}

// instant reads an instant, zero if it is absent or none.
func (q *query) instant(name string) time.Time {
	at, err := time.Parse(time.RFC3339, q.Get(name))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// followUpOnly gives the areas for which the vet needs to have seen the animal before.
func (h *Handler) followUpOnly(c *call, card clinic.Card) []string {
	var areas []string
	for _, a := range card.Areas {
		if errors.Is(card.Covers(h.Desk.Permits, clinic.Purpose{Area: a}, c.now), clinic.ErrPriorVisitRequired) {
			areas = append(areas, string(a))
		}
	}
	return areas
}

// newKey draws the idempotency key of a fresh form.
func (h *Handler) newKey() (string, error) {
	var key [16]byte
	if _, err := io.ReadFull(h.Random, key[:]); err != nil {
		return "", fmt.Errorf("draw a form's key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(key[:]), nil
}

// bookForm is POST /vets/{id}/book: a booking by form, which leads to the reservation's page.
func (h *Handler) bookForm(c *call) (reply, error) {
	id, form, err := c.posted()
	if err != nil {
		return reply{}, err
	}
	q, err := c.typedBooking(id, form)
	var booked *clinic.Booked
	if err == nil {
		booked, err = h.book(c, q)
	}
	if err != nil {
		return h.bookAgain(c, q, form, err)
	}
	c.setCookie(h.linkCookie(booked.Reservation.ID, booked.Token))
	return redirect("/reservations/" + booked.Reservation.ID), nil
}

// bookedPage is the page of a reservation that has just been booked. Its link is told this once.
func (h *Handler) bookedPage(c *call, id, link string) (reply, error) {
	view, err := h.Desk.Reservation(c.ctx(), c.who, id)
	if err != nil {
		return reply{}, err
	}
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	answer, err := c.page(http.StatusOK, web.BookedPage{
		Layout: layout, Reservation: c.shownReservation(view), Link: link, Mail: view.Reservation.Owner.Email,
	})
	answer.secret = true
	return answer, err
}

// typedBooking reads the form of a booking. What could be read is given with an error too.
func (c *call) typedBooking(vetID string, form url.Values) (clinic.BookRequest, error) {
	doc := bookingFields.document(form)
	doc.root["vet_id"] = vetID
	q, err := decode(doc, readBooking(c.now))
	q.VetID, q.Owner.Locale = vetID, c.lang
	if err != nil {
		return q, err
	}
	q.Key, err = formKey("form "+vetID, form.Get("idempotency_key"), doc)
	return q, err
}

// bookAgain shows the form of a refused booking again, as it was filled in.
func (h *Handler) bookAgain(c *call, q clinic.BookRequest, form url.Values, refused error) (reply, error) {
	r, shown := h.shown(refused)
	if !shown {
		return reply{}, refused
	}
	carry := (&query{Values: form}).carry()
	carry.Cleared = true
	if carry.Screening == "" && isID(q.ScreeningID) {
		carry.Screening = q.ScreeningID // a photo that was added to the form
	}
	p, err := h.booking(c, q.VetID, q.Start, carry)
	if err != nil {
		return reply{}, err
	}
	p.Path, p.Form = "/vets/"+q.VetID, formOf(bookingFields.values(form), r)
	switch r.Code { // whatever was read a moment after
	case clinic.ErrSlotTaken.Code:
		p.Slot.State = string(clinic.SlotTaken)
	case clinic.ErrSlotNotOffered.Code:
		p.Slot.State = string(clinic.SlotPast)
	}
	if key := form.Get("idempotency_key"); key != "" && !errors.Is(r.Error, clinic.ErrKeyReused) {
		p.Key = key
	}
	answer, err := c.page(r.status, p)
	return r.told(answer), err
}

// formKey is the idempotency key of a form, nil without one.
func formKey(scope, key string, doc document) (*clinic.IdempotencyKey, error) {
	if key == "" || len(key) > 255 {
		return nil, nil
	}
	body, err := json.Marshal(doc.root)
	if err != nil {
		return nil, errMalformed
	}
	return keyOf(scope, key, body), nil
}
