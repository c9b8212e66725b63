package signaling_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
	"vetroom/signaling"
)

func sleep(d time.Duration) {
	time.Sleep(d) // the bubble's
	synctest.Wait()
}

func TestNeverOpensByItsClockAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Minute)
		g := c.owner(t, "room")
		g.join("room")
		w.change(t, "room", false, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) {
			return v.Cancel(clinic.Cancellation{By: clinic.ByVet}, now) // nobody hears of it before the next sweep
		})
		w.setAway(true)
		sleep(10 * time.Minute)
		if n := g.told("room", inState("open")); n != 0 || g.last().State != "locked" {
			t.Fatalf("a door that nobody vouches for opened: %s", g.last().Raw)
		}
		w.setAway(false)
		sleep(signaling.SweepEvery)
		if g.last().State != "closed" || g.last().Reason != "cancelled" {
			t.Fatalf("got %s", g.last().Raw)
		}
	})
}

func TestOpensByAskingWhenNoEventComes(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", 61*time.Second)
		g := c.owner(t, "room")
		g.join("room")
		sleep(61*time.Second - time.Millisecond)
		if g.last().State != "locked" {
			t.Fatalf("opened early: %s", g.last().Raw)
		}
		sleep(signaling.Overdue + 500*time.Millisecond + time.Millisecond)
		if g.last().State != "open" || g.last().Version != 1 {
			t.Fatalf("not open %v after its opening: %s", signaling.Overdue, g.last().Raw)
		}
		told := len(g.all())
		w.publish(t, w.ahead(t, "room", clinic.RoomOpen)) // at last
		synctest.Wait()
		if len(g.all()) != told {
			t.Fatalf("told twice: %s", g.last().Raw)
		}
		sleep(25*time.Minute + signaling.Overdue)
		if g.last().State != "closed" || g.last().Reason != "ended" {
			t.Fatalf("not closed: %s", g.last().Raw)
		}
	})
}

func TestStaysLockedWhileTheDatabaseIsAwayAndHeals(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", 30*time.Second)
		g := c.owner(t, "room")
		g.join("room")
		w.setAway(true)
		sleep(time.Minute)
		if g.last().State != "locked" {
			t.Fatalf("got %s", g.last().Raw)
		}
		w.setAway(false)
		sleep(time.Second)
		if g.last().State != "open" {
			t.Fatalf("not open a second after the database came back: %s", g.last().Raw)
		}
	})
}

func TestAnEarlyEventWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", 3*time.Second)
		g := c.owner(t, "room")
		g.join("room")
		sleep(2900 * time.Millisecond)
		w.publish(t, w.ahead(t, "room", clinic.RoomOpen)) // another process's clock is ahead of ours
		sleep(99 * time.Millisecond)
		if g.last().State != "locked" {
			t.Fatalf("opened early: %s", g.last().Raw)
		}
		sleep(time.Millisecond)
		if f := g.last(); f.State != "open" || f.Now.Before(f.OpensAt.Time) {
			t.Fatalf("got %s", f.Raw)
		}
	})
}

func TestAStaleEventOpensNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Second)
		g := c.owner(t, "room")
		g.join("room")
		opening := w.ahead(t, "room", clinic.RoomOpen)
		to := clinic.Millis(w.Now().Add(time.Hour))
		w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) {
			return v.Move(clinic.Span{Start: to, End: to.Add(20 * time.Minute)}, clinic.ByOwner, now)
		})
		synctest.Wait()
		if !g.last().OpensAt.Equal(to) {
			t.Fatalf("the move was not told: %s", g.last().Raw)
		}
		sleep(2 * time.Second)
		w.publish(t, opening)
		sleep(time.Minute)
		if g.told("room", inState("open")) != 0 {
			t.Fatal("an event that the move overtook opened the door")
		}
		sleep(time.Hour)
		if g.last().State != "open" {
			t.Fatalf("got %s", g.last().Raw)
		}
	})
}

// A change that is committed and published between the read of a joining socket and its being told is not lost.
func TestRegistersBeforeItReads(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Hour)
		done := false
		w.onRead = func() {
			if done {
				return
			}
			done = true
			w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.OpenEarly(now) })
			synctest.Wait() // until the event was heard
		}
		g := c.owner(t, "room")
		// The read runs on a goroutine of its own, so that the hook can wait for the rest.
		read := make(chan struct{})
		go func() {
			defer close(read)
			g.Receive(`{"type":"join","room":"room"}`)
		}()
		<-read
		synctest.Wait()
		if f := g.last(); f.State != "open" || g.told("room") != 1 {
			t.Fatalf("the opening fell between the read and the telling: %s", f.Raw)
		}
	})
}

func TestReadsAllAgainAfterABreak(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Hour)
		g := c.owner(t, "room")
		g.join("room")
		w.change(t, "room", false, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.OpenEarly(now) })
		w.breakFeeds()
		synctest.Wait()
		if g.last().State != "open" {
			t.Fatalf("an opening that was lost in a break did not heal at once: %s", g.last().Raw)
		}
		w.change(t, "room", false, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.Close(now) })
		sleep(signaling.SweepEvery + time.Second)
		if g.last().State != "closed" {
			t.Fatalf("the sweep did not find the change: %s", g.last().Raw)
		}
	})
}

func TestAnEventForetoldNeedsNoRead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", 3*time.Second)
		g := c.owner(t, "room")
		g.join("room")
		sleep(3 * time.Second)
		w.publish(t, w.ahead(t, "room", clinic.RoomOpen))
		sleep(time.Minute)
		if g.last().State != "open" || c.Stats().Reread != 0 {
			t.Fatalf("the sweeps read %d rooms though nothing changed", c.Stats().Reread)
		}
		w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.Delay(5, now) })
		sleep(time.Minute)
		if c.Stats().Reread != 1 {
			t.Fatalf("the changed row was read %d times", c.Stats().Reread)
		}
	})
}

func TestForgetsADoorThatNobodyHolds(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("one", time.Hour)
		w.book("two", time.Hour)
		g := c.visit(t, clinic.Who{Session: "s-one", VetID: "v-two"})
		g.join("one")
		g.say(`{"type":"watch","rooms":["one","two"]}`)
		if n := c.Stats().Doors; n != 2 {
			t.Fatalf("%d doors are held", n)
		}
		g.say(`{"type":"join","room":"unknown"}`)
		g.say(`{"type":"watch"}`)
		if n := c.Stats().Doors; n != 1 {
			t.Fatalf("%d doors are held", n)
		}
		g.join("two")
		g.say(`{"type":"leave"}`)
		if s := c.Stats(); s.Doors != 0 || s.Seats != 0 {
			t.Fatalf("%+v", s)
		}
		g.join("one")
		second := c.owner(t, "one")
		second.join("one")
		second.leave()
		sleep(signaling.Patience)
		if s := c.Stats(); s.Doors != 0 || s.Seats != 0 || s.Sockets != 0 {
			t.Fatalf("%+v", s)
		}
	})
}
