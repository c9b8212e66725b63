package scheduler

import (
	"context"
	"strings"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// announceState is what the loop knows of announcing: telling the signaling processes of openings in one message for
// many rooms, ahead of the events themselves. Nothing rests upon it: an announcement that is lost costs the time until
// its event.
type announceState struct {
	busy  bool
	queue []*row // claimed openings, in order
}

const openSubject = "vetroom." + string(clinic.RoomOpen) + "."

// announceClaimed tells of what was claimed since the last time.
func (t *term) announceClaimed() {
	a := &t.announce
	if a.busy || len(a.queue) == 0 {
		return
	}
	var unlocks []events.Unlock
	for _, r := range a.queue {
		if t.mem.first(r) { // else its aggregate's lower version is not out: the event tells in its turn
			unlocks = append(unlocks, events.Unlock{RoomID: r.AggregateID, Version: r.Version})
		}
	}
	a.queue = nil
	if len(unlocks) == 0 || t.cfg.Publisher.Ready() != nil {
		return
	}
	a.busy = true
	t.io(func(ctx context.Context) func() {
		var err error
		if t.held.holds() {
			err = t.cfg.Announce(ctx, unlocks)
		}
		return func() {
			a.busy = false
			t.s.noteFault("announce openings", err)
		}
	})
}

// announceLater notes an opening that was claimed.
func (t *term) announceLater(r *row) {
	if t.cfg.Announce != nil && strings.HasPrefix(r.Subject, openSubject) {
		t.announce.queue = append(t.announce.queue, r)
	}
}

// yieldToDoors tells whether the events of a crowd stand back while its doors are being told: they take the same
// broker, and the same processors where the sockets are on this machine. They do for yieldMost at the most.
func (t *term) yieldToDoors(now time.Time) bool {
	if t.cfg.Announce == nil || len(t.publish.queue) <= firstClaim {
		return false
	}
	until := t.publish.queue[0].DueAt.Add(yieldMost)
	if !now.Before(until) {
		return false
	}
	if t.announce.busy || len(t.announce.queue) > 0 || t.claimsOutstanding(now) {
		t.wakeAt(until)
		return true
	}
	return false
}

// yieldMost bounds how long the events of a crowd stand back behind its doors.
const yieldMost = 500 * time.Millisecond
