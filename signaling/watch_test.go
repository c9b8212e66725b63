package signaling_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
	"vetroom/signaling"
)

func TestWatchesByRight(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("mine", time.Hour)
		w.book("theirs", time.Hour)
		g := c.visit(t, clinic.Who{Session: "s-mine"})
		g.say(`{"type":"watch","rooms":["mine","theirs","unknown"]}`)
		if g.told("room", ofRoom("mine")) != 1 || g.told("room") != 1 || g.told("error", withCode("forbidden")) != 2 {
			t.Fatalf("got %v", g.all())
		}
		nobody := c.visit(t, clinic.Who{})
		nobody.say(`{"type":"watch","rooms":["mine"]}`)
		nobody.say(`{"type":"join","room":"mine"}`)
		if nobody.told("error", withCode("forbidden")) != 2 || nobody.told("room") != 0 {
			t.Fatalf("got %v", nobody.all())
		}
		open := func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.OpenEarly(now) }
		w.change(t, "mine", true, open)
		w.change(t, "theirs", true, open)
		synctest.Wait()
		if f := g.last(); f.Room != "mine" || f.State != "open" || g.told("room", ofRoom("theirs")) != 0 {
			t.Fatalf("got %s", f.Raw)
		}
	})
}

func giveToNew(v *clinic.Visit, now time.Time) ([]clinic.Event, error) {
	return v.Transfer(&clinic.Vet{ID: "v-new"}, now)
}

func TestAFormerVetWatchesNoMore(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Hour)
		w.book("other", time.Hour)
		owner, newVet := c.owner(t, "room"), c.vet(t, "new")
		former := []*guest{c.vet(t, "room"), c.visit(t, clinic.Who{VetID: "v-room", Session: "s-other"})}
		for _, g := range append(former, owner) {
			g.say(`{"type":"watch","rooms":["room"]}`)
			if g.told("room", ofRoom("room")) != 1 {
				t.Fatalf("got %v", g.all())
			}
		}
		w.change(t, "room", true, giveToNew)
		synctest.Wait()
		for _, g := range former {
			if g.told("error", withCode("forbidden")) != 1 {
				t.Fatalf("nobody said that it went over: %v", g.all())
			}
			g.say(`{"type":"watch","rooms":["room"]}`)
		}
		newVet.say(`{"type":"watch","rooms":["room"]}`)
		w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.OpenEarly(now) })
		synctest.Wait()
		for _, g := range former {
			if g.told("error", withCode("forbidden")) != 2 || g.told("room") != 1 {
				t.Errorf("a former vet was told %v", g.all())
			}
			g.leave()
		}
		if newVet.last().State != "open" || owner.last().State != "open" {
			t.Errorf("told %s and %s", newVet.last().Raw, owner.last().Raw)
		}
		owner.leave()
		newVet.leave()
		if c.Stats().Doors != 0 {
			t.Errorf("%d doors are held by nobody", c.Stats().Doors)
		}
	})
}

// The right is found before, and the watch begins after, the room went over.
func TestAWatchWhoseRightWentOverMeanwhile(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("other", time.Hour)
		w.book("room", time.Hour)
		w.mu.Lock()
		w.visits["other"].Reservation.VetID, w.visits["other"].Room.VetID = "v-room", "v-room"
		w.mu.Unlock()
		reads := 0
		w.onRead = func() {
			if reads++; reads == 2 { // "room" was allowed
				w.change(t, "room", true, giveToNew)
				synctest.Wait() // until the event was heard
			}
		}
		g := c.vet(t, "room")
		g.say(`{"type":"watch","rooms":["room","other"]}`)
		if g.told("error", withCode("forbidden")) != 1 || g.told("room", ofRoom("room")) != 0 || g.told("room", ofRoom("other")) != 1 {
			t.Errorf("told %v", g.all())
		}
	})
}

