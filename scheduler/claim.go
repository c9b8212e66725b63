package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vetroom/events"
)

// Rows that are due at one instant are looked for and claimed in batches that grow fourfold. The first is small, so that
// the first doors open, and the first events go out, while the rest is still being asked for: nothing of a batch can go on
// before its statement's end. The later ones are large, since each statement costs. Meanwhile the batch before goes on.
const (
	firstBatch = 128
	maxBatch   = 4096
	growBatch  = 4
)

// nextSize is the size of the batch that follows one for which there was room for size rows and that took n.
func nextSize(size, n int) int {
	if n < size {
		return firstBatch
	}
	return min(size*growBatch, maxBatch)
}

// claimState is what the loop knows of claiming.
type claimState struct {
	busy      bool
	queue     []*row // due, in order
	batch     []*row // under way, or its answer was lost
	name      string // of the claim that the batch bears
	size      int    // of the next batch
	serial    int
	again     []*row // refused, but the outbox has them yet: the database's clock may be a moment behind
	failures  int
	notBefore time.Time
}

// takeDue takes what is due out of what lies ahead, and has the loop wake at the next instant.
func (t *term) takeDue(now time.Time) {
	if t.draining {
		return
	}
	for _, r := range t.mem.takeDue(now) {
		t.claim.queue = append(t.claim.queue, r)
		t.announceLater(r)
	}
	if at, ok := t.mem.next(); ok {
		t.wakeAt(at)
	}
}

// claimDue claims what is due.
func (t *term) claimDue(now time.Time) {
	c := &t.claim
	switch {
	case c.busy || t.draining:
		return
	case now.Before(c.notBefore):
		t.wakeAt(c.notBefore)
		return
	case len(c.batch) == 0 && !t.nextBatch(now):
		return
	case !t.held.holds():
		t.lost("claim due events")
		return
	}
	c.busy = true
	ids, name, lease := idsOf(c.batch), c.name, t.held.lease
	for _, r := range c.batch {
		r.stage = claiming
	}
	t.io(func(ctx context.Context) func() {
		won, err := t.cfg.Outbox.Claim(ctx, lease, name, ids)
		return func() { t.claimed(won, err) }
	})
}

func idsOf(rows []*row) []string {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

// nextBatch takes the next rows to be claimed together, under a name of their own.
func (t *term) nextBatch(now time.Time) bool {
	c := &t.claim
	c.batch = t.takeAgain(now)
	if !t.yieldToDoors(now) {
		n := min(c.size, len(c.queue))
		c.batch = append(c.batch, c.queue[:n]...)
		c.queue = c.queue[n:]
	}
	if len(c.batch) == 0 {
		return false
	}
	c.size = nextSize(c.size, len(c.batch))
	c.serial++
	c.name = fmt.Sprintf("%d.%d", t.held.lease.Epoch, c.serial)
	return true
}

// takeAgain takes the refused rows whose time to be tried again came.
func (t *term) takeAgain(now time.Time) []*row {
	var rows, later []*row
	for _, r := range t.claim.again {
		if now.Before(r.notBefore) {
			t.wakeAt(r.notBefore)
			later = append(later, r)
			continue
		}
		rows = append(rows, r)
	}
	t.claim.again = later
	return rows
}

// claimed takes a claim's answer. Without one the same claim is asked again, under the same name: it may have been
// committed, and then only this name tells what it won.
func (t *term) claimed(won []string, err error) {
	c := &t.claim
	c.busy = false
	t.s.noteFault("claim due events", err)
	if err != nil {
		if errors.Is(err, events.ErrLeaseLost) {
			t.stop(err)
		}
		c.notBefore = t.cfg.Clock.Now().Add(backoff(c.failures))
		c.failures++
		return
	}
	c.failures = 0
	ours := make(map[string]bool, len(won))
	for _, id := range won {
		ours[id] = true
	}
	for _, r := range c.batch {
		if ours[r.ID] {
			r.stage, r.attempts, r.notBefore = claimed, 0, time.Time{}
			t.s.counted.claimed.Add(1)
			t.publish.queue = append(t.publish.queue, r)
		} else {
			t.refuse(r)
		}
	}
	c.batch = nil
}

// refuse keeps a row that was not won in its line until a scan tells whether it is still there: what was moved or
// cancelled is not, and what is stands before its aggregate's higher versions yet.
func (t *term) refuse(r *row) {
	t.s.counted.refused.Add(1)
	r.stage = refused
	r.attempts++
	t.scan.refused = append(t.scan.refused, r)
	t.wantScan()
}

// claimsOutstanding tells whether a due row was not answered for yet.
func (t *term) claimsOutstanding() bool { return len(t.claim.batch) > 0 || len(t.claim.queue) > 0 }
