package clinic

import (
	"errors"
	"testing"
	"time"
)

func TestLateness(t *testing.T) {
	for _, c := range []struct {
		name      string
		announced int
		seated    bool
		at        time.Duration // from the start
		want      Lateness
	}{
		{"before the start", 0, false, -time.Millisecond, Lateness{}},
		{"at the start", 0, false, 0, Lateness{Late: true}},
		{"in the room", 0, true, 5 * time.Minute, Lateness{}},
		{"absent", 0, false, 5*time.Minute + 59*time.Second, Lateness{true, 5}},
		{"announced before", 10, false, -time.Hour, Lateness{true, 10}},
		{"announced, and waits at the door", 10, true, -time.Minute, Lateness{false, 10}},
		{"less than announced", 10, false, 3 * time.Minute, Lateness{true, 10}},
		{"more than announced", 10, false, 12 * time.Minute, Lateness{true, 12}},
		{"over", 0, false, time.Hour, Lateness{}},
	} {
		v, _ := newVisit(t, start.Add(-48*time.Hour))
		v.Room.DelayedMinutes = c.announced
		if got := v.Lateness(c.seated, start.Add(c.at)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestTransferAndMoveLate(t *testing.T) {
	at := start.Add(3 * time.Minute)
	v, _ := newVisit(t, start.Add(-48*time.Hour))
	v.Room.DelayedMinutes = 5
	given := *v
	own, err := given.Transfer(&Vet{ID: "other"}, at)
	if err != nil || own[0].PreviousVetID != v.Reservation.VetID || own[0].Visit.Reservation.VetID != "other" {
		t.Fatalf("transferred: %+v, %v", own, err)
	}
	wantKinds(t, "transfer", own, "booking.rescheduled 3m0s", "room.rescheduled 3m0s")
	if given.Room.VetID != "other" || given.Room.DelayedMinutes != 0 || given.Reservation.Span != v.Reservation.Span || given.Room.StateAt(at) != RoomOpened {
		t.Errorf("transferred to %+v", given)
	}
	moved := *v
	moved.Room.OpenedBy = ByVet
	if own, err = moved.MoveLate(Span{start.Add(time.Hour), start.Add(80 * time.Minute)}, at); err != nil || moved.Room.StateAt(at) != RoomLocked {
		t.Fatalf("moved: %+v, %v", moved, err)
	}
	wantKinds(t, "late move", own, "booking.rescheduled 3m0s", "room.rescheduled 3m0s")
	wantKinds(t, "after a late move", moved.Ahead(at), "booking.reminder 50m0s", "room.open 1h0m0s", "room.closed 1h25m0s")
	after := start.Add(time.Hour)
	if _, err := v.Transfer(&Vet{ID: "other"}, after); !errors.Is(err, ErrClosed) {
		t.Errorf("transferred what is over: %v", err)
	}
	if _, err := v.MoveLate(Span{after, after.Add(time.Hour)}, after); !errors.Is(err, ErrClosed) {
		t.Errorf("moved what is over: %v", err)
	}
}
