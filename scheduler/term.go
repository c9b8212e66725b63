package scheduler

import (
	"context"
	"fmt"
	"sync"
	"time"

	"vetroom/events"
)

// lookAtClock bounds how long the loop sleeps: the clock is an estimate and may be corrected while it does.
const lookAtClock = time.Second

// term is the time of one leadership, from one epoch's lease to its end. All fields belong to the loop but those that
// never change.
type term struct {
	s    *Scheduler
	cfg  Config
	held *holding

	work    context.Context // ends with the term, not with Run's ctx: what is in hand is finished first
	stop    context.CancelCauseFunc
	workers sync.WaitGroup
	results chan func() // what to do with the result of a call; run by the loop

	reload  chan struct{} // holds one wish to read the whole horizon
	recheck chan struct{} // holds one wish to compare the streams

	mem      *memory
	scan     scanState
	claim    claimState
	announce announceState
	publish  publishState
	mark     markState
	check    checkState

	draining bool
	drainBy  time.Time
	wake     time.Time // when the loop must look again, by the clock; zero if nothing waits for an instant
}

func newTerm(s *Scheduler, held *holding) *term {
	return &term{
		s: s, cfg: s.cfg, held: held, mem: newMemory(), results: make(chan func()),
		reload: make(chan struct{}, 1), recheck: make(chan struct{}, 1),
		claim: claimState{size: firstBatch}, publish: publishState{last: make(map[string]uint64)},
	}
}

// run serves the term. It returns nil when ctx ended and what was in hand is done, and else why the term ended:
// events.ErrLeaseLost, mostly. Everything that it started has ended by then.
func (t *term) run(ctx context.Context) error {
	t.s.counted.terms.Add(1)
	t.work, t.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	defer t.workers.Wait()
	defer t.stop(nil)
	t.workers.Go(func() {
		if err := t.held.keep(t.work); err != nil {
			t.stop(err)
		}
	})
	sweeps, err := startSweeps(ctx, t)
	if err != nil {
		return err
	}
	defer sweeps.stop()
	return t.loop(ctx)
}

// loop does what can be done, and sleeps until something changed or an instant came.
func (t *term) loop(ctx context.Context) error {
	timer := time.NewTimer(lookAtClock)
	defer timer.Stop()
	ended := ctx.Done()
	signal(t.reload) // what dead leaders left, and what lies ahead
	for {
		t.step(t.cfg.Clock.Now())
		if t.drained() {
			return nil
		}
		t.arm(timer)
		select {
		case <-t.work.Done():
			return context.Cause(t.work)
		case <-ended:
			ended = nil
			t.draining, t.drainBy = true, t.cfg.Clock.Now().Add(t.cfg.Drain)
		case <-t.s.nudged:
			t.wantScan()
		case <-t.reload:
			t.scan.whole = true
			t.wantScan()
		case <-t.recheck:
			t.check.wanted = true
		case <-t.s.reconnect:
			t.reconnected()
		case apply := <-t.results:
			apply()
		case <-timer.C:
		}
	}
}

// step starts every call that can be started now, most urgent first.
func (t *term) step(now time.Time) {
	t.wake = time.Time{}
	t.takeDue(now)
	t.lookForOpenings()
	t.announceStanding()
	t.claimDue(now)
	t.publishClaimed(now)
	t.markPublished(now)
	t.checkStreams(now)
	t.scanOutbox(now)
	t.tell()
}

// wakeAt asks for another step at the instant, or earlier.
func (t *term) wakeAt(at time.Time) {
	if t.wake.IsZero() || at.Before(t.wake) {
		t.wake = at
	}
}

// arm sets the one timer. It may fire early by the clock if that is corrected meanwhile; the step looks again.
func (t *term) arm(timer *time.Timer) {
	if t.draining {
		t.wakeAt(t.drainBy)
	}
	d := lookAtClock
	if !t.wake.IsZero() {
		d = min(d, max(t.wake.Sub(t.cfg.Clock.Now()), 0))
	}
	timer.Reset(d)
}

// io makes one call outside the loop. The func that call returns is run by the loop.
func (t *term) io(call func(ctx context.Context) (apply func())) {
	t.workers.Go(func() {
		apply := call(t.work)
		select {
		case t.results <- apply:
		case <-t.work.Done():
		}
	})
}

// drained tells whether a term that shall end may: all that was claimed is published, if it can be, and marked.
func (t *term) drained() bool {
	if !t.draining {
		return false
	}
	busy := t.claim.busy || t.publish.busy || t.mark.unmarked() > 0 ||
		len(t.publish.queue) > 0 && t.check.passed
	return !busy || !t.cfg.Clock.Now().Before(t.drainBy)
}

// lost ends the term: what holds no longer must not be acted upon.
func (t *term) lost(act string) {
	t.stop(fmt.Errorf("%s: %w", act, events.ErrLeaseLost))
}

// tell keeps Status fresh.
func (t *term) tell() {
	t.s.setStatus(Status{
		Leader: true, Epoch: t.held.lease.Epoch, Ahead: len(t.mem.ahead), Behind: t.mem.behind, Oldest: t.oldest(),
		Unmarked: t.mark.unmarked(), Compared: t.check.passed,
	})
}

// oldest is the instant of the oldest row that is due: each list is in order, so one of their heads.
func (t *term) oldest() time.Time {
	var oldest time.Time
	for _, rows := range [][]*row{t.publish.wave, t.publish.queue, t.claim.batch, t.claim.queue, t.claim.again, t.scan.refused, t.scan.asked} {
		if len(rows) > 0 && (oldest.IsZero() || rows[0].DueAt.Before(oldest)) {
			oldest = rows[0].DueAt
		}
	}
	return oldest
}

// backoff is a wait that doubles with each failure in a row, from 50 ms to 2 s.
func backoff(failures int) time.Duration {
	return min(50*time.Millisecond<<min(failures, 10), 2*time.Second)
}
