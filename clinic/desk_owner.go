package clinic

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"
)

// Reservation gives a visit to who may see it: its vet, or an owner who holds it. It returns ErrNotFound to others.
func (d *Desk) Reservation(ctx context.Context, who Who, id string) (*View, error) {
	view, _, err := d.see(ctx, who, Looking{Reservation: id})
	return view, err
}

// RoleIn tells which seat of a room is theirs. It returns ErrNotFound where none is.
func (d *Desk) RoleIn(ctx context.Context, who Who, roomID string) (Role, *Visit, error) {
	seen, err := d.Store.Look(ctx, Looking{Room: roomID, Session: who.Session})
	if err != nil {
		return "", nil, err
	}
	role, err := seen.role(who)
	return role, seen.Visit, err
}

// InRoom gives the visit of a room to who may see it. It returns ErrNotFound to others.
func (d *Desk) InRoom(ctx context.Context, who Who, roomID string) (*View, error) {
	view, _, err := d.see(ctx, who, Looking{Room: roomID})
	return view, err
}

func (d *Desk) see(ctx context.Context, who Who, q Looking) (*View, []Entry, error) {
	q.Session = who.Session
	seen, err := d.Store.Look(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	if _, err := seen.role(who); err != nil {
		return nil, nil, err
	}
	view := viewOf(seen.Visit, seen.Vet, d.Clock.Now())
	if err := errors.Join(d.addLateness(ctx, &view), d.addScreenings(ctx, &view)); err != nil {
		return nil, nil, err
	}
	return &view, seen.Timeline, d.addAftercare(ctx, &view)
}

// role tells whose the visit is. It returns ErrNotFound for somebody's else.
func (s *Seen) role(who Who) (Role, error) {
	switch {
	case who.VetID != "" && who.VetID == s.Reservation.VetID:
		return RoleVet, nil
	case who.Session != "" && s.Held:
		return RoleOwner, nil
	}
	return "", ErrNotFound
}

func (d *Desk) view(ctx context.Context, v *Visit) (*View, error) {
	vet, err := d.Store.Vet(ctx, v.Reservation.VetID)
	if err != nil {
		return nil, err
	}
	view := viewOf(v, vet, d.Clock.Now())
	return &view, d.addScreenings(ctx, &view)
}

// Reservations gives what an owner's session holds, soonest first.
func (d *Desk) Reservations(ctx context.Context, session string) ([]View, error) {
	visits, err := d.Store.VisitsOfSession(ctx, session)
	if err != nil {
		return nil, err
	}
	return d.views(ctx, visits)
}

func (d *Desk) views(ctx context.Context, visits []*Visit) ([]View, error) {
	ids := make([]string, len(visits))
	for i, v := range visits {
		ids[i] = v.Reservation.VetID
	}
	vets, err := d.Store.VetsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	now, views, all := d.Clock.Now(), make([]View, len(visits)), make([]*View, len(visits))
	for i, v := range visits {
		views[i] = viewOf(v, vets[v.Reservation.VetID], now)
		all[i] = &views[i]
	}
	return views, d.addLateness(ctx, all...)
}

// Cancel gives an owner's reservation back. It returns ErrNotFound, ErrTooLate past the vet's cut-off, ErrClosed.
func (d *Desk) Cancel(ctx context.Context, who Who, id, reason string) (*View, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return d.asOwner(ctx, who, id, func(v *Visit, vet *Vet, now time.Time) ([]Event, error) {
		return v.Cancel(Cancellation{By: ByOwner, Code: ReasonOwner, Text: reason}, now)
	})
}

func checkReason(reason string) error {
	var p problems
	textField(&p, "reason", reason, 0, 1000)
	return p.err()
}

// Reschedule moves an owner's reservation to another offered slot of the same vet: within the cut-off, or once the vet
// is a minute late. It returns ErrNotFound, ErrTooLate, ErrClosed, ErrSlotNotOffered, ErrNotPermitted,
// ErrPriorVisitRequired and ErrSlotTaken.
func (d *Desk) Reschedule(ctx context.Context, who Who, id string, start time.Time) (*View, error) {
	if err := d.owns(ctx, who, id); err != nil {
		return nil, err
	}
	v, vet, err := d.Store.ChangeSeated(ctx, id, func(v *Visit, vet *Vet, seated bool, now time.Time) ([]Event, error) {
		l := v.Lateness(seated, now)
		late := l.Late && l.Minutes > 0
		if err := v.OwnerMayChange(vet.cutOff(), now); err != nil && !late {
			return nil, err
		}
		if v.Reservation.Start.Equal(start) {
			return nil, nil
		}
		slot, err := vet.Offered(start, now)
		if err != nil {
			return nil, err
		}
		if err := vet.Covers(d.Permits, v.Reservation.Purpose, slot.Start); err != nil {
			return nil, err
		}
		if late {
			return v.MoveLate(slot, now)
		}
		return v.Move(slot, ByOwner, now)
	})
	if err != nil {
		return nil, err
	}
	view := viewOf(v, vet, d.Clock.Now())
	return &view, nil
}

// asOwner changes a visit that the owner holds, within the vet's cut-off. The vet of a visit is its owner's
// counterpart, not its owner: only a session's grant counts here.
func (d *Desk) asOwner(ctx context.Context, who Who, id string, decide func(*Visit, *Vet, time.Time) ([]Event, error)) (*View, error) {
	if err := d.owns(ctx, who, id); err != nil {
		return nil, err
	}
	return d.change(ctx, id, func(v *Visit, vet *Vet, now time.Time) ([]Event, error) {
		if err := v.OwnerMayChange(vet.cutOff(), now); err != nil {
			return nil, err
		}
		return decide(v, vet, now)
	})
}

func (d *Desk) change(ctx context.Context, id string, decide func(*Visit, *Vet, time.Time) ([]Event, error)) (*View, error) {
	v, vet, err := d.Store.ChangeVisit(ctx, id, decide)
	if err != nil {
		return nil, err
	}
	view := viewOf(v, vet, d.Clock.Now())
	return &view, nil
}

// Lookup lets a session hold the reservation of a number and its phone. It returns ErrNotFound, in the same words
// for an unknown number as for a wrong phone.
func (d *Desk) Lookup(ctx context.Context, session, number, phone string) (*View, error) {
	v, err := d.Store.VisitByNumber(ctx, NormalNumber(number))
	if errors.Is(err, ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(NormalPhone(phone)), []byte(v.Reservation.Owner.Phone)) != 1 {
		return nil, ErrNotFound
	}
	if d.Clock.Now().After(v.Reservation.End.Add(LinkLife)) {
		return nil, ErrNotFound
	}
	if err := d.Store.Grant(ctx, session, v.Reservation.ID); err != nil {
		return nil, err
	}
	return d.view(ctx, v)
}

// Redeem lets a session hold the reservation of a capability link. It returns ErrNotFound for one that is unknown
// or was valid once.
func (d *Desk) Redeem(ctx context.Context, session, token string) (reservationID string, err error) {
	id, err := d.Store.LinkedTo(ctx, HashToken(token))
	if err != nil {
		return "", err
	}
	return id, d.Store.Grant(ctx, session, id)
}

// Timeline gives what happened to a reservation, oldest first, to who may see it.
func (d *Desk) Timeline(ctx context.Context, who Who, id string) ([]Entry, error) {
	_, entries, err := d.History(ctx, who, id)
	return entries, err
}

// History gives a reservation with its timeline, to who may see it.
func (d *Desk) History(ctx context.Context, who Who, id string) (*View, []Entry, error) {
	view, entries, err := d.see(ctx, who, Looking{Reservation: id, Timeline: true})
	if err != nil {
		return nil, nil, err
	}
	return view, view.withClock(entries), nil
}
