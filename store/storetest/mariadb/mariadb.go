// Package mariadb is a test kit: it starts a private MariaDB in a folder of
// its own, never the system's, and lets a test stop, kill, freeze and restart
// it.
//
//	server := mariadb.Shared(t, mariadb.Options{}) // one for the whole test binary
//	url := server.Database(t)                      // a fresh database of this test's own
//
// A test that harms the server takes one of its own with [Start].
//
// The server's defaults are unhelpful on purpose: character set latin1 and
// time zone +09:00. Whoever connects states utf8mb4 and UTC, or its tests show
// that it did not.
//
// A server outlives neither its test nor the test binary, however that ends:
// a small shell process holds the other end of a pipe, and when the pipe closes
// kills the server and removes its folder.
package mariadb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vetroom/configs/configstest"
)

// ErrMissing says that MariaDB's server or client program is not installed.
var ErrMissing = errors.New("MariaDB is not installed: run make test, or apt-get install mariadb-server")

// patience bounds each step of a server's life: installing, starting, stopping.
const patience = 60 * time.Second

// Options says what kind of server a test wants. The zero value is MariaDB
// 10.11 as it comes, quick, on a socket only.
type Options struct {
	// SnapshotIsolation sets innodb_snapshot_isolation for every session: a
	// write to a row that changed since the snapshot fails with error 1020.
	SnapshotIsolation bool

	// Durable syncs each commit to the disk. Without it a commit survives the
	// death of the server's process, but not that of the machine.
	Durable bool

	// TCP listens on a free port of 127.0.0.1 beside the socket; URLs name it.
	TCP bool
}

// Server is a private MariaDB. Its methods may be called from any goroutine.
type Server struct {
	options Options
	dir     string // holds everything of it: data, socket, log
	port    int    // 0 without Options.TCP
	janitor *janitor

	mu      sync.Mutex // guards process
	process *process   // the last one started; it may have ended
}

// Start starts a server that ends with the test.
// The test fails if MariaDB is missing or does not start.
func Start(tb testing.TB, options Options) *Server {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := Open(ctx, options)
	if err != nil {
		tb.Fatalf("start a private MariaDB: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("end the private MariaDB: %v", err)
		}
	})
	return s
}

// Open starts a server that ends with Close, or with the calling process.
// It returns ErrMissing if MariaDB is not installed; ctx bounds the start only.
func Open(ctx context.Context, options Options) (*Server, error) {
	if err := installed(); err != nil {
		return nil, err
	}
	dir, err := makeDir()
	if err != nil {
		return nil, err
	}
	s := &Server{options: options, dir: dir}
	if s.janitor, err = startJanitor(dir); err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) error {
	if err := install(ctx, s.dir); err != nil {
		return err
	}
	if s.options.TCP {
		port, err := configstest.FreePort()
		if err != nil {
			return err
		}
		s.port = port
	}
	return s.start(ctx)
}

// Close kills the server if it still runs, and removes its folder.
func (s *Server) Close() error {
	s.Kill()
	return s.janitor.close()
}

// shared holds the servers that tests of one binary use together.
var shared struct {
	mu      sync.Mutex
	servers map[Options]*sharedServer
}

type sharedServer struct {
	once   sync.Once
	server *Server
	err    error
}

// Shared returns the one server with these options of this test binary,
// started at the first call; it ends with the binary. Tests that share it keep
// to databases of their own (Server.Database) and never stop it.
func Shared(tb testing.TB, options Options) *Server {
	tb.Helper()
	s := sharedFor(options)
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s.server, s.err = Open(ctx, options)
	})
	if s.err != nil {
		tb.Fatalf("start a private MariaDB: %v", s.err)
	}
	return s.server
}

func sharedFor(options Options) *sharedServer {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.servers == nil {
		shared.servers = map[Options]*sharedServer{}
	}
	s := shared.servers[options]
	if s == nil {
		s = &sharedServer{}
		shared.servers[options] = s
	}
	return s
}

// URL returns the address of a database in the form that VETROOM_DATABASE_URL
// takes, for the server's root user, who has no password. Each param is one
// more query parameter, such as "innodb_snapshot_isolation=ON".
func (s *Server) URL(database string, params ...string) string {
	host := "unix(" + s.socket() + ")"
	if s.port != 0 {
		host = fmt.Sprintf("127.0.0.1:%d", s.port)
	}
	url := "mysql://root@" + host + "/" + database
	if len(params) > 0 {
		url += "?" + strings.Join(params, "&")
	}
	return url
}

// CreateDatabase makes an empty database, in the server's own character set.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	_, err := s.Query(ctx, "", "CREATE DATABASE `"+name+"`")
	return err
}

// databases numbers the databases that Database makes.
var databases atomic.Int64

// Database makes an empty database for this test alone and returns its URL,
// as Server.URL does. The database is dropped after the test.
func (s *Server) Database(tb testing.TB, params ...string) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.CreateDatabase(ctx, name); err != nil {
		tb.Fatalf("create database: %v", err)
	}
	tb.Cleanup(func() { s.drop(tb, name) })
	return s.URL(name, params...)
}

func (s *Server) drop(tb testing.TB, name string) {
	if !s.Running() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := s.Query(ctx, "", "DROP DATABASE IF EXISTS `"+name+"`"); err != nil {
		tb.Errorf("drop database: %v", err)
	}
}

// Query runs statements in a database (or none) by MariaDB's own client, so
// that a test may look inside without this module's store. It returns the rows,
// one a line, columns parted by tabs, without a header.
func (s *Server) Query(ctx context.Context, database, statements string) (string, error) {
	cmd := exec.CommandContext(ctx, find("mariadb"), "--no-defaults", "--user=root",
		"--socket="+s.socket(), "--default-character-set=utf8mb4",
		"--batch", "--skip-column-names", "--execute="+statements, database)
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("mariadb client: %w: %s", err, strings.TrimSpace(bad.String()))
	}
	return strings.TrimRight(out.String(), "\n"), nil
}
