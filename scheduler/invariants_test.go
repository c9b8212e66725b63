package scheduler

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"vetroom/events"
)

// TestInvariantsUnderRandomFaults lets three processes share a database and a broker for a minute of random changes and
// faults, heals everything, and asks what architecture promises: every row that stands is published, once, never early,
// in version order, in a stream that holds it; none that was deleted is; and no older epoch publishes what a newer one
// marked.
func TestInvariantsUnderRandomFaults(t *testing.T) {
	seeds := 20
	if testing.Short() {
		seeds = 10 // a look, not a proof
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			inBubble(t, func(w *world) { newStorm(w, uint64(seed)).run() })
		})
	}
}

// storm is one random run.
type storm struct {
	*world
	rnd       *rand.Rand
	processes []*process
	gates     []*gate
	rooms     int
	wiped     bool
}

func newStorm(w *world, seed uint64) *storm {
	s := &storm{world: w, rnd: rand.New(rand.NewPCG(seed, 7)), rooms: 1}
	for i := range 3 {
		s.gates = append(s.gates, &gate{})
		s.processes = append(s.processes, nil)
		s.startProcess(i)
	}
	return s
}

// startProcess starts a process whose calls into the database may be held up, as a paused process's are.
func (s *storm) startProcess(i int) {
	guard := &epochGuard{broker: s.broker, db: s.db, t: s.t}
	s.processes[i] = s.world.run(fmt.Sprintf("p%d", i), func(c *Config) {
		c.Outbox = &gatedOutbox{s.db, s.gates[i]}
		c.Leases = &gatedLeases{s.db, s.gates[i]}
		c.Publisher = guard
		c.Horizon, c.Drain = 20*time.Second, time.Second
	})
	guard.mu.Lock()
	guard.s = s.processes[i].Scheduler
	guard.mu.Unlock()
}

func (s *storm) run() {
	for time.Since(s.start) < time.Minute {
		s.act()
		time.Sleep(time.Duration(s.rnd.IntN(120)) * time.Millisecond)
	}
	s.heal()
	time.Sleep(45 * time.Second) // past the last row and the last lease
	s.check()
}

// act does one random thing.
func (s *storm) act() {
	switch n := s.rnd.IntN(100); {
	case n < 70:
		s.change()
	case n < 74:
		s.db.set(func(d *database) { d.away = !d.away && s.rnd.IntN(2) == 0 })
	case n < 78:
		s.db.set(func(d *database) {
			odds := s.rnd.IntN(4)
			lottery := rand.New(rand.NewPCG(s.rnd.Uint64(), 1))
			d.loseAck = func(string) bool { return lottery.IntN(10) < odds }
		})
	case n < 82:
		s.broker.leave()
	case n < 84:
		s.broker.set(func(b *broker) { b.stalled = true })
	case n < 90:
		wipe := s.rnd.IntN(3) == 0
		s.wiped = s.wiped || wipe
		s.broker.back(wipe)
	case n < 94:
		s.gates[s.rnd.IntN(3)].hold(time.Duration(s.rnd.IntN(9000)) * time.Millisecond)
	case n < 97:
		i := s.rnd.IntN(3)
		s.processes[i].stop()
		s.startProcess(i)
	default:
		s.db.set(func(d *database) { d.latency = time.Duration(1+s.rnd.IntN(40)) * time.Millisecond })
	}
}

// change saves one: a new room, a burst at one instant, or a move; told to some process or to none.
func (s *storm) change() {
	ahead := func() time.Time { return time.Now().Add(time.Duration(s.rnd.IntN(8000)) * time.Millisecond) }
	switch s.rnd.IntN(3) {
	case 0:
		s.rooms++
		s.db.change(fmt.Sprintf("room%d", s.rooms), ahead())
	case 1:
		due := ahead()
		for range s.rnd.IntN(50) {
			s.rooms++
			s.db.add(fmt.Sprintf("room%d", s.rooms), due)
		}
	default:
		then := ahead()
		if s.rnd.IntN(4) == 0 {
			then = time.Time{} // cancelled
		}
		s.db.change(fmt.Sprintf("room%d", 1+s.rnd.IntN(s.rooms)), then)
	}
	if n := s.rnd.IntN(4); n < 3 {
		s.processes[n].Nudge()
	}
}

