package screening

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"vetroom/clinic"
)

// Queue keeps what waits, durably. The store does.
type Queue interface {
	ClaimScreenings(ctx context.Context, claim string, n int, hold time.Duration) ([]*clinic.Screening, error)
	HoldScreening(ctx context.Context, id, claim string, hold time.Duration) (held bool, err error)
	ScreeningPhoto(ctx context.Context, id string) ([]byte, error)
}

// Books takes what became of a photo. [clinic.Desk] does.
type Books interface {
	FinishScreening(ctx context.Context, id, model string, findings []clinic.Finding) (*clinic.Screening, error)
	FailScreening(ctx context.Context, id string, reason clinic.ReasonCode) (*clinic.Screening, error)
}

// WorkerConfig says what a Worker is made of. All of it is needed but where a default is named.
type WorkerConfig struct {
	Queue    Queue
	Books    Books
	Looker   Looker
	Clock    clinic.Clock
	NewID    func() string
	Parallel int // photos at a time
	Log      *slog.Logger

	Look     time.Duration // how often the queue is looked at without a nudge; 1 s
	Hold     time.Duration // how long a claim lasts that is not renewed: after so long the dead are replaced; 12 s
	Patience time.Duration // how long a photo waits for a server that is left alone before it fails; 2 minutes
}

func (c WorkerConfig) withDefaults() WorkerConfig {
	for _, d := range []struct {
		of        *time.Duration
		otherwise time.Duration
	}{{&c.Look, time.Second}, {&c.Hold, 12 * time.Second}, {&c.Patience, 2 * time.Minute}} {
		if *d.of == 0 {
			*d.of = d.otherwise
		}
	}
	return c
}

// Worker has queued photos looked at. Make it with NewWorker and Run it.
type Worker struct {
	cfg    WorkerConfig
	nudged chan struct{}
	free   chan struct{} // one for each photo that may be taken on
	stats  struct{ done, failed, dropped, givenBack atomic.Int64 }
}

// WorkerStats counts photos by what became of them here.
type WorkerStats struct {
	Done, Failed int64
	Dropped      int64 // another was faster
	GivenBack    int64 // to be looked at later, or by another
}

// NewWorker makes a worker.
func NewWorker(cfg WorkerConfig) *Worker {
	w := &Worker{cfg: cfg.withDefaults(), nudged: make(chan struct{}, 1)}
	w.free = make(chan struct{}, max(1, cfg.Parallel))
	for range cap(w.free) {
		w.free <- struct{}{}
	}
	return w
}

// Stats gives the counts.
func (w *Worker) Stats() WorkerStats {
	s := &w.stats
	return WorkerStats{s.done.Load(), s.failed.Load(), s.dropped.Load(), s.givenBack.Load()}
}

// Nudge has the queue looked at now. It never waits.
func (w *Worker) Nudge() {
	select {
	case w.nudged <- struct{}{}:
	default:
	}
}

// Run works until ctx ends. What is in hand then is given back, for another or for the next start.
func (w *Worker) Run(ctx context.Context) error {
	var hands sync.WaitGroup
	defer hands.Wait()
	tick := time.NewTicker(w.cfg.Look)
	defer tick.Stop()
	for {
		if err := w.runOnce(ctx, &hands); err != nil && ctx.Err() == nil {
			w.cfg.Log.Warn("look for photos; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.nudged:
		case <-tick.C:
		}
	}
}

// runOnce takes on as many photos as there are free hands. Each that is over has the queue looked at again.
func (w *Worker) runOnce(ctx context.Context, hands *sync.WaitGroup) error {
	n := w.takeHands(ctx)
	if n == 0 {
		return nil
	}
	claim := w.cfg.NewID()
	found, err := w.cfg.Queue.ClaimScreenings(ctx, claim, n, w.cfg.Hold)
	for _, s := range found {
		hands.Go(func() {
			defer w.Nudge()
			defer w.release(1)
			w.work(ctx, s, claim)
		})
	}
	w.release(n - len(found))
	return err
}

// takeHands takes all that are free, and waits for one.
func (w *Worker) takeHands(ctx context.Context) (n int) {
	select {
	case <-w.free:
	case <-ctx.Done():
		return 0
	}
	for n = 1; ; n++ {
		select {
		case <-w.free:
		default:
			return n
		}
	}
}

func (w *Worker) release(n int) {
	for range n {
		w.free <- struct{}{}
	}
}

// work has one photo looked at, and saves what became of it. The claim is renewed meanwhile.
func (w *Worker) work(ctx context.Context, s *clinic.Screening, claim string) {
	looking, stop := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { w.keep(looking, stop, s.ID, claim) })
	r, err := w.look(looking, s)
	lost := errors.Is(context.Cause(looking), errLost)
	stop(nil)
	keeper.Wait()
	switch {
	case lost:
		w.stats.dropped.Add(1)
	case err == nil:
		err = w.save(ctx, s, r)
	case worthAFailure(err):
		err = w.fail(ctx, s, err)
	case errors.Is(err, ErrOpen) && w.cfg.Clock.Now().Sub(s.CreatedAt) > w.cfg.Patience:
		err = w.fail(ctx, s, err)
	}
	if err != nil && !lost {
		w.giveBack(ctx, s, claim, err)
	}
}

