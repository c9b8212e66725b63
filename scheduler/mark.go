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
	markWait = 180 * time.Millisecond
	// markPace is how soon a small mark follows another: while bookings come in one by one, their marks are one commit
	// for several.
	markPace = 50 * time.Millisecond
)

// markState is what the loop knows of marking.
type markState struct {
	busy      bool
	pending   []events.Marked // acknowledged, in order
	under     int             // rows under way
	started   time.Time       // the last mark
	failures  int
	notBefore time.Time
}

// unmarked is how many rows wait for their mark or its answer.
func (m *markState) unmarked() int { return len(m.pending) + m.under }

// markPublished marks what was acknowledged, behind the publishing.
func (t *term) markPublished(now time.Time) {
	m := &t.mark
	if m.busy || len(m.pending) == 0 {
		return
	}
	if at := t.markAt(now); now.Before(at) {
		t.wakeAt(at)
		return
	}
	n := min(len(m.pending), maxMark)
	rows := m.pending[:n:n]
	m.pending = m.pending[n:]
	m.busy, m.under, m.started = true, n, now
	lease := t.held.lease
	t.io(func(ctx context.Context) func() {
		err := t.cfg.Outbox.Mark(ctx, lease, rows)
		return func() { t.marked(rows, err) }
	})
}

// markAt is when the next mark may begin.
func (t *term) markAt(now time.Time) time.Time {
	m := &t.mark
	at := m.notBefore
	if t.draining {
		return at
	}
	if pace := m.started.Add(markPace); len(m.pending) < maxMark && pace.After(at) {
		at = pace
	}
	if wait := m.pending[0].At.Add(markWait); t.claimsOutstanding() && wait.After(at) {
		at = wait
	}
	return at
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
