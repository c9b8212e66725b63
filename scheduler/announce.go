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
	queue []*row    // claimed openings, in order
	quiet time.Time // when the sockets of the last crowd can have been told
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
		at := t.cfg.Clock.Now()
		return func() {
			a.busy = false
			if at.After(a.quiet) {
				a.quiet = at
			}
			a.quiet = a.quiet.Add(time.Duration(len(unlocks)) * yieldADoor)
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
// broker and the same database and, where the sockets are on this machine, the same processors. They do until the
// sockets can have been written to, and for yieldMost at the most.
func (t *term) yieldToDoors(now time.Time) bool {
	if t.cfg.Announce == nil || len(t.publish.queue) <= firstClaim {
		return false
	}
	until := t.announce.quiet
	if t.announce.busy || len(t.announce.queue) > 0 || t.claimsOutstanding(now) {
		until = now.Add(yieldMost)
	}
	if last := t.publish.queue[0].DueAt.Add(yieldMost); until.After(last) {
		until = last
	}
	if !now.Before(until) {
		return false
	}
	t.wakeAt(until)
	return true
}

const (
	// yieldADoor is how long two sockets take to be told, and to answer.
	yieldADoor = 30 * time.Microsecond
	// yieldMost bounds how long the events of a crowd stand back behind its doors.
	yieldMost = 500 * time.Millisecond
)
