package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vetroom/events"
)

// Rows that are due at one instant are claimed in batches that grow fourfold. The first is small, so that the first
// doors open while the rest is still being claimed: nothing of a batch can be published before its statement's end. The
// later ones are large, since each statement costs a commit. Meanwhile the batch before is published.
const (
	firstClaim = 128
	maxClaim   = 4096
	growClaim  = 4
)

// claimState is what the loop knows of claiming.
type claimState struct {
	busy      bool
	batch     []*row // under way, or its answer was lost
	name      string // of the claim that the batch bears
	size      int    // of the next batch
	serial    int
	again     []*row // refused, but the outbox has them yet: the database's clock may be a moment behind
	failures  int
	notBefore time.Time
}

// claimDue claims what is due. Without anything to claim it has the loop wake at the next instant.
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
	rows, name, lease := c.batch, c.name, t.held.lease
	ids := make([]string, len(rows))
	for i, r := range rows {
		r.stage, ids[i] = claiming, r.ID
	}
	t.io(func(ctx context.Context) func() {
		won, err := t.cfg.Outbox.Claim(ctx, lease, name, ids)
		return func() { t.claimed(won, err) }
	})
}

// nextBatch takes the next rows to be claimed together, under a name of their own.
func (t *term) nextBatch(now time.Time) bool {
	c := &t.claim
	c.batch = append(t.takeAgain(now), t.mem.takeDue(now, c.size)...)
	if len(c.batch) == 0 {
		if at, ok := t.mem.next(); ok {
			t.wakeAt(at)
		}
		return false
	}
	if len(c.batch) < c.size {
		c.size = firstClaim
	} else {
		c.size = min(c.size*growClaim, maxClaim)
	}
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
			t.announceLater(r)
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
func (t *term) claimsOutstanding(now time.Time) bool {
	at, ok := t.mem.next()
	return len(t.claim.batch) > 0 || ok && !now.Before(at)
}
