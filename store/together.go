package store

import (
	"cmp"
	"context"
	"errors"
	"math/bits"
	"slices"
	"sync"
)

const (
	// bookingWriters is how many transactions save bookings at once where a database has many writers. Fewer leave it
	// idle, more have less to save together.
	bookingWriters = 3
	// together are how many bookings a transaction saves. They are few different ones, so that the statements that
	// insert so many rows are prepared already.
	together = 16
)

// queue is where bookings wait for a writer. Those that wait are saved together: a transaction of many costs little more
// than a transaction of one. With a writer free nobody waits.
type queue struct {
	writers int // at most

	mu      sync.Mutex // guards the rest
	waiting []*queued
	busy    int // writers at work
}

// queued is a booking that waits; done is told once what came of it.
type queued struct {
	*booking
	done chan error
}

// errApart says that a booking was not saved, since it or another that was to be saved with it could not be: it is to be
// tried on its own.
var errApart = errors.New("not saved with others")

// bookTogether saves a booking, alone if a writer is free, and else with others that wait too. Who gives up while waiting
// is not booked; a transaction of many is seen to its end.
func (s *Store) bookTogether(ctx context.Context, b *booking) error {
	q := &queued{b, make(chan error, 1)}
	if !s.bookings.wait(q) {
		defer s.handOver()
		return s.bookAlone(ctx, b)
	}
	select {
	case err := <-q.done:
		return err
	case <-ctx.Done():
	}
	if s.bookings.remove(q) {
		return ctx.Err()
	}
	return <-q.done
}

// handOver ends a writer, or has another go on if somebody waits.
func (s *Store) handOver() {
	if all := s.bookings.take(); len(all) > 0 {
		go s.saveQueued(all)
	}
}

// saveQueued is a writer: it saves what waits until nothing does.
func (s *Store) saveQueued(all []*queued) {
	for ; len(all) > 0; all = s.bookings.take() {
		err := s.saveThese(all)
		for _, q := range all {
			q.done <- err
		}
	}
}

// saveThese saves bookings together. If one of them cannot be, or panics, each is to be tried on its own, where that is
// whose it is.
func (s *Store) saveThese(all []*queued) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			s.log.Error("save bookings together", "panic", fault)
			err = errApart
		}
	}()
	bookings := make([]*booking, len(all))
	for i, q := range all {
		bookings[i] = q.booking
	}
	err = s.bookAll(context.Background(), bookings)
	if err != nil && len(all) > 1 && !errors.Is(err, ErrUnavailable) && !s.dialect().isAway(err) {
		return errApart
	}
	return err
}

// wait puts a booking into the queue, but for a writer that is free: whoever is told so is that writer.
func (q *queue) wait(b *queued) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy < q.writers {
		q.busy++
		return false
	}
	q.waiting = append(q.waiting, b)
	return true
}

// remove takes a booking out of the queue, if it still waits.
func (q *queue) remove(b *queued) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.waiting, b)
	if at < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, at, at+1)
	return true
}

// take gives a writer what to save next, first come first, in the order of vets: so writers that want the same rows wait
// for each other in one direction. No vet comes twice. Nothing means that the writer is done.
func (q *queue) take() []*queued {
	q.mu.Lock()
	defer q.mu.Unlock()
	vets := map[string]bool{}
	var firsts, rest []*queued
	for _, b := range q.waiting {
		if len(firsts) == together || vets[b.VetID] {
			rest = append(rest, b)
			continue
		}
		vets[b.VetID] = true
		firsts = append(firsts, b)
	}
	n := fit(len(firsts))
	q.waiting = slices.Concat(firsts[n:], rest)
	if n == 0 {
		q.busy--
	}
	firsts = firsts[:n]
	slices.SortFunc(firsts, func(a, b *queued) int { return cmp.Compare(a.VetID, b.VetID) })
	return firsts
}

// fit gives how many of n bookings are saved together: a power of two.
func fit(n int) int {
	if n == 0 {
		return 0
	}
	return 1 << (bits.Len(uint(n)) - 1)
}
