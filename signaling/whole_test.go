package signaling_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"vetroom"
	"vetroom/clinic"
	"vetroom/events"
	"vetroom/events/jetstream"
	"vetroom/signaling"
	"vetroom/signaling/signalingtest"
	"vetroom/store"
)

// broker fits a connection to what a Server asks for.
type broker struct {
	conn *jetstream.Conn
	bus  *jetstream.Bus
}

func (b broker) Follow(ctx context.Context, stream string, attached func(), fn func(events.Message)) error {
	cfg := jetstream.FollowConfig{Stream: stream, OnAttached: attached}
	return b.conn.Follow(ctx, cfg, func(d jetstream.Delivered) { fn(d.Message) })
}

func (b broker) Publish(subject string, data []byte) error { return b.bus.Publish(subject, data) }

func (b broker) Subscribe(subject string, fn func(string, []byte)) (func(), error) {
	return b.bus.Subscribe(subject, func(m jetstream.BusMessage) { fn(m.Subject, m.Data) })
}

// house is a real database and a real broker.
type house struct {
	store *store.Store
	desk  *clinic.Desk
	nats  *jetstream.Server
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newHouse(t *testing.T) *house {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	s := must[*store.Store](t)(store.Open(ctx, store.Config{URL: "sqlite://" + filepath.Join(dir, "v.db"), Local: time.Now, NewID: newID}))
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	n := must[*jetstream.Server](t)(jetstream.StartServer(ctx, jetstream.ServerConfig{
		Dir: filepath.Join(dir, "nats"), BuiltIn: vetroom.NATSConfig, Addr: "127.0.0.1:0",
	}))
	t.Cleanup(func() { n.Close() })
	desk := &clinic.Desk{Store: s, Clock: s, Permits: clinic.PermitsOff, NewID: newID, Random: rand.Reader}
	return &house{s, desk, n}
}

func (h *house) connect(t *testing.T) broker {
	t.Helper()
	ctx := context.Background()
	conn := must[*jetstream.Conn](t)(jetstream.Connect(ctx, jetstream.ConnectConfig{Server: h.nats, Streams: &jetstream.StreamsConfig{}}))
	t.Cleanup(func() { conn.Close(context.Background()) })
	return broker{conn, must[*jetstream.Bus](t)(jetstream.NewBus(conn, jetstream.BusConfig{Key: "key"}))}
}

// process is a Server as cmd wires it. It gives its address.
func (h *house) process(t *testing.T, node string) string {
	t.Helper()
	b := h.connect(t)
	key := sha256.Sum256([]byte("key"))
	server := must[*signaling.Server](t)(signaling.New(signaling.Config{
		Origins: []string{"https://vetroom.example"}, Identify: identify, Rights: h.desk, Rooms: h.store, Seats: h.store,
		Timeline: h.store, Presence: h.store, Vets: h.store, Slots: h.desk, Instants: h.desk, Screenings: h.store, Bus: b, Feed: b, Clock: h.store, Key: key[:], Node: node,
		ICE: func(string, clinic.Role, time.Time) []signaling.ICEServer { return nil },
		Log: slog.New(slog.DiscardHandler),
	}))
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- server.Run(ctx) }()
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return web.URL
}

// followUp books a visit that starts in the given time, and gives it with the owner's session and the vet.
func (h *house) followUp(t *testing.T, in time.Duration) (v *clinic.Visit, owner, vet *http.Cookie) {
	t.Helper()
	ctx := context.Background()
	vets := must[[]*clinic.Vet](t)(h.desk.AddVets(ctx, []clinic.NewVet{{
		Login: "vet", PasswordHash: "$", Profile: clinic.Profile{Name: "Vet"}, Zone: time.UTC, Hours: clinic.DefaultHours(),
	}}))
	booked := must[*clinic.Booked](t)(h.desk.FollowUp(ctx, clinic.FollowUpRequest{
		VetID: vets[0].ID, Start: h.store.Now().Add(in), Minutes: 20,
		Request: clinic.Request{Owner: clinic.Owner{Name: "Owner", Phone: "01012345678"}, Pet: clinic.Pet{Name: "Dog"}, Purpose: clinic.Purpose{Area: clinic.AreaSkin}},
	}))
	if err := h.store.Grant(ctx, "session", booked.Reservation.ID); err != nil {
		t.Fatal(err)
	}
	return booked.Visit, &http.Cookie{Name: "vetroom_owner", Value: "session"}, &http.Cookie{Name: "vetroom_vet", Value: vets[0].ID}
}

