package signaling_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// unlock delivers one message of unlocks.
func (w *world) unlock(unlocks ...events.Unlock) {
	w.deliver(events.EncodeUnlocks("1.1", unlocks))
}

func TestAnUnlockOpensAndTheEventTellsNothingNew(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Second)
		w.book("other", time.Hour)
		g, other := c.owner(t, "room"), c.owner(t, "other")
		g.join("room")
		other.join("other")
		opening := w.ahead(t, "room", clinic.RoomOpen)
		sleep(time.Second)
		w.unlock(events.Unlock{RoomID: "nobody", Version: 1}, events.Unlock{RoomID: "room", Version: opening.Version})
		synctest.Wait()
		if f := g.last(); f.State != "open" || f.Version != opening.Version {
			t.Fatalf("not open by the unlock: %s", f.Raw)
		}
		w.publish(t, opening)
		synctest.Wait()
		if n := g.told("room", inState("open")); n != 1 {
			t.Errorf("told of the opening %d times", n)
		}
		if other.last().State != "locked" {
			t.Errorf("another door opened: %s", other.last().Raw)
		}
		sleep(26 * time.Minute)
		if g.last().State != "closed" {
			t.Errorf("not closed at the end: %s", g.last().Raw)
		}
	})
}

func TestUnlocksThatMustNotOpen(t *testing.T) {
	for name, test := range map[string]func(t *testing.T, w *world, opening clinic.Event){
		"of another version": func(t *testing.T, w *world, opening clinic.Event) {
			sleep(time.Second)
			w.unlock(events.Unlock{RoomID: "room", Version: opening.Version + 1})
		},
		"before its instant": func(t *testing.T, w *world, opening clinic.Event) {
			sleep(time.Second - time.Millisecond)
			w.unlock(events.Unlock{RoomID: "room", Version: opening.Version})
		},
		"of a room that was moved": func(t *testing.T, w *world, opening clinic.Event) {
			to := clinic.Millis(w.Now().Add(time.Hour))
			w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) {
				return v.Move(clinic.Span{Start: to, End: to.Add(20 * time.Minute)}, clinic.ByOwner, now)
			})
			sleep(time.Second)
			w.unlock(events.Unlock{RoomID: "room", Version: opening.Version})
		},
		"of a room that was cancelled": func(t *testing.T, w *world, opening clinic.Event) {
			w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) {
				return v.Cancel(clinic.Cancellation{By: clinic.ByVet}, now)
			})
			sleep(time.Second)
			w.unlock(events.Unlock{RoomID: "room", Version: opening.Version})
		},
		"that cannot be read": func(t *testing.T, w *world, opening clinic.Event) {
			sleep(time.Second)
			w.deliver(events.Message{ID: "x", Subject: events.UnlockSubject, Body: []byte("room")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				c := w.core(t, "a")
				defer c.stop()
				w.book("room", time.Second)
				g := c.owner(t, "room")
				g.join("room")
				test(t, w, w.ahead(t, "room", clinic.RoomOpen))
				synctest.Wait()
				if n := g.told("room", inState("open")); n != 0 {
					t.Errorf("the door opened: %s", g.last().Raw)
				}
			})
		})
	}
}

func TestAnEarlyUnlockWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Second)
		g := c.owner(t, "room")
		g.join("room")
		sleep(900 * time.Millisecond)
		w.unlock(events.Unlock{RoomID: "room", Version: w.ahead(t, "room", clinic.RoomOpen).Version})
		sleep(100*time.Millisecond - time.Nanosecond)
		if g.last().State != "locked" {
			t.Fatalf("opened early: %s", g.last().Raw)
		}
		sleep(time.Nanosecond)
		if g.last().State != "open" {
			t.Fatalf("not open at its instant: %s", g.last().Raw)
		}
	})
}
