package signaling_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
	"vetroom/signaling"
)

func (w *world) SlotsIn(_ context.Context, vet string, span clinic.Span) (found []clinic.Slot, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slotReads[vet]++
	for _, s := range w.slots[vet] {
		if s.Overlaps(span) {
			found = append(found, s)
		}
	}
	return found, w.read()
}

func (w *world) InstantNews(_ context.Context, ids []string) (views []*clinic.InstantView, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	waiting := 0
	for _, r := range w.instants {
		if !r.Standing() && !slices.Contains(ids, r.ID) {
			continue
		}
		one := *r
		v := &clinic.InstantView{InstantRequest: &one}
		if r.State == clinic.InstantQueued {
			waiting++
			v.Position = waiting
		}
		views = append(views, v)
	}
	return views, w.read()
}

// ask adds a request of session "s-<id>".
func (w *world) ask(id string) *clinic.InstantRequest {
	r := clinic.NewInstantRequest(id, clinic.AskRequest{Session: "s-" + id}, w.Now())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.instants = append(w.instants, r)
	return r
}

// settle changes a request under the lock.
func (w *world) settle(t *testing.T, change func(now time.Time) error) {
	t.Helper()
	now := w.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := change(now); err != nil {
		t.Fatal(err)
	}
}

func (g *guest) wantInstant(t *testing.T, n int, state string, position int, reservation string) {
	t.Helper()
	synctest.Wait()
	if f := g.last(); g.told("instant") != n || f.Type != "instant" || string(f.State) != state || f.Position != position || f.ReservationID != reservation {
		t.Fatalf("told %d times, the last %s; want %d and %s", g.told("instant"), f.Raw, n, state)
	}
}

func TestTellsOfInstantRequests(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.core(t, "a"), w.core(t, "b")
		defer a.stop()
		defer b.stop()
		w.book("one", time.Hour)
		owner, first, second := a.owner(t, "one"), a.vet(t, "one"), b.vet(t, "two")
		stranger := b.owner(t, "two")
		r := w.ask("one")
		w.ask("before") // is behind it in the queue
		a.TellInstants("one")
		owner.wantInstant(t, 1, "queued", 1, "")
		w.settle(t, func(now time.Time) error { return r.Ring("v-one", now) })
		b.TellInstants("one")
		owner.wantInstant(t, 2, "ringing", 0, "")
		first.wantInstant(t, 1, "ringing", 0, "")
		w.settle(t, func(now time.Time) error {
			r.PassOver(clinic.BySchedule, now)
			return r.Ring("v-two", now)
		})
		a.TellInstants("one")
		first.wantInstant(t, 2, "queued", 0, "")
		second.wantInstant(t, 1, "ringing", 0, "")
		if owner.told("instant") != 2 {
			t.Fatalf("the owner was told what it knows: %v", owner.all())
		}
		w.settle(t, func(now time.Time) error { return r.Accept("v-one", "r-9", now) }) // any vet may
		a.TellInstants("one")
		owner.wantInstant(t, 3, "accepted", 0, "r-9")
		first.wantInstant(t, 3, "accepted", 0, "r-9")
		second.wantInstant(t, 2, "accepted", 0, "")
		if stranger.told("instant") != 0 {
			t.Fatalf("a stranger was told %v", stranger.all())
		}
		back := b.owner(t, "one")
		back.wantInstant(t, 1, "accepted", 0, "r-9")
		sleep(2 * time.Minute)
		if late := a.owner(t, "one"); late.told("instant") != 0 || a.Stats().Instants != 1 {
			t.Fatalf("long over: %v, %d stand", late.all(), a.Stats().Instants)
		}
	})
}

func TestTheQueueMovesUp(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		first, owner := w.ask("one"), c.owner(t, "two")
		w.ask("two")
		c.TellInstants("one", "two")
		owner.wantInstant(t, 1, "queued", 2, "")
		w.settle(t, func(now time.Time) error { return first.Leave(now) })
		c.TellInstants("one")
		owner.wantInstant(t, 2, "queued", 1, "")
	})
}

// What nobody told of is found in the rows.
func TestALostWordOfAnInstantRequestIsMadeUpFor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		owner, vet, r := c.owner(t, "one"), c.vet(t, "one"), w.ask("one")
		w.settle(t, func(now time.Time) error { return r.Ring("v-one", now) })
		sleep(signaling.SweepEvery)
		owner.wantInstant(t, 1, "ringing", 0, "")
		again := c.vet(t, "one") // a page that was loaded again
		again.wantInstant(t, 1, "ringing", 0, "")
		w.setAway(true)
		w.settle(t, func(now time.Time) error { return r.Expire(now.Add(time.Hour)) })
		c.TellInstants("one")
		sleep(time.Second)
		vet.wantInstant(t, 1, "ringing", 0, "")
		w.setAway(false)
		sleep(signaling.SweepEvery)
		owner.wantInstant(t, 2, "expired", 0, "")
		vet.wantInstant(t, 2, "expired", 0, "")
	})
}

