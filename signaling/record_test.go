package signaling_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
)

// TestARecordIsToldOf: who watches a room hears, at every process, that its record was written, also once it is closed;
// nobody else does.
func TestARecordIsToldOf(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.core(t, "a"), w.core(t, "b")
		defer a.stop()
		defer b.stop()
		w.book("room", time.Hour)
		w.book("other", time.Hour)
		w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.OpenEarly(now) })
		w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.Close(now) })
		near, far, stranger := a.owner(t, "room"), b.owner(t, "room"), b.owner(t, "other")
		near.say(`{"type":"watch","rooms":["room"]}`)
		far.say(`{"type":"watch","rooms":["room"]}`)
		stranger.say(`{"type":"watch","rooms":["other","room"]}`)
		a.TellRecord("room")
		a.TellRecord("unknown")
		synctest.Wait()
		for name, c := range map[string]struct{ got, want int }{
			"here": {near.told("record", ofRoom("room")), 1}, "at another process": {far.told("record", ofRoom("room")), 1},
			"somebody else": {stranger.told("record"), 0},
		} {
			if c.got != c.want {
				t.Errorf("%s was told %d times, want %d", name, c.got, c.want)
			}
		}
	})
}
