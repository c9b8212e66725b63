package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// tries bounds how often a transaction is tried. With the pauses between them that takes some two seconds.
const tries = 40

// again runs f until it meets no other change: f begins, saves and commits a transaction, or does nothing. It returns
// ErrBusy if that did not come to be, and ErrUnavailable.
func (s *Store) again(ctx context.Context, act string, f func() error) error {
	var err error
	for n := range tries {
		if err = f(); err == nil || !s.dialect().isAgain(err) {
			return s.fault(act, err)
		}
		if err := pause(ctx, n); err != nil {
			return s.fault(act, err)
		}
	}
	return fmt.Errorf("%s: %w: %w", act, ErrBusy, err)
}

// pause waits for a random while before try n+2: up to 1 ms at first, up to 64 ms in the end.
func pause(ctx context.Context, n int) error {
	most := time.Millisecond << min(n, 6)
	return rest(ctx, rand.N(most))
}

// rest waits, or returns ctx's error.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// querier is a database or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// tx is one transaction that changes something.
type tx struct {
	*sql.Tx
	s *Store
	d *dialect
}

// write runs f in a transaction, once. An error of f, or a panic, rolls it back.
func (s *Store) write(ctx context.Context, f func(*tx) error) error {
	if s.turn != nil {
		select {
		case s.turn <- struct{}{}:
			defer func() { <-s.turn }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	began, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	// On InnoDB a lock wait that timed out undoes its statement only: the transaction must be ended by word.
	defer began.Rollback()
	if err := f(&tx{began, s, s.dialect()}); err != nil {
		if errors.Is(err, sql.ErrTxDone) { // it ended with ctx, between two statements
			return errors.Join(ctx.Err(), err)
		}
		return err
	}
	if err := began.Commit(); err != nil {
		return s.unsaved(err)
	}
	return nil
}

// unsaved is the error of a commit. Where the database gave it a number nothing was saved; where the connection broke
// nobody knows.
func (s *Store) unsaved(err error) error {
	if _, told := s.dialect().number(err); told {
		return fmt.Errorf("commit: %w", err)
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("commit: %w", err)
	}
	return fmt.Errorf("commit: %w: %w", ErrUnavailable, err)
}

// writeAgain runs f in a transaction until it meets no other change.
func (s *Store) writeAgain(ctx context.Context, act string, f func(*tx) error) error {
	return s.again(ctx, act, func() error { return s.write(ctx, f) })
}

// now is an SQL expression of the database's clock in milliseconds. It is taken when the statement begins.
func (t *tx) now() string {
	if t.d.embedded {
		return fmt.Sprint(t.s.Now().UnixMilli())
	}
	return t.d.dueClock
}
