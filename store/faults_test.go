package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/store"
	"vetroom/store/storetest"
	"vetroom/store/storetest/mariadb"
)

func addVet(ctx context.Context, s *store.Store) (string, error) {
	id := storetest.NewID()
	return id, s.AddVets(ctx, []*clinic.Vet{{ID: id, Login: id, Profile: clinic.Profile{Name: "수의사"}, Zone: time.UTC, Hours: clinic.DefaultHours()}})
}

func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t, mariadb.Options{})
	s := storetest.Open(t, server.Database(t))
	before, err := addVet(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	unavailable := func(when string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, added := addVet(ctx, s)
		_, read := s.Vet(ctx, before)
		for _, err := range []error{added, read, s.Ping(ctx), s.SyncClock(ctx)} {
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s: %v, want ErrUnavailable", when, err)
			}
		}
	}
	healed := func(when string) {
		t.Helper()
		_, err := addVet(t.Context(), s)
		if v, readErr := s.Vet(t.Context(), before); err != nil || readErr != nil || v.ID != before {
			t.Errorf("%s: %v, %v", when, err, readErr)
		}
	}
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	unavailable("frozen")
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	healed("thawed")
	server.Kill()
	unavailable("killed")
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	healed("back")
}

// TestLostCommit cuts the connection after the server has committed and before its answer: that is never a success.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t, mariadb.Options{TCP: true})
	url := server.Database(t)
	direct := storetest.Open(t, url)
	_, rest, _ := strings.Cut(url, "@")
	address, database, _ := strings.Cut(rest, "/")
	proxy := newCutter(t, address)
	s := storetest.OpenOnly(t, "mysql://root@"+proxy.address+"/"+database)
	if _, err := addVet(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	proxy.armed.Store(true)
	id, err := addVet(t.Context(), s)
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a commit whose answer was lost: %v, want ErrUnavailable", err)
	}
	if _, err := direct.Vet(t.Context(), id); err != nil {
		t.Errorf("it was not committed, so the test shows nothing: %v", err)
	}
	if _, err := addVet(t.Context(), s); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// cutter passes connections on. Armed, it cuts the next one that says COMMIT as soon as that was answered.
type cutter struct {
	address string
	armed   atomic.Bool
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{address: listener.Addr().String()}
	var all sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { c.pass(client, to) })
		}
	})
	return c
}

func (c *cutter) pass(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	var cut atomic.Bool
	go func() {
		defer server.Close()
		buffer := make([]byte, 1<<16)
		for {
			n, err := client.Read(buffer)
			if err != nil {
				return
			}
			if bytes.Contains(buffer[:n], []byte("COMMIT")) && c.armed.CompareAndSwap(true, false) {
				cut.Store(true)
			}
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := server.Read(buffer)
		if err != nil || cut.Load() {
			return
		}
		if _, err := io.Copy(client, bytes.NewReader(buffer[:n])); err != nil {
			return
		}
	}
}

// TestServerKeepsNoStatements: statements are prepared, and what a server will not prepare is run as text.
func TestServerKeepsNoStatements(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t, mariadb.Options{})
	ask := func(text string) string {
		answer, err := server.Query(t.Context(), "", text)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(answer)
	}
	use := func() {
		s := storetest.Open(t, server.Database(t))
		for range 3 { // what comes twice is prepared
			id, err := addVet(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := s.Vet(t.Context(), id); err != nil || v.ID != id {
				t.Errorf("read %v, %v", v, err)
			}
		}
	}
	const count = "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Prepared_stmt_count'"
	use()
	before := ask(count)
	if before == "0" {
		t.Error("nothing was prepared")
	}
	ask("SET GLOBAL max_prepared_stmt_count = 0")
	use()
	if after := ask(count); after != before {
		t.Errorf("%s statements are prepared, want %s", after, before)
	}
}
