package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vetroom/events"
	"vetroom/store"
)

// growthCmd measures whether a year of reservations makes reads, bookings, or the claiming of a herd, slower: on a database
// that holds it and on one that holds nothing else, one after the other, and once more while the retention sweep
// deletes from the large one. In its table the product is the large database, and the floor the small one.
type growthCmd struct {
	options
	Reservations int           `help:"Of the large database; five outbox rows each. Default 1,000,000, or 100,000 at small size."`
	Clients      int           `default:"16" help:"How many book at once."`
	Length       time.Duration `help:"Of one measurement of bookings; default 5s, or 2s at small size."`
	Herds        []int         `default:"1000,9900" help:"How many rows are due at one instant."`
	ReadsOnly    bool          `help:"Measure reads only."`
	Explain      bool          `help:"Print the plans of the queries that a growing table could slow."`
}

// Run implements the command.
func (c *growthCmd) Run(ctx context.Context) (err error) {
	if c.Reservations == 0 {
		c.Reservations = c.pick(1_000_000, 100_000)
	}
	if c.Length == 0 {
		c.Length = time.Duration(c.pick(5, 2)) * time.Second
	}
	l, err := newLab(ctx, c.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	out := &report{bench: "growth (product: the large database, floor: the small one)"}
	for _, kind := range c.Databases {
		if err := c.on(l, out, kind); err != nil {
			return fmt.Errorf("growth on %s: %w", kind, err)
		}
	}
	return out.finish(c.options)
}

// grown is one of the two databases.
type grown struct {
	*rival
	store *store.Store
}

func (c *growthCmd) on(l *lab, out *report, kind string) error {
	var both [2]*grown // small, large
	for i := range both {
		r, s, desk, err := l.newRival(kind, c.Clients)
		if err != nil {
			return err
		}
		if err := s.SyncClock(l.ctx); err != nil {
			return err
		}
		r.book = atDesk(desk)
		both[i] = &grown{r, s}
	}
	small, large := both[0], both[1]
	began := time.Now()
	if err := fillYear(l.ctx, large.db, c.Reservations); err != nil {
		return err
	}
	fmt.Printf("%s: %d reservations and %d outbox rows in %v\n", kind, c.Reservations, 5*c.Reservations, time.Since(began).Round(time.Second))
	if c.Explain {
		if err := explain(l.ctx, large.db); err != nil {
			return err
		}
	}
	name := fmt.Sprintf("%s, %dk", kind, c.Reservations/1000)
	if err := c.reads(l, out, name, large); err != nil || c.ReadsOnly {
		return err
	}
	if err := c.rounds(l, out, name, large, small); err != nil {
		return err
	}
	sweep := startSweep(l.ctx, large.store)
	err := c.rounds(l, out, name+" and the sweep", large, small)
	batches, failed := sweep.stop()
	fmt.Printf("%s: the sweep went through %d times meanwhile\n", kind, batches)
	return errors.Join(err, failed)
}

// rounds measures bookings and herds on both, one after the other; the first round warms up.
func (c *growthCmd) rounds(l *lab, out *report, of string, large, small *grown) error {
	for round := range c.Rounds + 1 {
		for _, g := range []*grown{large, small} {
			if err := c.round(l, out, of, g, g == large, round == 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *growthCmd) round(l *lab, out *report, of string, g *grown, isLarge, warm bool) error {
	note := func(name, unit, goal string, v float64) {
		if warm {
			return
		}
		row := out.row(of, name, unit, goal)
		if isLarge {
			row.Product = append(row.Product, v)
		} else {
			row.Floor = append(row.Floor, v)
		}
	}
	booked, err := closedLoop(l.ctx, g.calendar, c.Clients, c.Length, g.book)
	if err != nil {
		return err
	}
	note("bookings", "/s", "≥ 0.9", booked.rate())
	note("bookings p50", "ms", "", ms(booked.at(.5)))
	note("bookings p99", "ms", "", ms(booked.at(.99)))
	for _, n := range c.Herds {
		h, err := claimHerd(l.ctx, g, n)
		if err != nil {
			return err
		}
		herd := fmt.Sprintf("herd of %d, ", n)
		note(herd+"looked up", "ms", "≤ 1.1", ms(h.looked))
		note(herd+"claimed", "ms", "≤ 1.1", ms(h.claimed))
		note(herd+"marked", "ms", "≤ 1.1", ms(h.marked))
		note(herd+"in all", "ms", "≤ 1.1", ms(h.looked+h.claimed+h.marked))
	}
	return nil
}

// herdTook is how long a herd's steps took.
type herdTook struct{ looked, claimed, marked time.Duration }

// claimHerd lets n rooms open at once and does to them what the scheduler does: looks them up ahead of their instant,
// claims them in batches that grow, and marks them, 2,000 at a time.
func claimHerd(ctx context.Context, g *grown, n int) (took herdTook, err error) {
	settle()
	if err := publishDue(ctx, g.db); err != nil {
		return took, err
	}
	due := time.Now().Add(100 * time.Millisecond)
	if err := addDue(ctx, g.db, n, due); err != nil {
		return took, err
	}
	lease, ok, err := g.store.Acquire(ctx, "bench", "bench", time.Minute)
	if err != nil || !ok {
		return took, fmt.Errorf("acquire the lease: %v, %w", ok, err)
	}
	defer func() { err = errors.Join(err, g.store.Release(ctx, lease)) }()
	began := time.Now()
	rows, err := g.store.Upcoming(ctx, due.Add(time.Millisecond), 50_000)
	took.looked = time.Since(began)
	if err != nil {
		return took, err
	}
	var ids []string
	for _, r := range rows {
		if r.DueAt.UnixMilli() == due.UnixMilli() {
			ids = append(ids, r.ID)
		}
	}
	if len(ids) != n {
		return took, fmt.Errorf("%d rows are due, want %d", len(ids), n)
	}
	if err := sleep(ctx, time.Until(due.Add(10*time.Millisecond))); err != nil {
		return took, err
	}
	began = time.Now()
	if err := claimAll(ctx, g.store, lease, ids); err != nil {
		return took, err
	}
	took.claimed = time.Since(began)
	began = time.Now()
	for at := 0; at < n; at += 2000 {
		var marks []events.Marked
		for i, id := range ids[at:min(at+2000, n)] {
			marks = append(marks, events.Marked{Message: events.Message{ID: id}, At: began, Seq: uint64(at + i + 1)})
		}
		if err := g.store.Mark(ctx, lease, marks); err != nil {
			return took, err
		}
	}
	took.marked = time.Since(began)
	return took, nil
}

// claimAll claims in the scheduler's batches.
func claimAll(ctx context.Context, s *store.Store, lease events.Lease, ids []string) error {
	for size := 128; len(ids) > 0; size = min(4*size, 4096) {
		n := min(size, len(ids))
		won, err := s.Claim(ctx, lease, newID(), ids[:n])
		if err != nil {
			return err
		}
		if len(won) != n {
			return fmt.Errorf("won %d of %d", len(won), n)
		}
		ids = ids[n:]
	}
	return nil
}

// sweep runs the retention sweep again and again.
type sweep struct {
	cancel context.CancelFunc
	ended  chan struct{}
	times  int
	err    error
}

// sweepEvery is from the end of one sweep to the next; the product waits for ten minutes.
const sweepEvery = 100 * time.Millisecond

// keepFor is how long the sweep keeps what was published: the product's default.
const keepFor = 7 * 24 * time.Hour

func startSweep(ctx context.Context, s *store.Store) *sweep {
	ctx, cancel := context.WithCancel(ctx)
	w := &sweep{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for ctx.Err() == nil {
			if err := s.Prune(ctx, keepFor); err != nil {
				if ctx.Err() == nil {
					w.err = fmt.Errorf("the sweep: %w", err)
				}
				return
			}
			w.times++
			if sleep(ctx, sweepEvery) != nil {
				return
			}
		}
	}()
	return w
}

// stop gives how often the sweep came to its end.
func (w *sweep) stop() (int, error) {
	w.cancel()
	<-w.ended
	return w.times, w.err
}
