package signaling

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"vetroom/clinic"
	"vetroom/events"
)

// How long clients wait before they come back to another process: all at once would be a herd.
const (
	retryMin = 200 * time.Millisecond
	retryMax = 3 * time.Second
)

// Server holds this process's sockets. Make it with New, serve it as GET /ws, and Run it.
type Server struct {
	cfg        Config
	origins    []string
	hub        hub
	vets       vetWatch
	slots      *slotWatch
	instants   *instantWatch
	screenings screeningNews
	nodes      nodes
	hopsMu     sync.RWMutex    // guards hops
	hops       map[string]*hop // by node
	diary      *diary[clinic.Entry]
	results    results
	chats      *diary[said]
	taker      *taker
	attendance *attendance
	stale      chan struct{} // something may have been missed
	stats      counters

	ctx     context.Context // of lookups; ends with Run
	stop    context.CancelFunc
	running sync.WaitGroup // readers and writers

	mu       sync.Mutex // guards what follows
	lastPeer uint64
	peers    [keepaliveSlots]map[*peer]struct{}
	owned    map[string][]*peer // by session, vet or address
	draining bool
}

// Stats is what a Server counted, and holds now.
type Stats struct {
	Sockets, Seats, Doors   int64 // now
	Instants                int64 // requests for a consultation now that are known to stand
	Opened                  int64 // doors that opened while they were held
	RelayedHere, RelayedFar int64 // signals and chats, within the process and to others
	Slow                    int64 // sockets that were closed because their queue was full
	Early                   int64 // events that came before their instant
	Reread                  int64 // rooms read again because of a doubt
	SweepFailed             int64 // sweeps that the database did not answer
}

type counters struct {
	sockets, seats, opened, relayedHere, relayedFar, slow, early, reread, sweepFailed atomic.Int64
}

// Stats gives the counts.
func (s *Server) Stats() Stats {
	c := &s.stats
	return Stats{
		Instants: s.instants.standing(), Sockets: c.sockets.Load(), Seats: c.seats.Load(), Doors: int64(s.hub.count()), Opened: c.opened.Load(),
		RelayedHere: c.relayedHere.Load(), RelayedFar: c.relayedFar.Load(), Slow: c.slow.Load(), Early: c.early.Load(),
		Reread: c.reread.Load(), SweepFailed: c.sweepFailed.Load(),
	}
}

