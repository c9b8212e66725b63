package screening

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
)

// desk stands in for the store and the desk: a queue in memory, on the bubble's clock.
type desk struct {
	mu     sync.Mutex // guards what follows
	queued []*clinic.Screening
	claims map[string]string
	until  map[string]time.Time
	ended  map[string]string // what became of a screening
	away   bool
	words  int
}

var errAway = errors.New("the database is away")

func newDesk(ids ...string) *desk {
	d := &desk{claims: map[string]string{}, until: map[string]time.Time{}, ended: map[string]string{}}
	for _, id := range ids {
		d.queued = append(d.queued, &clinic.Screening{ID: id, BodyPart: id, State: clinic.ScreeningQueued, CreatedAt: time.Now()})
	}
	return d
}

func (d *desk) Now() time.Time { return time.Now() }

func (d *desk) in() (func(), error) {
	d.mu.Lock()
	if d.away {
		d.mu.Unlock()
		return nil, errAway
	}
	return d.mu.Unlock, nil
}

func (d *desk) ClaimScreenings(_ context.Context, claim string, n int, hold time.Duration) (got []*clinic.Screening, err error) {
	unlock, err := d.in()
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, s := range d.queued {
		if len(got) < n && d.ended[s.ID] == "" && !time.Now().Before(d.until[s.ID]) {
			d.claims[s.ID], d.until[s.ID] = claim, time.Now().Add(hold)
			got = append(got, s)
		}
	}
	return got, nil
}

func (d *desk) HoldScreening(_ context.Context, id, claim string, hold time.Duration) (bool, error) {
	unlock, err := d.in()
	if err != nil {
		return false, err
	}
	defer unlock()
	if d.claims[id] != claim || d.ended[id] != "" {
		return false, nil
	}
	d.until[id] = time.Now().Add(hold)
	return true, nil
}

func (d *desk) ScreeningPhoto(_ context.Context, id string) ([]byte, error) {
	unlock, err := d.in()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if id == "gone" {
		return nil, clinic.ErrNotFound
	}
	return []byte(id), nil
}

func (d *desk) end(id, how string) (*clinic.Screening, error) {
	unlock, err := d.in()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if d.ended[id] == "" {
		d.ended[id] = how
	}
	return &clinic.Screening{}, nil
}

func (d *desk) FinishScreening(_ context.Context, id, model string, _ []clinic.Finding) (*clinic.Screening, error) {
	return d.end(id, "done by "+model)
}

func (d *desk) FailScreening(_ context.Context, id string, reason clinic.ReasonCode) (*clinic.Screening, error) {
	return d.end(id, "failed: "+string(reason))
}

func (d *desk) setAway(away bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
}

func (d *desk) whatBecame(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ended[id]
}

func (d *desk) newID() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.words++
	return fmt.Sprint("claim ", d.words)
}

// looker looks as a test says, and remembers at what.
type looker struct {
	mu   sync.Mutex // guards what follows
	at   []string
	now  int // at the same time
	most int
	do   func(ctx context.Context, id string) (Result, error)
}

func (l *looker) Look(ctx context.Context, jpeg []byte, bodyPart string) (Result, error) {
	l.mu.Lock()
	l.at = append(l.at, bodyPart)
	l.now++
	l.most = max(l.most, l.now)
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.now--
	}()
	return l.do(ctx, string(jpeg))
}

// takes looks for so long.
func takes(d time.Duration, err error) func(context.Context, string) (Result, error) {
	return func(ctx context.Context, _ string) (Result, error) {
		if rested := rest(ctx, d); rested != nil {
			return Result{}, rested
		}
		return Result{Model: "m@1"}, err
	}
}

// begin runs a worker; what it returns stops it and waits.
func begin(t *testing.T, d *desk, l Looker, parallel int) (*Worker, func()) {
	t.Helper()
	w := NewWorker(WorkerConfig{Queue: d, Books: d, Looker: l, Clock: d, NewID: d.newID, Parallel: parallel, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error)
	go func() { over <- w.Run(ctx) }()
	return w, func() {
		cancel()
		if err := <-over; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	}
}

func inBubble(t *testing.T, test func(t *testing.T)) { synctest.Test(t, test) }

// wait passes time on the bubble's clock.
func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestWorkerLooksAtWhatWaitsFewAtATime(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d, l := newDesk("a", "b", "c", "d", "e"), &looker{do: takes(5*time.Second, nil)}
		w, stop := begin(t, d, l, 2)
		defer stop()
		wait(16 * time.Second)
		for _, s := range d.queued {
			if got := d.whatBecame(s.ID); got != "done by m@1" {
				t.Errorf("%s: %q", s.ID, got)
			}
		}
		if l.most != 2 || len(l.at) != 5 || w.Stats().Done != 5 {
			t.Errorf("%d at a time, %q, %+v", l.most, l.at, w.Stats())
		}
	})
}

func TestWorkerHearsANudge(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d, l := newDesk(), &looker{do: takes(0, nil)}
		w, stop := begin(t, d, l, 2)
		defer stop()
		wait(100 * time.Millisecond)
		d.mu.Lock()
		d.queued = newDesk("late").queued
		d.mu.Unlock()
		w.Nudge()
		wait(time.Millisecond)
		if d.whatBecame("late") == "" {
			t.Error("it did not look at once")
		}
	})
}

