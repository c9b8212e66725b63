package signaling

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	gatherFor   = 25 * time.Millisecond // entries that come together are written together
	entriesOnce = 500
	// More than manyEntries by then come of a crowd whose doors are just being told: they are gathered for longer, so that
	// their writing does not take the processors from that. A timeline still tells within 300 ms.
	manyEntries = 100
	gatherMany  = 175 * time.Millisecond
	diaryWait   = 5 * time.Second
	diaryRetry  = 250 * time.Millisecond
	lastFlush   = 3 * time.Second // at the end
)

// diary writes entries behind what they tell of, in batches, and again while the database is away.
type diary[T any] struct {
	of    string // what it holds, for the log
	write func(context.Context, []T) error
	log   *slog.Logger
	limit int
	more  chan struct{} // something was noted

	mu      sync.Mutex // guards what follows
	entries []T
	lost    int
}

func newDiary[T any](of string, write func(context.Context, []T) error, limit int, log *slog.Logger) *diary[T] {
	return &diary[T]{of: of, write: write, log: log, limit: limit, more: make(chan struct{}, 1)}
}

// note takes an entry. It never waits; beyond the limit the entry is lost, and counted.
func (d *diary[T]) note(e T) {
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
func (d *diary[T]) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-d.more:
			pause(ctx, gatherFor)
			if d.waiting() > manyEntries {
				pause(ctx, gatherMany)
			}
		case <-ctx.Done():
		}
		if err := d.flush(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("write what was noted; trying again", "of", d.of, "waiting", d.waiting(), "error", err)
			pause(ctx, diaryRetry)
			d.again()
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
	defer cancel()
	if err := d.flush(last); err != nil {
		d.log.Error("write what was noted before stopping", "of", d.of, "lost", d.waiting(), "error", err)
	}
}

func (d *diary[T]) again() {
	select {
	case d.more <- struct{}{}:
	default:
	}
}

// flush writes all that was noted until now. What could not be written stays.
func (d *diary[T]) flush(ctx context.Context) error {
	for left := d.waiting(); left > 0; {
		batch := d.first(min(left, entriesOnce))
		bounded, cancel := context.WithTimeout(ctx, diaryWait)
		err := d.write(bounded, batch)
		cancel()
		if err != nil {
			return err
		}
		d.written(len(batch))
		left -= len(batch)
	}
	return nil
}

func (d *diary[T]) first(n int) []T {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]T(nil), d.entries[:n]...)
}

func (d *diary[T]) written(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = d.entries[n:]
	if len(d.entries) == 0 {
		d.entries = nil
	}
	if d.lost > 0 {
		d.log.Error("what was noted was lost while the database was away", "of", d.of, "lost", d.lost)
		d.lost = 0
	}
}

func (d *diary[T]) waiting() int {
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
