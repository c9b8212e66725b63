package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"vetroom/clinic"
)

func screeningFields(s *clinic.Screening) []field {
	r := &s.Review
	return []field{
		{"id", &s.ID}, {"session", &s.Session}, {"body_part", &s.BodyPart}, {"state", &s.State},
		{"quality", document{&s.Quality}}, {"model", &s.Model}, {"findings", document{&s.Findings}},
		{"reason_code", &s.Reason}, {"reviewed_by", &r.VetID}, {"agrees", &r.Agrees}, {"finding", &r.Finding},
		{"reviewed_at", millis{&r.At}}, {"created_at", millis{&s.CreatedAt}}, {"ended_at", millis{&s.EndedAt}},
		{"rev", &s.Rev}, {"version", &s.Version},
	}
}

var screeningColumns = columns("s.", screeningFields(&clinic.Screening{}))

func screenings(ctx context.Context, q querier, tail string, args ...any) ([]*clinic.Screening, error) {
	var all []*clinic.Screening
	err := query(ctx, q, func() []any {
		s := &clinic.Screening{}
		all = append(all, s)
		return values(screeningFields(s))
	}, "SELECT "+screeningColumns+" FROM screenings s "+tail, args...)
	return all, err
}

// Screening implements clinic.ScreeningStore.
func (s *Store) Screening(ctx context.Context, id string) (*clinic.Screening, error) {
	found, err := s.ScreeningsByID(ctx, []string{id})
	if err == nil && found[id] == nil {
		err = clinic.ErrNotFound
	}
	return found[id], err
}

// ScreeningsByID implements clinic.ScreeningStore.
func (s *Store) ScreeningsByID(ctx context.Context, ids []string) (map[string]*clinic.Screening, error) {
	ids = distinct(ids)
	all, err := screenings(ctx, s.reader, "WHERE s.id IN ("+placeholders(len(ids))+")", anys(ids)...)
	byID := make(map[string]*clinic.Screening, len(all))
	for _, one := range all {
		byID[one.ID] = one
	}
	return byID, s.fault("read screenings", err)
}

// ScreeningPhoto implements clinic.ScreeningStore.
func (s *Store) ScreeningPhoto(ctx context.Context, id string) (body []byte, err error) {
	if !plain(id) {
		return nil, clinic.ErrNotFound
	}
	err = s.reader.QueryRowContext(ctx, "SELECT body FROM screening_photos WHERE screening_id = ?", id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, clinic.ErrNotFound
	}
	return body, s.fault("read a photo", err)
}

// VisitsOfScreening implements clinic.ScreeningStore.
func (s *Store) VisitsOfScreening(ctx context.Context, id string) ([]*clinic.Visit, error) {
	if !plain(id) {
		return nil, nil
	}
	all, err := visits(ctx, s.reader, "JOIN attachments a ON a.reservation_id = r.id WHERE a.screening_id = ? ORDER BY r.id", id)
	return all, s.fault("read the visits of a screening", err)
}

// AddScreening implements clinic.ScreeningStore.
func (s *Store) AddScreening(ctx context.Context, sc *clinic.Screening, jpeg []byte, facts []clinic.Event) error {
	out := &outgoing{}
	err := s.writeAgain(ctx, "add a screening", func(t *tx) error {
		*out = outgoing{}
		if err := t.addScreening(ctx, sc, jpeg, facts, out); err != nil {
			return err
		}
		return t.finish(ctx, out)
	})
	if err == nil {
		s.told(out.earliest)
	}
	return err
}

// addScreening writes a new screening; out gathers its facts, for finish.
func (t *tx) addScreening(ctx context.Context, sc *clinic.Screening, jpeg []byte, facts []clinic.Event, out *outgoing) error {
	sc.Version = t.s.number(clinic.AggregateScreening, 0, facts, out)
	return t.run(ctx, append(inserts(t.d, "screenings", "", screeningFields(sc)),
		inserts(t.d, "screening_photos", "", []field{{"screening_id", sc.ID}, {"body", jpeg}})...)...)
}

