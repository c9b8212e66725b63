package store

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// schema is the newest migration.
const schema = 7

// Migrate brings the database to the newest schema. Several processes may call it at once.
func (s *Store) Migrate(ctx context.Context) error {
	if s.SchemaState(ctx) == nil {
		return nil
	}
	return s.fault("migrate", s.migrate(ctx))
}

func (s *Store) migrate(ctx context.Context) error {
	unlock, err := s.lockSchema(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := s.writer
	if s.server != nil {
		db = sql.OpenDB(resuming{s.server})
		defer db.Close()
		if err := s.prepareResume(ctx, db, folder); err != nil {
			return err
		}
	}
	provider, err := goose.NewProvider(s.dialect().goose, db, dialectFS{folder, s.dialect()}, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	done, err := provider.Up(ctx)
	for _, m := range done {
		s.log.Info("migrated the database", "version", m.Source.Version, "took", m.Duration)
	}
	return err
}

// migrateWait is how long one asks for the right to migrate before it says that it waits, and asks again: the server gives
// up before our connection does.
const migrateWait = 5 * time.Second

var errMigrating = fmt.Errorf("%w: another process is migrating the database", ErrBusy)

// lockSchema keeps others from migrating the database at the same time: what is missing is read before it is applied,
// and by then another may have applied it. Who has the lock may take long over many rows, so it waits until ctx ends. The
// lock goes with its process.
func (s *Store) lockSchema(ctx context.Context) (unlock func(), err error) {
	for {
		if s.dialect().embedded {
			unlock, err = lockFile(ctx, s.file+"-migrate")
		} else {
			unlock, err = s.lockByName(ctx)
		}
		if !errors.Is(err, errMigrating) {
			return unlock, err
		}
		s.log.Warn("wait: another process is migrating the database")
	}
}

// lockByName locks a name on the server. It returns errMigrating if another kept it for migrateWait.
func (s *Store) lockByName(ctx context.Context) (unlock func(), err error) {
	conn, err := s.reader.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var got bool
	row := conn.QueryRowContext(ctx, "SELECT COALESCE(GET_LOCK('vetroom.migrate', ?), 0)", migrateWait.Seconds())
	if err = row.Scan(&got); err == nil && !got {
		err = errMigrating
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() {
		conn.ExecContext(context.WithoutCancel(ctx), "SELECT RELEASE_LOCK('vetroom.migrate')") // closing releases it too
		conn.Close()
	}, nil
}

// lockFile locks a file, which stays: one that is removed could be locked by two. It returns errMigrating if another kept
// it for migrateWait.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, migrateWait, errMigrating)
	defer cancel()
	lock := flock.New(path, flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		return nil, errors.Join(err, context.Cause(ctx), lock.Close())
	}
	return func() { lock.Close() }, nil
}

// SchemaState returns ErrSchemaOld if the database must be migrated first, and ErrUnavailable. It also reads the
// database's clock.
func (s *Store) SchemaState(ctx context.Context) error {
	if err := s.SyncClock(ctx); err != nil {
		return err
	}
	var tables, version int64
	row := s.reader.QueryRowContext(ctx, s.dialect().hasTable, "goose_db_version")
	if err := row.Scan(&tables); err != nil {
		return s.fault("look for the schema", err)
	}
	if tables == 0 {
		return ErrSchemaOld
	}
	row = s.reader.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied")
	if err := row.Scan(&version); err != nil {
		return s.fault("read the schema's version", err)
	}
	if version < schema {
		return ErrSchemaOld
	}
	return nil
}

// dialectFS is a folder of migrations whose braces are filled in as the dialect says.
type dialectFS struct {
	fs.FS
	d *dialect
}

// Open implements fs.FS.
func (f dialectFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	text, err := fs.ReadFile(f.FS, name)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	var pairs []string
	for brace, means := range f.d.types {
		pairs = append(pairs, "{"+brace+"}", means)
	}
	return filled{file, strings.NewReader(strings.NewReplacer(pairs...).Replace(string(bytes.TrimSpace(text))))}, nil
}

// filled reads another text than the file's own.
type filled struct {
	fs.File
	text *strings.Reader
}

// Read implements fs.File.
func (f filled) Read(b []byte) (int, error) { return f.text.Read(b) }
