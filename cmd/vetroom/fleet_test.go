package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vetroom"
	"vetroom/configs/configstest"
	"vetroom/events"
	"vetroom/events/jetstream"
	"vetroom/store/storetest/mariadb"
)

// fleet is an installation of several processes: one database server, one broker, and vetrooms that share them, each
// behind wiretaps of its own.
type fleet struct {
	t        testing.TB
	dir      string
	database *mariadb.Server
	dbURL    string
	broker   *jetstream.Server
	natsAddr string
	web      *member // pages, API and sockets
	vet      *browser
	heard    *recorder
	took     time.Duration // to make it
}

// member is one process of a fleet and what stands between it and the rest.
type member struct {
	*process
	db, nats *wiretap
}

const fleetKey = "VETROOM_SESSION_KEY=a key for tests that is long enough to be taken"

func newFleet(t testing.TB) *fleet {
	t.Helper()
	began := time.Now()
	f := &fleet{t: t, dir: t.TempDir(), natsAddr: configstest.FreeAddr(t)}
	f.database = mariadb.Start(t, mariadb.Options{TCP: true, SnapshotIsolation: true})
	f.dbURL = f.database.Database(t)
	f.startBroker()
	t.Cleanup(f.stopBroker)
	runCommand(t, f.dir, f.settings(f.dbURL, f.natsAddr), "", "migrate")
	f.web = f.member("web,signaling")
	f.vet = addVet(t, f.web.process, f.dir, f.settings(f.dbURL, f.natsAddr), "fleet")
	f.heard = f.record()
	f.took = time.Since(began)
	return f
}

// soon gives a start before which a visit can be booked and everything made ready for its door, also by a machine that is
// slow, or that stands still for a while.
func (f *fleet) soon() time.Time { return soon(4*time.Second + f.took/2) }

// newDatabase gives the URL of an empty database on a shared server.
func newDatabase(t testing.TB) string {
	t.Helper()
	return mariadb.Shared(t, mariadb.Options{TCP: true}).Database(t)
}

func (f *fleet) brokerDir() string { return filepath.Join(f.dir, "broker") }

func (f *fleet) startBroker() {
	f.t.Helper()
	var err error
	f.broker, err = jetstream.StartServer(context.Background(), jetstream.ServerConfig{
		Dir: f.brokerDir(), BuiltIn: vetroom.NATSConfig, Addr: f.natsAddr,
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) stopBroker() {
	if f.broker != nil {
		f.broker.Close()
		f.broker = nil
	}
}

// wipeBroker stops the broker and takes all that it stored from it; its users stay.
func (f *fleet) wipeBroker() {
	f.t.Helper()
	f.stopBroker()
	if err := os.RemoveAll(filepath.Join(f.brokerDir(), "jetstream")); err != nil {
		f.t.Fatal(err)
	}
}

// natsURL gives the application's URL of the broker by another address.
func (f *fleet) natsURL(addr string) string {
	f.t.Helper()
	credentials, err := jetstream.ReadCredentials(f.brokerDir())
	if err != nil {
		f.t.Fatal(err)
	}
	return swapHost(f.t, credentials.ApplicationURL, addr)
}

func swapHost(t testing.TB, text, addr string) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = addr
	return u.String()
}

func (f *fleet) settings(dbURL, natsAddr string) []string {
	return []string{fleetKey, "VETROOM_DATABASE_URL=" + dbURL, "VETROOM_NATS_URL=" + f.natsURL(natsAddr)}
}

// member starts a process with some roles.
func (f *fleet) member(roles string) *member {
	f.t.Helper()
	u, err := url.Parse(f.dbURL)
	if err != nil {
		f.t.Fatal(err)
	}
	m := &member{db: newWiretap(f.t, "tcp", u.Host), nats: newWiretap(f.t, "tcp", f.natsAddr)}
	m.process = serve(f.t, f.dir, f.settings(swapHost(f.t, f.dbURL, m.db.addr()), m.nats.addr()), "--roles", roles)
	return m
}

// leader starts a scheduler and waits until it leads.
func (f *fleet) leader() *member {
	f.t.Helper()
	m := f.member("scheduler")
	eventually(f.t, 10*time.Second, "the scheduler leads", func() error { return m.metric("vetroom_scheduler_leader 1") })
	return m
}

// metric looks for a line of /metrics.
func (m *member) metric(line string) error {
	res, err := http.Get(m.url + "/metrics")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if !strings.Contains(readAll(res), line+"\n") {
		return fmt.Errorf("no line %q", line)
	}
	return nil
}

// recorder hears every event of every stream from the beginning, as another service would.
type recorder struct {
	mu     sync.Mutex // guards copies
	copies []jetstream.Delivered
}

func (f *fleet) record() *recorder {
	f.t.Helper()
	conn, err := jetstream.Connect(f.t.Context(), jetstream.ConnectConfig{URL: f.natsURL(f.natsAddr), Name: "recorder"})
	if err != nil {
		f.t.Fatal(err)
	}
	r := &recorder{}
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	for stream := range events.Streams {
		following.Go(func() {
			_ = conn.Follow(ctx, jetstream.FollowConfig{Stream: stream, From: jetstream.FromAll()}, r.add)
		})
	}
	f.t.Cleanup(func() { cancel(); following.Wait(); conn.Close(context.Background()) })
	return r
}

func (r *recorder) add(d jetstream.Delivered) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.copies = append(r.copies, d)
}

