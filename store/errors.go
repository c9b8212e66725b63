package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/go-sql-driver/mysql"

	"vetroom/clinic"
	"vetroom/events"
)

// What a caller may be told beside the refusals of the domain and events.ErrLeaseLost.
var (
	// ErrUnavailable says that the database cannot be reached or cannot serve. Whether a change was saved is not known if
	// its connection broke while it was being committed; it never was if a later read does not show it.
	ErrUnavailable = errors.New("the database is not available")
	// ErrBusy says that a change met others each time it was tried. It was not saved.
	ErrBusy = errors.New("the database is too busy with the same rows")
	// ErrSchemaOld says that the database was not brought to the schema that this program needs.
	ErrSchemaOld = errors.New("the database's schema is older than this program: run vetroom migrate")
)

// errConflict says that another change came between reading and saving.
var errConflict = errors.New("changed meanwhile")

// isDuplicate tells whether a unique key was taken.
func (d *dialect) isDuplicate(err error) bool { return d.is(err, d.duplicate) }

// isAgain tells whether the whole transaction may be tried again: it was surely not saved.
func (d *dialect) isAgain(err error) bool { return errors.Is(err, errConflict) || d.is(err, d.again) }

func (d *dialect) is(err error, numbers []int) bool {
	n, ok := d.number(err)
	return ok && slices.Contains(numbers, n)
}

// isAway tells whether the database could not be reached, or not serve.
func (d *dialect) isAway(err error) bool {
	if n, ok := d.number(err); ok {
		return slices.Contains(d.away, n) || d.embedded && slices.Contains(d.away, n&0xff)
	}
	var broken net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &broken) ||
		errors.Is(err, context.DeadlineExceeded)
}

// fault gives an error its act and, where the database is away, says so. Refusals pass as they are.
func (s *Store) fault(act string, err error) error {
	var refusal *clinic.Error
	switch {
	case err == nil, errors.As(err, &refusal), errors.Is(err, events.ErrLeaseLost),
		errors.Is(err, ErrUnavailable), errors.Is(err, ErrBusy):
		return err
	case s.dialect().isAway(err):
		return fmt.Errorf("%s: %w: %w", act, ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", act, err)
}
