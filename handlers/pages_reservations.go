package handlers

import (
	"net/http"
	"slices"
	"strings"

	"vetroom/clinic"
	"vetroom/web"
)

// linkCookie carries a fresh capability link from the answer of a booking to the page that shows it once. It is of no
// use to the browser that it did not have before, is sent to that page only, and never stands in an address.
const linkCookie = "vetroom_link"

// linkLife is how long that may take, in seconds.
const linkLife = 120

func (h *Handler) linkCookie(id, token string) *http.Cookie {
	return &http.Cookie{
		Name: linkCookie, Value: h.flash.seal(id + "." + token), Path: "/reservations/" + id, MaxAge: linkLife,
		HttpOnly: true, Secure: h.Sessions.Secure, SameSite: http.SameSiteLaxMode,
	}
}

// takeLink gives the link that came along for a reservation's page, and takes its cookie away.
func (c *call) takeLink(id string) string {
	k, err := c.Cookie(linkCookie)
	if err != nil {
		return ""
	}
	gone := c.h.linkCookie(id, "")
	gone.Value, gone.MaxAge = "", -1
	c.setCookie(gone)
	text, ok := c.h.flash.open(k.Value)
	of, token, _ := strings.Cut(text, ".")
	if !ok || of != id {
		return ""
	}
	return c.h.link("/r/" + token)
}

// reservationsPage is "/reservations".
func (h *Handler) reservationsPage(c *call) (reply, error) {
	expired := c.who.Session == "" && h.Sessions.stale(c.Request, ownerCookie)
	return h.reservationList(c, http.StatusOK, web.ReservationsPage{Expired: expired})
}

// reservationList fills and renders the list of what the caller holds.
func (h *Handler) reservationList(c *call, status int, p web.ReservationsPage) (reply, error) {
	var err error
	if p.Layout, err = c.layout(); err != nil {
		return reply{}, err
	}
	p.Path = "/reservations"
	if c.who.Session != "" {
		views, err := h.Desk.Reservations(c.ctx(), c.who.Session)
		if err != nil {
			return reply{}, err
		}
		for i := range views {
			if r := c.shownReservation(&views[i]); over(&views[i]) {
				p.Past = append(p.Past, r)
			} else {
				p.Upcoming = append(p.Upcoming, r)
			}
		}
		slices.Reverse(p.Past)
	}
	return c.page(status, p)
}

// lost answers a reader who may not see something: who has no session is told how to come back.
func (h *Handler) lost(c *call, err error) (reply, error) {
	if isNothing(err) && !c.who.Known() {
		return h.reservationList(c, http.StatusNotFound, web.ReservationsPage{Expired: true})
	}
	return reply{}, err
}

// reservationPage is "/reservations/{id}".
func (h *Handler) reservationPage(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	p, err := h.oneReservation(c, id)
	if err != nil {
		return h.lost(c, err)
	}
	if link := c.takeLink(id); link != "" {
		return h.bookedPage(c, id, link)
	}
	p.Handed = c.URL.Query().Get("handed") == "1" && !p.Over()
	return c.page(http.StatusOK, p)
}

// oneReservation fills the page of a reservation.
func (h *Handler) oneReservation(c *call, id string) (web.ReservationPage, error) {
	view, entries, err := h.Desk.History(c.ctx(), c.who, id)
	if err != nil {
		return web.ReservationPage{}, err
	}
	layout, err := c.layout()
	if err != nil {
		return web.ReservationPage{}, err
	}
	p := web.ReservationPage{Layout: layout, Reservation: c.shownReservation(view), Timeline: make([]web.Entry, len(entries))}
	for i, e := range entries {
		p.Timeline[i] = shownEntry(e)
	}
	return p, h.surround(c, view, &p)
}

func shownEntry(e clinic.Entry) web.Entry {
	return web.Entry{At: e.At, What: string(e.What), By: string(e.By), Detail: e.Detail}
}

// cancelForm is POST /reservations/{id}/cancel.
func (h *Handler) cancelForm(c *call) (reply, error) {
	id, form, err := c.posted()
	if err != nil {
		return reply{}, err
	}
	reason, err := decode(reasonFields.document(form), readReason)
	if err == nil {
		_, err = h.Desk.Cancel(c.ctx(), c.who, id, reason)
	}
	if err == nil {
		return redirect("/reservations/" + id), nil
	}
	r, shown := h.shown(err)
	if !shown {
		return h.lost(c, err)
	}
	p, err := h.oneReservation(c, id)
	if err != nil {
		return reply{}, err
	}
	p.Path, p.Cancel = "/reservations/"+id, formOf(reasonFields.values(form), r)
	return c.page(r.status, p)
}