// of gives the copies whose subject is the type and the aggregate's id, in the order of their coming.
func (r *recorder) of(eventType, id string) []jetstream.Delivered {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []jetstream.Delivered
	for _, c := range r.copies {
		if c.Subject == eventType+"."+id {
			found = append(found, c)
		}
	}
	return found
}

// once waits for an event and fails if it came under two ids. It gives the first copy.
func (r *recorder) once(t testing.TB, within time.Duration, eventType, id string) jetstream.Delivered {
	t.Helper()
	var found []jetstream.Delivered
	eventually(t, within, eventType+" is heard", func() error {
		if found = r.of(eventType, id); len(found) == 0 {
			return fmt.Errorf("not heard")
		}
		return nil
	})
	for _, c := range found {
		if c.ID != found[0].ID {
			t.Errorf("%s of %s came under two ids: %s and %s", eventType, id, found[0].ID, c.ID)
		}
	}
	return found[0]
}

// checkInvariants holds what is heard against what is promised: the first copies of an aggregate's events come in the
// order of their versions, and a room opens under one id.
func (r *recorder) checkInvariants(t testing.TB) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	seen, newest, opened := map[string]bool{}, map[string]int64{}, map[string]string{}
	for _, c := range r.copies {
		if seen[c.ID] {
			continue
		}
		seen[c.ID] = true
		d, err := events.Decode(c.Body)
		if err != nil {
			t.Errorf("%s: %v", c.Subject, err)
			continue
		}
		aggregate, version := aggregateOf(d)
		if version <= newest[aggregate] {
			t.Errorf("%s: version %d came after %d", c.Subject, version, newest[aggregate])
		}
		newest[aggregate] = version
		if strings.HasPrefix(c.Subject, "vetroom.room.open.") {
			if before := opened[aggregate]; before != "" {
				t.Errorf("%s opened twice: %s and %s", aggregate, before, c.ID)
			}
			opened[aggregate] = c.ID
			if early := d.Room.OpensAt.Sub(c.At); early > time.Millisecond {
				t.Errorf("%s opened %v early", aggregate, early)
			}
		}
	}
}

func aggregateOf(d *events.Decoded) (string, int64) {
	switch {
	case d.Room != nil:
		return "room " + d.Room.RoomID, d.Room.Version
	case d.Vet != nil:
		return "vet " + d.Vet.VetID, d.Vet.Version
	case d.AI != nil:
		return "screening " + d.AI.ScreeningID, d.AI.Version
	default:
		return "reservation " + d.Booking.ReservationID, d.Booking.Version
	}
}
