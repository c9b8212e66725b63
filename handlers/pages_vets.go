package handlers

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"vetroom/clinic"
	"vetroom/web"
)

// vetsPage is "/vets". A filter that cannot be right is left out.
func (h *Handler) vetsPage(c *call) (reply, error) {
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	in := c.query()
	q := readVetQuery(in)
	for _, wrong := range in.faults.fields {
		in.Del(wrong.Field)
	}
	if len(in.faults.fields) > 0 {
		q = readVetQuery(in)
	}
	cards, next, err := h.Desk.Vets(c.ctx(), q)
	if err != nil {
		return reply{}, err
	}
	p := web.VetsPage{
		Layout: layout, Query: q.Text, Online: q.Online, Area: string(q.Area), Near: in.Get("near"), NextCursor: next,
		Vets: make([]web.Vet, len(cards)),
	}
	for i, card := range cards {
		p.Vets[i] = shownVet(card, q.Near)
	}
	return c.page(http.StatusOK, p)
}

// timetableDays is how many days a timetable shows.
const timetableDays = 7

// vetPage is "/vets/{id}".
func (h *Handler) vetPage(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	from, _ := clinic.ParseDate(c.URL.Query().Get("from")) // no day is today
	p, err := h.timetable(c, id, from, c.URL.Query().Get("move"))
	if err != nil {
		return reply{}, err
	}
	p.Form.Values = map[string]string{"start": c.URL.Query().Get("start")}
	return c.page(http.StatusOK, p)
}

// timetable fills the page of a vet with the week from a day on, for a booking or for moving a reservation.
func (h *Handler) timetable(c *call, id string, from clinic.Date, move string) (web.VetPage, error) {
	layout, err := c.layout()
	if err != nil {
		return web.VetPage{}, err
	}
	t, err := h.Desk.Timetable(c.ctx(), id, from, timetableDays)
	if err != nil {
		return web.VetPage{}, err
	}
	p := web.VetPage{
		Layout: layout, Vet: shownVet(t.Card, nil), Days: daysOf(t.Vet, t.From, t.Slots), FollowUpOnly: h.followUpOnly(c, t.Card),
	}
	p.Earlier, p.Later = weeksAround(t.From, clinic.DateOf(c.now, t.Zone), t.Hours.HorizonDays)
	if p.Key, err = h.newKey(); err != nil {
		return web.VetPage{}, err
	}
	p.Move, err = h.moved(c, id, move)
	return p, err
}

// moved gives the caller's reservation with that vet which is to be moved, nil without one.
func (h *Handler) moved(c *call, vetID, id string) (*web.Reservation, error) {
	if !isID(id) {
		return nil, nil
	}
	view, err := h.Desk.Reservation(c.ctx(), c.who, id)
	if isNothing(err) || err == nil && view.Reservation.VetID != vetID {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	shown := c.shownReservation(view)
	return &shown, nil
}

// weeksAround gives the days on which the weeks before and after begin, "" where there is nothing to see.
func weeksAround(from, today clinic.Date, horizon int) (earlier, later string) {
	if from.After(today) {
		e := from.AddDays(-timetableDays)
		if e.Before(today) {
			e = today
		}
		earlier = e.String()
	}
	if l := from.AddDays(timetableDays); !l.After(today.AddDays(horizon)) {
		later = l.String()
	}
	return earlier, later
}

// daysOf sorts slots into the days of a timetable.
func daysOf(vet *clinic.Vet, from clinic.Date, slots []clinic.Slot) []web.Day {
	const noon clinic.ClockTime = 12 * 60
	days := make([]web.Day, timetableDays)
	for i := range days {
		date := from.AddDays(i)
		days[i].Date = noon.First(date, vet.Zone).In(vet.Zone)
		for _, s := range slots {
			if clinic.DateOf(s.Start, vet.Zone) == date {
				days[i].Slots = append(days[i].Slots, web.Slot{Start: s.Start, End: s.End, State: string(s.State)})
			}
		}
	}
	return days
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
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	form, err := c.form()
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

// bookAgain shows the form of a refused booking again, as it was filled in, at the week that was chosen from.
func (h *Handler) bookAgain(c *call, q clinic.BookRequest, form url.Values, refused error) (reply, error) {
	r, shown := h.shown(refused)
	if !shown {
		return reply{}, refused
	}
	p, err := h.timetable(c, q.VetID, h.dayOf(c, q.VetID, q.Start), "")
	if err != nil {
		return reply{}, err
	}
	p.Path, p.Form = "/vets/"+q.VetID, formOf(bookingFields.values(form), r)
	if key := form.Get("idempotency_key"); key != "" && !errors.Is(r.Error, clinic.ErrKeyReused) {
		p.Key = key
	}
	answer, err := c.page(r.status, p)
	return r.told(answer), err
}

// dayOf gives the day of an instant at a vet's, zero where that cannot be told.
func (h *Handler) dayOf(c *call, vetID string, at time.Time) clinic.Date {
	vet, err := h.Desk.Store.Vet(c.ctx(), vetID)
	if err != nil || at.IsZero() {
		return clinic.Date{}
	}
	return clinic.DateOf(at, vet.Zone)
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