func TestTellsOfSlots(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		v := w.book("one", time.Hour)
		vet, start := v.Reservation.VetID, v.Reservation.Start
		w.vets[vet] = &clinic.Vet{ID: vet, Version: 1}
		w.slots = map[string][]clinic.Slot{}
		for i := range 6 {
			at := start.Add(time.Duration(i-1) * 20 * time.Minute)
			w.slots[vet] = append(w.slots[vet], clinic.Slot{Span: clinic.Span{Start: at, End: at.Add(20 * time.Minute)}, State: clinic.SlotTaken})
		}
		anyone, deaf := c.visit(t, clinic.Who{}), c.visit(t, clinic.Who{})
		w.vets["v-third"] = &clinic.Vet{ID: "v-third", Version: 1}
		anyone.say(`{"type":"watch","vets":[%q,"v-third"]}`, vet)
		said := func(kind clinic.EventKind, previous time.Time) {
			w.publish(t, clinic.Event{Kind: kind, Version: 1, Due: w.Now(), Visit: v, PreviousStart: previous})
			synctest.Wait()
		}
		said(clinic.BookingConfirmed, time.Time{})
		if f := anyone.last(); anyone.told("slot") != 1 || f.Vet != vet || f.Start != start.Format("2006-01-02T15:04:05.000Z07:00") || f.State != "taken" {
			t.Fatalf("got %v", anyone.all())
		}
		said(clinic.BookingReminder, time.Time{})
		said(clinic.BookingCompleted, time.Time{})
		said(clinic.BookingRescheduled, start.Add(time.Hour))
		if anyone.told("slot") != 3 {
			t.Fatalf("moved: got %v", anyone.all())
		}
		v.Room.ClosesAt = v.Room.ClosesAt.Add(20 * time.Minute)
		said(clinic.RoomExtended, time.Time{})
		if anyone.told("slot") != 6 { // those until the door closes, 25 minutes from the old end
			t.Fatalf("extended: got %v", anyone.all())
		}
		w.publish(t, clinic.Event{Kind: clinic.RoomClosed, Version: 1, Due: v.Room.ClosesAt, Visit: v}) // its time was up
		synctest.Wait()
		if anyone.told("slot") != 6 {
			t.Fatalf("over: got %v", anyone.all())
		}
		said(clinic.RoomClosed, time.Time{})
		if anyone.told("slot") != 9 {
			t.Fatalf("closed early: got %v", anyone.all())
		}
		over := *v // to another vet, whom nobody watches
		over.Reservation.VetID = "v-other"
		w.publish(t, clinic.Event{Kind: clinic.BookingRescheduled, Version: 2, Due: w.Now(), Visit: &over, PreviousStart: start, PreviousVetID: vet})
		synctest.Wait()
		if anyone.told("slot") != 10 || w.slotReads["v-third"]+w.slotReads["v-other"] != 0 {
			t.Fatalf("given to another vet: got %v", anyone.all())
		}
		w.setAway(true)
		said(clinic.BookingCancelled, time.Time{})
		w.setAway(false)
		sleep(time.Second)
		if anyone.told("slot") != 11 || deaf.told("slot") != 0 {
			t.Fatalf("the database came back: got %v", anyone.all())
		}
	})
}

// TestTellsAVetOfAVisitBesideTheOfferedTimes: one that was taken over, or that the vet put in elsewhere. Nobody else can
// tell from it when that vet sees whom.
func TestTellsAVetOfAVisitBesideTheOfferedTimes(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		v := w.book("one", time.Hour)
		vet, start := v.Reservation.VetID, v.Reservation.Start
		w.vets[vet] = &clinic.Vet{ID: vet, Version: 1}
		w.slots = map[string][]clinic.Slot{}
		itself, anyone := c.visit(t, clinic.Who{VetID: vet}), c.visit(t, clinic.Who{VetID: "v-other"})
		itself.say(`{"type":"watch","vets":[%q]}`, vet)
		anyone.say(`{"type":"watch","vets":[%q]}`, vet)
		w.publish(t, clinic.Event{Kind: clinic.BookingRescheduled, Version: 1, Due: w.Now(), Visit: v, PreviousStart: start, PreviousVetID: "v-other"})
		synctest.Wait()
		if f := itself.last(); itself.told("slot") != 1 || f.Start != start.Format("2006-01-02T15:04:05.000Z07:00") || f.State != "taken" {
			t.Errorf("the vet: %v", itself.all())
		}
		if anyone.told("slot") != 0 {
			t.Errorf("another: %v", anyone.all())
		}
	})
}
