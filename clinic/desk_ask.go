package clinic

import (
	"context"
	"errors"
	"time"
)

// AskRequest asks for a consultation now.
type AskRequest struct {
	VetID   string // whom to ask first, or ""
	Session string // the owner's
	Key     *IdempotencyKey
	Request
}

// Ask begins a request for a consultation now, which rings a vet before Ask returns if one is free. It returns
// ErrInvalid, ErrNotFound for an unknown vet, ErrNotPermitted and ErrPriorVisitRequired if the wanted vet, or every
// vet, may not see the animal today, ErrTooManyStanding, and ErrKeyReused. A repeat by the same key and body gives the
// request as it is by now.
func (d *Desk) Ask(ctx context.Context, q AskRequest) (*InstantView, error) {
	if q.Key != nil {
		id, err := d.Store.AskedBefore(ctx, *q.Key)
		if !errors.Is(err, ErrNotFound) {
			return d.askedAgain(ctx, q.Session, id, err)
		}
	}
	q.Normalise()
	if err := q.Request.Validate(d.Clock.Now()); err != nil {
		return nil, err
	}
	if err := d.checkStanding(ctx, q.Owner.Phone, true); err != nil {
		return nil, err
	}
	if err := d.mayAttach(ctx, q.Session, q.ScreeningID); err != nil {
		return nil, err
	}
	if err := d.anybodyMay(ctx, q); err != nil {
		return nil, err
	}
	r := NewInstantRequest(d.NewID(), q, d.Clock.Now())
	id, err := d.Store.AddInstant(ctx, r, q.Key)
	if err != nil || id != r.ID {
		return d.askedAgain(ctx, q.Session, id, err)
	}
	d.told(r)
	return d.dispatched(ctx, r.ID)
}

// askedAgain answers a request that was asked before. From then on whoever repeats it holds it: only that browser knows
// the key, and with the first answer it may have lost the session that came with it.
func (d *Desk) askedAgain(ctx context.Context, session, id string, err error) (*InstantView, error) {
	if err != nil {
		return nil, err
	}
	r, err := d.Store.ChangeInstant(ctx, id, func(r *InstantRequest, _ time.Time) error {
		r.Session = session
		return nil
	})
	if err == nil && r.ReservationID != "" {
		err = d.Store.Grant(ctx, session, r.ReservationID)
	}
	if err != nil {
		return nil, err
	}
	d.told(r)
	return d.placed(ctx, r)
}

// dispatched looks for a vet at once and gives the request as it is then. Where looking fails the request is safe all
// the same: whoever leads looks again.
func (d *Desk) dispatched(ctx context.Context, id string) (*InstantView, error) {
	_, failed := d.Dispatch(ctx)
	r, err := d.Store.Instant(ctx, id)
	if err != nil {
		return nil, errors.Join(err, failed)
	}
	return d.placed(ctx, r)
}

// anybodyMay says why no vet may see the animal today, if none may.
func (d *Desk) anybodyMay(ctx context.Context, q AskRequest) error {
	now := d.Clock.Now()
	if q.VetID != "" {
		vet, err := d.Store.Vet(ctx, q.VetID)
		if err != nil {
			return err
		}
		return vet.Covers(d.Permits, q.Purpose, now)
	}
	why := error(ErrNotPermitted)
	page := VetQuery{Area: q.Purpose.Area, Day: now, Limit: 100}
	if d.Permits == PermitsOff {
		page.Area = ""
	}
	for {
		vets, next, err := d.Store.Vets(ctx, page)
		if err != nil {
			return err
		}
		for _, v := range vets {
			switch err := v.Covers(d.Permits, q.Purpose, now); {
			case err == nil:
				return nil
			case errors.Is(err, ErrPriorVisitRequired):
				why = err
			}
		}
		if page.Cursor = next; next == "" {
			return why
		}
	}
}
