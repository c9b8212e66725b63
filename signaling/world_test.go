package signaling_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/events"
	"vetroom/signaling"
	"vetroom/signaling/signalingtest"
)

var errAway = errors.New("the database is away")

// world stands in for the database, the broker and the clock, shared by all servers of a test.
type world struct {
	mu       sync.Mutex // guards what follows
	offset   time.Duration
	away     bool
	visits   map[string]*clinic.Visit // by room
	vets     map[string]*clinic.Vet
	granted  map[string]bool // session + room
	epochs   map[string]int64
	timeline []clinic.Entry
	chats    []clinic.ChatMessage
	attended map[string]int
	reads    int // of rooms
	feeds    map[string][]*feed
	subs     map[string][]*subscription
	busAway  bool
	onRead   func() // called within a read of rooms, after the rows were read
	events   int
	servers  int // started

	slots      map[string][]clinic.Slot // by vet
	slotReads  map[string]int           // by vet
	instants   []*clinic.InstantRequest // oldest first
	screenings []clinic.ScreeningNews
}

type feed struct {
	messages chan events.Message
	breaks   chan struct{}
}

type subscription struct {
	subject string
	data    chan []byte
}

func newWorld() *world {
	return &world{
		visits: map[string]*clinic.Visit{}, vets: map[string]*clinic.Vet{}, granted: map[string]bool{},
		epochs: map[string]int64{}, attended: map[string]int{}, slotReads: map[string]int{}, feeds: map[string][]*feed{}, subs: map[string][]*subscription{},
	}
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.offset)
}

// book makes a visit whose door opens in the given time, held by session "s-<room>" and vet "v-<room>".
func (w *world) book(room string, opensIn time.Duration) *clinic.Visit {
	start := clinic.Millis(w.Now().Add(opensIn))
	ids := clinic.VisitIDs{Reservation: "r-" + room, Room: room, Number: "n"}
	v, _ := clinic.NewVisit(ids, clinic.KindFollowUp, "v-"+room, clinic.Span{Start: start, End: start.Add(20 * time.Minute)}, clinic.Request{}, start.Add(-time.Hour))
	w.mu.Lock()
	defer w.mu.Unlock()
	v.Room.OpenVersion, v.Room.CloseVersion, v.Room.Rev = 1, 2, 1
	w.visits[room] = v
	w.granted["s-"+room+room] = true
	return v
}

// change does to a visit what the store does: it numbers the facts, and publishes those of the room unless told not to.
func (w *world) change(t testing.TB, room string, publish bool, decide func(*clinic.Visit, time.Time) ([]clinic.Event, error)) []clinic.Event {
	t.Helper()
	now := w.Now()
	w.mu.Lock()
	v := *w.visits[room]
	facts, err := decide(&v, now)
	if err != nil {
		w.mu.Unlock()
		t.Fatal(err)
	}
	next := w.visits[room].Room.VersionAt(now)
	number := func(list []clinic.Event) (own []clinic.Event) {
		for _, e := range list {
			if a, _ := e.Aggregate(); a == clinic.AggregateRoom {
				next++
				e.Version = next
				own = append(own, e)
			}
		}
		return own
	}
	own := number(facts)
	ahead := number(v.Ahead(now.Add(time.Millisecond)))
	v.Stamp(own, ahead)
	v.Room.Rev++
	w.visits[room] = &v
	w.mu.Unlock()
	if publish {
		for _, e := range own {
			w.publish(t, e)
		}
	}
	return own
}

// ahead is the event that the clock will bring.
func (w *world) ahead(t testing.TB, room string, kind clinic.EventKind) clinic.Event {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.visits[room]
	for _, e := range v.Ahead(time.Time{}) {
		if e.Kind == kind {
			e.Version = v.Room.OpenVersion
			if kind == clinic.RoomClosed {
				e.Version = v.Room.CloseVersion
			}
			return e
		}
	}
	t.Fatalf("room %s has no %s ahead", room, kind)
	return clinic.Event{}
}

