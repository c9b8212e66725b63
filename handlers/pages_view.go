package handlers

import (
	"errors"
	"time"

	"vetroom/clinic"
	"vetroom/web"
)

// layout is what every page needs.
func (c *call) layout() (web.Layout, error) {
	l := web.Layout{Path: c.URL.RequestURI(), Now: c.now, Owner: c.who.Session != ""}
	if c.who.VetID == "" {
		return l, nil
	}
	vet, err := c.h.Desk.Store.Vet(c.ctx(), c.who.VetID)
	if err != nil && !errors.Is(err, clinic.ErrNotFound) {
		return l, err
	}
	if err == nil {
		l.Vet = &web.SignedVet{ID: vet.ID, Name: vet.Name, Online: vet.Online}
	}
	return l, nil
}

// shownVet is a vet as owners see one.
func shownVet(card clinic.Card, near *clinic.Place) web.Vet {
	v := web.Vet{
		ID: card.ID, Name: card.Name, Location: card.Location, Description: card.Description, Img: card.Img,
		Online: card.Online, Zone: card.Zone, NextFree: card.NextFree, SlotMinutes: card.Hours.SlotMinutes,
		Languages: card.Languages, Areas: words(card.Areas),
	}
	if near != nil {
		v.DistanceKm, v.HasDistance = card.DistanceKm(*near)
	}
	return v
}

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// seat tells on which side of a visit the caller sits.
func (c *call) seat(v *clinic.View) clinic.Role {
	if c.who.VetID != "" && c.who.VetID == v.Reservation.VetID {
		return clinic.RoleVet
	}
	return clinic.RoleOwner
}

// shownReservation is a visit as the caller sees it. An owner's name and phone are for the vet.
func (c *call) shownReservation(v *clinic.View) web.Reservation {
	r, seat := &v.Reservation, c.seat(v)
	cutoff := time.Duration(v.Vet.Hours.CancelCutoffMinutes) * time.Minute
	s := web.Reservation{
		ID: r.ID, Number: r.Number, State: string(r.State), Kind: string(r.Kind), Start: r.Start, End: r.End,
		Zone: v.Vet.Zone, Vet: web.Vet{ID: v.Vet.ID, Name: v.Vet.Name, Img: v.Vet.Img, Location: v.Vet.Location, Zone: v.Vet.Zone},
		Pet:  web.Pet{Name: r.Pet.Name, Breed: r.Pet.Breed, BirthYear: r.Pet.BirthYear, WeightKg: r.Pet.WeightKg},
		Area: string(r.Purpose.Area), Symptoms: r.Symptoms, Door: shownDoor(v, seat),
		CancelledBy: string(r.CancelledBy), Reason: r.Reason,
	}
	if !r.Purpose.PriorVisitOn.IsZero() {
		s.PriorVisitOn = r.Purpose.PriorVisitOn.String()
	}
	if seat == clinic.RoleVet {
		s.Owner = web.Owner{Name: r.Owner.Name, Phone: r.Owner.Phone, Email: r.Owner.Email}
		s.Photo = shownPhoto(v.Screening)
		return s
	}
	if own := c.ownZone(v.Vet.Zone); own != nil {
		s.Zone = own
	}
	s.CancelUntil = r.Start.Add(-cutoff)
	s.CanChange = v.OwnerMayChange(cutoff, v.At) == nil
	return s
}

func shownDoor(v *clinic.View, seat clinic.Role) web.Door {
	room := &v.Room
	return web.Door{
		RoomID: room.ID, State: string(room.StateAt(v.At)), OpensAt: room.OpensAt, ClosesAt: room.ClosesAt,
		DelayedMinutes: v.Lateness.Minutes, Late: v.Lateness.Late, Reason: string(room.Reason(v.At)), Seat: string(seat), Version: room.VersionAt(v.At),
	}
}

// over tells whether a visit can no longer be entered.
func over(v *clinic.View) bool {
	return !v.Reservation.Standing() || v.Room.StateAt(v.At) == clinic.RoomShut
}
