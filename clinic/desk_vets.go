package clinic

import (
	"context"
	"math"
	"time"
)

// Card is a vet as a list shows it.
type Card struct {
	*Vet
	NextFree time.Time // zero if nothing is free within the vet's horizon
	Areas    []Area    // that the vet may see today
}

// vetList is one page of vets.
type vetList struct {
	cards []Card
	next  string // cursor of the next page, or ""
}

// listKey tells one question for vets from another.
type listKey struct {
	near         [2]uint64 // the bits: unlike the numbers, the same are always equal
	isNear       bool
	online       bool
	area         Area
	text, cursor string
	limit        int
}

func (q VetQuery) key() listKey {
	k := listKey{isNear: q.Near != nil, online: q.Online, area: q.Area, text: q.Text, cursor: q.Cursor, limit: q.Limit}
	if q.Near != nil {
		k.near = [2]uint64{math.Float64bits(q.Near.Lat), math.Float64bits(q.Near.Lon)}
	}
	return k
}

// Vets gives one page of vets with their next free time, and the cursor of the next page, or "". Those who ask for the
// same at one time are given the same: nobody may change it.
func (d *Desk) Vets(ctx context.Context, q VetQuery) ([]Card, string, error) {
	if d.Permits == PermitsOff {
		q.Area = ""
	}
	list, err := d.lists.get(ctx, q.key(), func(ctx context.Context) (vetList, error) { return d.readVets(ctx, q) })
	return list.cards, list.next, err
}

func (d *Desk) readVets(ctx context.Context, q VetQuery) (vetList, error) {
	now := d.Clock.Now()
	q.Day = now
	vets, next, err := d.Store.Vets(ctx, q)
	if err != nil {
		return vetList{}, err
	}
	cards, err := d.cardsOf(ctx, vets, now)
	return vetList{cards, next}, err
}

// Vet gives one vet with the next free time. It returns ErrNotFound. The vet may be given to others too.
func (d *Desk) Vet(ctx context.Context, id string) (Card, error) {
	return d.cards.get(ctx, id, func(ctx context.Context) (Card, error) { return d.readVet(ctx, id) })
}

// readVet reads what is taken together with the vet: of so near a time, almost every vet has something free.
func (d *Desk) readVet(ctx context.Context, id string) (Card, error) {
	now := d.Clock.Now()
	span := Span{now, now.AddDate(0, 0, nearDays)}
	vet, busy, err := d.Store.Calendar(ctx, id, func(*Vet) Span { return span })
	if err != nil {
		return Card{}, err
	}
	return d.cardKnowing(ctx, vet, busy, span, now)
}

// cardKnowing gives a vet's card, if what is taken is known of a span that begins by now.
func (d *Desk) cardKnowing(ctx context.Context, vet *Vet, busy []Span, known Span, now time.Time) (Card, error) {
	card := Card{vet, time.Time{}, vet.AreasOn(d.Permits, DateOf(now, vet.Zone))}
	a := vet.agenda(&d.grids, now)
	slot, ok := a.free(1, busy)
	if !ok || slot.End.Before(known.End) && !known.Start.After(now) {
		if ok {
			card.NextFree = slot.Start
		}
		return card, nil
	}
	cards, err := d.cardsOf(ctx, []*Vet{vet}, now)
	if err != nil {
		return Card{}, err
	}
	return cards[0], nil
}

func (d *Desk) cardsOf(ctx context.Context, vets []*Vet, now time.Time) ([]Card, error) {
	free, err := d.nextFree(ctx, vets, now)
	if err != nil {
		return nil, err
	}
	cards := make([]Card, len(vets))
	for i, v := range vets {
		cards[i] = Card{v, free[v.ID], v.AreasOn(d.Permits, DateOf(now, v.Zone))}
	}
	return cards, nil
}

const (
	// nearSlots is within how many slots most vets have a free one.
	nearSlots = 4
	// nearDays is within how many days almost every vet has a free time.
	nearDays = 2
)

