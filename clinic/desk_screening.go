package clinic

import (
	"context"
	"errors"
	"slices"
	"time"
)

// KeepScreening is how long a photo is kept that no reservation has, or only cancelled ones. Nobody but its owner's
// browser can see it, whose session ends an hour after its last use; and who books tomorrow has a newer one.
const KeepScreening = 24 * time.Hour

// Screen takes a photo in and has it looked at. It returns ErrInvalid.
func (d *Desk) Screen(ctx context.Context, session, bodyPart string, photo Photo) (*Screening, error) {
	s, facts, err := NewScreening(d.NewID(), session, bodyPart, photo.Quality, d.Clock.Now())
	if err != nil {
		return nil, err
	}
	if err := d.Store.AddScreening(ctx, s, photo.JPEG, facts); err != nil {
		return nil, err
	}
	if d.Queued != nil {
		d.Queued()
	}
	return s, nil
}

// Screening gives one to who may see it: the session that made it, the vet and the holders of a reservation that has it,
// and a vet while a request with it rings. It returns ErrNotFound to others.
func (d *Desk) Screening(ctx context.Context, who Who, id string) (*Screening, error) {
	s, _, err := d.screening(ctx, who, id)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// screening also says whether it is the vet who asks.
func (d *Desk) screening(ctx context.Context, who Who, id string) (s *Screening, asVet bool, err error) {
	if s, err = d.Store.Screening(ctx, id); err != nil {
		return nil, false, err
	}
	if who.Session != "" && who.Session == s.Session {
		return s, false, nil
	}
	if !who.Known() {
		return nil, false, ErrNotFound
	}
	visits, err := d.Store.VisitsOfScreening(ctx, id)
	if err != nil {
		return nil, false, err
	}
	for _, v := range visits {
		seen := &Seen{Visit: v}
		if who.Session != "" {
			if seen.Held, err = d.Store.Granted(ctx, who.Session, v.Reservation.ID); err != nil {
				return nil, false, err
			}
		}
		if role, err := seen.role(who); err == nil {
			return s, role == RoleVet, nil
		}
	}
	return s, false, d.mustRing(ctx, who.VetID, id)
}

// mustRing returns ErrNotFound unless a request that has the screening rings the vet.
func (d *Desk) mustRing(ctx context.Context, vetID, screeningID string) error {
	if vetID == "" {
		return ErrNotFound
	}
	rings, err := d.RingingFor(ctx, vetID)
	if err == nil && !slices.ContainsFunc(rings, func(v *InstantView) bool { return v.ScreeningID == screeningID }) {
		err = ErrNotFound
	}
	return err
}

// ScreeningPhoto gives a screening's photo to who may see the screening.
func (d *Desk) ScreeningPhoto(ctx context.Context, who Who, id string) ([]byte, error) {
	if _, err := d.Screening(ctx, who, id); err != nil {
		return nil, err
	}
	return d.Store.ScreeningPhoto(ctx, id)
}

// ReviewScreening takes the word of a vet whose reservation has the screening. See [Screening.Judge].
func (d *Desk) ReviewScreening(ctx context.Context, vetID, id string, r Review) (*Screening, error) {
	if _, asVet, err := d.screening(ctx, Who{VetID: vetID}, id); err != nil || !asVet {
		return nil, errors.Join(err, orNotFound(err))
	}
	r.VetID = vetID
	return d.Store.ChangeScreening(ctx, id, func(s *Screening, now time.Time) ([]Event, error) { return s.Judge(r, now) })
}

func orNotFound(err error) error {
	if err == nil {
		return ErrNotFound
	}
	return nil
}

// FinishScreening saves what was seen. See [Screening.Finish].
func (d *Desk) FinishScreening(ctx context.Context, id, model string, findings []Finding) (*Screening, error) {
	return d.Store.ChangeScreening(ctx, id, func(s *Screening, now time.Time) ([]Event, error) {
		return s.Finish(model, findings, now), nil
	})
}

// FailScreening saves that nobody could look. See [Screening.Fail].
func (d *Desk) FailScreening(ctx context.Context, id string, reason ReasonCode) (*Screening, error) {
	return d.Store.ChangeScreening(ctx, id, func(s *Screening, now time.Time) ([]Event, error) {
		return s.Fail(reason, now), nil
	})
}

// SweepScreenings forgets the photos that no reservation has and that are older than KeepScreening.
func (d *Desk) SweepScreenings(ctx context.Context) error {
	return d.Store.ForgetScreenings(ctx, d.Clock.Now().Add(-KeepScreening))
}

// mayAttach returns ErrInvalid unless the session may see the screening that a request names, if it names one.
func (d *Desk) mayAttach(ctx context.Context, session, id string) error {
	if id == "" {
		return nil
	}
	_, err := d.Screening(ctx, Who{Session: session}, id)
	if errors.Is(err, ErrNotFound) {
		return ErrNoSuchScreening
	}
	return err
}

// addScreenings puts to each view the screening that its reservation has.
func (d *Desk) addScreenings(ctx context.Context, views ...*View) error {
	var ids []string
	for _, v := range views {
		if id := v.Reservation.ScreeningID; id != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := d.Store.ScreeningsByID(ctx, ids)
	if err != nil {
		return err
	}
	for _, v := range views {
		v.Screening = found[v.Reservation.ScreeningID]
	}
	return nil
}