func TestAWatchIsKeptWhileTheDatabaseIsAway(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Hour)
		g := c.owner(t, "room")
		g.say(`{"type":"watch","rooms":["room"]}`)
		w.setAway(true)
		g.say(`{"type":"watch","rooms":["room","more"]}`)
		if g.told("room", ofRoom("room")) != 2 || g.told("error", withCode("unavailable")) != 1 {
			t.Fatalf("told %v", g.all())
		}
		w.setAway(false)
		w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.OpenEarly(now) })
		synctest.Wait()
		if g.last().State != "open" {
			t.Errorf("told %v", g.all())
		}
	})
}

func TestAWatchShowsNoPresence(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		g := at[0].owner(t, "room")
		before := len(vet.all())
		g.say(`{"type":"watch","rooms":["room"]}`)
		vet.leave()
		sleep(signaling.Patience)
		if len(vet.all()) != before || g.told("peer") != 0 || g.told("room") != 1 || g.last().Has("peer") {
			t.Fatalf("got %v", g.all())
		}
	})
}

func TestEachWatchReplacesTheLast(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		var ids []string
		g := c.visit(t, clinic.Who{Session: "s", VetID: ""})
		for i := range signaling.MaxWatched + 1 {
			id := fmt.Sprintf("room-%02d", i)
			w.book(id, time.Hour)
			w.granted["s"+id] = true
			ids = append(ids, `"`+id+`"`)
		}
		g.say(`{"type":"watch","rooms":[%s]}`, strings.Join(ids[:50], ","))
		if n := g.told("room"); n != 50 {
			t.Fatalf("%d rooms were told", n)
		}
		sleep(10 * time.Second)
		g.say(`{"type":"watch","rooms":[%s]}`, strings.Join(ids, ","))
		if g.last().Code != "too_many_watched" || c.Stats().Doors != 50 {
			t.Fatalf("got %s and %d doors", g.last().Raw, c.Stats().Doors)
		}
		g.say(`{"type":"watch","rooms":[%s,%s,%s]}`, ids[50], ids[0], ids[0])
		if n := g.told("room"); n != 52 || c.Stats().Doors != 2 {
			t.Fatalf("%d rooms were told, %d doors are held", n, c.Stats().Doors)
		}
		w.change(t, "room-01", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.OpenEarly(now) })
		synctest.Wait()
		if g.told("room") != 52 {
			t.Fatal("a door that is not watched any more was told")
		}
	})
}

func TestLookupsAreLimited(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Hour)
		g := c.owner(t, "room")
		for range 150 {
			g.say(`{"type":"join","room":"unknown"}`)
		}
		if n := g.told("error", withCode("forbidden")); n < 90 || n > 110 {
			t.Fatalf("%d lookups passed", n)
		}
		if g.told("error", withCode("rate_limited")) == 0 {
			t.Fatal("nobody said why")
		}
		sleep(10 * time.Second)
		if f := g.join("room"); f.Type != "room" {
			t.Fatalf("got %s", f.Raw)
		}
	})
}

func TestWatchesVets(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		vet := &clinic.Vet{ID: "v-1", Version: 3}
		w.vets["v-1"] = vet
		g := c.visit(t, clinic.Who{})
		g.say(`{"type":"watch","vets":["v-1","v-2"]}`)
		all := g.all()
		if len(all) != 2 || all[0].Code != "not_found" || all[1].Type != "vet" || all[1].Vet != "v-1" || all[1].Online {
			t.Fatalf("got %v", all)
		}
		change := func(online bool, version int64) {
			now := w.Now()
			w.mu.Lock()
			facts := vet.SetOnline(online, "", now)
			vet.Version = version
			w.mu.Unlock()
			facts[0].Version = version
			w.publish(t, facts[0])
			synctest.Wait()
		}
		change(true, 4)
		if f := g.last(); f.Type != "vet" || !f.Online || g.told("vet") != 2 {
			t.Fatalf("got %s", f.Raw)
		}
		stale := clinic.Event{Kind: clinic.VetOffline, Vet: &clinic.Vet{ID: "v-1"}, Version: 2, Due: w.Now()}
		w.publish(t, stale)
		synctest.Wait()
		if g.told("vet") != 2 {
			t.Fatal("a stale event was told")
		}
		w.mu.Lock()
		vet.Online, vet.Version = false, 5 // and the event is lost
		w.mu.Unlock()
		sleep(signaling.SweepEvery + time.Second)
		if f := g.last(); f.Online || g.told("vet") != 3 {
			t.Fatalf("got %s", f.Raw)
		}
		g.say(`{"type":"watch"}`)
		change(true, 6)
		if g.told("vet") != 3 {
			t.Fatal("told after the watch ended")
		}
	})
}

