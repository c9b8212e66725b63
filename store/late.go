package store

import (
	"context"
	"time"

	"vetroom/clinic"
)

// Seated implements clinic.LateStore, by the timelines: who took the seat last and did not leave it. A vet who has no
// socket at all any more, as after a crash, sits nowhere; neither does one whose reservation went to somebody else, or
// to another time.
func (s *Store) Seated(ctx context.Context, reservationIDs []string) (map[string]bool, error) {
	seated, err := s.seated(ctx, s.reader, "", reservationIDs...)
	return seated, s.fault("look who is seated", err)
}

// seated tells it of a given vet; "" is the one that each reservation has.
func (s *Store) seated(ctx context.Context, q querier, vetID string, reservationIDs ...string) (map[string]bool, error) {
	type entry struct {
		of   string
		what clinic.What
		seen time.Time
	}
	ids := distinct(reservationIDs)
	whose, args := "r.vet_id", anys(ids)
	if vetID != "" {
		whose, args = "?", append([]any{vetID}, args...)
	}
	var rows []*entry
	err := query(ctx, q, func() []any {
		e := &entry{}
		rows = append(rows, e)
		return []any{&e.of, &e.what, millis{&e.seen}}
	}, `SELECT t.reservation_id, t.what, COALESCE(p.seen_at, 0) FROM timeline t
		JOIN reservations r ON r.id = t.reservation_id LEFT JOIN presence p ON p.vet_id = `+whose+`
		WHERE t.reservation_id IN (`+placeholders(len(ids))+`)
		AND (t.what = 'vet_joined' OR t.what = 'moved' OR t.what = 'left' AND t.party = 'vet')
		ORDER BY t.happened_at, t.id`, args...)
	seated := make(map[string]bool, len(ids))
	since := s.Now().Add(-clinic.AbsentAfter)
	for _, e := range rows {
		seated[e.of] = e.what == clinic.WhatVetJoined && e.seen.After(since)
	}
	return seated, err
}

// isSeated tells it of the vet that a reservation has, or had.
func (s *Store) isSeated(ctx context.Context, q querier, r *clinic.Reservation) (bool, error) {
	seated, err := s.seated(ctx, q, r.VetID, r.ID)
	return seated[r.ID], err
}

// stillSeated returns errConflict unless the seat is what was decided on, of the vet whom the visit had until then.
func (t *tx) stillSeated(ctx context.Context, c *change) error {
	if c.seated == nil {
		return nil
	}
	seated, err := t.s.isSeated(ctx, t, &c.was.Reservation)
	if err == nil && seated != *c.seated {
		err = errConflict
	}
	return err
}

// ChangeSeated implements clinic.LateStore.
func (s *Store) ChangeSeated(ctx context.Context, reservationID string, decide clinic.SeatedDecision) (v *clinic.Visit, vet *clinic.Vet, err error) {
	err = s.again(ctx, "change a visit", func() error {
		if v, err = visit(ctx, s.reader, "r.id = ?", reservationID); err != nil {
			return err
		}
		if vet, err = s.vet(ctx, s.reader, "v.id = ?", v.Reservation.VetID); err != nil {
			return err
		}
		seated, err := s.isSeated(ctx, s.reader, &v.Reservation)
		if err != nil {
			return err
		}
		return s.changeVisit(ctx, v, vet, &seated, func(v *clinic.Visit, vet *clinic.Vet, now time.Time) ([]clinic.Event, error) {
			return decide(v, vet, seated, now)
		})
	})
	if err != nil {
		return nil, nil, err
	}
	return v, vet, nil
}

// TransferVisit implements clinic.LateStore. Its transaction keeps the other vet's row from change, and sees whether it
// is the one that was decided on: so permits and being online are those of the moment.
func (s *Store) TransferVisit(ctx context.Context, reservationID, toVetID string, decide clinic.SeatedDecision) (v *clinic.Visit, to *clinic.Vet, err error) {
	if !plain(toVetID) {
		return nil, nil, clinic.ErrNotFound
	}
	err = s.again(ctx, "transfer a visit", func() error {
		if v, err = visit(ctx, s.reader, "r.id = ?", reservationID); err != nil {
			return err
		}
		if to, err = s.vet(ctx, s.reader, "v.id = ?", toVetID); err != nil {
			return err
		}
		seated, err := s.isSeated(ctx, s.reader, &v.Reservation)
		if err != nil {
			return err
		}
		c := &change{now: s.Now(), was: ptr(*v), visit: v, seated: &seated}
		if c.own, err = decide(v, to, seated, c.now); err != nil || len(c.own) == 0 {
			return err
		}
		return s.saveTransfer(ctx, c, to)
	})
	if err != nil {
		return nil, nil, err
	}
	return v, to, nil
}

func (s *Store) saveTransfer(ctx context.Context, c *change, to *clinic.Vet) error {
	out := &outgoing{}
	err := s.write(ctx, func(t *tx) error {
		rev := int64(-1)
		err := t.run(ctx, statement{
			text: "SELECT rev FROM vets WHERE id = ?" + t.d.shareLock, args: []any{to.ID},
			scan: func() []any { return []any{&rev} },
		})
		if err == nil && rev != to.Rev {
			err = errConflict
		}
		if err != nil {
			return err
		}
		if err := t.apply(ctx, c, out); err != nil {
			return err
		}
		if err := t.stillSeated(ctx, c); err != nil {
			return err
		}
		return t.finish(ctx, out)
	})
	if err == nil {
		s.told(out.earliest)
	}
	return err
}

// rehouse moves the visit's cells from one vet's time to another's, and settles the doors beside them.
func (t *tx) rehouse(ctx context.Context, c *change) ([]*change, error) {
	none, old, held := cellsOf(nil), cellsOf(c.was), cellsOf(c.visit)
	if err := t.leave(ctx, &c.was.Reservation, old, none); err != nil {
		return nil, err
	}
	if err := t.take(ctx, &c.visit.Reservation, none, held); err != nil {
		return nil, err
	}
	before, err := t.neighbours(ctx, c, none, held)
	if err != nil {
		return nil, err
	}
	read, holders := t.readHolders(c.was.Reservation.VetID, []clinic.Cell{old.first - 1})
	if err := t.run(ctx, read); err != nil {
		return nil, err
	}
	return t.yields(ctx, before, holders[old.first-1], time.Time{}, c.now)
}
