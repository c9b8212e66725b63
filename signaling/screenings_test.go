package signaling_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
	"vetroom/signaling/signalingtest"
)

func (w *world) ScreeningNews(_ context.Context, ids []string) (news []clinic.ScreeningNews, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.screenings {
		for _, id := range ids {
			if n.ID == id {
				news = append(news, n)
			}
		}
	}
	return news, w.read()
}

func (w *world) ScreeningsEnded(_ context.Context, since time.Time) (news []clinic.ScreeningNews, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.screenings {
		if !n.EndedAt.IsZero() && !n.EndedAt.Before(since) {
			news = append(news, n)
		}
	}
	return news, w.read()
}

// screened puts a screening of a session's to a new state, and publishes it unless told not to.
func (w *world) screened(t testing.TB, n clinic.ScreeningNews, kind clinic.EventKind, publish bool) {
	t.Helper()
	w.mu.Lock()
	kept := w.screenings[:0:0]
	for _, old := range w.screenings {
		if old.ID != n.ID {
			kept = append(kept, old)
		}
	}
	w.screenings = append(kept, n)
	w.mu.Unlock()
	if publish {
		w.publish(t, clinic.Event{Kind: kind, Version: n.Version, Due: clinic.Millis(w.Now()), Screening: n.Screening})
	}
}

func screeningOf(id, session string, state clinic.ScreeningState, version int64, ended time.Time, rooms ...string) clinic.ScreeningNews {
	return clinic.ScreeningNews{
		Screening: &clinic.Screening{ID: id, Session: session, State: state, Version: version, EndedAt: ended}, Rooms: rooms,
	}
}

// saying finds frames that say this of a screening.
func saying(id, state string) func(signalingtest.Frame) bool {
	return func(f signalingtest.Frame) bool {
		return strings.Contains(string(f.Raw), `"id":"`+id+`"`) && strings.Contains(string(f.Raw), `"state":"`+state+`"`)
	}
}

func TestAScreeningIsToldToWhomItConcerns(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Hour)
		maker, second := c.visit(t, clinic.Who{Session: "s-maker"}), c.visit(t, clinic.Who{Session: "s-maker"})
		seat, watcher, stranger := c.owner(t, "room"), c.vet(t, "room"), c.visit(t, clinic.Who{Session: "s-other"})
		both := c.owner(t, "room") // sits in the room and made the second screening
		seat.join("room")
		watcher.say(`{"type":"watch","rooms":["room"]}`)
		w.screened(t, screeningOf("one", "s-maker", clinic.ScreeningQueued, 1, time.Time{}), clinic.AIRequested, true)
		synctest.Wait()
		if maker.told("screening", saying("one", "queued")) != 1 || watcher.told("screening") != 0 {
			t.Errorf("of what came the maker heard %v, the vet %v", maker.all(), watcher.all())
		}
		w.screened(t, screeningOf("one", "s-maker", clinic.ScreeningDone, 2, w.Now(), "room", "elsewhere"), clinic.AIResult, true)
		synctest.Wait()
		for name, g := range map[string]*guest{"maker": maker, "maker's second": second, "seat": seat, "watcher": watcher} {
			if g.told("screening", saying("one", "done")) != 1 {
				t.Errorf("the %s heard %v", name, g.all())
			}
		}
		if f := seat.last(); f.N == 0 {
			t.Errorf("to the seat it has no number: %s", f.Raw)
		}
		if stranger.told("screening") != 0 {
			t.Errorf("a stranger heard %v", stranger.all())
		}
		w.screened(t, screeningOf("two", "s-room", clinic.ScreeningDone, 2, w.Now(), "room"), clinic.AIResult, true)
		synctest.Wait()
		if both.told("screening", saying("two", "done")) != 1 || seat.told("screening", saying("two", "done")) != 1 {
			t.Errorf("twice concerned heard %v and %v", both.all(), seat.all())
		}
		for _, g := range []*guest{maker, second, seat, watcher, stranger, both} {
			g.leave()
		}
	})
}

func TestAMissedScreeningIsToldByTheSweepOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		maker := c.visit(t, clinic.Who{Session: "s"})
		w.screened(t, screeningOf("silent", "s", clinic.ScreeningFailed, 2, w.Now()), clinic.AIFailed, false)
		w.setAway(true)
		w.screened(t, screeningOf("unread", "s", clinic.ScreeningDone, 2, w.Now()), clinic.AIResult, true)
		sleep(11 * time.Second)
		if maker.told("screening") != 0 {
			t.Errorf("without a database it was told %v", maker.all())
		}
		w.setAway(false)
		sleep(5 * time.Second)
		if maker.told("screening", saying("silent", "failed")) != 1 || maker.told("screening", saying("unread", "done")) != 1 {
			t.Errorf("the sweep told %v", maker.all())
		}
		sleep(3 * time.Minute)
		if maker.told("screening") != 2 {
			t.Errorf("told again: %v", maker.all())
		}
		maker.leave()
	})
}
