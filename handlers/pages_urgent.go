package handlers

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"vetroom/clinic"
	"vetroom/web"
)

// askFields are those of a booking but its time, and whom to ask first.
var askFields = func() fields {
	f := maps.Clone(bookingFields)
	delete(f, "start")
	f["vet_id"], f["screening_id"] = false, false
	return f
}()

// urgentPage is "/urgent": who is there now, the red-flag questions, and then the form that asks for a vet.
func (h *Handler) urgentPage(c *call) (reply, error) {
	in := c.URL.Query()
	keep := url.Values{"vet": {in.Get("vet")}, "screening": {in.Get("screening")}, "area": {in.Get("area")}}
	flags, clear, err := h.redFlags(c, "/urgent", keep)
	if err != nil {
		return reply{}, err
	}
	p, err := h.urgent(c, in.Get("vet"), in.Get("screening"))
	if err != nil {
		return reply{}, err
	}
	if !clear {
		p.Flags = &flags
	}
	if area := in.Get("area"); slices.Contains(p.Areas, area) {
		p.Form.Values = map[string]string{"visit.area": area}
	}
	return c.page(http.StatusOK, p)
}

// urgent fills the page with who is there, the vet who is asked first and the photo that goes along, where they are.
func (h *Handler) urgent(c *call, vet, screening string) (p web.UrgentPage, err error) {
	if p.Layout, err = c.layout(); err != nil {
		return p, err
	}
	ready, err := h.readiness(c.ctx())
	if err != nil {
		return p, err
	}
	p.Ready, p.Areas = shownReady(ready), words(ready.Areas)
	standing, err := h.Desk.Asking(c.ctx(), c.who.Session)
	if err != nil {
		return p, err
	}
	if standing != nil {
		p.Waiting = standing.ID
	}
	if err := h.askFirst(c, &p, vet); err != nil {
		return p, err
	}
	if isID(screening) {
		if p.Photo, err = h.attachedPhoto(c, screening); err != nil {
			return p, err
		}
	}
	p.Key, err = h.newKey()
	return p, err
}

// askFirst names the vet who is asked first: of the given one if they are there now. The form then offers what that vet
// may see, since a request that names a vet is for that vet's permits.
func (h *Handler) askFirst(c *call, p *web.UrgentPage, id string) error {
	if !isID(id) {
		return nil
	}
	vet, err := h.Desk.Store.Vet(c.ctx(), id)
	if isNothing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	areas := vet.AreasOn(h.Desk.Permits, clinic.DateOf(c.now, vet.Zone))
	if vet.Online && len(areas) > 0 {
		p.Vet, p.Areas = &web.Vet{ID: vet.ID, Name: vet.Name, Img: vet.Img}, words(areas)
	}
	return nil
}

func shownReady(r clinic.Readiness) web.Ready {
	return web.Ready{Online: r.Online, Free: r.Free, UsualWait: r.UsualWait}
}

// askForm is POST /urgent, which leads to where one waits: also whoever waits already, in another window.
func (h *Handler) askForm(c *call) (reply, error) {
	form, err := c.form()
	if err != nil {
		return reply{}, err
	}
	standing, err := h.Desk.Asking(c.ctx(), c.who.Session)
	if err != nil {
		return reply{}, err
	}
	if standing != nil {
		return redirect("/urgent/" + standing.ID), nil
	}
	doc := askFields.document(form)
	q, err := decode(doc, readAsk(c.now))
	q.Owner.Locale = c.lang
	if err == nil {
		q.Key, err = formKey("ask form", form.Get("idempotency_key"), doc)
	}
	var view *clinic.InstantView
	if err == nil {
		view, err = h.ask(c, q)
	}
	if err != nil {
		return h.askAgain(c, form, err)
	}
	return redirect("/urgent/" + view.ID), nil
}

// askAgain shows a refused form again, as it was filled in.
func (h *Handler) askAgain(c *call, form url.Values, refused error) (reply, error) {
	r, shown := h.shown(refused)
	if !shown {
		return reply{}, refused
	}
	p, err := h.urgent(c, form.Get("vet_id"), form.Get("screening_id"))
	if err != nil {
		return reply{}, err
	}
	p.Path, p.Form = "/urgent", formOf(askFields.values(form), r)
	if errors.Is(r.Error, clinic.ErrNotPermitted) {
		p.Form.Code = "nobody_permitted"
	}
	if key := form.Get("idempotency_key"); key != "" && !errors.Is(r.Error, clinic.ErrKeyReused) {
		p.Key = key
	}
	answer, err := c.page(r.status, p)
	return r.told(answer), err
}

// waitPage is "/urgent/{id}": where the owner waits.
func (h *Handler) waitPage(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	view, err := h.Desk.Instant(c.ctx(), c.who, id)
	if err != nil {
		return h.lost(c, err)
	}
	p, err := h.waiting(c, view)
	if err != nil {
		return reply{}, err
	}
	return c.page(http.StatusOK, p)
}

func (h *Handler) waiting(c *call, v *clinic.InstantView) (p web.UrgentWaitPage, err error) {
	if p.Layout, err = c.layout(); err != nil {
		return p, err
	}
	p.ID, p.State, p.Position, p.RingEnds, p.ExpiresAt = v.ID, string(v.State), v.Position, v.RingEnds, v.ExpiresAt
	p.Pet, p.Area, p.ReservationID = v.Pet.Name, string(v.Purpose.Area), v.ReservationID
	if v.VetID != "" {
		vet, err := h.Desk.Store.Vet(c.ctx(), v.VetID)
		if err != nil {
			return p, err
		}
		p.Vet = &web.Vet{ID: vet.ID, Name: vet.Name, Img: vet.Img}
	}
	if v.Standing() {
		ready, err := h.readiness(c.ctx())
		p.Ready = shownReady(ready)
		return p, err
	}
	if v.ReservationID == "" {
		return p, nil
	}
	visit, err := h.Desk.Reservation(c.ctx(), c.who, v.ReservationID)
	if err != nil {
		return p, err
	}
	p.RoomID, p.Open = visit.Room.ID, !over(visit)
	return p, nil
}

// leaveForm is POST /urgent/{id}/leave. Whoever leaves as a vet accepts is told of that instead.
func (h *Handler) leaveForm(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	if _, err := c.form(); err != nil {
		return reply{}, err
	}
	err = h.Desk.LeaveInstant(c.ctx(), c.who, id)
	if err != nil && !errors.Is(err, clinic.ErrTaken) {
		return h.lost(c, err)
	}
	return redirect("/urgent/" + id), nil
}