func (w *world) publish(t testing.TB, e clinic.Event) {
	t.Helper()
	w.mu.Lock()
	w.events++
	e.ID = fmt.Sprintf("event-%d", w.events)
	w.mu.Unlock()
	m, err := events.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	w.deliver(m)
}

func (w *world) deliver(m events.Message) {
	stream := "ROOM"
	switch {
	case strings.HasPrefix(m.Subject, "vetroom.vet."):
		stream = "VET"
	case strings.HasPrefix(m.Subject, "vetroom.booking."):
		stream = "BOOKING"
	case strings.HasPrefix(m.Subject, "vetroom.ai."):
		stream = "AI"
	case m.Subject == events.UnlockSubject:
		stream = events.UnlockStream
	}
	w.mu.Lock()
	feeds := slices.Clone(w.feeds[stream])
	w.mu.Unlock()
	for _, f := range feeds {
		f.messages <- m
	}
}

// breakFeeds says to every follower that it may have missed something.
func (w *world) breakFeeds() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.feeds["ROOM"] {
		f.breaks <- struct{}{}
	}
}

func (w *world) Follow(ctx context.Context, stream string, attached func(), fn func(events.Message)) error {
	f := &feed{make(chan events.Message, 20_000), make(chan struct{}, 8)}
	w.mu.Lock()
	w.feeds[stream] = append(w.feeds[stream], f)
	w.mu.Unlock()
	attached()
	for {
		select {
		case m := <-f.messages:
			fn(m)
		case <-f.breaks:
			attached()
		case <-ctx.Done():
			return nil
		}
	}
}

func (w *world) Publish(subject string, data []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busAway {
		return errors.New("the broker is away")
	}
	for _, s := range w.subs[subject] {
		s.data <- slices.Clone(data)
	}
	return nil
}

func (w *world) Subscribe(subject string, fn func(string, []byte)) (func(), error) {
	s := &subscription{subject, make(chan []byte, 20_000)}
	w.mu.Lock()
	w.subs[subject] = append(w.subs[subject], s)
	w.mu.Unlock()
	over := make(chan struct{})
	go func() {
		defer close(over)
		for data := range s.data {
			fn(subject, data)
		}
	}()
	return func() {
		w.mu.Lock()
		w.subs[subject] = slices.DeleteFunc(w.subs[subject], func(o *subscription) bool { return o == s })
		w.mu.Unlock()
		close(s.data)
		<-over
	}, nil
}

func (w *world) read() error {
	if w.away {
		return errAway
	}
	return nil
}

func (w *world) RoleIn(_ context.Context, who clinic.Who, room string) (clinic.Role, *clinic.Visit, error) {
	w.mu.Lock()
	if err := w.read(); err != nil {
		w.mu.Unlock()
		return "", nil, err
	}
	v, hook := w.visits[room], w.onRead
	granted := w.granted[who.Session+room]
	w.mu.Unlock()
	if v == nil {
		return "", nil, clinic.ErrNotFound
	}
	if hook != nil {
		hook()
	}
	switch {
	case who.VetID == v.Reservation.VetID:
		return clinic.RoleVet, v, nil
	case granted:
		return clinic.RoleOwner, v, nil
	}
	return "", nil, clinic.ErrNotFound
}

func (w *world) Rooms(_ context.Context, ids []string) (rooms []*clinic.Room, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads++
	for _, id := range ids {
		if v := w.visits[id]; v != nil {
			room := v.Room
			rooms = append(rooms, &room)
		}
	}
	return rooms, w.read()
}

func (w *world) RoomRevs(_ context.Context, ids []string) (map[string]int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	revs := map[string]int64{}
	for _, id := range ids {
		if v := w.visits[id]; v != nil {
			revs[id] = v.Room.Rev
		}
	}
	return revs, w.read()
}

func (w *world) TakeSeats(_ context.Context, seats []clinic.Seat) (map[clinic.Seat]int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := map[clinic.Seat]int64{}
	for _, seat := range seats {
		key := seat.RoomID + string(seat.Role)
		w.epochs[key]++
		taken[seat] = w.epochs[key]
	}
	return taken, w.read()
}

