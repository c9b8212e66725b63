package jetstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"vetroom"
	"vetroom/configs/configstest"
)

func TestServerLocksItsFolder(t *testing.T) {
	dir := t.TempDir()
	first := start(t, ServerConfig{Dir: dir})
	_, err := StartServer(t.Context(), ServerConfig{Dir: dir, BuiltIn: vetroom.NATSConfig, Addr: "127.0.0.1:0"})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("second server: %v", err)
	}
	c := ready(t, ConnectConfig{Server: first})
	mustPublish(t, c, some("a", 1)) // the first is unharmed
	stop(t, first)
	if _, err := ReadCredentials(dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("credentials of a stopped server: %v", err)
	}
	start(t, ServerConfig{Dir: dir})
}

func TestServerMakesPasswordsOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	s := start(t, ServerConfig{Dir: dir})
	first := s.credentials
	if s.passwords.Application == s.passwords.Subscriber || len(s.passwords.Application) < 20 {
		t.Error("the passwords are not two good ones")
	}
	found, err := ReadCredentials(dir)
	if err != nil || found != first || found.ApplicationURL != s.URL() || found.SubscriberURL != s.SubscriberURL() {
		t.Errorf("found other credentials than the server's: %v", err)
	}
	for _, name := range []string{usersFile, addressFile, lockFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
	pw := s.passwords
	stop(t, s)
	if err := os.Chmod(filepath.Join(dir, usersFile), 0o644); err != nil {
		t.Fatal(err)
	}
	if again := start(t, ServerConfig{Dir: dir}); again.passwords != pw {
		t.Error("new passwords at the second start")
	}
	if info, err := os.Stat(filepath.Join(dir, usersFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("an opened file was left open: %v, %v", info.Mode(), err)
	}
}

func TestServerRefusesOthers(t *testing.T) {
	s := start(t, ServerConfig{})
	for _, url := range []string{
		"nats://" + s.nats.Addr().String(),
		"nats://application:wrong@" + s.nats.Addr().String(),
		"nats://nobody:" + s.passwords.Application + "@" + s.nats.Addr().String(),
	} {
		if nc, err := nats.Connect(url, nats.Timeout(patience)); !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("connected to %s: %v", url, err)
			nc.Close()
		}
	}
	if said := fromWithin(t, s, "CONNECT {}\r\nPING\r\n"); !strings.Contains(said, "Authorization Violation") || strings.Contains(said, "PONG") {
		t.Errorf("connected from within without a password: %s", said)
	}
}

// fromWithin gives all that the server says to one who says something over its pipe. nats.go does not read a refusal from
// there.
func fromWithin(t *testing.T, s *Server, say string) string {
	t.Helper()
	conn, err := s.nats.InProcessConn()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	go io.WriteString(conn, say)
	said, err := io.ReadAll(conn)
	if err != nil {
		t.Errorf("after %q: %v", said, err)
	}
	return string(said)
}

func TestServerLogKeepsSecrets(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := start(t, ServerConfig{Log: log, BuiltIn: []byte("debug: true\ntrace: true\nlisten: 127.0.0.1:0")})
	c := ready(t, ConnectConfig{URL: s.URL(), Log: log})
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop(t, s)
	if !strings.Contains(out.String(), "nats-server: ") {
		t.Error("the server said nothing")
	}
	for _, secret := range []string{s.passwords.Application, s.passwords.Subscriber} {
		if strings.Contains(out.String(), secret) {
			t.Error("a password is in the log")
		}
	}
}

func TestServerConfigurationIsChecked(t *testing.T) {
	for name, text := range map[string]string{
		"authorization":  `authorization { user: a, password: b }`,
		"token":          `authorization { token: a }`,
		"users":          `authorization { users: [ {user: a, password: b} ] }`,
		"accounts":       `accounts { A { users: [ {user: a, password: b} ] } }`,
		"no_auth_user":   `no_auth_user: application`,
		"system account": `no_system_account: true`,
		"store_dir":      `jetstream { store_dir: "/elsewhere" }`,
		"cluster":        `cluster { name: c, listen: "127.0.0.1:0" }`,
		"leafnodes":      `leafnodes { remotes: [ {url: "nats://127.0.0.1:1"} ] }`,
		"gateway":        `gateway { name: g, listen: "127.0.0.1:0" }`,
		"unknown key":    `lisen: "127.0.0.1:0"`,
		"bad syntax":     `listen: {`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "nats.conf")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			_, err := StartServer(t.Context(), ServerConfig{Dir: dir, ConfigFile: file, Addr: "127.0.0.1:0"})
			if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), file) {
				t.Errorf("got %v", err)
			}
			start(t, ServerConfig{Dir: dir}) // the lock was given free
		})
	}
	for _, addr := range []string{"127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000"} {
		if _, err := StartServer(t.Context(), ServerConfig{Dir: t.TempDir(), Addr: addr}); !errors.Is(err, ErrConfig) {
			t.Errorf("address %q: %v", addr, err)
		}
	}
	_, err := StartServer(t.Context(), ServerConfig{Dir: t.TempDir(), ConfigFile: "/nowhere/nats.conf"})
	if !errors.Is(err, ErrConfig) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestServerAddress(t *testing.T) {
	addr := configstest.FreeAddr(t)
	file := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(file, []byte(`listen: "`+addr+`"`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := StartServer(t.Context(), ServerConfig{Dir: t.TempDir(), ConfigFile: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if s.nats.Addr().String() != addr {
		t.Errorf("the file's listen was not taken: %v", s.nats.Addr())
	}
	begun := time.Now()
	_, err = StartServer(t.Context(), ServerConfig{Dir: t.TempDir(), ConfigFile: file})
	if err == nil || !strings.Contains(err.Error(), "in use") || time.Since(begun) > 10*time.Second {
		t.Errorf("a taken port, after %v: %v", time.Since(begun), err)
	}
	other := start(t, ServerConfig{ConfigFile: file, Addr: "0.0.0.0:-1"})
	ready(t, ConnectConfig{URL: other.URL()})
	if host, _, _ := net.SplitHostPort(other.nats.Addr().String()); !strings.Contains(other.URL(), "@127.0.0.1:") {
		t.Errorf("URL of a server on %s cannot be dialled", host)
	}
}

func TestServerStartEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if _, err := StartServer(ctx, ServerConfig{Dir: dir, BuiltIn: vetroom.NATSConfig, Addr: "127.0.0.1:0"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	start(t, ServerConfig{Dir: dir})
}

// The file is documentation too: what it sets is what the server runs on.
func TestBuiltInConfiguration(t *testing.T) {
	var o server.Options
	if err := o.ProcessConfigString(string(vetroom.NATSConfig)); err != nil {
		t.Fatal(err)
	}
	if what := notOurs(&o); what != "" {
		t.Errorf("nats.conf brings %s", what)
	}
	if o.Host != "127.0.0.1" || o.Port != 4222 || !o.JetStream {
		t.Errorf("listens on %s:%d, jetstream %v", o.Host, o.Port, o.JetStream)
	}
	if o.SyncInterval != 2*time.Minute || o.MaxPayload != 1<<20 || o.WriteDeadline != 10*time.Second {
		t.Errorf("sync %v, payload %d, write deadline %v", o.SyncInterval, o.MaxPayload, o.WriteDeadline)
	}
	if o.JetStreamMaxStore != 8<<30 || o.JetStreamMaxMemory != 256<<20 {
		t.Errorf("store %d, memory %d", o.JetStreamMaxStore, o.JetStreamMaxMemory)
	}
}
