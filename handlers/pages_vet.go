package handlers

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"vetroom/clinic"
	"vetroom/web"
)

// loginPage is "/vet/login".
func (h *Handler) loginPage(c *call) (reply, error) {
	next := localPath(c.URL.Query().Get("next"), "")
	if c.who.VetID != "" {
		return redirect(localPath(next, "/vet")), nil
	}
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	return c.page(http.StatusOK, web.VetLoginPage{Layout: layout, Next: next})
}

// loginForm is POST /vet/login.
func (h *Handler) loginForm(c *call) (reply, error) {
	form, err := c.form()
	if err != nil {
		return reply{}, err
	}
	next := localPath(form.Get("next"), "")
	q, err := decode(loginFields.document(form), readCredentials)
	q.password = form.Get("password") // as typed: its spaces count
	if err == nil {
		_, err = h.enterVet(c, q)
	}
	if err == nil {
		return redirect(localPath(next, "/vet")), nil
	}
	r, shown := h.shown(err)
	if !shown {
		return reply{}, err
	}
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	layout.Path = "/vet/login"
	answer, err := c.page(r.status, web.VetLoginPage{Layout: layout, Next: next, Form: formOf(loginFields.values(form), r)})
	return r.told(answer), err
}

// logoutForm is POST /vet/logout.
func (h *Handler) logoutForm(c *call) (reply, error) {
	return redirect("/vet/login"), h.leaveVet(c)
}

// vetDayPage is "/vet": today and the six days after.
func (h *Handler) vetDayPage(c *call) (reply, error) {
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	if layout.Vet == nil {
		return redirect("/vet/login"), nil
	}
	vet, err := h.Desk.Store.Vet(c.ctx(), c.who.VetID)
	if err != nil {
		return reply{}, err
	}
	views, err := h.Desk.VetReservations(c.ctx(), vet.ID, clinic.Date{}, timetableDays)
	if err != nil {
		return reply{}, err
	}
	p := web.VetDayPage{Layout: layout, Zone: vet.Zone, SlotMinutes: vet.Hours.SlotMinutes}
	p.Today, p.Week = c.week(vet, views)
	if p.Chosen, err = h.chosen(c, views); err != nil {
		return reply{}, err
	}
	return c.page(http.StatusOK, p)
}

