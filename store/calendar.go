package store

import (
	"context"
	"database/sql"

	"vetroom/clinic"
)

// touching is a condition on reservations r that take time within a span; touchingArgs are its parameters. An upper
// bound of the end keeps the index from being read to the end of all times.
const touching = "r.end_at > ? AND r.end_at < ? AND r.start_at < ? AND r.state <> 'cancelled'"

func touchingArgs(span clinic.Span) []any {
	from, until := span.Start.Add(-clinic.CellLength), span.End.Add(clinic.CellLength)
	return []any{from.UnixMilli(), until.Add(clinic.LongestVisit).UnixMilli(), until.UnixMilli()}
}

// taken is a span of a vet's time.
type taken struct {
	vet string
	clinic.Span
}

// Busy implements clinic.VetStore.
func (s *Store) Busy(ctx context.Context, vetIDs []string, span clinic.Span) (map[string][]clinic.Span, error) {
	var all []*taken
	vetIDs = distinct(vetIDs)
	err := query(ctx, s.reader, func() []any {
		b := &taken{}
		all = append(all, b)
		return []any{&b.vet, millis{&b.Start}, millis{&b.End}}
	}, "SELECT r.vet_id, r.start_at, r.end_at FROM reservations r WHERE r.vet_id IN ("+placeholders(len(vetIDs))+") AND "+
		touching+" ORDER BY r.vet_id, r.end_at", append(anys(vetIDs), touchingArgs(span)...)...)
	busy := make(map[string][]clinic.Span, len(vetIDs))
	for _, b := range all {
		busy[b.vet] = append(busy[b.vet], b.Span)
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
	type row struct{ start, end sql.NullInt64 }
	var rows []row
	err = query(ctx, s.reader, func() []any {
		rows = append(rows, row{})
		r := &rows[len(rows)-1]
		return []any{&rev, &r.start, &r.end}
	}, "SELECT v.rev, r.start_at, r.end_at FROM vets v LEFT JOIN reservations r ON r.vet_id = v.id AND "+touching+
		" WHERE v.id = ? ORDER BY r.end_at", append(touchingArgs(span), vetID)...)
	if err == nil && len(rows) == 0 {
		err = clinic.ErrNotFound
	}
	for _, r := range rows {
		if r.start.Valid {
			busy = append(busy, clinic.Span{Start: fromMillis(r.start.Int64), End: fromMillis(r.end.Int64)})
		}
	}
	return rev, busy, err
}
