package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"vetroom/events"
)

// Acquire takes a lease that is free, that ran out by the database's clock, or that is the owner's own, under a new and
// higher epoch. It gives false while another holds it.
func (s *Store) Acquire(ctx context.Context, name, owner string, ttl time.Duration) (lease events.Lease, ok bool, err error) {
	lease = events.Lease{Name: name, Owner: owner}
	// Most who ask find it held: they are told by a read.
	if held, err := s.heldByOther(ctx, lease); held || err != nil {
		return events.Lease{}, false, s.fault("acquire a lease", err)
	}
	err = s.writeAgain(ctx, "acquire a lease", func(t *tx) error {
		ok, err = t.acquire(ctx, &lease, ttl)
		return err
	})
	if err != nil || !ok {
		return events.Lease{}, false, err
	}
	return lease, true, nil
}

func (s *Store) heldByOther(ctx context.Context, l events.Lease) (held bool, err error) {
	t := &tx{s: s, d: s.dialect()}
	row := s.reader.QueryRowContext(ctx, "SELECT COUNT(*) FROM leases WHERE name = ? AND owner <> ? AND held_until > "+t.now(), l.Name, l.Owner)
	return held, row.Scan(&held)
}

func (t *tx) acquire(ctx context.Context, l *events.Lease, ttl time.Duration) (bool, error) {
	now := t.now()
	until := fmt.Sprintf("%s + %d", now, ttl.Milliseconds())
	err := t.bump(ctx, "UPDATE leases SET owner = ?, epoch = epoch + 1, held_until = "+until+
		" WHERE name = ? AND (owner = ? OR held_until <= "+now+")", l.Owner, l.Name, l.Owner)
	if errors.Is(err, errConflict) {
		_, err = t.ExecContext(ctx, "INSERT INTO leases (name, owner, epoch, held_until) VALUES (?, ?, 1, "+until+")"+
			t.d.keepFirst("leases", "epoch"), l.Name, l.Owner)
	}
	if err != nil {
		return false, err
	}
	var owner string
	err = t.QueryRowContext(ctx, "SELECT owner, epoch, held_until FROM leases WHERE name = ?", l.Name).Scan(&owner, &l.Epoch, millis{&l.Until})
	return owner == l.Owner, err
}

// Renew holds the lease for another ttl from now on. It returns events.ErrLeaseLost if it ran out or is another's.
func (s *Store) Renew(ctx context.Context, lease events.Lease, ttl time.Duration) (events.Lease, error) {
	err := s.writeAgain(ctx, "renew a lease", func(t *tx) error {
		now := t.now()
		err := t.bump(ctx, fmt.Sprintf(`UPDATE leases SET held_until = %s + %d
			WHERE name = ? AND owner = ? AND epoch = ? AND held_until > %s`, now, ttl.Milliseconds(), now), lease.Name, lease.Owner, lease.Epoch)
		if err != nil {
			return lost(err)
		}
		return t.QueryRowContext(ctx, "SELECT held_until FROM leases WHERE name = ?", lease.Name).Scan(millis{&lease.Until})
	})
	if err != nil {
		return events.Lease{}, err
	}
	return lease, nil
}

// Release gives the lease back, so that another need not wait until it ran out. One that is lost stays another's.
func (s *Store) Release(ctx context.Context, lease events.Lease) error {
	return s.writeAgain(ctx, "release a lease", func(t *tx) error {
		_, err := t.ExecContext(ctx, "UPDATE leases SET held_until = 0 WHERE name = ? AND owner = ? AND epoch = ?",
			lease.Name, lease.Owner, lease.Epoch)
		return err
	})
}

// lost says ErrLeaseLost where the lease's row was not found as it was.
func lost(err error) error {
	if errors.Is(err, errConflict) {
		return events.ErrLeaseLost
	}
	return err
}

// checkLease returns events.ErrLeaseLost unless the lease is held.
func (s *Store) checkLease(ctx context.Context, l events.Lease) error {
	t := &tx{s: s, d: s.dialect()}
	var one int
	err := s.reader.QueryRowContext(ctx, "SELECT 1 FROM leases WHERE "+held(t), l.Name, l.Owner, l.Epoch).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return events.ErrLeaseLost
	}
	return err
}

// held is the condition that a lease by name, owner and epoch is held by the database's clock.
func held(t *tx) string { return "name = ? AND owner = ? AND epoch = ? AND held_until > " + t.now() }
