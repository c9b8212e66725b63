package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"vetroom/events"
)

// Upcoming gives the unpublished rows that are due before until, claimed or not, in order of due instant, version and
// id, at most limit of them.
func (s *Store) Upcoming(ctx context.Context, until time.Time, limit int) ([]events.Instant, error) {
	var parts []string
	var args []any
	for _, stream := range streams { // each part reads its stretch of the index, and no more
		parts = append(parts, `SELECT * FROM (SELECT id, version, due_at FROM outbox
			WHERE stream = ? AND published_at IS NULL AND due_at < ? ORDER BY due_at, version, id LIMIT ?) `+stream+"_part")
		args = append(args, stream, unixMillisUp(until), limit)
	}
	rows, err := dueInstants(ctx, s.reader, "SELECT id, due_at FROM ("+strings.Join(parts, " UNION ALL ")+
		") parts ORDER BY due_at, version, id LIMIT ?", append(args, limit)...)
	return rows, s.fault("read the due outbox", err)
}

func dueInstants(ctx context.Context, q querier, text string, args ...any) ([]events.Instant, error) {
	var rows []events.Instant
	err := query(ctx, q, func() []any {
		rows = append(rows, events.Instant{})
		last := &rows[len(rows)-1]
		return []any{&last.ID, millis{&last.DueAt}}
	}, text, args...)
	return rows, err
}

// Due gives those of ids that are in the outbox, in any order.
func (s *Store) Due(ctx context.Context, ids []string) (rows []events.Due, err error) {
	for part := range slices.Chunk(distinct(ids), s.dialect().maxParams) {
		err := query(ctx, s.reader, func() []any {
			rows = append(rows, events.Due{})
			d := &rows[len(rows)-1]
			return []any{&d.ID, &d.Subject, &d.Body, &d.Aggregate, &d.AggregateID, &d.Version, millis{&d.DueAt}}
		}, "SELECT id, subject, body, aggregate, aggregate_id, version, due_at FROM outbox WHERE id IN ("+placeholders(len(part))+")",
			anys(part)...)
		if err != nil {
			return nil, s.fault("read due events", err)
		}
	}
	return rows, nil
}

// unixMillisUp is the first whole millisecond at or after t.
func unixMillisUp(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }

// Standing gives the ids of those rows that are in the outbox, unpublished and due by the database's clock, claimed or not.
// It waits for whoever is about to delete one; from then on nobody does, since a transaction that deletes an opening is
// seen to be in time while it holds the row locked (see inTime).
func (s *Store) Standing(ctx context.Context, rows []events.Instant) (ids []string, err error) {
	err = s.writeAgain(ctx, "look for due events", func(t *tx) error {
		if t.d.embedded {
			ids, err = t.standingBetween(ctx, rows)
		} else {
			ids, err = t.standing(ctx, rows)
		}
		return err
	})
	return ids, err
}

func (t *tx) standing(ctx context.Context, rows []events.Instant) (ids []string, err error) {
	for part := range slices.Chunk(rows, t.d.maxParams) {
		asked := make([]any, len(part))
		for i, r := range part {
			asked[i] = r.ID
		}
		found, err := texts(ctx, t, "SELECT id FROM outbox WHERE id IN ("+placeholders(len(part))+
			") AND published_at IS NULL AND due_at <= "+t.now()+t.d.shareLock, asked...)
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
	}
	return ids, nil
}

// standingBetween reads all that lies between the rows' instants, in the order of the index: where nothing need be locked,
// since nobody else writes, that takes a third of the time that looking each up does.
func (t *tx) standingBetween(ctx context.Context, rows []events.Instant) (ids []string, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	byDue := func(a, b events.Instant) int { return a.DueAt.Compare(b.DueAt) }
	first, last, now := slices.MinFunc(rows, byDue).DueAt, slices.MaxFunc(rows, byDue).DueAt, t.s.Now()
	if last.After(now) {
		last = now
	}
	asked := make(map[string]bool, len(rows))
	for _, r := range rows {
		asked[r.ID] = true
	}
	for _, stream := range streams {
		found, err := texts(ctx, t, "SELECT id FROM outbox WHERE stream = ? AND published_at IS NULL AND due_at BETWEEN ? AND ?",
			stream, unixMillis(first), unixMillis(last))
		if err != nil {
			return nil, err
		}
		ids = append(ids, slices.DeleteFunc(found, func(id string) bool { return !asked[id] })...)
	}
	return ids, nil
}

