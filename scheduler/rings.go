package scheduler

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"vetroom/clinic"
)

// RingsConfig says what Rings work with. All of it is needed but Log.
type RingsConfig struct {
	// Leads tells whether this process leads now. Two that both believe so do no harm: each change is a compare-and-set.
	Leads func() bool
	// Dispatch brings all requests to where they should be, and gives when it is needed again by the clock alone; the zero
	// time if none stands. [clinic.Desk] does.
	Dispatch func(ctx context.Context) (next time.Time, err error)
	Clock    clinic.Clock
	Log      *slog.Logger // nil is silent
}

const (
	ringsLook = time.Second           // at least so often the leader looks at the rows, whatever it was told
	ringsRest = 20 * time.Millisecond // between two looks: a crowd of nudges is answered by few
	ringsWait = 5 * time.Second       // for one look
)

// Rings moves requests for a consultation now on: to the next vet when one did not answer, to whoever has become free,
// and to their end. The rows say what is to be done and when; Rings only looks at the right instants, so that a process
// which dies in the middle leaves nothing behind that the next does not find.
type Rings struct {
	cfg     RingsConfig
	changed chan struct{} // holds one word that a request changed
	freed   chan struct{} // holds one word that a vet may have become free
	looks   atomic.Uint64
	failed  atomic.Uint64
}

// NewRings makes Rings that do nothing until Run.
func NewRings(cfg RingsConfig) (*Rings, error) {
	if cfg.Leads == nil || cfg.Dispatch == nil || cfg.Clock == nil {
		return nil, errors.New("rings: who leads, what dispatches and a clock are needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Rings{cfg: cfg, changed: make(chan struct{}, 1), freed: make(chan struct{}, 1)}, nil
}

// Changed says that a request changed. It never blocks, and many are as good as one.
func (r *Rings) Changed() { signal(r.changed) }

// Freed says that something changed by which a vet may have become free. While no request stands it costs nothing.
func (r *Rings) Freed() { signal(r.freed) }

// Looks gives how often the rows were looked at, and how often that failed.
func (r *Rings) Looks() (all, failed uint64) { return r.looks.Load(), r.failed.Load() }

// Run looks whenever something is due, changed, or a second has passed, until ctx ends; it returns nil then.
func (r *Rings) Run(ctx context.Context) error {
	var next time.Time // when something is due; zero while nothing stands
	for {
		if r.cfg.Leads() {
			next = r.look(ctx)
		}
		if pause(ctx, ringsRest) != nil || !r.await(ctx, next) {
			return nil
		}
	}
}

// await waits for a reason to look. It is false when ctx ended.
func (r *Rings) await(ctx context.Context, next time.Time) bool {
	wait, freed := ringsLook, r.freed
	if next.IsZero() {
		freed = nil // nobody asks: who is free is of no interest
	} else {
		wait = min(wait, max(next.Sub(r.cfg.Clock.Now()), 0))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-r.changed:
	case <-freed:
	case <-timer.C:
	}
	return true
}

// look dispatches once. If that fails the next look comes in its time.
func (r *Rings) look(ctx context.Context) time.Time {
	r.looks.Add(1)
	bounded, cancel := context.WithTimeout(ctx, ringsWait)
	defer cancel()
	next, err := r.cfg.Dispatch(bounded)
	if err != nil && ctx.Err() == nil {
		r.failed.Add(1)
		r.cfg.Log.Warn("move instant requests on; trying again", "error", err)
		return r.cfg.Clock.Now().Add(ringsLook)
	}
	return next
}
