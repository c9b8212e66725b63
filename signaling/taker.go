package signaling

import (
	"context"
	"sync"

	"vetroom/clinic"
)

// takeAtOnce is how many seats are taken in one call.
const takeAtOnce = 500

// taker takes seats from the database, those of all who came while the last call was under way in one: thousands who
// come back after a restart are a few commits, and one who comes alone waits for nobody.
type taker struct {
	seats   Seats
	ctx     context.Context // of the calls
	running *sync.WaitGroup

	mu      sync.Mutex // guards what follows
	waiting []*taking
	busy    bool
}

// taking is one who waits for a seat's epoch.
type taking struct {
	seat  clinic.Seat
	done  chan struct{} // closed when epoch and err stand
	epoch int64
	err   error
}

// take gives a new epoch of the seat. It returns clinic.ErrNotFound for a room that does not exist.
func (t *taker) take(ctx context.Context, seat clinic.Seat) (epoch int64, err error) {
	w := &taking{seat: seat, done: make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, w)
	if !t.busy {
		t.busy = true
		t.running.Go(t.run)
	}
	t.mu.Unlock()
	select {
	case <-w.done:
		return w.epoch, w.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// run takes seats until nobody waits.
func (t *taker) run() {
	for {
		batch := t.next()
		if len(batch) == 0 {
			return
		}
		t.takeAll(batch)
	}
}

// next gives who goes together: each seat once, since each who comes for it needs an epoch of their own.
func (t *taker) next() (batch []*taking) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var rest []*taking
	in := map[clinic.Seat]bool{}
	for _, w := range t.waiting {
		if len(batch) == takeAtOnce || in[w.seat] {
			rest = append(rest, w)
			continue
		}
		in[w.seat] = true
		batch = append(batch, w)
	}
	t.waiting = rest
	t.busy = len(batch) > 0
	return batch
}

// takeAll makes one call.
func (t *taker) takeAll(batch []*taking) {
	ctx, cancel := context.WithTimeout(t.ctx, lookupWait)
	defer cancel()
	seats := make([]clinic.Seat, len(batch))
	for i, w := range batch {
		seats[i] = w.seat
	}
	epochs, err := t.seats.TakeSeats(ctx, seats)
	for _, w := range batch {
		var taken bool
		w.err = err
		if w.epoch, taken = epochs[w.seat]; err == nil && !taken {
			w.err = clinic.ErrNotFound
		}
		close(w.done)
	}
}