// With the real database and the real broker, over two processes: the door opens at the start by its event, the two see
// and hear each other, and the timeline says so.
func TestTheWholeWayOverTwoProcesses(t *testing.T) {
	h := newHouse(t)
	a, b := h.process(t, "a"), h.process(t, "b")
	visit, ownerCookie, vetCookie := h.followUp(t, 1500*time.Millisecond)
	dial := func(url string, c *http.Cookie) *signalingtest.Client {
		client := must[*signalingtest.Client](t)(signalingtest.Dial(context.Background(), url, signalingtest.Options{
			Origin: "https://vetroom.example", Cookies: []*http.Cookie{c},
		}))
		t.Cleanup(client.Break)
		return client
	}
	owner := signalingtest.StartCall(t, dial(a, ownerCookie), visit.Room.ID)
	vet := signalingtest.StartCall(t, dial(b, vetCookie), visit.Room.ID)
	relay := h.connect(t)
	ahead := must[[]events.Instant](t)(h.store.Upcoming(context.Background(), visit.Room.OpensAt.Add(time.Second), 100))
	ids := make([]string, len(ahead))
	for i, row := range ahead {
		ids[i] = row.ID
	}
	due := must[[]events.Due](t)(h.store.Due(context.Background(), ids))
	i := slices.IndexFunc(due, func(d events.Due) bool { return d.Subject == events.Subject(clinic.RoomOpen, visit.Room.ID) })
	if i < 0 {
		t.Fatalf("no opening lies ahead: %v", due)
	}
	select {
	case f := <-owner.Opened:
		t.Fatalf("opened before its event: %s", f.Raw)
	case <-time.After(time.Until(due[i].DueAt)):
	}
	begun := time.Now()
	eventually(t, "the opening is published", func() bool {
		return relay.conn.PublishAll(context.Background(), []events.Message{due[i].Message})[0].Err == nil
	})
	for name, c := range map[string]*signalingtest.Call{"owner": owner, "vet": vet} {
		f := opened(t, c)
		if f.Came.Before(due[i].DueAt) || f.Came.Before(begun) {
			t.Errorf("the %s was told %v after the opening, which was published %v after it", name, f.Came.Sub(due[i].DueAt), begun.Sub(due[i].DueAt))
		}
		eventually(t, name+" sees and hears", func() bool {
			video, audio := c.Received()
			return video > 20 && audio > 20
		})
	}
	want := []clinic.What{clinic.WhatOwnerJoined, clinic.WhatVetJoined, clinic.WhatOwnerTold, clinic.WhatVetTold, clinic.WhatConnected}
	for _, what := range want {
		eventually(t, fmt.Sprintf("the timeline says %s", what), func() bool {
			entries := must[[]clinic.Entry](t)(h.store.Timeline(context.Background(), visit.Reservation.ID))
			return slices.ContainsFunc(entries, func(e clinic.Entry) bool { return e.What == what })
		})
	}
}

func opened(t *testing.T, c *signalingtest.Call) signalingtest.Frame {
	t.Helper()
	select {
	case f := <-c.Opened:
		return f
	case <-time.After(signalingtest.Patience):
		t.Fatal("the door stays shut")
		return signalingtest.Frame{}
	}
}