// nextFree gives the next free time of each vet who has one. What is taken is read of the next slots, and farther only
// of those vets who have nothing free until then: three reads at most, however many vets there are.
func (d *Desk) nextFree(ctx context.Context, vets []*Vet, now time.Time) (map[string]time.Time, error) {
	free := make(map[string]time.Time, len(vets))
	for _, known := range d.farther(vets, now) {
		ids := make([]string, len(vets))
		for i, v := range vets {
			ids[i] = v.ID
		}
		busy, err := d.Store.Busy(ctx, ids, Span{now, known})
		if err != nil {
			return nil, err
		}
		var rest []*Vet
		for _, v := range vets {
			a := v.agenda(&d.grids, now)
			slot, ok := a.free(1, busy[v.ID])
			switch {
			case ok && !slot.End.After(known):
				free[v.ID] = slot.Start
			case ok:
				rest = append(rest, v)
			}
		}
		if vets = rest; len(vets) == 0 {
			break
		}
	}
	return free, nil
}

// farther gives until when to look for a free time of vets, again and again: until after the next few slots of each,
// then for some days, then to the farthest horizon.
func (d *Desk) farther(vets []*Vet, now time.Time) []time.Time {
	few, near, horizon := now, now.AddDate(0, 0, nearDays), now
	for _, v := range vets {
		a := v.agenda(&d.grids, now)
		if slot, ok := a.free(nearSlots, nil); ok && slot.End.After(few) && slot.End.Before(near) {
			few = slot.End
		}
		if end := now.AddDate(0, 0, v.Hours.HorizonDays+2); end.After(horizon) {
			horizon = end
		}
	}
	all := []time.Time{few, near, horizon}
	if !few.After(now) {
		all = all[1:]
	}
	return all
}

// Timetable is a vet with the slots of some days.
type Timetable struct {
	Card
	From  Date // the first of the days
	Slots []Slot
}

// weekKey tells one question for slots from another.
type weekKey struct {
	vetID  string
	from   Date
	days   int
	within bool
	card   bool
}

// Slots gives a vet's slots of days days from day from, local to the vet; the zero Date means today.
// It returns ErrNotFound, and ErrInvalid for days outside 1 to MaxSlotDays. What it gives may be given to others too.
func (d *Desk) Slots(ctx context.Context, vetID string, from Date, days int) (*Vet, []Slot, error) {
	var p problems
	p.check(days >= 1 && days <= MaxSlotDays, "days", "must be from 1 to %d", MaxSlotDays)
	if err := p.err(); err != nil {
		return nil, nil, err
	}
	t, err := d.timetable(ctx, weekKey{vetID: vetID, from: from, days: days})
	return t.Vet, t.Slots, err
}

// Timetable gives a vet with the next free time and the slots of days days, at most MaxSlotDays, from day from, local
// to the vet; a day that is past or beyond the vet's horizon means today. It returns ErrNotFound. What it gives may be
// given to others too.
func (d *Desk) Timetable(ctx context.Context, vetID string, from Date, days int) (Timetable, error) {
	return d.timetable(ctx, weekKey{vetID: vetID, from: from, days: min(days, MaxSlotDays), within: true, card: true})
}

func (d *Desk) timetable(ctx context.Context, q weekKey) (Timetable, error) {
	return d.weeks.get(ctx, q, func(ctx context.Context) (Timetable, error) { return d.readTimetable(ctx, q) })
}

func (d *Desk) readTimetable(ctx context.Context, q weekKey) (t Timetable, err error) {
	now := d.Clock.Now()
	var span Span
	vet, busy, err := d.Store.Calendar(ctx, q.vetID, func(v *Vet) Span {
		t.From = q.firstDay(v, now)
		span = Span{ClockTime(0).First(t.From, v.Zone), ClockTime(0).Last(t.From.AddDays(q.days+1), v.Zone)}
		return span
	})
	if err != nil {
		return Timetable{}, err
	}
	a := vet.agenda(&d.grids, now)
	t.Vet, t.Slots = vet, a.slots(t.From, q.days, busy)
	if q.card {
		t.Card, err = d.cardKnowing(ctx, vet, busy, span, now)
	}
	return t, err
}

// firstDay gives the day from which the slots are shown.
func (q *weekKey) firstDay(v *Vet, now time.Time) Date {
	today := DateOf(now, v.Zone)
	outside := q.within && (q.from.Before(today) || q.from.After(today.AddDays(v.Hours.HorizonDays)))
	if q.from.IsZero() || outside {
		return today
	}
	return q.from
}
