package scheduler

import (
	"context"
	"errors"
	"time"

	"vetroom/events"
)

const (
	maxMark = 2000
	// markWait is how long marks stand back behind the claims of a herd. They write to the same database, and take
	// longer than the claims; but the timeline shall tell of an opening within 300 ms.
	markWait = 100 * time.Millisecond
)

// markState is what the loop knows of marking.
type markState struct {
	busy      bool
	pending   []events.Marked // acknowledged, in order
	since     time.Time       // when the first of pending was
	under     int             // rows under way
	failures  int
	notBefore time.Time
}

// pend notes a row that was acknowledged at the instant.
func (t *term) pend(m events.Marked, at time.Time) {
	if len(t.mark.pending) == 0 {
		t.mark.since = at
	}
	t.mark.pending = append(t.mark.pending, m)
}

// markPublished marks what was acknowledged, behind the publishing.
func (t *term) markPublished(now time.Time) {
	m := &t.mark
	if m.busy || len(m.pending) == 0 {
		return
	}
	at := m.notBefore
	if wait := m.since.Add(markWait); !t.draining && t.claimsOutstanding(now) && wait.After(at) {
		at = wait
	}
	if now.Before(at) {
		t.wakeAt(at)
		return
	}
	n := min(len(m.pending), maxMark)
	rows := m.pending[:n:n]
	m.pending = m.pending[n:]
	m.busy, m.under = true, n
	lease := t.held.lease
	t.io(func(ctx context.Context) func() {
		err := t.cfg.Outbox.Mark(ctx, lease, rows)
		return func() { t.marked(rows, err) }
	})
}

// marked takes a mark's answer. Without one the rows are marked again: a mark is never overwritten.
func (t *term) marked(rows []events.Marked, err error) {
	m := &t.mark
	m.busy, m.under = false, 0
	t.s.noteFault("mark published events", err)
	if err != nil {
		if errors.Is(err, events.ErrLeaseLost) {
			t.stop(err)
		}
		m.pending = append(rows, m.pending...)
		m.notBefore = t.cfg.Clock.Now().Add(backoff(m.failures))
		m.failures++
		return
	}
	m.failures = 0
	t.s.counted.marked.Add(uint64(len(rows)))
	for _, r := range rows {
		delete(t.mem.known, r.ID)
		if t.scan.busy {
			t.scan.marked[r.ID] = true
		}
	}
}
