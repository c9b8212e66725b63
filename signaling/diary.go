package signaling

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"vetroom/clinic"
)

const (
	gatherFor   = 25 * time.Millisecond // entries that come together are written together
	entriesOnce = 500
	diaryWait   = 5 * time.Second
	diaryRetry  = 250 * time.Millisecond
	lastFlush   = 3 * time.Second // at the end
)

// diary writes timeline entries behind what they tell of, in batches, and again while the database is away.
type diary struct {
	keep  Timeline
	log   *slog.Logger
	limit int
	more  chan struct{} // something was noted

	mu      sync.Mutex // guards what follows
	entries []clinic.Entry
	lost    int
}

func newDiary(keep Timeline, limit int, log *slog.Logger) *diary {
	return &diary{keep: keep, log: log, limit: limit, more: make(chan struct{}, 1)}
}

// note takes an entry. It never waits; beyond the limit the entry is lost, and counted.
func (d *diary) note(e clinic.Entry) {
	d.mu.Lock()
	if len(d.entries) >= d.limit {
		d.lost++
		d.mu.Unlock()
		return
	}
	d.entries = append(d.entries, e)
	d.mu.Unlock()
	select {
	case d.more <- struct{}{}:
	default:
	}
}

// run writes until ctx ends, and then what is left within lastFlush.
func (d *diary) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-d.more:
			pause(ctx, gatherFor)
		case <-ctx.Done():
		}
		if err := d.flush(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("write the timeline; trying again", "waiting", d.waiting(), "error", err)
			pause(ctx, diaryRetry)
			d.again()
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
	defer cancel()
	if err := d.flush(last); err != nil {
		d.log.Error("write the timeline before stopping", "lost", d.waiting(), "error", err)
	}
}

func (d *diary) again() {
	select {
	case d.more <- struct{}{}:
	default:
	}
}

// flush writes all that was noted. What could not be written stays.
func (d *diary) flush(ctx context.Context) error {
	for {
		batch := d.first()
		if len(batch) == 0 {
			return nil
		}
		bounded, cancel := context.WithTimeout(ctx, diaryWait)
		err := d.keep.Tell(bounded, batch)
		cancel()
		if err != nil {
			return err
		}
		d.written(len(batch))
	}
}

func (d *diary) first() []clinic.Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]clinic.Entry(nil), d.entries[:min(len(d.entries), entriesOnce)]...)
}

func (d *diary) written(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = d.entries[n:]
	if len(d.entries) == 0 {
		d.entries = nil
	}
	if d.lost > 0 {
		d.log.Error("timeline entries were lost while the database was away", "lost", d.lost)
		d.lost = 0
	}
}

func (d *diary) waiting() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.entries)
}

// pause waits, or less if ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
