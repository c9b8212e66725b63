package clinic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var start = time.Date(2026, 12, 1, 5, 30, 0, 0, time.UTC)

func newVisit(t testing.TB, now time.Time) (*Visit, []Event) {
	t.Helper()
	q := Request{
		Owner: Owner{Name: "Owner", Phone: "010-1234-5678"}, Pet: Pet{Name: "Dog"}, Purpose: Purpose{Area: AreaSkin},
	}
	q.Normalise()
	if err := q.Validate(now); err != nil {
		t.Fatal(err)
	}
	span := Span{start, start.Add(20 * time.Minute)}
	return NewVisit(VisitIDs{"reservation", "room", "K7MA-93XD"}, KindScheduled, "vet", span, q, now)
}

func kinds(events []Event) []string {
	var k []string
	for _, e := range events {
		k = append(k, fmt.Sprint(e.Kind, " ", e.Due.Sub(start).Round(time.Millisecond)))
	}
	return k
}

func wantKinds(t *testing.T, what string, got []Event, want ...string) {
	t.Helper()
	if fmt.Sprint(kinds(got)) != fmt.Sprint(want) {
		t.Errorf("%s: %q, want %q", what, kinds(got), want)
	}
}

func TestTheDoorIsAFunctionOfTheClock(t *testing.T) {
	v, _ := newVisit(t, start.Add(-time.Hour))
	for _, c := range []struct {
		at   time.Duration
		want RoomState
	}{
		{-time.Hour, RoomLocked}, {-time.Millisecond, RoomLocked}, {-1, RoomLocked}, {0, RoomOpened},
		{25*time.Minute - time.Millisecond, RoomOpened}, {25 * time.Minute, RoomShut}, {time.Hour, RoomShut},
	} {
		if got := v.Room.StateAt(start.Add(c.at)); got != c.want {
			t.Errorf("at the start %+v the room is %s, want %s", c.at, got, c.want)
		}
	}
}

func TestWhatABookingLeavesAhead(t *testing.T) {
	now := start.Add(-48 * time.Hour)
	v, own := newVisit(t, now)
	wantKinds(t, "own", own, "booking.confirmed -48h0m0s")
	wantKinds(t, "ahead", v.Ahead(now),
		"booking.reminder -24h0m0s", "booking.reminder -10m0s", "room.open 0s", "room.closed 25m0s")
	wantKinds(t, "ahead, nearer", v.Ahead(start.Add(-5*time.Minute)), "room.open 0s", "room.closed 25m0s")
	wantKinds(t, "ahead at the start", v.Ahead(start), "room.open 0s", "room.closed 25m0s")
	wantKinds(t, "ahead after it", v.Ahead(start.Add(time.Millisecond)), "room.closed 25m0s")
}

func TestCancelLeavesNothingAhead(t *testing.T) {
	now := start.Add(-time.Hour)
	v, _ := newVisit(t, now)
	own, err := v.Cancel(Cancellation{By: ByOwner, Code: ReasonOwner}, now)
	if err != nil {
		t.Fatal(err)
	}
	wantKinds(t, "own", own, "booking.cancelled -1h0m0s", "room.closed -1h0m0s")
	wantKinds(t, "ahead", v.Ahead(now))
	if got := v.Room.StateAt(start); got != RoomShut {
		t.Errorf("a cancelled visit's room is %s at its start", got)
	}
	if v.Reservation.Sequence != 1 {
		t.Errorf("SEQUENCE is %d", v.Reservation.Sequence)
	}
}

