package scheduler

import (
	"context"
	"time"

	"vetroom/events"
)

// maxWave bounds how many rows go out on one look at the lease.
const maxWave = 2048

// publishState is what the loop knows of publishing.
type publishState struct {
	busy  bool
	queue []*row            // claimed, in order
	wave  []*row            // under way
	last  map[string]uint64 // the highest sequence that each stream gave since it was compared
}

// publishClaimed sends the next wave: of each aggregate the lowest version only. Its next one goes with a later wave,
// after the acknowledgement.
func (t *term) publishClaimed(now time.Time) {
	p := &t.publish
	if p.busy || len(p.queue) == 0 || !t.check.passed {
		return
	}
	if t.cfg.Publisher.Ready() != nil {
		t.suspect()
		return
	}
	wave := t.takeWave(now)
	if len(wave) == 0 {
		return
	}
	p.busy, p.wave = true, wave
	messages := make([]events.Message, len(wave))
	for i, r := range wave {
		r.stage, messages[i] = sent, r.Message
	}
	t.io(func(ctx context.Context) func() {
		if !t.held.holds() { // as late as can be: we may have been paused since the claim
			return func() { t.lost("publish due events") }
		}
		acks := t.cfg.Publisher.PublishAll(ctx, messages)
		at := t.cfg.Clock.Now()
		return func() { t.published(acks, at) }
	})
}

// takeWave takes those rows from the queue that may go now.
func (t *term) takeWave(now time.Time) []*row {
	var wave []*row
	var rest []*row
	for i, r := range t.publish.queue {
		if len(wave) == maxWave {
			rest = append(rest, t.publish.queue[i:]...)
			break
		}
		switch {
		case !t.mem.first(r):
			rest = append(rest, r)
		case now.Before(r.notBefore):
			t.wakeAt(r.notBefore)
			rest = append(rest, r)
		default:
			wave = append(wave, r)
		}
	}
	t.publish.queue = rest
	return wave
}

// published takes a wave's acknowledgements. What failed stays claimed and is tried again, in order, after the streams
// were compared: the broker may come back without what it held.
func (t *term) published(acks []events.Ack, at time.Time) {
	p := &t.publish
	wave := p.wave
	p.busy, p.wave = false, nil
	var failed []*row
	var fault error
	for i, r := range wave {
		if err := acks[i].Err; err != nil {
			r.stage, r.notBefore = claimed, at.Add(backoff(r.attempts))
			r.attempts++
			failed, fault = append(failed, r), err
			continue
		}
		t.acknowledged(r, acks[i].Seq, at)
	}
	p.queue = append(failed, p.queue...)
	t.s.counted.failed.Add(uint64(len(failed)))
	t.s.counted.published.Add(uint64(len(wave) - len(failed)))
	t.s.noteFault("publish due events", fault)
	if t.wiped(acks) {
		t.check.wiped = true
		t.suspect()
	}
	if fault != nil {
		t.suspect()
	}
}

// acknowledged passes a row on to be marked.
func (t *term) acknowledged(r *row, seq uint64, at time.Time) {
	t.mem.leave(r)
	r.stage = acked
	m := events.Marked{Message: events.Message{ID: r.ID, Subject: r.Subject}, At: at, Seq: seq}
	t.mark.pending = append(t.mark.pending, m)
	r.Body = nil
	if t.cfg.Lateness != nil {
		t.cfg.Lateness(at.Sub(r.DueAt))
	}
}

// wiped tells whether a stream counts from lower than it did, and so is another one, though the connection held.
func (t *term) wiped(acks []events.Ack) bool {
	before := make(map[string]uint64, len(t.publish.last))
	for stream, seq := range t.publish.last {
		before[stream] = seq
	}
	wiped := false
	for _, ack := range acks {
		if ack.Err != nil || ack.Duplicate {
			continue
		}
		wiped = wiped || ack.Seq <= before[ack.Stream]
		t.publish.last[ack.Stream] = max(t.publish.last[ack.Stream], ack.Seq)
	}
	return wiped
}

// reconnected compares the streams before anything else goes out, and then tries at once what failed.
func (t *term) reconnected() {
	t.suspect()
	t.check.notBefore = time.Time{}
	for _, r := range t.publish.queue {
		r.notBefore = time.Time{}
	}
}
