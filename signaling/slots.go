package signaling

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"vetroom/clinic"
	"vetroom/events"
)

// slotEvents are the bookings that take a vet's time or give it back.
var slotEvents = map[clinic.EventKind]bool{
	clinic.BookingConfirmed: true, clinic.BookingRescheduled: true, clinic.BookingCancelled: true,
}

// slotWatch gathers which stretches of the watched vets' time have changed, until their slots were read and told.
type slotWatch struct {
	news chan struct{}

	mu      sync.Mutex // guards changed
	changed map[string][]clinic.Span
}

func newSlotWatch() *slotWatch {
	return &slotWatch{news: make(chan struct{}, 1), changed: map[string][]clinic.Span{}}
}

func (w *slotWatch) note(vet string, spans ...clinic.Span) {
	w.mu.Lock()
	w.changed[vet] = append(w.changed[vet], spans...)
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default:
	}
}

func (w *slotWatch) take() map[string][]clinic.Span {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := w.changed
	w.changed = map[string][]clinic.Span{}
	return changed
}

// hearBooking takes an event of the stream BOOKING. While nobody here watches a vet it reads nothing but the subject.
func (s *Server) hearBooking(m events.Message) {
	kind, _, _ := strings.Cut(strings.TrimPrefix(m.Subject, "vetroom.booking."), ".")
	if !slotEvents[clinic.EventKind("booking."+kind)] || !s.vets.any() {
		return
	}
	e, err := events.Decode(m.Body)
	if err != nil || e.Booking == nil {
		s.skipped(m, err)
		return
	}
	b := e.Booking
	span := clinic.Span{Start: b.Start.Time, End: b.End.Time}
	if s.vets.watched(b.PreviousVetID) { // whose time it took before, the same
		s.slots.note(b.PreviousVetID, span)
	}
	if !s.vets.watched(b.VetID) {
		return
	}
	s.slots.note(b.VetID, span)
	if b.PreviousStart != nil && !b.PreviousStart.Equal(b.Start.Time) {
		s.slots.note(b.VetID, clinic.Span{Start: b.PreviousStart.Time, End: b.PreviousStart.Add(span.End.Sub(span.Start))})
	}
}

// lengthEvents begin the subjects of the events of a room by which its visit takes more time, or less.
var lengthEvents = []string{"vetroom." + string(clinic.RoomExtended) + ".", "vetroom." + string(clinic.RoomClosed) + "."}

// hearLength takes an event of a visit that became longer, somewhere before its room closes, or ended early and gave back
// what was left.
func (s *Server) hearLength(m events.Message) {
	if !slices.ContainsFunc(lengthEvents, func(begin string) bool { return strings.HasPrefix(m.Subject, begin) }) || !s.vets.any() {
		return
	}
	e, err := events.Decode(m.Body)
	if err != nil || e.Room == nil || !s.vets.watched(e.Room.VetID) {
		return
	}
	span := clinic.Span{Start: e.Room.OpensAt.Time, End: e.Room.ClosesAt.Time}
	if e.Kind == clinic.RoomClosed {
		span.Start = later(span.Start, e.Time)
	}
	if span.Start.Before(span.End) {
		s.slots.note(e.Room.VetID, span)
	}
}

// keepSlots reads and tells the slots that changed, until ctx ends. Changes that come meanwhile are read together.
func (s *Server) keepSlots(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.slots.news:
		}
		for vet, spans := range s.slots.take() {
			if err := s.tellSlots(ctx, vet, spans); err != nil && ctx.Err() == nil {
				s.cfg.Log.Warn("read the slots of a vet; trying again", "error", err)
				pause(ctx, lookEvery)
				s.slots.note(vet, spans...)
			}
		}
	}
}

// tellSlots sends those who watch a vet how the slots within some stretches are now. Of a stretch without any, a visit
// beside the offered times, the vet alone is told: that it is not free there.
func (s *Server) tellSlots(ctx context.Context, vet string, spans []clinic.Span) error {
	ctx, cancel := context.WithTimeout(ctx, lookupWait)
	defer cancel()
	told := map[int64]bool{}
	for _, span := range spans {
		slots, err := s.cfg.Slots.SlotsIn(ctx, vet, span)
		if err != nil && !errors.Is(err, clinic.ErrNotFound) {
			return err
		}
		if len(slots) == 0 {
			s.vets.tellOwn(vet, encode(SlotFrame{"slot", vet, events.Time{Time: span.Start}, clinic.SlotTaken}))
		}
		for _, slot := range slots {
			if at := slot.Start.UnixMilli(); !told[at] {
				told[at] = true
				s.vets.tell(vet, encode(SlotFrame{"slot", vet, events.Time{Time: slot.Start}, slot.State}))
			}
		}
	}
	return nil
}

// any tells whether anybody here watches a vet.
func (v *vetWatch) any() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.vets) > 0
}

func (v *vetWatch) watched(id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.vets[id] != nil
}

// tell sends a frame to those who watch a vet.
func (v *vetWatch) tell(id string, frame []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if w := v.vets[id]; w != nil {
		for p := range w.watchers {
			p.send(frame)
		}
	}
}

// tellOwn sends a frame to the pages of a vet on which that vet watches itself.
func (v *vetWatch) tellOwn(id string, frame []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if w := v.vets[id]; w != nil {
		for p := range w.watchers {
			if p.who.VetID == id {
				p.send(frame)
			}
		}
	}
}
