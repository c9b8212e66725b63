package clinic

import (
	"cmp"
	"slices"
	"time"
)

// switchboard knows who is online, who of them is free, and whom a request should ring next. It is made anew for each
// look: what it decides is saved only if the request is still the one that it saw.
type switchboard struct {
	rule    PermitRule
	now     time.Time
	vets    []*Vet            // online, those longest so first
	engaged map[string][]Span // when each is with somebody
	rung    map[string]bool   // whom a request rings, or is about to
}

func newSwitchboard(rule PermitRule, vets []*Vet, engaged map[string][]Span, standing []*InstantRequest, now time.Time) *switchboard {
	b := &switchboard{rule: rule, now: now, vets: slices.Clone(vets), engaged: engaged, rung: map[string]bool{}}
	slices.SortFunc(b.vets, func(x, y *Vet) int {
		return cmp.Or(x.OnlineSince.Compare(y.OnlineSince), cmp.Compare(x.ID, y.ID))
	})
	for _, r := range standing {
		if r.State == InstantRinging {
			b.rung[r.VetID] = true
		}
	}
	return b
}

// instantSpan is what a consultation takes that begins now.
func (v *Vet) instantSpan(now time.Time) Span {
	start := Millis(now)
	return Span{start, start.Add(v.Hours.slot())}
}

// freeAt gives the first instant from now on at which the vet is with nobody and nobody comes within a slot's length.
func (v *Vet) freeAt(engaged []Span, now time.Time) time.Time {
	at := now
	for range 1 + len(engaged) { // each round gets past one of them at least
		span, moved := v.instantSpan(at), false
		for _, e := range engaged {
			if _, last := e.Cells(); e.Overlaps(span) && (last + 1).Start().After(at) {
				at, moved = (last + 1).Start(), true
			}
		}
		if !moved {
			break
		}
	}
	return at
}

func (b *switchboard) free(v *Vet) bool { return !v.freeAt(b.engaged[v.ID], b.now).After(b.now) }

// may tells whether a vet could be asked by the request, now or when it gets free.
func (b *switchboard) may(v *Vet, r *InstantRequest) bool {
	return !r.declinedBy(v.ID) && v.Covers(b.rule, r.Purpose, b.now) == nil
}

// rests gives until when the request leaves a vet alone who did not answer it.
func rests(v *Vet, r *InstantRequest) time.Time {
	if at := r.unansweredBy(v.ID); !at.IsZero() {
		return at.Add(RingPause)
	}
	return time.Time{}
}

// answers tells whether the ring of a request may go on: it is in time, and its vet is still there and free.
func (b *switchboard) answers(r *InstantRequest) bool {
	at := slices.IndexFunc(b.vets, func(v *Vet) bool { return v.ID == r.VetID })
	return b.now.Before(r.RingEnds) && at >= 0 && b.may(b.vets[at], r) && b.free(b.vets[at])
}

// next gives whom the request should ring, or nil: the vet that it wants, then one whom it has not rung yet, then who
// let it ring the longest ago.
func (b *switchboard) next(r *InstantRequest) *Vet {
	var best *Vet
	rank := func(v *Vet) (wanted int, unanswered int64) {
		if v.ID != r.WantedVetID || !r.unansweredBy(v.ID).IsZero() {
			wanted = 1
		}
		if at := r.unansweredBy(v.ID); !at.IsZero() {
			unanswered = at.UnixMilli()
		}
		return wanted, unanswered
	}
	for _, v := range b.vets {
		if b.rung[v.ID] || !b.may(v, r) || rests(v, r).After(b.now) || !b.free(v) {
			continue
		}
		w, u := rank(v)
		if best != nil {
			bw, bu := rank(best)
			if cmp.Or(cmp.Compare(w, bw), cmp.Compare(u, bu)) >= 0 {
				continue
			}
		}
		best = v
	}
	return best
}

// wake gives when there may be somebody for a request that waits, by the clock alone; its deadline at the latest.
func (b *switchboard) wake(r *InstantRequest) time.Time {
	at := r.Deadline()
	for _, v := range b.vets {
		if b.rung[v.ID] || !b.may(v, r) {
			continue
		}
		free := v.freeAt(b.engaged[v.ID], b.now)
		if rest := rests(v, r); rest.After(free) {
			free = v.freeAt(b.engaged[v.ID], rest)
		}
		if free.Before(at) {
			at = free
		}
	}
	return at
}

// Holds gives the time that the visit takes of its vet's: none if it was cancelled, and all of it if not, but for what
// was left when the room was closed before the end. The five minutes in which that happened are free again, too.
func (v *Visit) Holds() Span {
	span := v.Reservation.Span
	if v.Reservation.State == StateCancelled {
		return Span{span.Start, span.Start}
	}
	return span.LeftAt(v.Room.ClosedAt)
}

// LeftAt gives what a visit of that span takes once its room was closed at an instant, the zero time being never.
func (s Span) LeftAt(closed time.Time) Span {
	if !closed.IsZero() && closed.Before(s.End) {
		s.End = CellOf(closed).Start()
	}
	if !s.Start.Before(s.End) {
		return Span{s.Start, s.Start}
	}
	return s
}

// Engages gives the spans in which the visit keeps its vet from others: those that it holds, and while its room is
// open, before the start or after the end.
func (v *Visit) Engages(now time.Time) []Span {
	spans := []Span{v.Holds()}
	if v.Room.StateAt(now) == RoomOpened {
		spans = append(spans, Span{v.Room.OpensAt, v.Room.ClosesAt})
	}
	return spans
}

// NewInstantVisit makes the visit of a request that a vet accepts now: it starts now, takes a slot's length, and its
// room is open.
func NewInstantVisit(ids VisitIDs, vet *Vet, q Request, now time.Time) (*Visit, []Event) {
	v, _ := NewVisit(ids, KindInstant, vet.ID, vet.instantSpan(now), q, now)
	v.Room.OpenedBy = ByVet
	return v, v.facts(now, Event{Kind: BookingConfirmed, By: ByOwner}, Event{Kind: RoomOpen, By: ByVet, OpenedBy: ByVet})
}
