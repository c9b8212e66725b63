package store

import (
	"context"
	"time"
)

// pruneBatch bounds what one transaction of Prune deletes, and so how long others wait for it. Between two of them the
// sweep rests prunePace times as long as the last one took, since it is in no hurry, and bookings are: what it leaves
// behind for others, a checkpoint of SQLite's log or the purge of a server, costs once more what it takes itself. Some
// hundred rows a second remain, tens of millions a day.
const (
	pruneBatch = 50
	prunePace  = 30
)

// instantKept is how long a request for a consultation now is kept once it is settled: what came of it is a reservation.
const instantKept = 24 * time.Hour

// Prune deletes what cannot matter any more: rows of the outbox that were published longer ago than keep, links,
// grants, revocations and idempotency keys that ended, and instant requests that were settled a day ago.
func (s *Store) Prune(ctx context.Context, keep time.Duration) error {
	now := s.Now()
	for _, stream := range streams {
		err := s.pruneTable(ctx, "outbox", "id", "stream = ? AND published_at < ?", stream, now.Add(-keep).UnixMilli())
		if err != nil {
			return s.fault("prune the outbox", err)
		}
	}
	for _, old := range []struct {
		table, key, time string
		before           int64
	}{
		{"links", "hash", "expires_at", now.UnixMilli()},
		{"grants", "reservation_id", "expires_at", now.UnixMilli()},
		{"revocations", "session", "expires_at", now.UnixMilli()},
		{"idempotency_keys", "id", "used_at", s.keysSince()},
		{"mails", "reservation_id", "done_at > 0 AND done_at", now.Add(-keep).UnixMilli()},
		{"instant_requests", "id", "state IN ('accepted', 'expired', 'left') AND settled_at", now.Add(-instantKept).UnixMilli()},
	} {
		if err := s.pruneTable(ctx, old.table, old.key, old.time+" <= ?", old.before); err != nil {
			return s.fault("prune "+old.table, err)
		}
	}
	return nil
}

// pruneTable deletes the rows that meet a condition, in batches found by a plain read, so that it locks little and no
// longer than it must.
func (s *Store) pruneTable(ctx context.Context, table, key, condition string, args ...any) error {
	for {
		began := s.clock.local()
		keys, err := s.keysOf(ctx, key == "hash" || table == "idempotency_keys", "SELECT "+key+" FROM "+table+" WHERE "+condition+" LIMIT ?", append(args[:len(args):len(args)], pruneBatch)...)
		if err != nil || len(keys) == 0 {
			return err
		}
		err = s.writeAgain(ctx, "prune", func(t *tx) error {
			_, err := t.ExecContext(ctx, "DELETE FROM "+table+" WHERE "+key+" IN ("+placeholders(len(keys))+") AND "+condition,
				append(keys[:len(keys):len(keys)], args...)...)
			return err
		})
		if err != nil || len(keys) < pruneBatch {
			return err
		}
		if err := rest(ctx, prunePace*s.clock.local().Sub(began)); err != nil {
			return err
		}
	}
}

// keysOf reads one column, of bytes or of text: a database compares a text column with bytes without its index.
func (s *Store) keysOf(ctx context.Context, bytes bool, text string, args ...any) ([]any, error) {
	if !bytes {
		keys, err := texts(ctx, s.reader, text, args...)
		return anys(keys), err
	}
	var keys []*[]byte
	err := query(ctx, s.reader, func() []any {
		key := new([]byte)
		keys = append(keys, key)
		return []any{key}
	}, text, args...)
	return anys(dereference(keys)), err
}
