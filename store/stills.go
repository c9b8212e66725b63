package store

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"vetroom/clinic"
)

func stillFields(s *clinic.Still) []field {
	return []field{
		{"id", &s.ID}, {"reservation_id", &s.ReservationID}, {"taken_at", millis{&s.TakenAt}}, {"party", &s.By}, {"width", &s.Width},
		{"height", &s.Height}, {"marks", document{&s.Marks}}, {"screening_id", &s.ScreeningID}, {"rev", &s.Rev},
	}
}

var stillColumns = columns("", stillFields(&clinic.Still{}))

func stills(ctx context.Context, q querier, tail string, args ...any) ([]*clinic.Still, error) {
	var all []*clinic.Still
	err := query(ctx, q, func() []any {
		s := &clinic.Still{}
		all = append(all, s)
		return values(stillFields(s))
	}, "SELECT "+stillColumns+" FROM stills "+tail, args...)
	return all, err
}

func still(ctx context.Context, q querier, condition string, args ...any) (*clinic.Still, error) {
	found, err := stills(ctx, q, "WHERE "+condition, args...)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, clinic.ErrNotFound
	}
	return found[0], nil
}

// Still implements clinic.StillStore.
func (s *Store) Still(ctx context.Context, id string) (*clinic.Still, error) {
	if !plain(id) {
		return nil, clinic.ErrNotFound
	}
	found, err := still(ctx, s.reader, "id = ?", id)
	return found, s.fault("read a still", err)
}

// Stills implements clinic.StillStore.
func (s *Store) Stills(ctx context.Context, reservationID string) ([]*clinic.Still, error) {
	if !plain(reservationID) {
		return nil, nil
	}
	all, err := stills(ctx, s.reader, "WHERE reservation_id = ? ORDER BY taken_at, id", reservationID)
	return all, s.fault("read stills", err)
}

// StillPhoto implements clinic.StillStore.
func (s *Store) StillPhoto(ctx context.Context, id string, small bool) ([]byte, error) {
	if !plain(id) {
		return nil, clinic.ErrNotFound
	}
	which := "part > 0"
	if small {
		which = "part = 0"
	}
	var parts []*[]byte
	err := query(ctx, s.reader, func() []any {
		part := new([]byte)
		parts = append(parts, part)
		return []any{part}
	}, "SELECT body FROM still_photos WHERE still_id = ? AND "+which+" ORDER BY part", id)
	if err == nil && len(parts) == 0 {
		err = clinic.ErrNotFound
	}
	return bytes.Join(dereference(parts), nil), s.fault("read a still's photo", err)
}