// chosen is the patient beside the list: whom the address names, else who is seen now, else who comes next.
func (h *Handler) chosen(c *call, views []clinic.View) (*web.Case, error) {
	id := c.URL.Query().Get("visit")
	for i := 0; !isID(id) && i < len(views); i++ {
		if !over(&views[i]) {
			id = views[i].Reservation.ID
		}
	}
	if !isID(id) {
		return nil, nil
	}
	chart, err := h.Desk.Chart(c.ctx(), c.who.VetID, id, 0)
	if isNothing(err) { // it went over to another vet
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	k := c.caseOf(chart)
	return &k, nil
}

// week sorts a vet's visits into today, with what began before midnight, and the six days after.
func (c *call) week(vet *clinic.Vet, views []clinic.View) (today []web.Reservation, days []web.DayList) {
	first := clinic.DateOf(c.now, vet.Zone)
	for _, d := range daysOf(vet.Zone, first, nil)[1:] {
		days = append(days, web.DayList{Date: d.Date})
	}
	for i := range views {
		r := c.shownReservation(&views[i])
		n := 0
		for date := clinic.DateOf(r.Start, vet.Zone); n < len(days) && date.After(first.AddDays(n)); {
			n++
		}
		if n == 0 {
			today = append(today, r)
		} else {
			days[n-1].Reservations = append(days[n-1].Reservations, r)
		}
	}
	return today, days
}

// hoursPage is "/vet/hours". It tells which standing reservations the hours do not offer.
func (h *Handler) hoursPage(c *call) (reply, error) {
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	vet, err := h.Desk.Store.Vet(c.ctx(), c.who.VetID)
	if err != nil {
		return reply{}, err
	}
	p := web.VetHoursPage{Layout: layout, Hours: shownHours(hoursOf(vet)), Saved: c.URL.Query().Get("saved") == "1"}
	if p.Outside, err = h.outside(c, vet); err != nil {
		return reply{}, err
	}
	return c.page(http.StatusOK, p)
}

// outside gives the standing reservations ahead whose start is not on the grid of the vet's hours.
func (h *Handler) outside(c *call, vet *clinic.Vet) ([]web.Reservation, error) {
	views, err := h.Desk.VetReservations(c.ctx(), vet.ID, clinic.Date{}, clinic.MaxVisitDays)
	if err != nil {
		return nil, err
	}
	grid := *vet
	grid.Hours.NoticeMinutes, grid.Hours.HorizonDays = 0, clinic.MaxVisitDays+1
	var out []web.Reservation
	for i := range views {
		r := &views[i].Reservation
		if !r.Standing() || r.Kind != clinic.KindScheduled || r.Start.Before(c.now) {
			continue
		}
		if _, err := grid.Offered(r.Start, c.now); err != nil {
			out = append(out, c.shownReservation(&views[i]))
		}
	}
	return out, nil
}

// shownHours writes hours as the form shows them.
func shownHours(h hoursJSON) web.Hours {
	s := web.Hours{
		TimeZone: h.TimeZone, SlotMinutes: strconv.Itoa(h.SlotMinutes), BufferMinutes: strconv.Itoa(h.BufferMinutes),
		NoticeMinutes: strconv.Itoa(h.NoticeMinutes), HorizonDays: strconv.Itoa(h.HorizonDays),
		CancelCutoffMinutes: strconv.Itoa(h.CancelCutoffMinutes),
	}
	for _, w := range h.Weekly {
		s.Weekly = append(s.Weekly, web.HoursRow{Day: w.Day.String(), From: w.From.String(), To: w.To.String()})
	}
	for _, e := range h.Exceptions {
		row := web.HoursException{Date: e.Date.String(), Closed: e.Closed}
		if !e.Closed {
			row.From, row.To = e.From.String(), e.To.String()
		}
		s.Exceptions = append(s.Exceptions, row)
	}
	return s
}

// hoursForm is POST /vet/hours.
func (h *Handler) hoursForm(c *call) (reply, error) {
	form, err := c.form()
	if err != nil {
		return reply{}, err
	}
	typed := typedHours(form)
	doc, err := decode(hoursDocumentOf(typed), readHours)
	if err == nil {
		_, err = h.Desk.SetHours(c.ctx(), c.who.VetID, doc.Hours, doc.zone)
	}
	if err == nil {
		return redirect("/vet/hours?saved=1"), nil
	}
	r, shown := h.shown(err)
	if !shown {
		return reply{}, err
	}
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	f := formOf(nil, r)
	for i, wrong := range f.Errors {
		f.Errors[i].Field = typed.At(wrong.Field)
	}
	return c.page(r.status, web.VetHoursPage{Layout: layout, Hours: typed, Form: f})
}

// typedHours reads the form as it was typed, without its empty rows.
func typedHours(form url.Values) web.Hours {
	text := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	h := web.Hours{
		TimeZone: text("time_zone"), SlotMinutes: text("slot_minutes"), BufferMinutes: text("buffer_minutes"),
		NoticeMinutes: text("notice_minutes"), HorizonDays: text("horizon_days"), CancelCutoffMinutes: text("cancel_cutoff_minutes"),
	}
	for _, day := range h.Weekdays() {
		for i := range form[day+".from"] {
			row := web.HoursRow{Day: day, From: nth(form, day+".from", i), To: nth(form, day+".to", i)}
			if row.From != "" || row.To != "" {
				h.Weekly = append(h.Weekly, row)
			}
		}
	}
	for i := range form["exception.date"] {
		e := web.HoursException{Date: nth(form, "exception.date", i), Closed: nth(form, "exception.kind", i) != "open"}
		if !e.Closed {
			e.From, e.To = nth(form, "exception.from", i), nth(form, "exception.to", i)
		}
		if e.Date != "" || e.From != "" || e.To != "" {
			h.Exceptions = append(h.Exceptions, e)
		}
	}
	return h
}

func nth(form url.Values, name string, i int) string {
	if values := form[name]; i < len(values) {
		return strings.TrimSpace(values[i])
	}
	return ""
}

// hoursDocumentOf makes of a typed form the JSON document that says the same.
func hoursDocumentOf(h web.Hours) document {
	plain := fields{
		"time_zone": false, "slot_minutes": true, "buffer_minutes": true, "notice_minutes": true,
		"horizon_days": true, "cancel_cutoff_minutes": true,
	}
	doc := plain.document(url.Values{
		"time_zone": {h.TimeZone}, "slot_minutes": {h.SlotMinutes}, "buffer_minutes": {h.BufferMinutes},
		"notice_minutes": {h.NoticeMinutes}, "horizon_days": {h.HorizonDays}, "cancel_cutoff_minutes": {h.CancelCutoffMinutes},
	})
	weekly, exceptions := []any{}, []any{}
	for _, w := range h.Weekly {
		weekly = append(weekly, map[string]any{"day": w.Day, "from": w.From, "to": w.To})
	}
	for _, e := range h.Exceptions {
		row := map[string]any{"date": e.Date, "closed": e.Closed}
		if !e.Closed {
			row["from"], row["to"] = e.From, e.To
		}
		exceptions = append(exceptions, row)
	}
	doc.root["weekly"], doc.root["exceptions"] = weekly, exceptions
	return doc
}