// New makes a server. It returns an error for a configuration that cannot work.
func New(cfg Config) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Limits = cfg.Limits.withDefaults()
	if cfg.Address == nil {
		cfg.Address = remoteAddress
	}
	s := &Server{
		cfg: cfg, owned: map[string][]*peer{}, stale: make(chan struct{}, 1),
		vets:       vetWatch{vets: map[string]*watchedVet{}},
		slots:      newSlotWatch(),
		results:    results{by: map[resultOf]*rate.Limiter{}},
		instants:   newInstantWatch(),
		screenings: newScreeningNews(),
		nodes:      nodes{heard: map[string]time.Time{}},
		hops:       map[string]*hop{},
		diary:      newDiary("timeline", cfg.Timeline.Tell, cfg.Limits.Entries, cfg.Log),
		attendance: newAttendance(),
	}
	s.chats = newDiary("chat", s.keepChats, cfg.Limits.Chats, cfg.Log)
	s.hub = hub{srv: s, doors: map[string]*door{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.taker = &taker{seats: cfg.Seats, ctx: s.ctx, running: &s.running}
	for i := range s.peers {
		s.peers[i] = map[*peer]struct{}{}
	}
	for _, o := range cfg.Origins {
		if o = origin(o); o == "" {
			return nil, errors.New("signaling: one of Config.Origins is not like https://vetroom.example")
		}
		s.origins = append(s.origins, o)
	}
	return s, nil
}

func (s *Server) now() time.Time { return s.cfg.Clock.Now() }

// Run follows the streams, sweeps, relays and writes the timeline until ctx ends; then it closes what sockets are left,
// writes what is noted, and returns nil. It returns another error if it cannot go on. Run it once.
func (s *Server) Run(ctx context.Context) error {
	loop, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	silence, err := s.listen()
	if err != nil {
		return fmt.Errorf("listen on the bus: %w", err)
	}
	aside, finish := context.WithCancel(context.WithoutCancel(ctx)) // the books are closed last
	defer finish()
	var loops, books sync.WaitGroup
	books.Go(func() { s.diary.run(aside) })
	books.Go(func() { s.chats.run(aside) })
	books.Go(func() { s.attend(aside) })
	loops.Go(func() { s.follow(loop, fail) })
	loops.Go(func() { s.followUnlocks(loop, fail) })
	loops.Go(func() { s.followVets(loop, fail) })
	loops.Go(func() { s.followBookings(loop, fail) })
	loops.Go(func() { s.keepSlots(loop) })
	loops.Go(func() { s.keepInstants(loop) })
	loops.Go(func() { s.followScreenings(loop, fail) })
	loops.Go(func() { s.keepDoors(loop) })
	loops.Go(func() { s.keepAlive(loop) })
	loops.Go(func() { s.beats(loop) })
	<-loop.Done()
	silence()
	loops.Wait()
	s.close()
	finish()
	books.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(loop)
}

// follow takes the events of rooms. After every break there may be news that nobody here heard: seats are announced,
// and all doors read again.
func (s *Server) follow(ctx context.Context, fail context.CancelCauseFunc) {
	attached := func() {
		s.announceAll(true)
		s.Refresh()
	}
	if err := s.cfg.Feed.Follow(ctx, "ROOM", attached, s.hearRoom); err != nil {
		fail(fmt.Errorf("follow the events of rooms: %w", err))
	}
}

// followUnlocks takes what opens many doors at once. What is missed of it the events of rooms tell.
func (s *Server) followUnlocks(ctx context.Context, fail context.CancelCauseFunc) {
	if err := s.cfg.Feed.Follow(ctx, events.UnlockStream, func() {}, s.hearUnlocks); err != nil {
		fail(fmt.Errorf("follow the unlocks: %w", err))
	}
}

func (s *Server) followVets(ctx context.Context, fail context.CancelCauseFunc) {
	if err := s.cfg.Feed.Follow(ctx, "VET", s.Refresh, s.hearVet); err != nil {
		fail(fmt.Errorf("follow the events of vets: %w", err))
	}
}

// followBookings takes what changes the slots of vets. A follower goes on where it was after a break, so that nothing of
// that is missed; it is not read again.
func (s *Server) followBookings(ctx context.Context, fail context.CancelCauseFunc) {
	if err := s.cfg.Feed.Follow(ctx, "BOOKING", func() {}, s.hearBooking); err != nil {
		fail(fmt.Errorf("follow the events of bookings: %w", err))
	}
}

func (s *Server) beats(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		s.beat()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Drain lets nobody in any more, tells every socket that the server goes away and when to come back, and closes it with
// 1001. It returns when all are gone, or when ctx ends: then it cuts the rest. Seats are not left: their browsers take
// them up again elsewhere.
func (s *Server) Drain(ctx context.Context) {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	for _, p := range s.everybody() {
		retry := retryMin + rand.N(retryMax-retryMin)
		p.send(encode(GoingAwayFrame{"going_away", retry.Milliseconds()}))
		p.end(websocket.StatusGoingAway, "going away")
	}
	gone := make(chan struct{})
	go func() {
		s.running.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-ctx.Done():
		s.close()
		<-gone
	}
}

// close cuts every socket, and waits until their goroutines are over.
func (s *Server) close() {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	s.stop()
	for _, p := range s.everybody() {
		p.mu.Lock()
		p.cut()
		p.mu.Unlock()
	}
	s.running.Wait()
	for _, d := range s.hub.all() {
		d.mu.Lock()
		for _, t := range d.seats {
			if t != nil {
				t.wake()
			}
		}
		d.mu.Unlock()
	}
}

func (s *Server) everybody() (peers []*peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, slot := range s.peers {
		for p := range slot {
			peers = append(peers, p)
		}
	}
	return peers
}

// sessionEnded is what passes on _vr.session.
type sessionEnded struct {
	Session string `json:"session"`
}

// CloseSession closes the sockets of a session, an owner's or a vet's, or of a vet's every session, at all processes:
// it is signed out.
func (s *Server) CloseSession(id string) {
	s.closeSession(id)
	s.publish(subjectSession, sessionEnded{id})
}

// CloseSession does the same from a process that has no sockets itself.
func CloseSession(bus Bus, id string) error {
	return bus.Publish(subjectSession, append(encode(sessionEnded{id}), '\n'))
}

func (s *Server) hearSession(data []byte) {
	var m sessionEnded
	if _, ok := s.unpack(data, &m); ok {
		s.closeSession(m.Session)
	}
}

func (s *Server) closeSession(id string) {
	s.mu.Lock()
	peers := append([]*peer(nil), s.owned[ownedBySession(id)]...)
	peers = append(peers, s.owned[ownedByVet(id)]...)
	s.mu.Unlock()
	for _, p := range peers {
		p.refuse(errSignedOut)
	}
}