func TestTransitionsRefuse(t *testing.T) {
	before, during, after := start.Add(-time.Minute), start.Add(time.Minute), start.Add(time.Hour)
	cancel := func(v *Visit, now time.Time) error {
		_, err := v.Cancel(Cancellation{By: ByOwner}, now)
		return err
	}
	move := func(v *Visit, now time.Time) error {
		_, err := v.Move(Span{start.Add(time.Hour), start.Add(2 * time.Hour)}, ByOwner, now)
		return err
	}
	call := func(f func(*Visit, time.Time) ([]Event, error)) func(*Visit, time.Time) error {
		return func(v *Visit, now time.Time) error { _, err := f(v, now); return err }
	}
	closeRoom, open := call((*Visit).Close), call((*Visit).OpenEarly)
	complete, noShow := call((*Visit).Complete), call((*Visit).NoShow)
	extend := func(n int) func(*Visit, time.Time) error {
		return func(v *Visit, now time.Time) error { _, err := v.Extend(n, now); return err }
	}
	delay := func(n int) func(*Visit, time.Time) error {
		return func(v *Visit, now time.Time) error { _, err := v.Delay(n, now); return err }
	}
	cancelled := func(v *Visit) {
		if err := cancel(v, start.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		act  func(*Visit, time.Time) error
		now  time.Time
		prep func(*Visit)
		want error
	}{
		{"cancel", cancel, before, nil, nil},
		{"cancel in the call", cancel, during, nil, nil},
		{"cancel when over", cancel, after, nil, ErrClosed},
		{"cancel twice", cancel, before, cancelled, ErrClosed},
		{"move", move, before, nil, nil},
		{"move in the call", move, during, nil, ErrTooLate},
		{"move when over", move, after, nil, ErrClosed},
		{"move what was cancelled", move, before, cancelled, ErrClosed},
		{"extend to the longest", extend(180), before, func(v *Visit) { v.Reservation.End = v.Reservation.Start.Add(LongestVisit - 3*time.Hour) }, nil},
		{"extend beyond the longest", extend(180), before, func(v *Visit) {
			v.Reservation.End = v.Reservation.Start.Add(LongestVisit - 3*time.Hour + CellLength)
		}, ErrInvalid},
		{"open early", open, before, nil, nil},
		{"open what is open", open, during, nil, nil},
		{"open what is over", open, after, nil, ErrClosed},
		{"open what was cancelled", open, before, cancelled, ErrClosed},
		{"close a locked room", closeRoom, before, nil, ErrRoomLocked},
		{"close", closeRoom, during, nil, nil},
		{"close what is over", closeRoom, after, nil, nil},
		{"complete before the start", complete, before, nil, ErrTooEarly},
		{"complete", complete, during, nil, nil},
		{"complete later", complete, after, nil, nil},
		{"complete what was cancelled", complete, after, cancelled, ErrClosed},
		{"no-show before the start", noShow, before, nil, ErrTooEarly},
		{"no-show", noShow, during, nil, nil},
		{"extend", extend(10), during, nil, nil},
		{"extend by nothing", extend(0), during, nil, ErrInvalid},
		{"extend by a day", extend(1440), during, nil, ErrInvalid},
		{"extend what is over", extend(10), after, nil, ErrClosed},
		{"delay", delay(10), before, nil, nil},
		{"delay by less than nothing", delay(-5), before, nil, ErrInvalid},
		{"delay what is over", delay(10), after, nil, ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, _ := newVisit(t, start.Add(-48*time.Hour))
			if c.prep != nil {
				c.prep(v)
			}
			was := *v
			if err := c.act(v, c.now); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			} else if err != nil && *v != was {
				t.Errorf("a refusal changed the visit: %+v", *v)
			}
		})
	}
}

