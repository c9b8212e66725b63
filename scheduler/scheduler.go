package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

const (
	defaultHorizon = 2 * time.Minute
	defaultKeep    = 7 * 24 * time.Hour
	defaultDrain   = 5 * time.Second
)

// Config says what a Scheduler works with.
type Config struct {
	Outbox    Outbox
	Leases    Leases
	Publisher Publisher
	Clock     clinic.Clock // the estimate of the database's clock
	Owner     string       // this process: no two that live at the same time share it
	Log       *slog.Logger // nil is silent

	Horizon time.Duration // how far ahead rows are read; 0 means 2 min
	Keep    time.Duration // how long the streams keep a message; 0 means 7 days
	Drain   time.Duration // how long what is in hand may take at the end; 0 means 5 s
	Sweeps  []Sweep       // run by whoever leads

	// Announce, if set, tells the signaling processes that these openings stand at their instant, ahead of their events
	// and in few messages. It is bounded in time. An error costs speed, and nothing else.
	Announce func(ctx context.Context, unlocks []events.Unlock) error

	// Lateness, if set, is told for each published row how long after its instant the stream had it. It is called by
	// one goroutine at a time, and is short.
	Lateness func(time.Duration)
}

func (c *Config) validate() error {
	switch {
	case c.Outbox == nil, c.Leases == nil, c.Publisher == nil, c.Clock == nil:
		return errors.New("scheduler: outbox, leases, publisher and clock are needed")
	case c.Owner == "":
		return errors.New("scheduler: the owner of the lease has no name")
	}
	for _, sweep := range c.Sweeps {
		if _, err := cronParser.Parse(sweep.Spec); err != nil {
			return fmt.Errorf("scheduler: when to %s: %w", sweep.Name, err)
		}
		if sweep.Run == nil {
			return fmt.Errorf("scheduler: to %s there is nothing to run", sweep.Name)
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Horizon = orElse(c.Horizon, defaultHorizon)
	c.Keep = orElse(c.Keep, defaultKeep)
	c.Drain = orElse(c.Drain, defaultDrain)
	return nil
}

func orElse(d, instead time.Duration) time.Duration {
	if d == 0 {
		return instead
	}
	return d
}

// Scheduler leads, or waits until it may.
type Scheduler struct {
	cfg       Config
	nudged    chan struct{} // holds one wish to look for rows
	reconnect chan struct{} // holds one word that the broker came back
	counted   counters

	mu     sync.Mutex // guards what follows
	status Status
	faults map[string]error // by what could not be done
}

// New makes a Scheduler that does nothing until Run. An error means that the configuration cannot work.
func New(cfg Config) (*Scheduler, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Scheduler{
		cfg: cfg, nudged: make(chan struct{}, 1), reconnect: make(chan struct{}, 1),
		faults: make(map[string]error),
	}
	cfg.Publisher.OnReconnect(func() { signal(s.reconnect) })
	return s, nil
}

// signal leaves word in a channel that holds one.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Nudge says that a row was saved which is due within moments. It never blocks, many are as good as one, and a process
// that does not lead ignores it.
func (s *Scheduler) Nudge() { signal(s.nudged) }

// Run leads whenever the lease is to be had, until ctx ends; then it finishes what is in hand, gives the lease back
// and returns nil.
func (s *Scheduler) Run(ctx context.Context) error {
	for {
		held, err := s.campaign(ctx)
		if err != nil {
			return nil
		}
		if err := s.lead(ctx, held); err != nil {
			s.cfg.Log.Warn("the scheduler does not lead any more", "epoch", held.lease.Epoch, "error", err)
			_ = pause(ctx, rand.N(acquireEvery)) // whatever ended the term would end the next one too
		}
	}
}

// campaign tries to get the lease until it has it. It returns ctx's error when that ends first.
func (s *Scheduler) campaign(ctx context.Context) (*holding, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		held, err := acquire(ctx, s.cfg)
		if ctx.Err() == nil {
			s.noteFault("acquire the lease", err)
		}
		if held != nil {
			return held, nil
		}
		if err := pause(ctx, acquireEvery/2+rand.N(acquireEvery/2)); err != nil {
			return nil, err
		}
	}
}

// lead serves one term. It returns nil if ctx ended it, and else why it ended.
func (s *Scheduler) lead(ctx context.Context, held *holding) error {
	s.cfg.Log.Info("the scheduler leads", "epoch", held.lease.Epoch)
	s.setStatus(Status{Leader: true, Epoch: held.lease.Epoch})
	defer s.resign()
	err := newTerm(s, held).run(ctx)
	if err != nil && errors.Is(err, events.ErrLeaseLost) {
		return err
	}
	return errors.Join(err, held.release(ctx))
}

// resign forgets what was the leader's: the faults of a follower are those of the lease alone.
func (s *Scheduler) resign() {
	s.setStatus(Status{})
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.faults)
}

// pause waits, or returns ctx's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Status is how things stand, for /readyz and metrics.
type Status struct {
	Leader   bool
	Epoch    int64     // of the term, while Leader
	Ahead    int       // rows in memory whose instant lies ahead
	Behind   int       // rows whose instant came and that no stream acknowledged yet
	Oldest   time.Time // the instant of the oldest of those; zero without
	Unmarked int       // rows that a stream acknowledged and that are not marked yet
	Compared bool      // the streams were compared with the outbox since the last break
	Err      error     // what cannot be done at present; nil when all is well
}

// Status tells how things stand. A follower that waits is well.
func (s *Scheduler) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	for _, err := range s.faults {
		st.Err = errors.Join(st.Err, err)
	}
	return st
}

func (s *Scheduler) setStatus(st Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = st
}

// noteFault keeps what an act came to. It logs when the act begins to fail and when it succeeds again.
func (s *Scheduler) noteFault(act string, err error) {
	s.mu.Lock()
	before := s.faults[act]
	if err != nil {
		s.faults[act] = fmt.Errorf("%s: %w", act, err)
	} else {
		delete(s.faults, act)
	}
	s.mu.Unlock()
	switch {
	case err != nil && before == nil:
		s.cfg.Log.Warn("scheduler: cannot "+act, "error", err)
	case err == nil && before != nil:
		s.cfg.Log.Info("scheduler: can again " + act)
	}
}

// counters count for Stats.
type counters struct {
	terms, claimed, refused, published, failed, marked, compared, republished atomic.Uint64
}

// Stats are counts since the Scheduler was made.
type Stats struct {
	Terms       uint64 // times that it led
	Claimed     uint64 // rows won
	Refused     uint64 // rows that a claim did not win: moved, deleted, or another's
	Published   uint64 // rows acknowledged
	Failed      uint64 // tries to publish a row that failed
	Marked      uint64
	Compared    uint64 // times that the streams were compared with the outbox
	Republished uint64 // rows published again because their stream lacked them
}

// Stats reads the counts.
func (s *Scheduler) Stats() Stats {
	n := &s.counted
	return Stats{
		Terms: n.terms.Load(), Claimed: n.claimed.Load(), Refused: n.refused.Load(), Published: n.published.Load(),
		Failed: n.failed.Load(), Marked: n.marked.Load(), Compared: n.compared.Load(), Republished: n.republished.Load(),
	}
}
