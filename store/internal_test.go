package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"vetroom/clinic"
)

func openTest(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{URL: url, Local: time.Now, NewID: func() string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

const nobody = "mysql://root@127.0.0.1:1/db"

func TestAgain(t *testing.T) {
	s := openTest(t, nobody)
	for _, c := range []struct {
		name  string
		fails int // how often the error comes
		err   error
		want  error
		tries int
	}{
		{"well", 0, nil, nil, 1},
		{"a deadlock", 3, &mysql.MySQLError{Number: 1213}, nil, 4},
		{"a lock wait", 1, &mysql.MySQLError{Number: 1205}, nil, 2},
		{"MariaDB's snapshot conflict", 1, fmt.Errorf("act: %w", &mysql.MySQLError{Number: 1020}), nil, 2},
		{"TiDB's write conflict", 1, &mysql.MySQLError{Number: 9007}, nil, 2},
		{"another change", 5, errConflict, nil, 6},
		{"a deadlock for ever", 1000, &mysql.MySQLError{Number: 1213}, ErrBusy, tries},
		{"a refusal", 1000, clinic.ErrSlotTaken, clinic.ErrSlotTaken, 1},
		{"a wrong statement", 1000, &mysql.MySQLError{Number: 1064}, &mysql.MySQLError{Number: 1064}, 1},
		{"a server that shuts down", 1000, &mysql.MySQLError{Number: 1053}, ErrUnavailable, 1},
		{"a broken connection", 1000, mysql.ErrInvalidConn, ErrUnavailable, 1},
		{"a connection that ends", 1000, io.ErrUnexpectedEOF, ErrUnavailable, 1},
	} {
		n := 0
		err := s.again(t.Context(), "try", func() error {
			if n++; n <= c.fails {
				return c.err
			}
			return nil
		})
		if !errors.Is(err, c.want) || n != c.tries {
			t.Errorf("%s: %v after %d tries, want %v after %d", c.name, err, n, c.want, c.tries)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.again(ctx, "try", func() error { return errConflict })
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestOpeningNeedsNoServer(t *testing.T) {
	s := openTest(t, nobody)
	ctx := t.Context()
	for name, err := range map[string]error{
		"ping": s.Ping(ctx), "schema": s.SchemaState(ctx), "migrate": s.Migrate(ctx), "clock": s.SyncClock(ctx),
		"prune": s.Prune(ctx, time.Hour), "attend": s.Attend(ctx, []string{"x"}),
	} {
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
	}
	if s.ClockDoubt() < time.Hour {
		t.Errorf("a clock that was never read is doubted by %v only", s.ClockDoubt())
	}
}

func TestOneMigrates(t *testing.T) {
	s := openTest(t, "sqlite://"+filepath.Join(t.TempDir(), "vetroom.db"))
	unlock, err := s.lockSchema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Migrate(soon); err == nil || !errors.Is(s.SchemaState(t.Context()), ErrSchemaOld) {
		t.Errorf("while another migrates: %v", err)
	}
	done := make(chan error)
	go func() { done <- s.Migrate(t.Context()) }()
	unlock()
	if err := errors.Join(<-done, s.SchemaState(t.Context())); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestURLs(t *testing.T) {
	for url, want := range map[string]string{
		"mysql://u:p%40s%3As@db.example:3307/clinic":                     "u p@s:s tcp db.example:3307 clinic",
		"mysql://u@db.example/clinic":                                    "u  tcp db.example:3306 clinic",
		"mysql://u:@[::1]:3307/clinic":                                   "u  tcp [::1]:3307 clinic",
		"mysql://[::1]/clinic":                                           "  tcp [::1]:3306 clinic",
		"mysql://root@unix(/run/my.sock)/db?innodb_snapshot_isolation=1": "root  unix /run/my.sock db",
	} {
		cfg, err := mysqlConfig(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got := fmt.Sprintln(cfg.User, cfg.Passwd, cfg.Net, cfg.Addr, cfg.DBName); got != want+"\n" {
			t.Errorf("%s is %q, want %q", url, got, want)
		}
		if !cfg.ClientFoundRows || !cfg.RejectReadOnly || cfg.Loc != time.UTC || cfg.Params["time_zone"] != "'+00:00'" || cfg.ReadTimeout == 0 {
			t.Errorf("%s: %+v", url, cfg)
		}
	}
	for _, url := range []string{"", "mysql://", "mysql://host", "mysql://host/", "postgres://h/db", "mysql://u:secret@h/db?timeout=soon", "sqlite://", "sqlite:///", "sqlite:///x.db?mode=ro", "mysql://u:%zz@h/db"} {
		if s, err := Open(t.Context(), Config{URL: url, Local: time.Now, NewID: func() string { return "" }}); err == nil {
			s.Close()
			t.Errorf("%q was opened", url)
		} else if errors.Is(err, context.Canceled) || len(err.Error()) > 200 {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestSQLiteURLs(t *testing.T) {
	dir := t.TempDir()
	for address, file := range map[string]string{
		"sqlite://" + dir + "/three.db":    "three.db",
		"sqlite:///" + dir + "/four.db":    "four.db",
		"sqlite://" + dir + "/a%20%3Fb.db": "a ?b.db",
	} {
		s, err := Open(t.Context(), Config{URL: address, Local: time.Now, NewID: func() string { return "" }})
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("%s: %v", address, err)
		}
		s.Close()
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestClock(t *testing.T) {
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	c := newClock(func() time.Time { return now }, false)
	is := func(when string, want time.Time) {
		t.Helper()
		if got := c.Now(); !got.Equal(want) {
			t.Errorf("%s it is %v, want %v", when, got, want)
		}
	}
	is("unread", now)
	read := now
	now = now.Add(40 * time.Millisecond)
	c.set(read, now, read.Add(3*time.Second))
	is("read", read.Add(3*time.Second)) // as if read when the answer came
	if got := c.doubt(); got != 40*time.Millisecond {
		t.Errorf("read, the doubt is %v, want the round trip of 40 ms", got)
	}
	now = now.Add(100 * time.Second)
	is("later", read.Add(103*time.Second))
	if got := c.doubt(); got != 60*time.Millisecond {
		t.Errorf("100 s later the doubt is %v, want 60 ms", got)
	}
	c.set(now, now, read.Add(100*time.Second)) // it was ahead by 3 s
	is("set back", read.Add(103*time.Second))
	now = now.Add(time.Second)
	is("not caught up", read.Add(103*time.Second))
	now = now.Add(3 * time.Second)
	is("caught up", read.Add(104*time.Second))
}

func TestSchemaIsTheNewestMigration(t *testing.T) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := files[len(files)-1].Name()[:5], fmt.Sprintf("%05d", schema); got != want {
		t.Errorf("the newest migration is %s, schema says %s", got, want)
	}
}

// TestGivingUp ends a transaction between two of its statements, as who gives up on a booking does, or had to wait for it
// too long.
func TestGivingUp(t *testing.T) {
	s := openTest(t, "sqlite://"+filepath.Join(t.TempDir(), "x.db"))
	for want, life := range map[error]time.Duration{context.Canceled: time.Hour, ErrUnavailable: 20 * time.Millisecond} {
		ctx, end := context.WithTimeout(t.Context(), life)
		err := s.writeAgain(ctx, "try", func(tx *tx) error {
			if want == context.Canceled {
				end()
			}
			for { // until it is seen
				if _, err := tx.ExecContext(context.WithoutCancel(ctx), "SELECT 1"); err != nil {
					return err
				}
			}
		})
		end()
		if !errors.Is(err, want) {
			t.Errorf("says %v, want %v", err, want)
		}
	}
}