// Claim claims those of ids that are due by the database's clock, not published, and not claimed under the lease's
// epoch or a higher one, while the lease is held. It gives the ids of those that bear this claim, from this call or from
// an earlier one with the same claim whose answer was lost; and events.ErrLeaseLost with none if the lease is not held.
func (s *Store) Claim(ctx context.Context, lease events.Lease, claim string, ids []string) ([]string, error) {
	won, err := s.claim(ctx, lease, claim, ids)
	return won, s.fault("claim due events", err)
}

func (s *Store) claim(ctx context.Context, lease events.Lease, claim string, ids []string) ([]string, error) {
	var won []string
	for part := range slices.Chunk(distinct(ids), s.dialect().maxParams-10) {
		n, err := s.claimPart(ctx, lease, claim, part)
		if err != nil {
			return nil, err
		}
		if n == len(part) {
			won = append(won, part...)
			continue
		}
		bearing, err := texts(ctx, s.reader, "SELECT id FROM outbox WHERE claim = ? AND epoch = ? AND id IN ("+placeholders(len(part))+")",
			append([]any{claim, lease.Epoch}, anys(part)...)...)
		if err != nil {
			return nil, err
		}
		won = append(won, bearing...)
	}
	if len(won) == 0 {
		return nil, s.checkLease(ctx, lease)
	}
	return won, nil
}

// claimPart claims in one statement, and counts.
func (s *Store) claimPart(ctx context.Context, lease events.Lease, claim string, ids []string) (n int, err error) {
	err = s.writeAgain(ctx, "claim due events", func(t *tx) error {
		args := append([]any{lease.Epoch, claim}, anys(ids)...)
		result, err := t.ExecContext(ctx, `UPDATE outbox SET epoch = ?, claim = ? WHERE id IN (`+placeholders(len(ids))+`)
			AND published_at IS NULL AND (epoch IS NULL OR epoch < ?) AND due_at <= `+t.now()+`
			AND EXISTS (SELECT 1 FROM leases WHERE `+held(t)+`)`,
			append(args, lease.Epoch, lease.Name, lease.Owner, lease.Epoch)...)
		if err != nil {
			return err
		}
		affected, err := result.RowsAffected()
		n = int(affected)
		return err
	})
	return n, err
}

// markBatch is how many rows one statement marks: its CASE is walked for each of them.
const markBatch = 250

