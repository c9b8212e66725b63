package store

import (
	"context"
	"time"

	"vetroom/clinic"
)

// What a worker asks for. A queued screening is claimed for a while, by a word that is the worker's own; who dies leaves
// a claim that runs out. Claims do not touch a screening's rev: what a worker brings is saved by compare-and-set, and of
// two results the first counts.

// ClaimScreenings claims up to n queued screenings for the given time and gives them, the oldest first. claim must be
// new.
func (s *Store) ClaimScreenings(ctx context.Context, claim string, n int, hold time.Duration) (claimed []*clinic.Screening, err error) {
	ids, err := texts(ctx, s.reader, `SELECT id FROM screenings WHERE state = 'queued' AND claimed_until <= ?
		ORDER BY created_at, id LIMIT ?`, s.Now().UnixMilli(), n)
	if err != nil || len(ids) == 0 {
		return nil, s.fault("look for photos", err)
	}
	err = s.writeAgain(ctx, "claim photos", func(t *tx) error {
		now := s.Now()
		_, err := t.ExecContext(ctx, `UPDATE screenings SET claim = ?, claimed_until = ? WHERE id IN (`+placeholders(len(ids))+`)
			AND state = 'queued' AND claimed_until <= ?`,
			append(append([]any{claim, now.Add(hold).UnixMilli()}, anys(ids)...), now.UnixMilli())...)
		if err != nil {
			return err
		}
		claimed, err = screenings(ctx, t, "WHERE s.id IN ("+placeholders(len(ids))+") AND s.claim = ? ORDER BY s.created_at, s.id", append(anys(ids), claim)...)
		return err
	})
	return claimed, err
}

// HoldScreening lets a claim last for the given time from now on, and says whether it still stands: nobody else took it,
// and nobody brought a result. A negative time gives it back.
func (s *Store) HoldScreening(ctx context.Context, id, claim string, hold time.Duration) (held bool, err error) {
	err = s.writeAgain(ctx, "hold a photo", func(t *tx) error {
		result, err := t.ExecContext(ctx, "UPDATE screenings SET claimed_until = ? WHERE id = ? AND claim = ? AND state = 'queued'",
			s.Now().Add(hold).UnixMilli(), id, claim)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		held = n > 0
		return err
	})
	return held, err
}

// ScreeningNews gives those of ids that exist.
func (s *Store) ScreeningNews(ctx context.Context, ids []string) ([]clinic.ScreeningNews, error) {
	ids = distinct(ids)
	return s.screeningNews(ctx, "WHERE s.id IN ("+placeholders(len(ids))+")", anys(ids)...)
}

// ScreeningsEnded gives those that were done or failed since an instant.
func (s *Store) ScreeningsEnded(ctx context.Context, since time.Time) ([]clinic.ScreeningNews, error) {
	return s.screeningNews(ctx, "WHERE s.ended_at >= ?", since.UnixMilli())
}

func (s *Store) screeningNews(ctx context.Context, tail string, args ...any) ([]clinic.ScreeningNews, error) {
	all, err := screenings(ctx, s.reader, tail, args...)
	if err != nil || len(all) == 0 {
		return nil, s.fault("read screenings", err)
	}
	ids := make([]string, len(all))
	for i, one := range all {
		ids[i] = one.ID
	}
	type place struct{ screening, room string }
	var places []*place
	err = query(ctx, s.reader, func() []any {
		p := &place{}
		places = append(places, p)
		return []any{&p.screening, &p.room}
	}, `SELECT a.screening_id, r.room_id FROM attachments a JOIN reservations r ON r.id = a.reservation_id
		WHERE a.screening_id IN (`+placeholders(len(ids))+`) ORDER BY r.id`, anys(ids)...)
	rooms := map[string][]string{}
	for _, p := range places {
		rooms[p.screening] = append(rooms[p.screening], p.room)
	}
	news := make([]clinic.ScreeningNews, len(all))
	for i, one := range all {
		news[i] = clinic.ScreeningNews{Screening: one, Rooms: rooms[one.ID]}
	}
	return news, s.fault("read the rooms of screenings", err)
}
