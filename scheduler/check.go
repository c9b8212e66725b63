package scheduler

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vetroom/events"
)

const (
	// sampleSize is how many of the newest rows of each stream are compared: a crash loses the newest, a wipe all.
	sampleSize = 256
	// breakSample is how many after a break. One wave may have been under way in it, and another of a leader before us:
	// a stream that was wiped then may hold those and nothing else.
	breakSample   = 2*maxWave + sampleSize
	republishPage = 500
	readyAgain    = 250 * time.Millisecond
	maxFruitless  = 3
)

// checkState is what the loop knows of whether the streams hold what they acknowledged.
type checkState struct {
	busy      bool
	passed    bool // nothing new goes out while false
	wanted    bool // by the clock; what goes out does not wait for it
	wiped     bool // a stream is known to have been; all is gone through, whatever a comparison says
	breaks    int  // breaks seen; a check that one came into does not count
	fruitless int  // times that all was published again and rows were missing still
	failures  int
	notBefore time.Time
}

// suspect says that the broker may have forgotten.
func (t *term) suspect() {
	t.check.passed = false
	t.check.breaks++
}

// checkStreams compares the streams with the outbox: after a break before anything else goes out, and as it is wanted.
func (t *term) checkStreams(now time.Time) {
	c := &t.check
	switch {
	case c.busy, t.draining, c.passed && !c.wanted:
		return
	case !c.passed && (t.publish.busy || t.mark.unmarked() > 0):
		return // what was acknowledged just now shall be among what is compared
	case now.Before(c.notBefore):
		t.wakeAt(c.notBefore)
		return
	case t.cfg.Publisher.Ready() != nil:
		c.notBefore = now.Add(readyAgain)
		t.wakeAt(c.notBefore)
		return
	}
	if c.wiped {
		t.repair(slices.Sorted(maps.Keys(events.Streams)))
		return
	}
	c.busy, c.wanted = true, false
	breaks, sample := c.breaks, breakSample
	if c.passed {
		sample = sampleSize
	}
	t.io(func(ctx context.Context) func() {
		lacking, err := compareStreams(ctx, t.cfg, sample)
		return func() { t.compared(lacking, breaks, err) }
	})
}

// compared takes the result of a comparison: lacking are the streams that lost rows.
func (t *term) compared(lacking []string, breaks int, err error) {
	c := &t.check
	c.busy = false
	t.s.counted.compared.Add(1)
	t.s.noteFault("compare the streams", err)
	switch {
	case err != nil:
		t.suspect()
		c.notBefore = t.cfg.Clock.Now().Add(backoff(c.failures))
		c.failures++
	case len(lacking) > 0 && c.fruitless < maxFruitless:
		t.suspect()
		t.repair(lacking)
	case breaks == c.breaks:
		t.pass(lacking)
	}
}

// pass lets what is new go out. Rows that are missing still, after they were published again, are the broker's
// doing (a limit of its own, a purge inside its dedupe window): no reason to keep doors shut.
func (t *term) pass(lacking []string) {
	c := &t.check
	if len(lacking) > 0 {
		t.cfg.Log.Error("streams do not keep what is published again", "streams", lacking)
	}
	c.passed, c.failures, c.fruitless = true, 0, 0
	clear(t.publish.last)
}

// repair publishes again what streams lack; then they are compared once more.
func (t *term) repair(lacking []string) {
	c := &t.check
	c.busy = true
	t.cfg.Log.Warn("streams lost published events; what they lack is published again", "streams", lacking)
	t.io(func(ctx context.Context) func() {
		err := t.republishAll(ctx, lacking)
		return func() {
			c.busy = false
			t.s.noteFault("publish lost events again", err)
			if err != nil {
				c.notBefore = t.cfg.Clock.Now().Add(backoff(c.failures))
				c.failures++
				return
			}
			c.fruitless++
			c.wiped = false
		}
	})
}