// ChangeScreening implements clinic.ScreeningStore.
func (s *Store) ChangeScreening(ctx context.Context, id string, decide func(*clinic.Screening, time.Time) ([]clinic.Event, error)) (sc *clinic.Screening, err error) {
	err = s.again(ctx, "change a screening", func() error {
		if sc, err = s.Screening(ctx, id); err != nil {
			return err
		}
		c := &change{now: s.Now(), screening: sc}
		if c.own, err = decide(sc, c.now); err != nil || len(c.own) == 0 {
			return err
		}
		return s.save(ctx, c)
	})
	if err != nil {
		return nil, err
	}
	return sc, nil
}

// attach notes which screening a new reservation has, and keeps the screening from being forgotten. It returns
// clinic.ErrNoSuchScreening for one that is not there any more.
func (t *tx) attach(ctx context.Context, r *clinic.Reservation) error {
	if r.ScreeningID == "" {
		return nil
	}
	if !plain(r.ScreeningID) {
		return clinic.ErrNoSuchScreening
	}
	return t.attachTo(ctx, r.ScreeningID, r.ID)
}

func (t *tx) attachTo(ctx context.Context, screeningID, reservationID string) error {
	err := t.bump(ctx, "UPDATE screenings SET attached = attached + 1 WHERE id = ?", screeningID)
	if errors.Is(err, errConflict) {
		return clinic.ErrNoSuchScreening
	}
	if err != nil {
		return err
	}
	return t.insert(ctx, "attachments", "", []field{{"screening_id", &screeningID}, {"reservation_id", &reservationID}})
}

// detach takes a photo back from a reservation that is being cancelled: from then on it is kept as one that none has.
func (t *tx) detach(ctx context.Context, c *change) error {
	if c.was == nil || c.visit.Reservation.ScreeningID == "" {
		return nil
	}
	if c.was.Reservation.State == clinic.StateCancelled || c.visit.Reservation.State != clinic.StateCancelled {
		return nil
	}
	_, err := t.ExecContext(ctx, "UPDATE screenings SET attached = attached - 1 WHERE id = ? AND attached > 0", c.visit.Reservation.ScreeningID)
	return err
}

// forgetBatch bounds how many photos one transaction deletes.
const forgetBatch = 20

// ForgetScreenings implements clinic.ScreeningStore.
func (s *Store) ForgetScreenings(ctx context.Context, before time.Time) error {
	const old = "attached = 0 AND created_at < ? AND NOT EXISTS " +
		"(SELECT 1 FROM instant_requests i WHERE i.screening_id = screenings.id AND i.standing = 1)" // it is about to be
	for {
		ids, err := texts(ctx, s.reader, "SELECT id FROM screenings WHERE "+old+" LIMIT ?", before.UnixMilli(), forgetBatch)
		if err != nil || len(ids) == 0 {
			return s.fault("look for old screenings", err)
		}
		slices.Sort(ids)
		if err := s.writeAgain(ctx, "forget old screenings", func(t *tx) error { return t.forget(ctx, ids, old, before) }); err != nil {
			return err
		}
	}
}

// forget deletes screenings that still meet the condition, and of all that are gone the photos, and the notes of which
// reservations had them.
func (t *tx) forget(ctx context.Context, ids []string, condition string, before time.Time) error {
	in := " IN (" + placeholders(len(ids)) + ")"
	_, err := t.ExecContext(ctx, "DELETE FROM screenings WHERE id"+in+" AND "+condition, append(anys(ids), before.UnixMilli())...)
	if err != nil {
		return err
	}
	for _, table := range []string{"screening_photos", "attachments"} {
		_, err = t.ExecContext(ctx, "DELETE FROM "+table+" WHERE screening_id"+in+
			" AND NOT EXISTS (SELECT 1 FROM screenings s WHERE s.id = "+table+".screening_id)", anys(ids)...)
		if err != nil {
			return err
		}
	}
	return nil
}
