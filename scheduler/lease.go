package scheduler

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// A leader that dies right after it renewed is replaced leaseTTL + acquireEvery later, and the call: under 5 s.
const (
	leaseName    = "scheduler"
	leaseTTL     = 4 * time.Second
	renewEvery   = 2 * time.Second
	renewAgain   = 200 * time.Millisecond // after a renewal that failed
	renewWait    = time.Second
	acquireEvery = 500 * time.Millisecond // at most; at random half of it
	acquireWait  = 3 * time.Second
	releaseWait  = time.Second

	// leaseMargin is how much earlier than the database we take the lease to end: more than the two clocks may drift
	// apart before it shows in /readyz, and time for a wave that was just handed to the broker.
	leaseMargin = 500 * time.Millisecond
)

// holding is a lease that we hold, and our own view of how long.
type holding struct {
	leases Leases
	clock  clinic.Clock
	lease  events.Lease // as acquired; its epoch is the term's
	until  atomic.Int64 // Unix nanoseconds: counted from before the call that gave it, less the margin
}

// acquire tries once; nil without an error means that another holds the lease.
func acquire(ctx context.Context, cfg Config) (*holding, error) {
	ctx, cancel := context.WithTimeout(ctx, acquireWait)
	defer cancel()
	before := cfg.Clock.Now()
	lease, ok, err := cfg.Leases.Acquire(ctx, leaseName, cfg.Owner, leaseTTL)
	if err != nil || !ok {
		return nil, err
	}
	h := &holding{leases: cfg.Leases, clock: cfg.Clock, lease: lease}
	h.extend(before)
	return h, nil
}

func (h *holding) extend(before time.Time) {
	h.until.Store(before.Add(leaseTTL - leaseMargin).UnixNano())
}

// holds tells whether the lease is surely ours now. A process that was paused sees here that it was.
func (h *holding) holds() bool { return h.clock.Now().UnixNano() < h.until.Load() }

// left is how long the lease is surely ours yet.
func (h *holding) left() time.Duration {
	return time.Duration(h.until.Load() - h.clock.Now().UnixNano())
}

// keep renews the lease until ctx ends, and returns nil then. It returns events.ErrLeaseLost, with the cause, once the
// lease is another's or could not be renewed in time.
func (h *holding) keep(ctx context.Context) error {
	wait := renewEvery
	for {
		if pause(ctx, min(wait, max(h.left(), 0))) != nil {
			return nil
		}
		err := h.renew(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			wait = renewEvery
		case errors.Is(err, events.ErrLeaseLost):
			return err
		case !h.holds():
			return fmt.Errorf("%w: %w", events.ErrLeaseLost, err)
		default:
			wait = renewAgain
		}
	}
}

func (h *holding) renew(ctx context.Context) error {
	if !h.holds() {
		return fmt.Errorf("%w: it was not renewed in time", events.ErrLeaseLost)
	}
	ctx, cancel := context.WithTimeout(ctx, min(renewWait, h.left()))
	defer cancel()
	before := h.clock.Now()
	if _, err := h.leases.Renew(ctx, h.lease, leaseTTL); err != nil {
		return fmt.Errorf("renew the lease: %w", err)
	}
	h.extend(before)
	return nil
}

// release gives the lease back, though ctx ended.
func (h *holding) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWait)
	defer cancel()
	if err := h.leases.Release(ctx, h.lease); err != nil {
		return fmt.Errorf("release the lease: %w", err)
	}
	return nil
}
