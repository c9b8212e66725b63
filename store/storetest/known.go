package storetest

import (
	"testing"
	"time"

	"vetroom/clinic"
)

// testVetChangedElsewhere books again and again with a vet whom another process changes: each booking is decided on the
// vet as it is, be it refused for a reason that is no more or granted for one.
func testVetChangedElsewhere(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	id, other := h.vet(), h.again()
	setSlot := func(minutes int) {
		h.Helper()
		_, err := other.ChangeVet(h.Context(), id, func(v *clinic.Vet, _ time.Time) ([]clinic.Event, error) {
			v.Hours.SlotMinutes = minutes
			return nil, nil
		})
		h.must(err)
	}
	only := func(minutes int, at time.Time) error {
		b := booking(id, spanAt(at, 20))
		decide := b.Decide
		b.Decide = func(v *clinic.Vet, now time.Time) (*clinic.Visit, []clinic.Event, error) {
			if v.Hours.SlotMinutes != minutes {
				return nil, nil, clinic.ErrSlotNotOffered
			}
			v.Hours.SlotMinutes = 1 // a copy of its own
			return decide(v, now)
		}
		_, _, err := h.Book(h.Context(), b)
		return err
	}
	for round, minutes := range []int{10, 15, 30} {
		setSlot(minutes)
		h.wantError(only(minutes, hour(30+2*round)), nil, "a vet with slots of %d minutes", minutes)
		h.wantError(only(5, hour(60+2*round)), clinic.ErrSlotNotOffered, "a vet who never had such slots")
		setSlot(60)
		h.wantError(only(minutes, hour(90+2*round)), clinic.ErrSlotNotOffered, "a vet whose slots are longer now")
		h.wantError(only(60, hour(90+2*round)), nil, "the same vet as it is")
	}
	if n := len(h.disjoint(id)); n != 6 {
		h.Errorf("%d reservations stand, want 6", n)
	}
}