// Mark notes rows that were claimed under the lease's epoch, or an older one, as published, with their instants and
// sequences; what is marked already stays as it is. In the same transaction the timeline tells of each opening.
func (s *Store) Mark(ctx context.Context, lease events.Lease, rows []events.Marked) error {
	return s.writeAgain(ctx, "mark published events", func(t *tx) error {
		for part := range slices.Chunk(rows, markBatch) {
			if err := t.mark(ctx, lease, part); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) mark(ctx context.Context, lease events.Lease, rows []events.Marked) error {
	seqs, seqArgs := cases(rows, func(m events.Marked) any { return int64(m.Seq) })
	ats, atArgs := cases(rows, func(m events.Marked) any { return unixMillis(m.At) })
	args := slices.Concat(seqArgs, atArgs, markedIDs(rows), []any{lease.Epoch})
	in := "id IN (" + placeholders(len(rows)) + ")"
	_, err := t.ExecContext(ctx, "UPDATE outbox SET stream_seq = "+seqs+", published_at = "+ats+" WHERE "+in+
		" AND published_at IS NULL AND epoch <= ?", args...)
	if err != nil {
		return err
	}
	_, err = t.ExecContext(ctx, `INSERT INTO timeline (reservation_id, happened_at, what, party, once)
		SELECT reservation_id, published_at, 'emitted', party, 'emitted' FROM outbox
		WHERE `+in+` AND kind = 'room.open' AND published_at IS NOT NULL`+t.d.keepFirst("timeline", "once"), markedIDs(rows)...)
	return err
}

// Remark sets new sequences of rows that were published again.
func (s *Store) Remark(ctx context.Context, rows []events.Marked) error {
	return s.writeAgain(ctx, "mark events published again", func(t *tx) error {
		for part := range slices.Chunk(rows, markBatch) {
			seqs, args := cases(part, func(m events.Marked) any { return int64(m.Seq) })
			_, err := t.ExecContext(ctx, "UPDATE outbox SET stream_seq = "+seqs+" WHERE id IN ("+placeholders(len(part))+
				") AND published_at IS NOT NULL", append(args, markedIDs(part)...)...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// cases is an expression that gives each row its value, by id.
func cases(rows []events.Marked, value func(events.Marked) any) (string, []any) {
	args := make([]any, 0, 2*len(rows))
	for _, m := range rows {
		args = append(args, m.ID, value(m))
	}
	return "CASE id" + strings.Repeat(" WHEN ? THEN ?", len(rows)) + " END", args
}

func markedIDs(rows []events.Marked) []any {
	ids := make([]any, len(rows))
	for i, m := range rows {
		ids[i] = m.ID
	}
	return ids
}

// Newest gives the n rows of a stream that were published last, newest first, without their bodies.
func (s *Store) Newest(ctx context.Context, stream string, n int) ([]events.Marked, error) {
	rows, err := s.marked(ctx, "''", "stream = ? AND published_at IS NOT NULL ORDER BY published_at DESC, due_at DESC, version DESC, id DESC LIMIT ?", stream, n)
	return rows, s.fault("read what was published last", err)
}

// Published gives the marked rows of a stream that were published since an instant, with bodies, from the row after the
// one with the id after ("" for the first) on, at most limit, in the order of their publishing. So each aggregate's rows
// come in version order. It gives none if there is no row after.
func (s *Store) Published(ctx context.Context, stream string, since time.Time, after string, limit int) ([]events.Marked, error) {
	condition, args := "stream = ? AND published_at >= ?", []any{stream, unixMillisUp(since)}
	if after != "" {
		condition += ` AND published_at >= (SELECT published_at FROM outbox WHERE id = ?) AND id <> ? AND EXISTS (SELECT 1 FROM outbox a
			WHERE a.id = ? AND (outbox.published_at > a.published_at OR outbox.published_at = a.published_at
			AND (outbox.due_at > a.due_at OR outbox.due_at = a.due_at
			AND (outbox.version > a.version OR outbox.version = a.version AND outbox.id > a.id))))`
		args = append(args, after, after, after)
	}
	rows, err := s.marked(ctx, "body", condition+" ORDER BY published_at, due_at, version, id LIMIT ?", append(args, limit)...)
	return rows, s.fault("read what was published", err)
}

func (s *Store) marked(ctx context.Context, body, tail string, args ...any) ([]events.Marked, error) {
	var rows []*events.Marked
	var seqs []*int64
	err := query(ctx, s.reader, func() []any {
		m, seq := &events.Marked{}, new(int64)
		rows, seqs = append(rows, m), append(seqs, seq)
		return []any{&m.ID, &m.Subject, &m.Body, millis{&m.At}, seq}
	}, "SELECT id, subject, "+body+", published_at, stream_seq FROM outbox WHERE "+tail, args...)
	for i, m := range rows {
		m.Seq = uint64(*seqs[i])
	}
	return dereference(rows), err
}

func dereference[T any](list []*T) []T {
	all := make([]T, len(list))
	for i, v := range list {
		all[i] = *v
	}
	return all
}
