package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/google/uuid"
	_ "modernc.org/sqlite"

	"vetroom/clinic"
	"vetroom/store"
	"vetroom/store/storetest/mariadb"
)

// The databases that a benchmark may be run on.
const (
	sqliteKind  = "sqlite"
	mariadbKind = "mariadb"
)

// databases makes empty databases of each kind, in a folder and on a server of their own. They go with close.
type databases struct {
	dir   string
	maria *mariadb.Server // nil until one is asked for
	made  int
}

func (d *databases) close() error {
	if d.maria == nil {
		return nil
	}
	return d.maria.Close()
}

// server starts a MariaDB that syncs each commit, with a buffer pool and a log as a machine of its own would have: the
// test kit's 128 MB and 8 MB would measure its checkpoints.
func (d *databases) server(ctx context.Context) (*mariadb.Server, error) {
	if d.maria != nil {
		return d.maria, nil
	}
	server, err := mariadb.Open(ctx, mariadb.Options{Durable: true})
	if err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	d.maria = server
	_, err = server.Query(ctx, "", "SET GLOBAL innodb_buffer_pool_size = 4 << 30; SET GLOBAL innodb_log_file_size = 1 << 30")
	if err != nil {
		return nil, fmt.Errorf("give MariaDB its memory: %w", err)
	}
	return server, nil
}

// database is one database, and its URL as VETROOM_DATABASE_URL takes it.
type database struct {
	kind, name, url string
	server          *mariadb.Server // of a MariaDB
}

// fresh makes a database on the newest schema.
func (d *databases) fresh(ctx context.Context, kind string) (*database, error) {
	d.made++
	db := &database{kind: kind, name: fmt.Sprintf("bench_%d", d.made)}
	if err := d.create(ctx, db); err != nil {
		return nil, err
	}
	s, err := db.store(ctx)
	if err != nil {
		return nil, err
	}
	return db, errors.Join(s.Migrate(ctx), s.Close())
}

func (d *databases) create(ctx context.Context, db *database) (err error) {
	if db.kind == sqliteKind {
		folder := filepath.Join(d.dir, db.name)
		db.url = "sqlite://" + filepath.Join(folder, "vetroom.db")
		return os.MkdirAll(folder, 0o700)
	}
	if db.server, err = d.server(ctx); err != nil {
		return err
	}
	db.url = db.server.URL(db.name)
	return db.server.CreateDatabase(ctx, db.name)
}

// store opens the product's store on the database.
func (db *database) store(ctx context.Context) (*store.Store, error) {
	return store.Open(ctx, store.Config{URL: db.url, Local: time.Now, NewID: newID})
}

// raw opens the database without the product, with the same driver and the same promises: each commit is synced.
func (db *database) raw(conns int) (*sql.DB, error) {
	driver, dsn := "mysql", strings.TrimPrefix(db.url, "mysql://")+"?tx_isolation=%27READ-COMMITTED%27"
	if db.kind == sqliteKind {
		driver = "sqlite"
		dsn = "file:" + strings.TrimPrefix(db.url, "sqlite://") +
			"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&_txlock=immediate"
	}
	raw, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, fmt.Errorf("open %s raw: %w", db.kind, err)
	}
	raw.SetMaxOpenConns(conns)
	raw.SetMaxIdleConns(conns)
	return raw, nil
}

// newID makes a UUIDv7, as the product does.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// deskOn is the product's front desk on a store.
func deskOn(s *store.Store) *clinic.Desk {
	return &clinic.Desk{Store: s, Clock: s, Permits: clinic.PermitsEnforced, NewID: newID, Random: rand.Reader}
}
