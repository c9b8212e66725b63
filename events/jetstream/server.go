package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
)

const (
	lockFile    = "nats.lock"
	startWait   = 20 * time.Second // a large store is read at the start
	startLook   = 50 * time.Millisecond
	stopWait    = 10 * time.Second
	defaultFile = "the built-in nats.conf"
)

// ServerConfig says where and how the in-process server runs.
type ServerConfig struct {
	Dir        string       // its folder, made with mode 0700: lock, passwords, address, streams
	ConfigFile string       // a nats-server configuration; empty means BuiltIn
	BuiltIn    []byte       // the text of nats.conf
	Addr       string       // "host:port" that wins over the file's listen; port 0 or -1 takes a free one; empty: the file's
	Log        *slog.Logger // the server's own words go to it at debug and warn; nil is silent
}

// Server is a NATS server with JetStream inside this process.
type Server struct {
	dir         string
	lock        *flock.Flock
	nats        *server.Server
	gate        *gate
	credentials Credentials
	passwords   passwords
	stop        sync.Once
	stopped     error
}

// StartServer takes the folder's lock, makes users at the first start, and returns when clients can connect. It returns
// ErrLocked if another process runs on the folder (two on one store lose messages without an error), and ErrConfig for
// a configuration file that cannot be used. Close ends it.
func StartServer(ctx context.Context, cfg ServerConfig) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{dir: cfg.Dir, lock: lock}
	if err := s.start(ctx, cfg); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func lockDir(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the NATS server's folder: %w", err)
	}
	lock := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the NATS server's folder: %w", err)
	}
	if !locked {
		return nil, fmt.Errorf("%w: %s", ErrLocked, dir)
	}
	return lock, nil
}

func (s *Server) start(ctx context.Context, cfg ServerConfig) error {
	opts, err := serverOptions(cfg)
	if err != nil {
		return err
	}
	if s.passwords, err = loadOrMakePasswords(cfg.Dir); err != nil {
		return err
	}
	if err := setAccounts(opts, s.passwords); err != nil {
		return err
	}
	if s.nats, err = server.NewServer(opts); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	log := &serverLog{log: cfg.Log, fatal: make(chan string, 1)}
	s.nats.SetLoggerV2(log, opts.Debug, opts.Trace, opts.TraceVerbose)
	if err := s.awaitReady(ctx, log); err != nil {
		return err
	}
	if s.gate, err = openGate(ctx, s.nats, s.passwords, cfg.Log); err != nil {
		return fmt.Errorf("open the subscribers' gate: %w", err)
	}
	return s.announce()
}

// awaitReady starts the server and waits until it takes connections, or says why not.
func (s *Server) awaitReady(ctx context.Context, log *serverLog) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	s.nats.Start()
	for !s.nats.ReadyForConnections(startLook) || !s.nats.JetStreamEnabled() {
		select {
		case reason := <-log.fatal:
			return fmt.Errorf("start the NATS server: %s", reason)
		case <-ctx.Done():
			return fmt.Errorf("start the NATS server: %w", ctx.Err())
		default:
		}
	}
	return nil
}

// announce writes the address down for ReadCredentials.
func (s *Server) announce() error {
	addr := reachable(s.nats.Addr())
	s.credentials = s.passwords.credentials(addr)
	if err := writePrivate(filepath.Join(s.dir, addressFile), []byte(addr+"\n")); err != nil {
		return fmt.Errorf("write down the NATS server's address: %w", err)
	}
	return nil
}

// reachable turns a listener's address into one that a client on this machine can dial.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// URL is the application's address, with its password: a secret.
func (s *Server) URL() string { return s.credentials.ApplicationURL }

// SubscriberURL is what a subscribing service connects to, with its password: a secret.
func (s *Server) SubscriberURL() string { return s.credentials.SubscriberURL }

// Close stops the server, waits for it, at most 10 s, and gives the folder free. It may be called again.
func (s *Server) Close() error {
	s.stop.Do(func() { s.stopped = s.close() })
	return s.stopped
}

func (s *Server) close() error {
	if s.gate != nil {
		s.gate.close()
	}
	if s.nats != nil && !s.shutdown() {
		// The store may still be written: the lock stays until the process ends.
		return fmt.Errorf("stop the NATS server: still running after %v", stopWait)
	}
	err := os.Remove(filepath.Join(s.dir, addressFile))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err = errors.Join(err, s.lock.Unlock()); err != nil {
		return fmt.Errorf("leave the NATS server's folder: %w", err)
	}
	return nil
}

func (s *Server) shutdown() bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
	}()
	select {
	case <-done:
		return true
	case <-time.After(stopWait):
		return false
	}
}
