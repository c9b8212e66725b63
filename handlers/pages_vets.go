package handlers

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	p := web.HomePage{Layout: layout}
	online, _, err := h.Desk.Store.Vets(c.ctx(), clinic.VetQuery{Online: true, Day: c.now, Limit: maxPageSize})
	if err != nil {
		return reply{}, err
	}
	p.OnlineVets = len(online)
	if c.who.Session != "" {
		views, err := h.Desk.Reservations(c.ctx(), c.who.Session)
		if err != nil {
			return reply{}, err
		}
		if i := slices.IndexFunc(views, func(v clinic.View) bool { return !over(&v) }); i >= 0 {
			next := c.shownReservation(&views[i])
			p.Next = &next
		}
	}
	return c.page(http.StatusOK, p)
}

// vetsPage is "/vets". A filter that cannot be right is left out.
func (h *Handler) vetsPage(c *call) (reply, error) {
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	in := c.query()
	q := readVetQuery(in)
	for _, wrong := range in.faults.content {
		in.Del(wrong.Field)
	}
	if len(in.faults.content) > 0 {
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
	card, err := h.Desk.Vet(c.ctx(), id)
	if err != nil {
		return web.VetPage{}, err
	}
	today := clinic.DateOf(c.now, card.Zone)
	if from.Before(today) || from.After(today.AddDays(card.Hours.HorizonDays)) {
		from = today
	}
	_, slots, err := h.Desk.Slots(c.ctx(), id, from, timetableDays)
	if err != nil {
		return web.VetPage{}, err
	}
	p := web.VetPage{
		Layout: layout, Vet: shownVet(card, nil), Days: daysOf(card.Vet, from, slots), FollowUpOnly: h.followUpOnly(c, card),
	}
	p.Earlier, p.Later = weeksAround(from, today, card.Hours.HorizonDays)
	if p.Key, err = h.newKey(); err != nil {
		return web.VetPage{}, err
	}
	if isID(move) {
		if view, err := h.Desk.Reservation(c.ctx(), c.who, move); err == nil && view.Reservation.VetID == id {
			moved := c.shownReservation(view)
			p.Move = &moved
		} else if err != nil && !isNothing(err) {
			return web.VetPage{}, err
		}
	}
	return p, nil
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
	doc := bookingFields.document(form)
	doc.root["vet_id"] = id
	q, err := decode(doc, readBooking(c.now))
	if err == nil {
		q.Owner.Locale = c.lang
		var booked *clinic.Booked
		if q.Key, err = formKey("form "+id, form.Get("idempotency_key"), doc); err == nil {
			booked, err = h.book(c, q)
		}
		if err == nil {
			return h.booked(c, booked), nil
		}
	}
	r, shown := h.shown(err)
	if !shown {
		return reply{}, err
	}
	from := clinic.Date{}
	if vet, err := h.Desk.Store.Vet(c.ctx(), id); err == nil && !q.Start.IsZero() {
		from = clinic.DateOf(q.Start, vet.Zone)
	}
	p, err := h.timetable(c, id, from, "")
	if err != nil {
		return reply{}, err
	}
	p.Path, p.Form = "/vets/"+id, formOf(bookingFields.values(form), r)
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

// booked sends the browser to the new reservation, and lets its page tell the link once.
func (h *Handler) booked(c *call, b *clinic.Booked) reply {
	c.setCookie(h.linkCookie(b.Reservation.ID, b.Token))
	return redirect("/reservations/" + b.Reservation.ID)
}