func TestWorkerSaysWhyItFailed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDesk("away", "refused", "garbage", "gone")
		l := &looker{do: func(_ context.Context, id string) (Result, error) {
			return Result{}, map[string]error{"away": ErrUnavailable, "refused": ErrRefused, "garbage": ErrInvalidResult}[id]
		}}
		w, stop := begin(t, d, l, 4)
		defer stop()
		wait(time.Second)
		for id, want := range map[string]string{
			"away": "failed: unavailable", "refused": "failed: refused", "garbage": "failed: invalid_result", "gone": "failed: unavailable",
		} {
			if got := d.whatBecame(id); got != want {
				t.Errorf("%s: %q, want %q", id, got, want)
			}
		}
		if w.Stats().Failed != 4 {
			t.Errorf("%+v", w.Stats())
		}
	})
}

// TestWorkerKeepsItsClaim holds that a look that takes long is not taken over, and that a dead worker's is.
func TestWorkerKeepsItsClaim(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d, l := newDesk("slow"), &looker{do: takes(90*time.Second, nil)}
		_, stop := begin(t, d, l, 1)
		_, stopOther := begin(t, d, l, 1)
		wait(91 * time.Second)
		if len(l.at) != 1 || d.whatBecame("slow") == "" {
			t.Errorf("looked at %q, %q", l.at, d.whatBecame("slow"))
		}
		stop()
		stopOther()
	})
	inBubble(t, func(t *testing.T) {
		d := newDesk("orphan")
		d.claims["orphan"], d.until["orphan"] = "of the dead", time.Now().Add(12*time.Second)
		l := &looker{do: takes(0, nil)}
		_, stop := begin(t, d, l, 1)
		defer stop()
		wait(11 * time.Second)
		if got := d.whatBecame("orphan"); got != "" {
			t.Errorf("taken from who may live: %q", got)
		}
		wait(2 * time.Second)
		if got := d.whatBecame("orphan"); got == "" {
			t.Error("nobody took over")
		}
	})
}

func TestWorkerThatLosesItsClaimStops(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d, l := newDesk("taken"), &looker{do: takes(time.Minute, nil)}
		w, stop := begin(t, d, l, 1)
		defer stop()
		wait(time.Second)
		d.mu.Lock()
		d.claims["taken"] = "another's"
		d.mu.Unlock()
		wait(5 * time.Second)
		if w.Stats().Dropped != 1 || l.now != 0 {
			t.Errorf("%+v, %d look", w.Stats(), l.now)
		}
	})
}

// TestWorkerGivesBackAtItsEnd holds that a photo in hand is another's at once.
func TestWorkerGivesBackAtItsEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d, l := newDesk("in hand"), &looker{do: takes(time.Minute, nil)}
		_, stop := begin(t, d, l, 1)
		wait(time.Second)
		stop()
		if d.until["in hand"].After(time.Now()) || d.whatBecame("in hand") != "" {
			t.Errorf("claimed until %v, %q", d.until["in hand"], d.whatBecame("in hand"))
		}
	})
}

// TestWorkerWaitsForTheBreaker holds that photos wait while the server is left alone, but not for ever.
func TestWorkerWaitsForTheBreaker(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d, open := newDesk("first", "second"), true
		l := &looker{}
		l.do = func(context.Context, string) (Result, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			if open {
				return Result{}, ErrOpen
			}
			return Result{Model: "m@1"}, nil
		}
		_, stop := begin(t, d, l, 1)
		defer stop()
		wait(30 * time.Second)
		if d.whatBecame("first")+d.whatBecame("second") != "" {
			t.Error("they did not wait")
		}
		l.mu.Lock()
		if len(l.at) > 40 || !slices.Contains(l.at, "second") {
			t.Errorf("looked %d times", len(l.at))
		}
		open = false
		l.mu.Unlock()
		wait(3 * time.Second)
		if d.whatBecame("first") != "done by m@1" || d.whatBecame("second") != "done by m@1" {
			t.Errorf("%q, %q", d.whatBecame("first"), d.whatBecame("second"))
		}
		l.mu.Lock()
		open = true
		l.mu.Unlock()
		d.mu.Lock()
		d.queued = newDesk("third").queued
		d.mu.Unlock()
		wait(2*time.Minute + 5*time.Second)
		if got := d.whatBecame("third"); got != "failed: unavailable" {
			t.Errorf("after two minutes: %q", got)
		}
	})
}

// TestWorkerLosesNothingWithoutADatabase lets the database go away at each point.
func TestWorkerLosesNothingWithoutADatabase(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d, l := newDesk("a"), &looker{do: takes(10*time.Second, nil)}
		_, stop := begin(t, d, l, 1)
		defer stop()
		wait(5 * time.Second)
		d.setAway(true)
		wait(time.Minute)
		d.setAway(false)
		wait(time.Minute)
		if got := d.whatBecame("a"); got != "done by m@1" {
			t.Errorf("%q", got)
		}
	})
}
