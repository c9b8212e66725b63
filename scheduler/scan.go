package scheduler

import (
	"context"
	"time"

	"vetroom/events"
)

const (
	// scanLimit bounds one look, and so what is in memory: about 50 MB of bodies. A backlog beyond it goes out look by
	// look.
	scanLimit = 50_000
	// scanEvery finds what no nudge told of.
	scanEvery = time.Second
	// scanNear is how far ahead the looks between two reloads of the horizon go: past the next one, so that a row which
	// was saved without a nudge is in memory at its instant. Looks stay cheap, however much lies in the horizon.
	scanNear = scanEvery + scanEvery/2
	// A look goes over rows that are known, and thousands of them keep the database and us busy. So while more than crowd
	// are in hand a look waits, for crowdWait at most; and when so many are due within crowdNear it ends before their
	// instant, so that it does not stand in the way of their claims.
	crowd     = 1000
	crowdWait = 200 * time.Millisecond
	crowdNear = 400 * time.Millisecond
)

// scanState is what the loop knows of looking into the outbox.
type scanState struct {
	busy      bool
	wanted    bool
	since     time.Time // when it was wanted
	whole     bool      // the next look goes through the whole horizon
	started   time.Time // the last one
	next      time.Time // when one is due though nobody wants it
	notBefore time.Time
	failures  int

	refused []*row          // not won by a claim; the next look tells about them
	asked   []*row          // those of refused that the look under way tells about
	marked  map[string]bool // marked while the look is under way, which may not have seen it
}

// wantScan asks for a look as soon as may be.
func (t *term) wantScan() {
	if !t.scan.wanted {
		t.scan.wanted, t.scan.since = true, t.cfg.Clock.Now()
	}
}

// scanOutbox looks for rows: when it is wanted, and every second.
func (t *term) scanOutbox(now time.Time) {
	c := &t.scan
	if c.busy || t.draining {
		return
	}
	if !c.wanted {
		if now.Before(c.next) {
			t.wakeAt(c.next)
			return
		}
		t.wantScan()
	}
	at := c.notBefore
	if wait := c.since.Add(crowdWait); t.mem.behind+t.mark.unmarked() > crowd && wait.After(at) {
		at = wait
	}
	if now.Before(at) {
		t.wakeAt(at)
		return
	}
	if !t.yieldToDoors(now) {
		t.startScan(now)
	}
}

func (t *term) startScan(now time.Time) {
	c := &t.scan
	until, whole := t.scanUntil(now), c.whole
	c.busy, c.wanted, c.whole, c.started, c.next = true, false, false, now, now.Add(scanEvery)
	if at, ok := t.mem.crowdBy(now.Add(crowdNear)); ok { // and once more when it is through
		until, c.whole, c.next = at, whole, now.Add(max(at.Sub(now), 0)+crowdWait)
	}
	c.asked, c.refused, c.marked = c.refused, nil, make(map[string]bool)
	t.io(func(ctx context.Context) func() {
		rows, err := t.cfg.Outbox.Upcoming(ctx, until, scanLimit)
		return func() { t.scanned(rows, until, whole, err) }
	})
}

func (t *term) scanUntil(now time.Time) time.Time {
	if t.scan.whole {
		return now.Add(t.cfg.Horizon)
	}
	return now.Add(scanNear)
}

// scanned takes what a look found, and has read what is not known of it.
func (t *term) scanned(rows []events.Instant, until time.Time, whole bool, err error) {
	if err != nil {
		t.scanFailed(whole, err)
		return
	}
	if len(rows) == scanLimit { // there may be more: what was found is conclusive up to its last row only
		until = rows[len(rows)-1].DueAt
	}
	there := make(map[string]bool, len(rows))
	var unknown []string
	for _, r := range rows {
		there[r.ID] = true
		if t.mem.known[r.ID] == nil && !t.scan.marked[r.ID] {
			unknown = append(unknown, r.ID)
		}
	}
	if len(unknown) == 0 {
		t.merge(there, nil, until)
		return
	}
	t.io(func(ctx context.Context) func() {
		found, err := t.cfg.Outbox.Due(ctx, unknown)
		return func() {
			if err != nil {
				t.scanFailed(whole, err)
				return
			}
			t.merge(there, found, until)
		}
	})
}

func (t *term) scanFailed(whole bool, err error) {
	c := &t.scan
	t.s.noteFault("look for due events", err)
	c.busy = false
	c.refused = append(c.asked, c.refused...)
	c.asked = nil
	c.whole = c.whole || whole
	c.notBefore = t.cfg.Clock.Now().Add(backoff(c.failures))
	c.failures++
	t.wantScan()
}

// merge ends a look: it brings the memory in line with what the outbox has due before until, of which found was not known.
// Looks that many nudges ask for take half of the time at most.
func (t *term) merge(there map[string]bool, found []events.Due, until time.Time) {
	c := &t.scan
	now := t.cfg.Clock.Now()
	t.s.noteFault("look for due events", nil)
	c.busy, c.failures = false, 0
	c.notBefore = now.Add(min(now.Sub(c.started), scanEvery))
	for _, due := range found {
		if t.mem.known[due.ID] == nil && !c.marked[due.ID] {
			t.mem.add(due)
		}
	}
	t.mem.dropAhead(until, there)
	for _, r := range c.asked {
		if !there[r.ID] && r.DueAt.Before(until) {
			t.mem.forget(r)
			continue
		}
		r.stage = waiting
		r.notBefore = t.cfg.Clock.Now().Add(min(time.Millisecond<<min(r.attempts, 8), 250*time.Millisecond))
		t.claim.again = append(t.claim.again, r)
		t.announceLater(r)
	}
	c.asked, c.marked = nil, nil
}