// AddStill implements clinic.StillStore. The reservation's row is kept from everybody else meanwhile, so that of two who
// take the last that is allowed, or send the same, one comes after the other.
func (s *Store) AddStill(ctx context.Context, taking clinic.StillTaking) (added *clinic.Still, repeated bool, err error) {
	if !plain(taking.ReservationID) {
		return nil, false, clinic.ErrNotFound
	}
	err = s.writeAgain(ctx, "add a still", func(t *tx) error {
		added, repeated, err = t.addStill(ctx, taking)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return added, repeated, nil
}

func (t *tx) addStill(ctx context.Context, taking clinic.StillTaking) (*clinic.Still, bool, error) {
	if _, err := texts(ctx, t, "SELECT id FROM reservations WHERE id = ?"+t.d.rowLock, taking.ReservationID); err != nil {
		return nil, false, err
	}
	if earlier, err := t.sentBefore(ctx, taking); !errors.Is(err, clinic.ErrNotFound) {
		return earlier, true, err
	}
	v, err := visit(ctx, t, "r.id = ?", taking.ReservationID)
	if err != nil {
		return nil, false, err
	}
	var had int
	if err := t.QueryRowContext(ctx, "SELECT COUNT(*) FROM stills WHERE reservation_id = ?", taking.ReservationID).Scan(&had); err != nil {
		return nil, false, err
	}
	made, err := taking.Decide(v, had, t.s.Now())
	if err != nil {
		return nil, false, err
	}
	row := stillFields(made)
	if key := taking.Key; key != nil {
		row = append(row, field{"named", key.Key[:]}, field{"body", key.Body[:]})
	}
	told := t.told([]clinic.Entry{{ReservationID: made.ReservationID, At: made.TakenAt, What: clinic.WhatStill, By: made.By}})
	err = t.runNew(ctx, slices.Concat(inserts(t.d, "stills", "", row), photoParts(t.d, made.ID, taking.Photo), told))
	return made, false, err
}

// sentBefore gives what a key was used for. It returns clinic.ErrNotFound where that is nothing, and ErrKeyReused.
func (t *tx) sentBefore(ctx context.Context, taking clinic.StillTaking) (*clinic.Still, error) {
	if taking.Key == nil {
		return nil, clinic.ErrNotFound
	}
	earlier, err := still(ctx, t, "reservation_id = ? AND named = ?", taking.ReservationID, taking.Key.Key[:])
	if err != nil {
		return nil, err
	}
	var body []byte
	if err := t.QueryRowContext(ctx, "SELECT body FROM stills WHERE id = ?", earlier.ID).Scan(&body); err != nil {
		return nil, err
	}
	if !bytes.Equal(body, taking.Key.Body[:]) {
		return nil, clinic.ErrKeyReused
	}
	return earlier, nil
}

// photoPart is how much of a photo a row keeps, in bytes.
const photoPart = 1 << 20

// photoParts gives what keeps a photo, each part by a statement of its own: servers bound a message's size.
func photoParts(d *dialect, id string, p clinic.Photo) (all []statement) {
	parts := [][]byte{p.Small}
	for part := range slices.Chunk(p.JPEG, photoPart) {
		parts = append(parts, part)
	}
	for n, body := range parts {
		all = append(all, inserts(d, "still_photos", "", []field{{"still_id", id}, {"part", n}, {"body", body}})...)
	}
	return all
}

// ChangeStill implements clinic.StillStore.
func (s *Store) ChangeStill(ctx context.Context, id string, decide func(*clinic.Still) error) (changed *clinic.Still, err error) {
	err = s.again(ctx, "change a still", func() error {
		if changed, err = s.Still(ctx, id); err != nil {
			return err
		}
		if err := decide(changed); err != nil {
			return err
		}
		changed.Rev++
		return s.write(ctx, func(t *tx) error {
			return t.bump(ctx, "UPDATE stills SET marks = ?, rev = ? WHERE id = ? AND rev = ?", document{&changed.Marks}, changed.Rev, id, changed.Rev-1)
		})
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// ScreenStill implements clinic.StillStore.
func (s *Store) ScreenStill(ctx context.Context, stillID, was string, sc *clinic.Screening, jpeg []byte, facts []clinic.Event) (won bool, err error) {
	if !plain(stillID) || was != "" && !plain(was) {
		return false, nil
	}
	out := &outgoing{}
	err = s.writeAgain(ctx, "screen a still", func(t *tx) error {
		*out, won = outgoing{}, false
		err := t.bump(ctx, "UPDATE stills SET screening_id = ?, rev = rev + 1 WHERE id = ? AND screening_id = ?", sc.ID, stillID, was)
		if errors.Is(err, errConflict) {
			return nil
		}
		if err != nil {
			return err
		}
		won = true
		if err := t.addScreening(ctx, sc, jpeg, facts, out); err != nil {
			return err
		}
		of, err := texts(ctx, t, "SELECT reservation_id FROM stills WHERE id = ?", stillID)
		if err != nil {
			return err
		}
		if err := t.attachTo(ctx, sc.ID, of[0]); err != nil {
			return err
		}
		return t.finish(ctx, out)
	})
	if err == nil && won {
		s.told(out.earliest)
	}
	return won, err
}
