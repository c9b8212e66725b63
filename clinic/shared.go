package clinic

import (
	"context"
	"sync"
	"time"
)

// sharedWait bounds one shared read. Who waits for it gives up by their own context.
const sharedWait = 5 * time.Second

// shared lets those who ask for the same at one time share a read. Who comes while one is under way shares the next,
// with all others who come meanwhile: nobody gets an answer that was read before they asked, and however many ask, one
// read of a kind is under way. The zero value is ready for use. Its answers are everybody's: nobody may change one.
type shared[K comparable, V any] struct {
	mu    sync.Mutex // guards lines and what stands in them
	lines map[K]*line[V]
}

// line is there while somebody reads.
type line[V any] struct {
	next *reading[V] // nil: nobody waits for another
}

// reading is a read that several wait for.
type reading[V any] struct {
	ctx      context.Context // of who asked first, but for its end
	read     func(context.Context) (V, error)
	done     chan struct{} // closed when the rest stands
	answer   V
	err      error
	panicked any
}

// get gives what read gives for the key. All who use a key must mean the same by it.
func (s *shared[K, V]) get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	r := s.join(ctx, key, read)
	select {
	case <-r.done:
		if r.panicked != nil {
			panic(r.panicked)
		}
		return r.answer, r.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// join gives the next read of the key, and has it begin at once if none is under way.
func (s *shared[K, V]) join(ctx context.Context, key K, read func(context.Context) (V, error)) *reading[V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, busy := s.lines[key]
	if !busy {
		if s.lines == nil {
			s.lines = map[K]*line[V]{}
		}
		l = &line[V]{}
		s.lines[key] = l
		go s.run(key, l)
	}
	if l.next == nil {
		l.next = &reading[V]{ctx: context.WithoutCancel(ctx), read: read, done: make(chan struct{})}
	}
	return l.next
}

// run reads until nobody waits.
func (s *shared[K, V]) run(key K, l *line[V]) {
	for r := s.begin(key, l); r != nil; r = s.begin(key, l) {
		r.run()
	}
}

// begin gives the read for which somebody waits. From here on nobody joins it any more.
func (s *shared[K, V]) begin(key K, l *line[V]) *reading[V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := l.next
	l.next = nil
	if r == nil {
		delete(s.lines, key)
	}
	return r
}

// run reads once. A panic is for those who wait, as if each had read alone.
func (r *reading[V]) run() {
	ctx, cancel := context.WithTimeout(r.ctx, sharedWait)
	defer cancel()
	defer close(r.done)
	defer func() { r.panicked = recover() }()
	r.answer, r.err = r.read(ctx)
}
