package clinic

import (
	"context"
	"time"
)

// MayTakeStill returns ErrNotFound unless the reservation is theirs: what is asked before a photo is read.
func (d *Desk) MayTakeStill(ctx context.Context, who Who, reservationID string) error {
	_, err := d.roleOf(ctx, who, reservationID)
	return err
}

// TakeStill keeps a photo that was taken in an open room. With a key, a repeat of the same gives what the first gave, also
// once the room is closed. It returns ErrNotFound, ErrRoomLocked, ErrRoomClosed, ErrTooManyStills and ErrKeyReused.
func (d *Desk) TakeStill(ctx context.Context, who Who, reservationID string, photo Photo, key *IdempotencyKey) (*Still, error) {
	role, err := d.roleOf(ctx, who, reservationID)
	if err != nil {
		return nil, err
	}
	var room string
	s, repeated, err := d.Store.AddStill(ctx, StillTaking{
		ReservationID: reservationID, Photo: photo, Key: key,
		Decide: func(v *Visit, had int, now time.Time) (*Still, error) {
			if role == RoleVet && v.Reservation.VetID != who.VetID {
				return nil, ErrNotFound // it went over to another vet a moment ago
			}
			room = v.Room.ID
			return NewStill(d.NewID(), v, role, photo, had, now)
		},
	})
	if err != nil {
		return nil, err
	}
	if !repeated {
		d.stillChanged(room, s.ID)
	}
	return s, nil
}

// Stills gives those of a reservation, with their screenings, to its vet and its holders.
func (d *Desk) Stills(ctx context.Context, who Who, reservationID string) ([]StillView, error) {
	if _, err := d.roleOf(ctx, who, reservationID); err != nil {
		return nil, err
	}
	return d.stills(ctx, reservationID)
}

func (d *Desk) stills(ctx context.Context, reservationID string) ([]StillView, error) {
	all, err := d.Store.Stills(ctx, reservationID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	views, ids := make([]StillView, len(all)), make([]string, 0, len(all))
	for i, s := range all {
		views[i].Still = s
		if s.ScreeningID != "" {
			ids = append(ids, s.ScreeningID)
		}
	}
	found, err := d.Store.ScreeningsByID(ctx, ids)
	for i := range views {
		views[i].Screening = found[views[i].ScreeningID]
	}
	return views, err
}

// StillPhoto gives a still's photo, or the small one, to the vet and the holders of its reservation.
func (d *Desk) StillPhoto(ctx context.Context, who Who, id string, small bool) ([]byte, error) {
	s, err := d.Store.Still(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := d.roleOf(ctx, who, s.ReservationID); err != nil {
		return nil, err
	}
	return d.Store.StillPhoto(ctx, id, small)
}

// DrawOnStill puts the vet's marks on a still, in the place of those before. It returns ErrNotFound for a still of
// another vet's visit, and ErrInvalid.
func (d *Desk) DrawOnStill(ctx context.Context, vetID, id string, marks []Mark) (*StillView, error) {
	if err := CheckMarks(marks); err != nil {
		return nil, err
	}
	_, room, err := d.stillOfVet(ctx, vetID, id)
	if err != nil {
		return nil, err
	}
	s, err := d.Store.ChangeStill(ctx, id, func(s *Still) error { return s.Draw(marks) })
	if err != nil {
		return nil, err
	}
	d.stillChanged(room, id)
	return d.withScreening(ctx, s)
}

// ScreenStill has a still's photo looked at, once: a still that is looked at, or was, keeps its screening, but for one that
// failed. take makes of the photo what is screened. It returns ErrNotFound for a still of another vet's visit, and what
// take does.
func (d *Desk) ScreenStill(ctx context.Context, vetID, id string, take func(ctx context.Context, jpeg []byte) (Photo, error)) (*StillView, error) {
	still, room, err := d.stillOfVet(ctx, vetID, id)
	if err != nil {
		return nil, err
	}
	view, err := d.withScreening(ctx, still)
	if err != nil || view.Screening != nil && view.Screening.State != ScreeningFailed {
		return view, err
	}
	body, err := d.Store.StillPhoto(ctx, id, false)
	if err != nil {
		return nil, err
	}
	photo, err := take(ctx, body)
	if err != nil {
		return nil, err
	}
	s, facts := NewStillScreening(d.NewID(), photo.Quality, d.Clock.Now())
	won, err := d.Store.ScreenStill(ctx, id, still.ScreeningID, s, photo.JPEG, facts)
	if err != nil {
		return nil, err
	}
	if won {
		d.stillChanged(room, id)
		if d.Queued != nil {
			d.Queued()
		}
	}
	if still, err = d.Store.Still(ctx, id); err != nil {
		return nil, err
	}
	return d.withScreening(ctx, still)
}

func (d *Desk) withScreening(ctx context.Context, s *Still) (*StillView, error) {
	view := &StillView{Still: s}
	if s.ScreeningID == "" {
		return view, nil
	}
	found, err := d.Store.ScreeningsByID(ctx, []string{s.ScreeningID})
	view.Screening = found[s.ScreeningID]
	return view, err
}

// stillOfVet gives a still of one of the vet's visits, and the visit's room.
func (d *Desk) stillOfVet(ctx context.Context, vetID, id string) (*Still, string, error) {
	s, err := d.Store.Still(ctx, id)
	if err != nil {
		return nil, "", err
	}
	v, err := d.Store.Visit(ctx, s.ReservationID)
	if err == nil && (vetID == "" || v.Reservation.VetID != vetID) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, "", err
	}
	return s, v.Room.ID, nil
}

// roleOf tells whose the reservation is. It returns ErrNotFound for somebody's else.
func (d *Desk) roleOf(ctx context.Context, who Who, reservationID string) (Role, error) {
	seen, err := d.Store.Look(ctx, Looking{Reservation: reservationID, Session: who.Session})
	if err != nil {
		return "", err
	}
	return seen.role(who)
}

func (d *Desk) stillChanged(room, id string) {
	if d.StillChanged != nil {
		d.StillChanged(room, id)
	}
}
