package handlers

import (
	"vetroom/clinic"
	"vetroom/web"
)

// surround adds to a reservation's page what belongs to its moment: what a late vet's owner is offered, what was said and
// what the vet wrote down, the photo that came along.
func (h *Handler) surround(c *call, v *clinic.View, p *web.ReservationPage) (err error) {
	p.Photo = v.Screening
	if a := v.Aftercare; a != nil {
		p.Aftercare = &web.Aftercare{Text: a.Text, VisitAdvised: a.VisitAdvised, Vet: a.Vet, At: a.At}
	}
	if p.Late, err = h.lateOffers(c, v); err != nil {
		return err
	}
	if v.Room.StateAt(v.At) == clinic.RoomLocked {
		return nil // nothing can have been said
	}
	said, err := h.Desk.Chat(c.ctx(), c.who, v.Reservation.ID)
	for _, m := range said {
		p.Chat = append(p.Chat, web.ChatLine{From: string(m.From), Text: m.Text, At: m.At})
	}
	if err != nil {
		return err
	}
	stills, err := h.Desk.Stills(c.ctx(), c.who, v.Reservation.ID)
	for _, s := range stills {
		p.Stills = append(p.Stills, web.Still{StillView: s})
	}
	return err
}

// lateOffers gives what the owner of a late vet may do; nil while the vet is not, and to the vet.
func (h *Handler) lateOffers(c *call, v *clinic.View) (*web.LateOffers, error) {
	if !v.Lateness.Late || c.seat(v) != clinic.RoleOwner {
		return nil, nil
	}
	_, cards, err := h.Desk.Alternatives(c.ctx(), c.who, v.Reservation.ID)
	if err != nil {
		return nil, err
	}
	offers := &web.LateOffers{CanMove: v.Lateness.Minutes > 0}
	for _, card := range cards {
		offers.Vets = append(offers.Vets, shownVet(card, nil))
	}
	return offers, nil
}

var transferFields = fields{"vet_id": false}

// transferForm is POST /reservations/{id}/transfer. What is refused is shown beside what can still be done.
func (h *Handler) transferForm(c *call) (reply, error) {
	id, form, err := c.posted()
	if err != nil {
		return reply{}, err
	}
	vetID, err := decode(transferFields.document(form), readNewVet)
	if err == nil {
		_, err = h.Desk.Transfer(c.ctx(), c.who, id, vetID)
	}
	if err == nil {
		return redirect("/reservations/" + id + "?handed=1"), nil
	}
	r, shown := h.shown(err)
	if !shown {
		return h.lost(c, err)
	}
	p, err := h.oneReservation(c, id)
	if err != nil {
		return h.lost(c, err)
	}
	p.Path, p.Transfer = "/reservations/"+id, formOf(nil, r)
	return c.page(r.status, p)
}