func (s *storm) heal() {
	s.db.set(func(d *database) { d.away, d.loseAck, d.latency = false, nil, time.Millisecond })
	s.broker.back(false)
}

func (s *storm) check() {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	highest := map[string]int64{}
	copies := map[string]int{}
	for _, m := range s.broker.history() {
		r := s.db.rows[m.ID]
		if r == nil {
			s.t.Fatalf("%s was published and is not in the outbox", m.ID)
		}
		copies[m.ID]++
		if m.at.Before(r.DueAt) {
			s.t.Errorf("%s came %v early", m.ID, r.DueAt.Sub(m.at))
		}
		if copies[m.ID] > 1 && !s.wiped {
			s.t.Errorf("%s was stored twice", m.ID)
		}
		if copies[m.ID] == 1 && r.Version < highest[r.AggregateID] {
			s.t.Errorf("version %d of %s came after %d", r.Version, r.AggregateID, highest[r.AggregateID])
		}
		highest[r.AggregateID] = max(highest[r.AggregateID], r.Version)
	}
	for id, r := range s.db.rows {
		if _, held := s.broker.ids[id]; !held || r.published.IsZero() || r.epoch == 0 {
			s.t.Errorf("%s, due %v: held %v, marked %v, epoch %d", id, r.DueAt.Sub(s.start), held, !r.published.IsZero(), r.epoch)
		}
	}
	if len(copies) < 100 {
		s.t.Errorf("only %d messages: nothing was tried", len(copies))
	}
}

// gate holds calls up.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

func (g *gate) hold(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until = time.Now().Add(d)
}

// pass waits until the gate is open, whatever the caller's patience: a paused process does not hear its timers.
func (g *gate) pass() {
	g.mu.Lock()
	until := g.until
	g.mu.Unlock()
	time.Sleep(time.Until(until))
}

type gatedOutbox struct {
	*database
	gate *gate
}

func (o *gatedOutbox) Upcoming(ctx context.Context, until time.Time, limit int) ([]events.Instant, error) {
	rows, err := o.database.Upcoming(ctx, until, limit)
	o.gate.pass()
	return rows, err
}

func (o *gatedOutbox) Claim(ctx context.Context, lease events.Lease, claim string, ids []string) ([]string, error) {
	o.gate.pass()
	won, err := o.database.Claim(context.WithoutCancel(ctx), lease, claim, ids)
	o.gate.pass()
	return won, err
}

func (o *gatedOutbox) Mark(ctx context.Context, lease events.Lease, rows []events.Marked) error {
	o.gate.pass()
	return o.database.Mark(context.WithoutCancel(ctx), lease, rows)
}

type gatedLeases struct {
	*database
	gate *gate
}

func (l *gatedLeases) Renew(ctx context.Context, lease events.Lease, ttl time.Duration) (events.Lease, error) {
	l.gate.pass()
	return l.database.Renew(ctx, lease, ttl)
}

func (l *gatedLeases) Acquire(ctx context.Context, name, owner string, ttl time.Duration) (events.Lease, bool, error) {
	lease, ok, err := l.database.Acquire(ctx, name, owner, ttl)
	l.gate.pass()
	return lease, ok, err
}

// epochGuard asks of each wave that no newer epoch marked any of it.
type epochGuard struct {
	*broker
	db *database
	t  *testing.T
	mu sync.Mutex
	s  *Scheduler
}

func (g *epochGuard) PublishAll(ctx context.Context, messages []events.Message) []events.Ack {
	g.mu.Lock()
	epoch := g.s.Status().Epoch
	g.mu.Unlock()
	g.db.mu.Lock()
	for _, m := range messages {
		if r := g.db.rows[m.ID]; r == nil || r.epoch == 0 || r.markedBy > epoch {
			g.t.Errorf("epoch %d publishes %s: %+v", epoch, m.ID, r)
		}
	}
	g.db.mu.Unlock()
	return g.broker.PublishAll(ctx, messages)
}
