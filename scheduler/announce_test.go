package scheduler

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"vetroom/events"
)

// herald notes what is announced, and when.
type herald struct {
	mu    sync.Mutex // guards at
	at    map[string]time.Time
	fault error
}

func newHerald() *herald { return &herald{at: map[string]time.Time{}} }

func (h *herald) announce(_ context.Context, unlocks []events.Unlock) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, u := range unlocks {
		h.at[fmt.Sprintf("%s %d", u.RoomID, u.Version)] = time.Now()
	}
	return h.fault
}

func (h *herald) heard(room string, version int64) (time.Time, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, ok := h.at[fmt.Sprintf("%s %d", room, version)]
	return at, ok
}

func announcing(h *herald) func(*Config) {
	return func(c *Config) { c.Announce = h.announce }
}

func TestACrowdsDoorsAreToldBeforeItsEvents(t *testing.T) {
	inBubble(t, func(w *world) {
		h := newHerald()
		const n = 2000
		due := w.start.Add(10 * time.Second)
		ids := make([]string, n)
		for i := range ids {
			ids[i] = w.db.add(fmt.Sprint("room-", i), due)
		}
		w.run("a", announcing(h))
		w.at(15 * time.Second)
		for i, id := range ids {
			told, ok := h.heard(fmt.Sprint("room-", i), 1)
			stored, times := w.broker.times(id)
			if !ok || told.Before(due) || times != 1 || stored.Before(told) {
				t.Fatalf("room %d: announced %v (%v), stored %d times, first at %v; due %v", i, told, ok, times, stored, due)
			}
		}
	})
}

func TestWhatIsNotAnnounced(t *testing.T) {
	inBubble(t, func(w *world) {
		h := newHerald()
		due := w.start.Add(10 * time.Second)
		w.db.add("moved", due)
		first, second := w.db.add("twice", due), w.db.add("twice", due)
		w.run("a", announcing(h))
		w.at(9 * time.Second)
		w.db.change("moved", due.Add(time.Hour))
		w.at(15 * time.Second)
		if _, ok := h.heard("moved", 1); ok {
			t.Error("an opening that was moved was announced")
		}
		if _, ok := h.heard("twice", 2); ok {
			t.Error("a version was announced whose lower one was not out")
		}
		w.wantStored(first, due, time.Second)
		w.wantStored(second, due, time.Second)
	})
}

func TestEventsFollowWhateverBecomesOfTheAnnouncement(t *testing.T) {
	inBubble(t, func(w *world) {
		h := newHerald()
		h.fault = errors.New("nobody hears")
		due := w.start.Add(10 * time.Second)
		var ids []string
		for i := range 1000 {
			ids = append(ids, w.db.add(fmt.Sprint("room-", i), due))
		}
		w.run("a", announcing(h))
		w.at(15 * time.Second)
		for _, id := range ids {
			w.wantStored(id, due, 2*time.Second)
		}
	})
}

func TestEventsDoNotWaitLongForALook(t *testing.T) {
	for name, look := range map[string]time.Duration{
		"that answers behind the events": yieldMost - 5*time.Millisecond,
		"that hangs":                     time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				h := newHerald()
				due := w.start.Add(10 * time.Second)
				id := w.db.add("room", due)
				late := w.db.add("late", w.start.Add(-time.Hour)) // at the queue's head nothing waits for a look
				w.db.set(func(d *database) { d.look = look })
				w.run("a", announcing(h))
				w.at(15 * time.Second)
				w.wantStored(id, due, time.Second)
				w.wantStored(late, w.start.Add(-time.Hour), time.Hour+5*time.Second)
			})
		})
	}
}
