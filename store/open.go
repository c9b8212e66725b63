package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"

	"vetroom/clinic"
)

// Config says which database, and what the store needs of its process.
type Config struct {
	// URL is mysql://user:password@host:port/db?…, mysql://user@unix(/path.sock)/db or sqlite:///path.
	URL string
	// Local is the machine's clock, with its monotonic reading.
	Local func() time.Time
	// NewID makes UUIDv7s, each greater than those that it made before.
	NewID func() string
	// OnDue is told after each commit that left rows in the outbox when the first of them is due. It must be quick and
	// may be nil.
	OnDue func(earliest time.Time)
	// Log may be nil.
	Log *slog.Logger
}

// Store is an SQL database. It implements clinic.Store and clinic.Clock, and what the scheduler and signaling ask for.
// Its methods may be called from any goroutine. Beside the refusals that they name, all return ErrUnavailable while the
// database is away, and those that change something ErrBusy.
type Store struct {
	writer, reader *sql.DB
	// file is SQLite's, empty elsewhere; server makes more connections like reader's, nil with SQLite.
	file   string
	server driver.Connector
	// turn is held by the one who writes, where only one can; nil elsewhere. Who waits for it gets it in the order of
	// coming, which database/sql does not promise for its connections.
	turn      chan struct{}
	bookings  queue
	speaks    atomic.Pointer[dialect]
	clock     *clock
	zones     zones
	known     known
	hospitals hospitals
	newID     func() string
	onDue     func(time.Time)
	log       *slog.Logger
}

var (
	_ clinic.Store = (*Store)(nil)
	_ clinic.Clock = (*Store)(nil)
)

// Open makes a store. It reads the URL and opens an SQLite file; a server need not be there yet.
func Open(_ context.Context, cfg Config) (*Store, error) {
	if cfg.Local == nil || cfg.NewID == nil {
		return nil, errors.New("open the database: a clock and a maker of ids are needed")
	}
	s := &Store{newID: cfg.NewID, onDue: cfg.OnDue, log: cfg.Log}
	if s.onDue == nil {
		s.onDue = func(time.Time) {}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(cfg.URL); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s.clock = newClock(cfg.Local, s.dialect().embedded)
	return s, nil
}

func (s *Store) open(address string) (err error) {
	if strings.HasPrefix(address, "sqlite:") {
		s.speaks.Store(sqliteDialect)
		s.turn = make(chan struct{}, 1)
		s.bookings.writers = 1
		if s.file, err = sqliteFile(address); err == nil {
			s.writer, s.reader, err = openSQLite(s.file)
		}
		return err
	}
	cfg, err := mysqlConfig(address)
	if err != nil {
		return err
	}
	s.speaks.Store(mysqlDialect)
	s.bookings.writers = bookingWriters
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return err
	}
	s.server = session{connector, false}
	s.writer, s.reader = openMySQL(connector)
	return nil
}

func (s *Store) dialect() *dialect { return s.speaks.Load() }

// learn takes over what the server says of itself.
func (s *Store) learn(version string) {
	if strings.Contains(version, "TiDB") {
		s.speaks.Store(tidbDialect)
	}
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.fault("ping the database", s.reader.QueryRowContext(ctx, "SELECT 1").Scan(&one))
}

// Close waits for what is under way and closes the database.
func (s *Store) Close() error {
	return errors.Join(s.writer.Close(), s.reader.Close())
}
