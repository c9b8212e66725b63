package handlers

import (
	"container/list"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"vetroom/clinic"
)

// brakes are contract §2's, but for the reservations that one phone may hold, which is the domain's.
type brakes struct {
	login        *brake // wrong passwords of a login from an address
	passwords    *brake // wrong passwords from an address
	number       *brake // lookups of a reservation number
	lookups      *brake // lookups from an address
	reservations *brake // new reservations, and what rings or photos were tried, from an address
	phone        *brake // bookings of a phone, one after another: the domain counts those that stand before each
}

func newBrakes(clock clinic.Clock) *brakes {
	return &brakes{
		login:        newBrake(clock, 5),
		passwords:    newBrake(clock, 20),
		number:       newBrake(clock, 5),
		lookups:      newBrake(clock, 5),
		reservations: newBrake(clock, 20),
		phone:        newBrake(clock, 1),
	}
}

const (
	brakeWindow = time.Minute
	brakeKeys   = 50_000 // remembered by one brake; the least recently used are forgotten first
)

// brake lets through at most limit counted acts of one key in any minute. Whether an act counts is often known only
// when it is done (a password was wrong, a booking came about), so an act is let in first and settled later. While
// the acts that are still under way could fill the minute, further ones wait for how they end: a crowd that loses a
// race is not held back, and no crowd gets more than the limit.
type brake struct {
	clock clinic.Clock
	limit int

	mu      sync.Mutex // guards all below
	tallies map[brakeKey]*tally
	recent  *list.List // of *tally, least recently used first
}

type brakeKey [16]byte

// tally is what one key did within the last minute.
type tally struct {
	key      brakeKey
	counted  []time.Time // oldest first
	underway int
	settled  chan struct{} // closed, and made anew, when an act under way ends
	place    *list.Element
}

func newBrake(clock clinic.Clock, limit int) *brake {
	return &brake{clock: clock, limit: limit, tallies: map[brakeKey]*tally{}, recent: list.New()}
}

// brakedError is errRateLimited with the time until which it holds.
type brakedError struct{ retry time.Duration }

func (e *brakedError) Error() string { return fmt.Sprintf("rate limited for %s", e.retry) }
func (e *brakedError) Unwrap() error { return errRateLimited }

// act is something that a brake let in, or several that let in the same. Settle it once.
type act struct {
	brake *brake
	tally *tally
	next  *act
}

// demand asks a brake about a key.
type demand struct {
	brake *brake
	key   string
}

// enter lets an act in by every demand, in order, or returns an error that is errRateLimited.
func enter(ctx context.Context, demands ...demand) (*act, error) {
	var in *act
	for _, d := range demands {
		a, err := d.brake.enter(ctx, sha256.Sum256([]byte(d.key)))
		if err != nil {
			in.settle(false)
			return nil, err
		}
		a.next, in = in, a
	}
	return in, nil
}

func (b *brake) enter(ctx context.Context, sum [32]byte) (*act, error) {
	for {
		t, retry, settled := b.try(brakeKey(sum[:16]))
		switch {
		case t != nil:
			return &act{brake: b, tally: t}, nil
		case retry > 0:
			return nil, &brakedError{retry}
		}
		select {
		case <-settled:
		case <-ctx.Done():
			return nil, &brakedError{time.Second}
		}
	}
}

// try lets an act in, or says when to come again, or gives what to wait for.
func (b *brake) try(key brakeKey) (in *tally, retry time.Duration, settled <-chan struct{}) {
	now := b.clock.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tallyOf(key)
	for len(t.counted) > 0 && now.Sub(t.counted[0]) >= brakeWindow {
		t.counted = t.counted[1:]
	}
	switch {
	case len(t.counted) >= b.limit:
		return nil, max(time.Millisecond, brakeWindow-now.Sub(t.counted[0])), nil
	case len(t.counted)+t.underway >= b.limit:
		return nil, 0, t.settled
	}
	t.underway++
	return t, 0, nil
}

// tallyOf finds or makes the tally of key. Callers hold mu.
func (b *brake) tallyOf(key brakeKey) *tally {
	if t, ok := b.tallies[key]; ok {
		b.recent.MoveToBack(t.place)
		return t
	}
	for e := b.recent.Front(); e != nil && len(b.tallies) >= brakeKeys; e = b.recent.Front() {
		b.forget(e.Value.(*tally))
	}
	t := &tally{key: key, settled: make(chan struct{})}
	t.place = b.recent.PushBack(t)
	b.tallies[key] = t
	return t
}

// forget drops a tally. Acts of it that are still under way settle into nothing. Callers hold mu.
func (b *brake) forget(t *tally) {
	b.recent.Remove(t.place)
	delete(b.tallies, t.key)
}

// settle ends an act and says whether it counts. Settling nothing is fine.
func (a *act) settle(counts bool) {
	for ; a != nil; a = a.next {
		a.brake.settle(a.tally, counts)
	}
}

func (b *brake) settle(t *tally, counts bool) {
	now := b.clock.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	t.underway--
	if counts {
		t.counted = append(t.counted, now)
	}
	close(t.settled)
	t.settled = make(chan struct{})
	if t.underway == 0 && len(t.counted) == 0 && b.tallies[t.key] == t {
		b.forget(t)
	}
}
