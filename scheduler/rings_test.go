package scheduler

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// switchboard notes when it was asked to dispatch, and says when it wants to be again.
type switchboard struct {
	mu    sync.Mutex // guards what follows
	at    []time.Time
	next  time.Time
	fails bool
	leads bool
}

func (s *switchboard) Now() time.Time { return time.Now() }

func (s *switchboard) dispatch(context.Context) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = append(s.at, time.Now())
	if s.fails {
		return time.Time{}, errors.New("the database is away")
	}
	return s.next, nil
}

func (s *switchboard) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// looks gives how often it was asked since the last time.
func (s *switchboard) looks() []time.Time {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.at
	s.at = nil
	return at
}

func inRings(t *testing.T, test func(t *testing.T, s *switchboard, r *Rings)) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchboard{leads: true}
		leads := func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.leads }
		r, err := NewRings(RingsConfig{Leads: leads, Dispatch: s.dispatch, Clock: s})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() {
			defer close(over)
			if err := r.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		}()
		time.Sleep(100 * time.Millisecond)
		s.looks()
		test(t, s, r)
		cancel()
		<-over
	})
}

func TestRingsLookAtTheDeadline(t *testing.T) {
	inRings(t, func(t *testing.T, s *switchboard, r *Rings) {
		due := time.Now().Add(350 * time.Millisecond)
		s.set(func() { s.next = due })
		r.Changed()
		if at := s.looks(); len(at) != 1 {
			t.Fatalf("told of a change it looked %d times", len(at))
		}
		s.set(func() { s.next = due.Add(time.Hour) })
		time.Sleep(time.Until(due))
		if at := s.looks(); len(at) != 1 || !at[0].Equal(due) {
			t.Fatalf("due at %v, looked at %v", due, at)
		}
	})
}

func TestRingsLookForWhoIsFreeWhileSomebodyAsks(t *testing.T) {
	inRings(t, func(t *testing.T, s *switchboard, r *Rings) {
		r.Freed()
		time.Sleep(ringsRest)
		if at := s.looks(); len(at) != 0 {
			t.Fatalf("nobody asks, and it looked %d times", len(at))
		}
		s.set(func() { s.next = time.Now().Add(time.Hour) })
		r.Changed()
		time.Sleep(2 * ringsRest)
		s.looks()
		for range 100 {
			r.Freed()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(ringsRest)
		if at := s.looks(); len(at) < 4 || len(at) > 7 {
			t.Fatalf("a crowd of nudges within 100 ms: it looked %d times", len(at))
		}
	})
}

func TestRingsHealAndFollowTheLead(t *testing.T) {
	inRings(t, func(t *testing.T, s *switchboard, r *Rings) {
		s.set(func() { s.fails = true })
		time.Sleep(3 * time.Second)
		if at := s.looks(); len(at) < 2 || len(at) > 4 {
			t.Fatalf("while it failed it looked %d times within 3 s", len(at))
		}
		if _, failed := r.Looks(); failed < 2 {
			t.Fatalf("%d failed", failed)
		}
		s.set(func() { s.fails, s.leads = false, false })
		r.Changed()
		time.Sleep(3 * time.Second)
		if at := s.looks(); len(at) != 0 {
			t.Fatalf("without the lead it looked %d times", len(at))
		}
		s.set(func() { s.leads = true })
		time.Sleep(ringsLook + ringsRest)
		if at := s.looks(); len(at) == 0 {
			t.Fatal("it leads and does not look")
		}
	})
}
