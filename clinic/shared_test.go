package clinic

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// gated is what is read: a number that rises, through a gate.
type gated struct {
	shared shared[string, int64]
	now    atomic.Int64
	reads  atomic.Int64
	gate   chan struct{}
}

func (g *gated) read(context.Context) (int64, error) {
	g.reads.Add(1)
	n := g.now.Load()
	<-g.gate
	return n, nil
}

func TestSharedReadIsNeverOlderThanTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gated{gate: make(chan struct{})}
		var all sync.WaitGroup
		ask := func(key string, asked int64) {
			all.Go(func() {
				if n, err := g.shared.get(t.Context(), key, g.read); err != nil || n < asked {
					t.Errorf("asked at %d, answered as of %d, %v", asked, n, err)
				}
			})
			synctest.Wait()
		}
		for n := range int64(100) { // the first is under way while all others come
			g.now.Store(n)
			ask("key", n)
		}
		if n := g.reads.Load(); n != 1 {
			t.Errorf("%d reads are under way, want 1", n)
		}
		ask("other", 99)
		if n := g.reads.Load(); n != 2 {
			t.Errorf("another question waits for this one")
		}
		close(g.gate)
		all.Wait()
		synctest.Wait()
		if n := g.reads.Load(); n != 3 {
			t.Errorf("%d reads in all, want 3", n)
		}
		if len(g.shared.lines) != 0 {
			t.Errorf("%d questions are kept", len(g.shared.lines))
		}
	})
}

func TestSharedReadOutlivesWhoAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gated{gate: make(chan struct{})}
		ctx, leave := context.WithCancel(t.Context())
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := g.shared.get(ctx, "key", g.read); !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
		})
		synctest.Wait()
		both.Go(func() {
			if _, err := g.shared.get(t.Context(), "key", g.read); err != nil {
				t.Errorf("who stayed got %v", err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		close(g.gate)
		both.Wait()
	})
}

func TestSharedReadFailsForThoseWhoWait(t *testing.T) {
	var s shared[string, int]
	broken := errors.New("broken")
	if _, err := s.get(t.Context(), "key", func(context.Context) (int, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	defer func() {
		if p := recover(); p != "now" {
			t.Errorf("recovered %v", p)
		}
		if n, err := s.get(t.Context(), "key", func(context.Context) (int, error) { return 7, nil }); n != 7 || err != nil {
			t.Errorf("after a panic: %d, %v", n, err)
		}
	}()
	s.get(t.Context(), "key", func(context.Context) (int, error) { panic("now") })
}
