package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"vetroom/clinic"
)

// touching is a condition on reservations r that take time within a span; touchingArgs are its parameters. An upper
// bound of the end keeps the index from being read to the end of all times.
const touching = "r.end_at > ? AND r.end_at < ? AND r.start_at < ? AND r.state <> 'cancelled'"

func touchingArgs(span clinic.Span) []any {
	from, until := span.Start.Add(-clinic.CellLength), span.End.Add(clinic.CellLength)
	return []any{from.UnixMilli(), until.Add(clinic.LongestVisit).UnixMilli(), until.UnixMilli()}
}

// left is when the room of a reservation r was closed, if that gave time back that can still be booked. Only those are
// looked up that run now, or begin within a day and may have been opened early: the rooms of all that lie ahead would
// cost more than the rest of the reading. leftArgs are its parameters.
const left = "CASE WHEN r.end_at > ? AND r.start_at < ? THEN (SELECT m.closed_at FROM rooms m WHERE m.reservation_id = r.id) ELSE 0 END"

func (s *Store) leftArgs() []any {
	now := s.Now()
	return []any{now.UnixMilli(), now.AddDate(0, 0, 1).UnixMilli()}
}

// taken is a span of a vet's time.
type taken struct {
	vet string
	clinic.Span
	closed time.Time
}

// Busy implements clinic.VetStore.
func (s *Store) Busy(ctx context.Context, vetIDs []string, span clinic.Span) (map[string][]clinic.Span, error) {
	var all []*taken
	vetIDs = distinct(vetIDs)
	err := query(ctx, s.reader, func() []any {
		b := &taken{}
		all = append(all, b)
		return []any{&b.vet, millis{&b.Start}, millis{&b.End}, millis{&b.closed}}
	}, "SELECT r.vet_id, r.start_at, r.end_at, "+left+" FROM reservations r WHERE r.vet_id IN ("+placeholders(len(vetIDs))+") AND "+
		touching+" ORDER BY r.vet_id, r.end_at", slices.Concat(s.leftArgs(), anys(vetIDs), touchingArgs(span))...)
	busy := make(map[string][]clinic.Span, len(vetIDs))
	for _, b := range all {
		busy[b.vet] = append(busy[b.vet], b.LeftAt(b.closed))
	}
	return busy, s.fault("read what is taken", err)
}

// Calendar implements clinic.VetStore. Where the vet is remembered one query reads what is taken by the hours that are,
// and tells whether the vet still is as remembered.
func (s *Store) Calendar(ctx context.Context, vetID string, within func(*clinic.Vet) clinic.Span) (*clinic.Vet, []clinic.Span, error) {
	if !plain(vetID) {
		return nil, nil, clinic.ErrNotFound
	}
	if v := s.known.any(vetID); v != nil {
		rev, busy, err := s.calendar(ctx, vetID, within(v))
		if err != nil {
			return nil, nil, s.fault("read a calendar", err)
		}
		if rev == v.Rev {
			return v, busy, nil
		}
	}
	v, err := s.Vet(ctx, vetID)
	if err != nil {
		return nil, nil, err
	}
	busy, err := s.Busy(ctx, []string{vetID}, within(v))
	return v, busy[vetID], err
}

// calendar reads a vet's rev and what is taken within a span. It returns ErrNotFound.
func (s *Store) calendar(ctx context.Context, vetID string, span clinic.Span) (rev int64, busy []clinic.Span, err error) {
	type row struct{ start, end, closed sql.NullInt64 }
	var rows []row
	err = query(ctx, s.reader, func() []any {
		rows = append(rows, row{})
		r := &rows[len(rows)-1]
		return []any{&rev, &r.start, &r.end, &r.closed}
	}, "SELECT v.rev, r.start_at, r.end_at, "+left+" FROM vets v LEFT JOIN reservations r ON r.vet_id = v.id AND "+touching+
		" WHERE v.id = ? ORDER BY r.end_at", slices.Concat(s.leftArgs(), touchingArgs(span), []any{vetID})...)
	if err == nil && len(rows) == 0 {
		err = clinic.ErrNotFound
	}
	for _, r := range rows {
		if r.start.Valid {
			span := clinic.Span{Start: fromMillis(r.start.Int64), End: fromMillis(r.end.Int64)}
			busy = append(busy, span.LeftAt(fromMillis(r.closed.Int64)))
		}
	}
	return rev, busy, err
}
