package store

import (
	"context"
	"sync"
	"time"
)

const (
	clockEvery  = 10 * time.Second // between two readings of the database's clock
	clockProbes = 5                // of which that with the smallest round trip counts
	clockDrift  = 200              // millionths that two clocks may part by

	clockPatience = 3 * time.Second // with all probes of one reading
)

// unread is the doubt about a clock that was never read.
const unread = 24 * time.Hour

// clock estimates the database's clock: the machine's own, moved. Between two readings it runs by the machine's
// monotonic clock, where local tells it, so that nobody who sets the machine's clock moves it.
//
// It is cautious: a reading counts as if it were made when its answer came. So the estimate lags by up to a round trip
// and never leads, and what is due by it is due by the database.
type clock struct {
	local func() time.Time

	mu     sync.Mutex // guards the rest
	base   time.Time  // a reading of local
	at     time.Time  // what the database's clock showed then
	trip   time.Duration
	last   time.Time // newest time told
	everTo bool      // whether the database's clock was ever read
}

func newClock(local func() time.Time, known bool) *clock {
	base := local()
	return &clock{local: local, base: base, at: base.Round(0), everTo: known}
}

// Now gives the estimate, in UTC. It never goes back: where the clock was ahead it stands until time has caught up.
func (c *clock) Now() time.Time {
	reading := c.local()
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.at.Add(reading.Sub(c.base)); now.After(c.last) {
		c.last = now.UTC()
	}
	return c.last
}

// doubt bounds how far the estimate may be off.
func (c *clock) doubt() time.Duration {
	reading := c.local()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.everTo {
		return unread
	}
	return c.trip + reading.Sub(c.base)*clockDrift/1_000_000
}

// set takes a reading: the database's clock showed at while the machine's went from before to after.
func (c *clock) set(before, after, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.at, c.trip, c.everTo = after, at, after.Sub(before), true
}

// Now gives the estimate of the database's clock, which is everybody's. Until RunClock or SyncClock has read it, it is
// the machine's own.
func (s *Store) Now() time.Time { return s.clock.Now() }

// ClockDoubt bounds how far Now may be from the database's clock. It grows while that cannot be read.
func (s *Store) ClockDoubt() time.Duration { return s.clock.doubt() }

// RunClock reads the database's clock every 10 s until ctx ends, every second while it cannot. An embedded database's
// is the machine's, as it is set.
func (s *Store) RunClock(ctx context.Context) error {
	for {
		wait := clockEvery
		if err := s.SyncClock(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("read the database's clock", "error", err)
			wait = time.Second
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// SyncClock reads the database's clock now.
func (s *Store) SyncClock(ctx context.Context) error {
	if s.dialect().embedded {
		now := s.clock.local()
		s.clock.set(now, now, now.Round(0))
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, clockPatience)
	defer cancel()
	var best struct{ before, after, at time.Time }
	for n := range clockProbes {
		before := s.clock.local()
		at, err := s.readClock(ctx)
		if err != nil {
			return s.fault("read the clock", err)
		}
		after := s.clock.local()
		if n == 0 || after.Sub(before) < best.after.Sub(best.before) {
			best.before, best.after, best.at = before, after, at
		}
	}
	s.clock.set(best.before, best.after, best.at)
	return nil
}

// readClock also learns which kin of MySQL the database is.
func (s *Store) readClock(ctx context.Context) (time.Time, error) {
	var micros int64
	var version string
	if err := s.reader.QueryRowContext(ctx, s.dialect().clock).Scan(&micros, &version); err != nil {
		return time.Time{}, err
	}
	s.learn(version)
	return time.UnixMicro(micros), nil
}