// rescheduleForm is POST /reservations/{id}/reschedule, from the timetable of its vet.
func (h *Handler) rescheduleForm(c *call) (reply, error) {
	id, form, err := c.posted()
	if err != nil {
		return reply{}, err
	}
	start, err := decode(startFields.document(form), readStart)
	if err == nil {
		_, err = h.Desk.Reschedule(c.ctx(), c.who, id, start)
	}
	if err == nil {
		return redirect("/reservations/" + id), nil
	}
	r, shown := h.shown(err)
	if !shown {
		return h.lost(c, err)
	}
	view, err := h.Desk.Reservation(c.ctx(), c.who, id)
	if err != nil {
		return h.lost(c, err)
	}
	from := clinic.Date{}
	if !start.IsZero() {
		from = clinic.DateOf(start, view.Vet.Zone)
	}
	p, err := h.timetable(c, view.Vet.ID, from, id)
	if err != nil {
		return reply{}, err
	}
	p.Path, p.Form = "/vets/"+view.Vet.ID+"?move="+id, formOf(startFields.values(form), r)
	return c.page(r.status, p)
}

// lookupForm is POST /reservations/lookup.
func (h *Handler) lookupForm(c *call) (reply, error) {
	form, err := c.form()
	if err != nil {
		return reply{}, err
	}
	q, err := decode(lookupFields.document(form), readLookup)
	if err == nil {
		var view *clinic.View
		if view, err = h.lookup(c, q); err == nil {
			return redirect("/reservations/" + view.Reservation.ID), nil
		}
	}
	r, shown := h.shown(err)
	if !shown && !isNothing(err) {
		return reply{}, err
	}
	answer, err := h.reservationList(c, r.status, web.ReservationsPage{Lookup: formOf(lookupFields.values(form), r)})
	return r.told(answer), err
}

// redeemLink is GET /r/{token}: the capability link. Nothing keeps its address or passes it on.
func (h *Handler) redeemLink(c *call) (reply, error) {
	c.w.Header().Set("Referrer-Policy", "no-referrer")
	id, err := h.redeem(c, c.PathValue("token"))
	if isNothing(err) {
		return h.reservationList(c, http.StatusNotFound, web.ReservationsPage{Expired: true})
	}
	if err != nil {
		c.URL.Path = "/r/" // an error page tells its own address
		return reply{}, err
	}
	at := "/reservations/" + id
	if c.URL.Query().Get("to") == "check" { // the one other place that a link leads to
		at += "/check"
	}
	return redirect(at).with("Cache-Control", "no-store"), nil
}

// tokenLength is that of 32 bytes in base64url.
const tokenLength = 43

func (h *Handler) redeem(c *call, token string) (string, error) {
	if len(token) != tokenLength {
		return "", clinic.ErrNotFound
	}
	session, issue, err := c.ownerSession()
	if err != nil {
		return "", err
	}
	id, err := h.Desk.Redeem(c.ctx(), session, token)
	if err == nil {
		issue()
	}
	return id, err
}

// callCheckPage is "/reservations/{id}/check": camera, microphone and connection before the call.
func (h *Handler) callCheckPage(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	view, err := h.Desk.Reservation(c.ctx(), c.who, id)
	if err != nil {
		return h.lost(c, err)
	}
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	return c.page(http.StatusOK, web.CallCheckPage{Layout: layout, Reservation: c.shownReservation(view)})
}

// roomPage is "/room?id=ROOM", the call.
func (h *Handler) roomPage(c *call) (reply, error) {
	id := c.URL.Query().Get("id")
	if !isID(id) {
		return reply{}, clinic.ErrNotFound
	}
	view, err := h.Desk.InRoom(c.ctx(), c.who, id)
	if err != nil {
		return h.lost(c, err)
	}
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	return c.page(http.StatusOK, web.RoomPage{Layout: layout, Reservation: c.shownReservation(view)})
}

// setLanguage is GET /lang/{lang}?to=PATH.
func (h *Handler) setLanguage(c *call) (reply, error) {
	lang := c.PathValue("lang")
	if !slices.Contains(web.Languages, lang) {
		return reply{}, clinic.ErrNotFound
	}
	c.setCookie(&http.Cookie{
		Name: web.LangCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: h.Sessions.Secure, SameSite: http.SameSiteLaxMode,
	})
	return redirect(localPath(c.URL.Query().Get("to"), "/")), nil
}
