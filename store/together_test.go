package store

import (
	"fmt"
	"slices"
	"testing"

	"vetroom/clinic"
)

// queueOf is a queue whose writers are at work, and in which bookings of these vets wait.
func queueOf(t *testing.T, writers int, vets ...string) *queue {
	t.Helper()
	q := &queue{writers: writers}
	for range writers {
		if q.wait(waitingFor("busy")) {
			t.Fatal("a writer that is free lets wait")
		}
	}
	for _, vet := range vets {
		if !q.wait(waitingFor(vet)) {
			t.Fatal("there are more writers than there may be")
		}
	}
	return q
}

func waitingFor(vet string) *queued {
	return &queued{&booking{Booking: clinic.Booking{VetID: vet}}, make(chan error, 1)}
}

func vetsOf(all []*queued) (vets []string) {
	for _, b := range all {
		vets = append(vets, b.VetID)
	}
	return vets
}

func TestQueueTakes(t *testing.T) {
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf("%02d", i))
	}
	for _, c := range []struct {
		name    string
		waiting []string
		want    [][]string
	}{
		{"nobody", nil, nil},
		{"one", []string{"a"}, [][]string{{"a"}}},
		{"in the order of vets", []string{"c", "a", "d", "b"}, [][]string{{"a", "b", "c", "d"}}},
		{"a power of two, first come first", []string{"c", "a", "b"}, [][]string{{"a", "c"}, {"b"}}},
		{"no vet twice", []string{"b", "b", "a", "b"}, [][]string{{"a", "b"}, {"b"}, {"b"}}},
		{"sixteen at most", many, [][]string{many[:16], many[16:32], many[32:]}},
	} {
		q := queueOf(t, 1, c.waiting...)
		var got [][]string
		for all := q.take(); len(all) > 0; all = q.take() {
			got = append(got, vetsOf(all))
		}
		if !slices.EqualFunc(got, c.want, slices.Equal) {
			t.Errorf("%s: took %q, want %q", c.name, got, c.want)
		}
		if q.busy != 0 {
			t.Errorf("%s: %d writers are at work in the end", c.name, q.busy)
		}
	}
}

func TestQueueOfThoseWhoGiveUp(t *testing.T) {
	q := queueOf(t, 2, "a")
	gone := waitingFor("b")
	q.wait(gone)
	if !q.remove(gone) || q.remove(gone) {
		t.Error("who waits is taken out once")
	}
	if got := vetsOf(q.take()); !slices.Equal(got, []string{"a"}) {
		t.Errorf("took %q", got)
	}
	q.take()
	q.take()
	for n := range 3 {
		if waits := q.wait(gone); waits != (n == 2) {
			t.Errorf("of two writers that are free again, booking %d: waits: %t", n+1, waits)
		}
	}
}
