package signaling_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
	"vetroom/signaling"
	"vetroom/signaling/signalingtest"
)

// TestAStillIsToldOf: both seats and who watches hear once, at every process, that there is news of a still; nobody else
// does. What a seat is told is numbered, so that whoever was away for a moment hears it too.
func TestAStillIsToldOf(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.core(t, "a"), w.core(t, "b")
		defer a.stop()
		defer b.stop()
		w.book("room", time.Hour)
		w.book("other", time.Hour)
		w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.OpenEarly(now) })
		owner, vet, watcher, stranger := a.owner(t, "room"), b.vet(t, "room"), b.owner(t, "room"), b.owner(t, "other")
		owner.join("room")
		vet.say(`{"type":"watch","rooms":["room"]}`) // and sits there
		vet.join("room")
		watcher.say(`{"type":"watch","rooms":["room"]}`)
		stranger.join("other")
		stranger.say(`{"type":"watch","rooms":["other","room"]}`)
		synctest.Wait()
		a.TellStill("room", "still-1")
		a.TellStill("unknown", "still-2")
		if err := signaling.TellStill(w, "room", "still-3"); err != nil { // a process without sockets
			t.Fatal(err)
		}
		synctest.Wait()
		of := func(id string) func(signalingtest.Frame) bool {
			return func(f signalingtest.Frame) bool { return f.ID == id && f.Room == "room" }
		}
		for name, g := range map[string]*guest{"the owner": owner, "the vet": vet, "who watches": watcher} {
			if g.told("still", of("still-1")) != 1 || g.told("still", of("still-3")) != 1 || g.told("still") != 2 {
				t.Errorf("%s was told %d times", name, g.told("still"))
			}
		}
		if n := owner.told("still", func(f signalingtest.Frame) bool { return f.N > 0 }); n != 2 {
			t.Errorf("%d of what the seat was told are numbered", n)
		}
		if n := stranger.told("still"); n != 0 {
			t.Errorf("somebody else was told %d times", n)
		}
	})
}