func TestVetsWithASocketAreAttended(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		attended := func() int {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.attended["v-room"]
		}
		first, second := c.vet(t, "room"), c.vet(t, "room")
		synctest.Wait()
		if n := attended(); n != 1 {
			t.Fatalf("attended %d times on arrival", n)
		}
		first.leave()
		sleep(30 * time.Second)
		if n := attended(); n < 3 || n > 5 {
			t.Fatalf("attended %d times within 30 s", n)
		}
		before := attended()
		second.leave()
		if n := attended(); n != before+1 {
			t.Fatalf("attended %d times when the last socket went", n-before)
		}
		before = attended()
		sleep(time.Minute)
		if n := attended(); n != before {
			t.Fatalf("attended %d times without a socket", n-before)
		}
	})
}

func TestADeadSocketIsFound(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		dead, alive := c.vet(t, "room"), c.owner(t, "room")
		dead.mu.Lock()
		dead.dead = true
		dead.mu.Unlock()
		sleep(40 * time.Second)
		select {
		case <-dead.closed:
		default:
			t.Fatal("a dead socket stands after 40 s")
		}
		select {
		case <-alive.closed:
			t.Fatal("a silent socket that answers was closed")
		default:
		}
	})
}

func TestASlowReaderDelaysNobody(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		open := vet.last()
		vet.mu.Lock()
		vet.stuck = true
		vet.mu.Unlock()
		for i := range 260 { // the queue holds 256
			owner.say(`{"type":"signal","data":{"i":%d}}`, i)
			sleep(10 * time.Millisecond)
		}
		select {
		case <-vet.closed:
		default:
			t.Fatal("a socket that takes nothing was not closed")
		}
		if at[0].Stats().Slow != 1 {
			t.Fatalf("%+v", at[0].Stats())
		}
		back := at[0].visit(t, clinic.Who{})
		back.say(`{"type":"join","room":"room","resume":%q,"seen":%d}`, open.Resume, open.N+260-192) // the seat keeps three quarters of a queue
		if f := back.last(); !f.Resumed || back.told("signal") != 192 {
			t.Fatalf("got %s after %d signals", f.Raw, back.told("signal"))
		}
	})
}

func TestAWriteThatIsStuckIsCutOff(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		vet.mu.Lock()
		vet.stuck = true
		vet.mu.Unlock()
		owner.say(`{"type":"signal","data":{}}`)
		sleep(10 * time.Second)
		select {
		case <-vet.closed:
		default:
			t.Fatal("the stuck socket stands")
		}
	})
}

func TestAFloodIsDroppedAndThenClosed(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		for i := range 510 {
			owner.say(`{"type":"signal","data":{"i":%d}}`, i)
		}
		if n := vet.told("signal"); n < 490 || n > 501 {
			t.Fatalf("%d of 510 signals passed", n)
		}
		if n := owner.told("error", withCode("rate_limited")); n != 1 {
			t.Fatalf("told %d times", n)
		}
		for range 300 {
			owner.say(`{"type":"ping","t":1}`)
		}
		if owner.status != 1008 {
			t.Fatalf("the flood goes on; status %d", owner.status)
		}
	})
}

func TestNonsenseIsClosedInTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		g := c.visit(t, clinic.Who{})
		for range 250 {
			g.say(`nonsense`)
		}
		if g.status != 1008 {
			t.Fatalf("status %d after %d errors", g.status, g.told("error"))
		}
	})
}
