package clinic

import (
	"context"
	"time"
)

// MaxAlternatives is how many other vets the owner of a late one is shown.
const MaxAlternatives = 20

// Alternatives gives the vets to whom an owner's visit may be given now, and the visit; none unless its own vet is late.
// Those are online, permitted for it, and free for its time.
func (d *Desk) Alternatives(ctx context.Context, who Who, id string) (*View, []Card, error) {
	if err := d.owns(ctx, who, id); err != nil {
		return nil, nil, err
	}
	view, err := d.Reservation(ctx, who, id)
	if err != nil || !view.Lateness.Late {
		return view, nil, err
	}
	q := VetQuery{Online: true, Area: view.Reservation.Purpose.Area, Day: view.Reservation.Start, Limit: 50}
	if d.Permits == PermitsOff {
		q.Area = ""
	}
	var found []*Vet
	for first := true; (first || q.Cursor != "") && len(found) < MaxAlternatives; first = false {
		vets, next, err := d.Store.Vets(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		free, err := d.freeFor(ctx, view.Visit, vets)
		if err != nil {
			return nil, nil, err
		}
		found, q.Cursor = append(found, free...), next
	}
	cards, err := d.cardsOf(ctx, found[:min(len(found), MaxAlternatives)], view.At)
	return view, cards, err
}

// freeFor gives those of the vets who may see the visit and have nothing else at its time.
func (d *Desk) freeFor(ctx context.Context, v *Visit, vets []*Vet) ([]*Vet, error) {
	ids := make([]string, len(vets))
	for i, vet := range vets {
		ids[i] = vet.ID
	}
	busy, err := d.Store.Busy(ctx, ids, v.Reservation.Span)
	if err != nil {
		return nil, err
	}
	var free []*Vet
	for _, vet := range vets {
		taken := false
		for _, span := range busy[vet.ID] {
			taken = taken || span.Overlaps(v.Reservation.Span)
		}
		if !taken && vet.ID != v.Reservation.VetID && d.maySee(vet, v) == nil {
			free = append(free, vet)
		}
	}
	return free, nil
}

// maySee returns ErrSlotNotOffered for a vet who is offline, ErrNotPermitted and ErrPriorVisitRequired.
func (d *Desk) maySee(vet *Vet, v *Visit) error {
	if !vet.Online {
		return ErrSlotNotOffered.With("This vet is not online now. Choose another.")
	}
	return vet.Covers(d.Permits, v.Reservation.Purpose, v.Reservation.Start)
}

// Transfer gives an owner's visit to another vet while its own is late. Given to the one who has it, it stays as it is.
// It returns ErrNotFound, ErrClosed, ErrTooEarly while the vet is not late, ErrSlotNotOffered for one who is offline,
// ErrNotPermitted, ErrPriorVisitRequired and ErrSlotTaken.
func (d *Desk) Transfer(ctx context.Context, who Who, id, vetID string) (*View, error) {
	if err := d.owns(ctx, who, id); err != nil {
		return nil, err
	}
	v, vet, err := d.Store.TransferVisit(ctx, id, vetID, func(v *Visit, to *Vet, seated bool, now time.Time) ([]Event, error) {
		if err := v.underway(now); err != nil {
			return nil, err
		}
		if to.ID == v.Reservation.VetID {
			return nil, nil
		}
		if !v.Lateness(seated, now).Late {
			return nil, ErrTooEarly.With("Your vet is not late. The visit stays where it is.")
		}
		if err := d.maySee(to, v); err != nil {
			return nil, err
		}
		return v.Transfer(to, now)
	})
	if err != nil {
		return nil, err
	}
	view := viewOf(v, vet, d.Clock.Now())
	return &view, nil
}

// owns returns ErrNotFound unless the session of who holds the reservation.
func (d *Desk) owns(ctx context.Context, who Who, id string) error {
	if who.Session == "" {
		return ErrNotFound
	}
	ok, err := d.Store.Granted(ctx, who.Session, id)
	if err == nil && !ok {
		err = ErrNotFound
	}
	return err
}

// addLateness finds out which vets are late now: of visits that run, or whose delay was announced, those who are absent.
func (d *Desk) addLateness(ctx context.Context, views ...*View) error {
	var ids []string
	for _, v := range views {
		if v.Visit.Lateness(false, v.At).Late {
			ids = append(ids, v.Reservation.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	seated, err := d.Store.Seated(ctx, ids)
	if err != nil {
		return err
	}
	for _, v := range views {
		v.Lateness = v.Visit.Lateness(seated[v.Reservation.ID], v.At)
	}
	return nil
}
