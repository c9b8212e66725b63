package scheduler

import (
	"context"
	"strings"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// Doors come first. An opening that is seen standing in the outbox at or after its instant is never deleted any more,
// so the signaling processes may be told of it at once, in one message for many rooms; it is claimed, published and
// marked behind the telling. Nothing rests upon it: an announcement that is lost costs the time until its event.

const (
	// yieldADoor is how long two sockets take to be told, and to answer, where the sockets are on this machine.
	yieldADoor = 40 * time.Microsecond
	// yieldMost bounds how long the events of a crowd stand back behind its doors, and how long a look may take: what it
	// does not tell of by then the events do.
	yieldMost = 600 * time.Millisecond
)

// announceState is what the loop knows of announcing openings.
type announceState struct {
	due      []*row // openings whose instant came, in order; to be looked for
	looking  bool
	size     int    // of the next look
	standing []*row // found, to be told
	telling  bool
	quiet    time.Time // when the sockets of the last crowd can have been told
}

const openSubject = "vetroom." + string(clinic.RoomOpen) + "."

// announceLater notes an opening whose instant came.
func (t *term) announceLater(r *row) {
	if t.cfg.Announce != nil && strings.HasPrefix(r.Subject, openSubject) {
		t.announce.due = append(t.announce.due, r)
	}
}

// lookForOpenings asks the outbox which of the openings that are due stand.
func (t *term) lookForOpenings() {
	a := &t.announce
	if a.looking || len(a.due) == 0 || t.draining {
		return
	}
	n := min(max(a.size, firstBatch), len(a.due))
	rows := a.due[:n:n]
	a.due, a.looking, a.size = a.due[n:], true, nextSize(max(a.size, firstBatch), n)
	instants := make([]events.Instant, len(rows))
	for i, r := range rows {
		instants[i] = events.Instant{ID: r.ID, DueAt: r.DueAt}
	}
	t.io(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, yieldMost)
		defer cancel()
		standing, err := t.cfg.Outbox.Standing(ctx, instants)
		return func() {
			a.looking = false
			t.s.noteFault("look for openings", err)
			t.found(rows, standing)
		}
	})
}

// found keeps those of the rows that stand, to be told. What an aggregate's lower version stands before is told by its
// event, in its turn; and what went out while the look was under way has been.
func (t *term) found(rows []*row, ids []string) {
	standing := make(map[string]bool, len(ids))
	for _, id := range ids {
		standing[id] = true
	}
	for _, r := range rows {
		if standing[r.ID] && t.mem.first(r) {
			t.announce.standing = append(t.announce.standing, r)
		}
	}
}

// announceStanding tells of what was found since the last time.
func (t *term) announceStanding() {
	a := &t.announce
	if a.telling || len(a.standing) == 0 {
		return
	}
	unlocks := make([]events.Unlock, len(a.standing))
	for i, r := range a.standing {
		unlocks[i] = events.Unlock{RoomID: r.AggregateID, Version: r.Version}
	}
	a.standing = nil
	if t.cfg.Publisher.Ready() != nil {
		return
	}
	a.telling = true
	t.io(func(ctx context.Context) func() {
		err := t.cfg.Announce(ctx, unlocks)
		at := t.cfg.Clock.Now()
		return func() {
			a.telling = false
			if at.After(a.quiet) {
				a.quiet = at
			}
			a.quiet = a.quiet.Add(time.Duration(len(unlocks)) * yieldADoor)
			t.s.noteFault("announce openings", err)
		}
	})
}

// yieldToDoors tells whether what is due stands back. All of it does until the openings among it were looked for. A
// crowd does until its doors are told, too: its events take the same broker, the same database and, where the sockets
// are on this machine, the same processors. They do for yieldMost at the most.
func (t *term) yieldToDoors(now time.Time) bool {
	a, queue := &t.announce, t.claim.queue
	if len(queue) == 0 {
		return false
	}
	last := queue[0].DueAt.Add(yieldMost)
	until := now
	switch {
	case a.looking || len(a.due) > 0:
		until = last
	case len(queue) > firstBatch && (a.telling || len(a.standing) > 0):
		until = last
	case len(queue) > firstBatch:
		until = a.quiet
	}
	if until.After(last) {
		until = last
	}
	if !now.Before(until) {
		return false
	}
	t.wakeAt(until)
	return true
}