func (w *world) Tell(_ context.Context, entries []clinic.Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.read(); err != nil {
		return err
	}
	w.timeline = append(w.timeline, entries...)
	return nil
}

func (w *world) Attend(_ context.Context, vets []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range vets {
		w.attended[v]++
	}
	return w.read()
}

func (w *world) VetsByID(_ context.Context, ids []string) (map[string]*clinic.Vet, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := map[string]*clinic.Vet{}
	for _, id := range ids {
		if v := w.vets[id]; v != nil {
			vet := *v
			found[id] = &vet
		}
	}
	return found, w.read()
}

func (w *world) setAway(away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away = away
}

func (w *world) setBusAway(away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busAway = away
}

// advance moves everybody's clock.
func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offset += d
}

// whats gives what the timeline of a room says, in order.
func (w *world) whats(room string) (whats []clinic.What) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.timeline {
		if e.ReservationID == "r-"+room {
			whats = append(whats, e.What)
		}
	}
	return whats
}

func (w *world) times(room string, what clinic.What) (n int) {
	for _, is := range w.whats(room) {
		if is == what {
			n++
		}
	}
	return n
}

// eventually polls until the condition holds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(signalingtest.Patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s", what)
		}
	}
}

// process is one server of a world, reachable over HTTP.
type process struct {
	*signaling.Server
	world *world
	url   string
	http  *httptest.Server
}

func (w *world) config(node string) signaling.Config {
	key := sha256.Sum256([]byte("key"))
	return signaling.Config{
		Origins: []string{"https://vetroom.example"}, Identify: identify, Rights: w, Rooms: w, Seats: w, Timeline: w, Chats: w,
		Presence: w, Vets: w, Slots: w, Instants: w, Screenings: w, Bus: w, Feed: w, Clock: w, Key: key[:], Node: node,
		ICE: func(room string, role clinic.Role, _ time.Time) []signaling.ICEServer {
			return []signaling.ICEServer{{URLs: []string{"turn:192.0.2.1:3478"}, Username: room + "/" + string(role)}}
		},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// identify believes what a test says it is.
func identify(r *http.Request) clinic.Who {
	var who clinic.Who
	if c, err := r.Cookie("vetroom_owner"); err == nil {
		who.Session = c.Value
	}
	if c, err := r.Cookie("vetroom_vet"); err == nil {
		who.VetID = c.Value
	}
	if c, err := r.Cookie("vetroom_vet_session"); err == nil {
		who.VetSession = c.Value
	}
	return who
}

func (w *world) start(t testing.TB, node string, with ...func(*signaling.Config)) *process {
	t.Helper()
	cfg := w.config(node)
	for _, change := range with {
		change(&cfg)
	}
	server, err := signaling.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.mu.Lock()
	w.servers++
	w.mu.Unlock()
	over := make(chan error, 1)
	go func() { over <- server.Run(ctx) }()
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		cancel()
		if err := <-over; err != nil {
			t.Errorf("Run: %v", err)
		}
		web.Close()
	})
	w.awaitFeeds(t)
	return &process{server, w, web.URL, web}
}

// awaitFeeds waits until every server follows, which comes after it listens.
func (w *world) awaitFeeds(t testing.TB) {
	t.Helper()
	eventually(t, "the server listens", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.feeds["ROOM"]) == w.servers && len(w.feeds["VET"]) == w.servers && len(w.feeds["BOOKING"]) == w.servers && len(w.feeds["AI"]) == w.servers
	})
}

func (p *process) dial(t testing.TB, cookies ...*http.Cookie) *signalingtest.Client {
	t.Helper()
	c, err := signalingtest.Dial(context.Background(), p.url, signalingtest.Options{Origin: "https://vetroom.example", Cookies: cookies})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Break)
	return c
}

func (p *process) owner(t testing.TB, room string) *signalingtest.Client {
	t.Helper()
	return p.dial(t, &http.Cookie{Name: "vetroom_owner", Value: "s-" + room})
}

func (p *process) vet(t testing.TB, room string) *signalingtest.Client {
	t.Helper()
	return p.dial(t, &http.Cookie{Name: "vetroom_vet", Value: "v-" + room})
}
