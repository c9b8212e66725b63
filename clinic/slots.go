package clinic

import "time"

// SlotState says whether a slot can be booked.
type SlotState string

// The states of a slot.
const (
	SlotFree  SlotState = "free"
	SlotTaken SlotState = "taken"
	SlotPast  SlotState = "past" // it began, or is inside the vet's notice
)

// Slot is one bookable stretch of a vet's time.
type Slot struct {
	Span
	State SlotState
}

// MaxSlotDays bounds how many days one question about slots may span.
const MaxSlotDays = 31

// Slots gives the slots of days calendar days from day from, local to the vet, in order. busy holds the spans that
// standing reservations take. Days beyond the vet's horizon have none.
func (v *Vet) Slots(from Date, days int, busy []Span, now time.Time) []Slot {
	a := v.agenda(nil, now)
	return a.slots(from, days, busy)
}

// NextFree gives the start of the first slot that can be booked, and false if there is none within the horizon.
func (v *Vet) NextFree(busy []Span, now time.Time) (time.Time, bool) {
	a := v.agenda(nil, now)
	slot, ok := a.free(1, busy)
	if !ok {
		return time.Time{}, false
	}
	return slot.Start, true
}

// Offered finds the slot that begins at start, if the vet offers it now. It does not know what is taken.
// It returns ErrSlotNotOffered for a start outside the grid, in the past, inside the notice or beyond the horizon.
func (v *Vet) Offered(start, now time.Time) (Span, error) {
	d := DateOf(start, v.Zone)
	if v.beyondHorizon(d, now) {
		return Span{}, ErrSlotNotOffered
	}
	// A window that ends at 24:00 of a long day can hold slots of the next date.
	for _, day := range []Date{d, d.AddDays(-1)} {
		for _, s := range v.Hours.grid(day, v.Zone) {
			if s.Start.Equal(start) && !v.past(s, now) {
				return s, nil
			}
		}
	}
	return Span{}, ErrSlotNotOffered
}

func (v *Vet) beyondHorizon(d Date, now time.Time) bool {
	return d.After(DateOf(now, v.Zone).AddDays(v.Hours.HorizonDays))
}

func (v *Vet) past(s Span, now time.Time) bool {
	return s.Start.Before(now.Add(time.Duration(v.Hours.NoticeMinutes) * time.Minute))
}
