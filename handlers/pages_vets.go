package handlers

import (
	"net/http"
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
		Screening: in.carry().Screening, Zone: c.zone(),
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
	in := c.query()
	p, err := h.timetable(c, id, in.day("from"), in.Get("move"))
	if err != nil {
		return reply{}, err
	}
	p.Carry = in.carry()
	p.Form.Values = map[string]string{"start": in.Get("start")}
	return c.page(http.StatusOK, p)
}

// carry reads what goes along the links to a booking. What cannot be right is left out.
func (q *query) carry() web.Carry {
	var w web.Carry
	if id := q.Get("screening"); isID(id) {
		w.Screening = id
	}
	if q.place("near") != nil {
		w.Near = q.Get("near")
	}
	w.Cleared = q.Get("flags") == web.NoFlags
	return w
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
	p := web.VetPage{Layout: layout, Vet: shownVet(t.Card, nil), Count: timetableDays}
	zone, first := t.Zone, t.From
	if own := c.ownZone(t.Zone); own != nil {
		// The reader's week begins and ends within other days of the vet's.
		p.Zone, zone, p.Count = own, own, timetableDays+2
		first = firstDay(from, clinic.DateOf(c.now, own), t.Hours.HorizonDays)
		if t, err = h.Desk.Timetable(c.ctx(), id, first.AddDays(-1), p.Count); err != nil {
			return web.VetPage{}, err
		}
	}
	p.From, p.Days = t.From.String(), daysOf(zone, first, t.Slots)
	p.Earlier, p.Later = weeksAround(first, clinic.DateOf(c.now, zone), t.Hours.HorizonDays)
	p.Move, err = h.moved(c, id, move)
	return p, err
}

// firstDay is the day from which a week is shown: one that is past or beyond the horizon means today.
func firstDay(from, today clinic.Date, horizon int) clinic.Date {
	if from.IsZero() || from.Before(today) || from.After(today.AddDays(horizon)) {
		return today
	}
	return from
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

// daysOf sorts slots into the days of a timetable, by the clock of a zone.
func daysOf(zone *time.Location, from clinic.Date, slots []clinic.Slot) []web.Day {
	const noon clinic.ClockTime = 12 * 60
	days := make([]web.Day, timetableDays)
	for i := range days {
		date := from.AddDays(i)
		days[i].Date = noon.First(date, zone).In(zone)
		for _, s := range slots {
			if clinic.DateOf(s.Start, zone) == date {
				days[i].Slots = append(days[i].Slots, shownSlot(s))
			}
		}
	}
	return days
}

func shownSlot(s clinic.Slot) web.Slot {
	return web.Slot{Start: s.Start, End: s.End, State: string(s.State)}
}