func TestOwnersMayChangeUntilTheCutOff(t *testing.T) {
	v, _ := newVisit(t, start.Add(-48*time.Hour))
	cutoff := 30 * time.Minute
	for _, c := range []struct {
		at   time.Duration
		want error
	}{{-30 * time.Minute, nil}, {-30*time.Minute + time.Millisecond, ErrTooLate}, {0, ErrTooLate}, {time.Hour, ErrClosed}} {
		if err := v.OwnerMayChange(cutoff, start.Add(c.at)); !errors.Is(err, c.want) {
			t.Errorf("%v from the start: %v, want %v", c.at, err, c.want)
		}
	}
	if _, err := v.OpenEarly(start.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := v.OwnerMayChange(cutoff, start.Add(-time.Hour)); !errors.Is(err, ErrTooLate) {
		t.Errorf("an open room: %v, want ErrTooLate", err)
	}
}

func TestOpenEarlyAndDelayAndMove(t *testing.T) {
	now := start.Add(-15 * time.Minute)
	v, _ := newVisit(t, now)
	own, _ := v.Delay(10, now)
	wantKinds(t, "delay", own, "room.delayed -15m0s")
	wantKinds(t, "after a delay", v.Ahead(now), "booking.reminder -10m0s", "room.open 0s", "room.closed 25m0s")

	moved := *v
	own, _ = moved.Move(Span{start.Add(time.Hour), start.Add(80 * time.Minute)}, ByOwner, now)
	wantKinds(t, "move", own, "booking.rescheduled -15m0s", "room.rescheduled -15m0s")
	wantKinds(t, "after a move", moved.Ahead(now), "booking.reminder 50m0s", "room.open 1h0m0s", "room.closed 1h25m0s")
	if moved.Room.DelayedMinutes != 0 || !own[0].PreviousStart.Equal(start) {
		t.Errorf("after a move: %+v, previous start %v", moved.Room, own[0].PreviousStart)
	}

	own, _ = v.OpenEarly(now)
	wantKinds(t, "open early", own, "room.open -15m0s")
	wantKinds(t, "after opening early", v.Ahead(now.Add(time.Millisecond)), "booking.reminder -10m0s", "room.closed 25m0s")
	if v.Room.StateAt(now) != RoomOpened || own[0].OpenedBy != ByVet {
		t.Errorf("opened early: %s by %s", v.Room.StateAt(now), own[0].OpenedBy)
	}
}

func TestARoomYieldsToTheNextStart(t *testing.T) {
	now := start.Add(-time.Hour)
	v, _ := newVisit(t, now)
	end := v.Reservation.End
	for _, c := range []struct {
		name       string
		next, want time.Time
		changed    bool
	}{
		{"nothing near", time.Time{}, end.Add(Grace), false},
		{"right after the end", end, end, true},
		{"within the grace", end.Add(2 * time.Minute), end.Add(2 * time.Minute), true},
		{"beyond it", end.Add(time.Hour), end.Add(Grace), true},
	} {
		events, changed := v.YieldTo(c.next, now)
		if changed != c.changed || !v.Room.ClosesAt.Equal(c.want) || (len(events) > 0) != changed {
			t.Errorf("%s: closes at %v (changed: %v, %q), want %v", c.name, v.Room.ClosesAt, changed, kinds(events), c.want)
		}
	}
	if _, changed := v.YieldTo(end, end.Add(time.Hour)); changed {
		t.Error("a closed room changed")
	}
}

// TestVersionsOfSnapshotAndEventAgree walks random lives of a visit as a store would number them, and checks that a
// snapshot's version at any instant is that of the newest event due by then.
func TestVersionsOfSnapshotAndEventAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		now := start.Add(-72 * time.Hour)
		v, own := newVisit(t, now)
		log := number(v, nil, own, v.Ahead(now), now)
		for range rng.IntN(8) {
			now = now.Add(time.Duration(rng.IntN(30*3600*1000)) * time.Millisecond)
			own, err := randomChange(v, rng, now)
			if err != nil || own == nil {
				continue
			}
			log = number(v, log, own, v.Ahead(now.Add(time.Millisecond)), now)
		}
		checkVersions(t, v, log, now)
	}
}

func randomChange(v *Visit, rng *rand.Rand, now time.Time) ([]Event, error) {
	switch rng.IntN(7) {
	case 0:
		return v.Cancel(Cancellation{By: ByVet}, now)
	case 1:
		s := now.Add(time.Duration(1+rng.IntN(48)) * time.Hour)
		return v.Move(Span{s, s.Add(20 * time.Minute)}, ByOwner, now)
	case 2:
		return v.OpenEarly(now)
	case 3:
		return v.Close(now)
	case 4:
		return v.Delay(10, now)
	case 5:
		return v.Extend(10, now)
	default:
		return v.Complete(now)
	}
}

// number does what a store does with the room's events: forget what is not yet due, number own and ahead after the rest.
func number(v *Visit, log, own, ahead []Event, now time.Time) []Event {
	own, ahead = ofRoom(own), ofRoom(ahead)
	if len(own) == 0 {
		return log
	}
	var kept []Event
	top := v.Room.Version
	for _, e := range log {
		if !e.Due.After(now) {
			kept, top = append(kept, e), max(top, e.Version)
		}
	}
	for _, events := range [][]Event{own, ahead} {
		for i := range events {
			top++
			events[i].Version = top
		}
	}
	v.Stamp(own, ahead)
	return append(append(kept, own...), ahead...)
}

func ofRoom(events []Event) []Event {
	var r []Event
	for _, e := range events {
		if a, _ := e.Aggregate(); a == AggregateRoom {
			r = append(r, e)
		}
	}
	return r
}

func checkVersions(t *testing.T, v *Visit, log []Event, now time.Time) {
	t.Helper()
	for _, probe := range []time.Time{now, v.Room.OpensAt, v.Room.ClosesAt, now.Add(200 * time.Hour)} {
		if probe.Before(now) {
			continue
		}
		var want int64
		for _, e := range log {
			if !e.Due.After(probe) {
				want = max(want, e.Version)
			}
		}
		if got := v.Room.VersionAt(probe); got != want {
			t.Fatalf("at %v the room says version %d, its events %d: %+v, %q", probe.Sub(start), got, want, v.Room, kinds(log))
		}
	}
}