// errLost says that the photo is another's, or has its result.
var errLost = errors.New("the claim is lost")

// keep renews the claim until ctx ends. A database that is away loses none: it runs out by itself.
func (w *Worker) keep(ctx context.Context, stop context.CancelCauseFunc, id, claim string) {
	tick := time.NewTicker(w.cfg.Hold / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		held, err := w.cfg.Queue.HoldScreening(ctx, id, claim, w.cfg.Hold)
		switch {
		case err != nil && ctx.Err() == nil:
			w.cfg.Log.Warn("keep a photo claimed", "error", err)
		case err == nil && !held:
			stop(errLost)
			return
		}
	}
}

func (w *Worker) look(ctx context.Context, s *clinic.Screening) (Result, error) {
	jpeg, err := w.cfg.Queue.ScreeningPhoto(ctx, s.ID)
	if err != nil {
		return Result{}, fmt.Errorf("read a photo: %w", err)
	}
	return w.cfg.Looker.Look(ctx, jpeg, s.BodyPart)
}

// worthAFailure tells whether an error is the last word on a photo.
func worthAFailure(err error) bool {
	return errors.Is(err, clinic.ErrNotFound) || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrRefused) || errors.Is(err, ErrInvalidResult)
}

func (w *Worker) save(ctx context.Context, s *clinic.Screening, r Result) error {
	if _, err := w.cfg.Books.FinishScreening(ctx, s.ID, r.Model, r.Findings); err != nil {
		return fmt.Errorf("save a result: %w", err)
	}
	w.stats.done.Add(1)
	return nil
}

func (w *Worker) fail(ctx context.Context, s *clinic.Screening, why error) error {
	w.cfg.Log.Warn("a photo was not looked at", "screening", s.ID, "error", why)
	if _, err := w.cfg.Books.FailScreening(ctx, s.ID, reasonOf(why)); err != nil {
		return fmt.Errorf("save a failure: %w", err)
	}
	w.stats.failed.Add(1)
	return nil
}

// How long a photo that was given back is left alone, and how long giving it back may take when the worker ends.
const (
	waitAgain  = 2 * time.Second
	givingBack = 2 * time.Second
	handedOver = -time.Millisecond
)

// giveBack ends the claim of a photo that has neither result nor failure. At the worker's end another may take it at once.
func (w *Worker) giveBack(ctx context.Context, s *clinic.Screening, claim string, why error) {
	hold := waitAgain
	if ctx.Err() != nil {
		hold = handedOver
	} else if !errors.Is(why, ErrOpen) {
		w.cfg.Log.Warn("a photo is looked at later", "screening", s.ID, "error", why)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), givingBack)
	defer cancel()
	if _, err := w.cfg.Queue.HoldScreening(ctx, s.ID, claim, hold); err != nil {
		w.cfg.Log.Warn("give a photo back; its claim runs out", "error", err)
	}
	w.stats.givenBack.Add(1)
}