// keptSince is the instant from which on the streams keep everything. The margin keeps rows out that a stream may drop
// by their age at this very moment.
func keptSince(cfg Config) time.Time { return cfg.Clock.Now().Add(-cfg.Keep + cfg.Keep/50) }

// compareStreams names the streams that do not hold all of the n rows that were marked last.
func compareStreams(ctx context.Context, cfg Config, n int) ([]string, error) {
	var lacking []string
	for _, stream := range slices.Sorted(maps.Keys(events.Streams)) {
		newest, err := cfg.Outbox.Newest(ctx, stream, n)
		if err != nil {
			return nil, fmt.Errorf("read the newest of %s: %w", stream, err)
		}
		since := keptSince(cfg)
		newest = slices.DeleteFunc(newest, func(m events.Marked) bool { return m.At.Before(since) })
		if len(newest) == 0 {
			continue
		}
		missing, err := cfg.Publisher.Missing(ctx, stream, newest)
		if err != nil {
			return nil, err
		}
		if len(missing) > 0 {
			lacking = append(lacking, stream)
		}
	}
	return lacking, nil
}

func (t *term) republishAll(ctx context.Context, streams []string) error {
	for _, stream := range streams {
		if err := t.republish(ctx, stream); err != nil {
			return fmt.Errorf("publish again in %s: %w", stream, err)
		}
	}
	return nil
}

// republish publishes the kept rows that a stream lacks, page by page, and corrects the sequences of those that it has
// elsewhere than is noted: a leader died between publishing them again and noting it.
func (t *term) republish(ctx context.Context, stream string) error {
	held, err := t.cfg.Publisher.Held(ctx, stream)
	if err != nil {
		return err
	}
	since := keptSince(t.cfg)
	for after := ""; ; {
		page, err := t.cfg.Outbox.Published(ctx, stream, since, after, republishPage)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].ID
		lost, astray := sortByHeld(page, held)
		if err := t.remark(ctx, astray); err != nil {
			return err
		}
		for len(lost) > 0 {
			var wave []events.Marked
			wave, lost = splitWave(lost)
			if err := t.republishWave(ctx, wave); err != nil {
				return err
			}
		}
	}
}

// sortByHeld gives the rows that a stream lacks, and those that it holds under another sequence, with that.
func sortByHeld(page []events.Marked, held map[string]uint64) (lost, astray []events.Marked) {
	for _, m := range page {
		seq, ok := held[m.ID]
		switch {
		case !ok:
			lost = append(lost, m)
		case seq != m.Seq:
			m.Seq, m.Body = seq, nil
			astray = append(astray, m)
		}
	}
	return lost, astray
}

func (t *term) remark(ctx context.Context, rows []events.Marked) error {
	if len(rows) == 0 {
		return nil
	}
	if err := t.cfg.Outbox.Remark(ctx, rows); err != nil {
		return fmt.Errorf("keep new sequences: %w", err)
	}
	return nil
}

// splitWave takes the first row of each aggregate; the rest waits for their acknowledgement.
func splitWave(rows []events.Marked) (wave, rest []events.Marked) {
	seen := make(map[string]bool, len(rows))
	for _, m := range rows {
		aggregate := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
		if seen[aggregate] {
			rest = append(rest, m)
			continue
		}
		seen[aggregate] = true
		wave = append(wave, m)
	}
	return wave, rest
}

// republishWave publishes rows under their old ids and keeps their new sequences.
func (t *term) republishWave(ctx context.Context, wave []events.Marked) error {
	messages := make([]events.Message, len(wave))
	for i, m := range wave {
		messages[i] = m.Message
	}
	if !t.held.holds() {
		return events.ErrLeaseLost
	}
	for i, ack := range t.cfg.Publisher.PublishAll(ctx, messages) {
		if ack.Err != nil {
			return ack.Err
		}
		wave[i].Seq, wave[i].Body = ack.Seq, nil
	}
	if err := t.remark(ctx, wave); err != nil {
		return err
	}
	t.s.counted.republished.Add(uint64(len(wave)))
	return nil
}
