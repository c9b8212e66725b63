package clinic

import (
	"sync"
	"time"
)

// maxGrids bounds how many days of vets are remembered: some 5 MB.
const maxGrids = 20_000

// grids remembers the slots of vets' days, which take longer to find out than all else that a list of vets shows of
// them. A nil one remembers nothing.
type grids struct {
	mu   sync.Mutex // guards days
	days map[gridKey]gridDay
}

type gridKey struct {
	vetID string
	day   Date
}

// gridDay is a day of the vet as the vet was read: a vet that changed is another.
type gridDay struct {
	vet    *Vet
	starts []int64 // of the slots, Unix milliseconds, in order
}

// starts gives the starts of all slots of a vet's day, free or not, as Unix milliseconds in order. Nobody may change
// them.
func (g *grids) starts(v *Vet, d Date) []int64 {
	if g == nil {
		return gridStarts(v, d)
	}
	key := gridKey{v.ID, d}
	g.mu.Lock()
	known, ok := g.days[key]
	g.mu.Unlock()
	if ok && known.vet == v {
		return known.starts
	}
	starts := gridStarts(v, d)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.days == nil || len(g.days) >= maxGrids {
		g.days = map[gridKey]gridDay{}
	}
	g.days[key] = gridDay{v, starts}
	return starts
}

func gridStarts(v *Vet, d Date) []int64 {
	slots := v.Hours.grid(d, v.Zone)
	starts := make([]int64, len(slots))
	for i, s := range slots {
		starts[i] = s.Start.UnixMilli()
	}
	return starts
}

// cellSet is a set of cells as bits.
type cellSet struct {
	first Cell
	bits  []uint64
}

// cellsOf gives the cells that the spans touch.
func cellsOf(spans []Span) cellSet {
	var low, high Cell
	some := false
	for _, s := range spans {
		if first, last := s.Cells(); first <= last {
			if !some {
				low, high, some = first, last, true
			}
			low, high = min(low, first), max(high, last)
		}
	}
	if !some {
		return cellSet{}
	}
	set := cellSet{low, make([]uint64, (high-low)/64+1)}
	for _, s := range spans {
		first, last := s.Cells()
		for c := first; c <= last; c++ {
			set.bits[(c-low)/64] |= 1 << uint((c-low)%64)
		}
	}
	return set
}

// has tells whether any cell from first to last is in the set.
func (s cellSet) has(first, last Cell) bool {
	first, last = max(first, s.first), min(last, s.first+Cell(len(s.bits))*64-1)
	for c := first; c <= last; c++ {
		if s.bits[(c-s.first)/64]&(1<<uint((c-s.first)%64)) != 0 {
			return true
		}
	}
	return false
}

// agenda is a vet's days as seen at an instant.
type agenda struct {
	vet         *Vet
	grids       *grids // may be nil
	today, last Date   // within the vet's horizon
	bookable    int64  // the first instant at which a slot may begin, Unix milliseconds
	length      int64  // of a slot, milliseconds
}

func (v *Vet) agenda(g *grids, now time.Time) agenda {
	today := DateOf(now, v.Zone)
	earliest := now.Add(time.Duration(v.Hours.NoticeMinutes) * time.Minute)
	bookable := earliest.UnixMilli()
	if earliest.After(time.UnixMilli(bookable)) {
		bookable++
	}
	return agenda{v, g, today, today.AddDays(v.Hours.HorizonDays), bookable, v.Hours.slot().Milliseconds()}
}

// state gives the state of the slot that begins at an instant.
func (a *agenda) state(start int64, taken cellSet) SlotState {
	switch {
	case start < a.bookable:
		return SlotPast
	case taken.has(cellOf(start), cellOf(start+a.length-1)):
		return SlotTaken
	}
	return SlotFree
}

// span is the slot that begins at an instant.
func (a *agenda) span(start int64) Span {
	return Span{time.UnixMilli(start).UTC(), time.UnixMilli(start + a.length).UTC()}
}

// slots gives the slots of days days from day from.
func (a *agenda) slots(from Date, days int, busy []Span) []Slot {
	taken := cellsOf(busy)
	var slots []Slot
	for i := range days {
		d := from.AddDays(i)
		if d.After(a.last) {
			break
		}
		for _, start := range a.grids.starts(a.vet, d) {
			slots = append(slots, Slot{a.span(start), a.state(start, taken)})
		}
	}
	return slots
}

// free gives the n-th slot that can be booked, the last of all if there are fewer, and false if there is none.
func (a *agenda) free(n int, busy []Span) (slot Span, ok bool) {
	taken := cellsOf(busy)
	var found int64
	for d := a.today; !d.After(a.last); d = d.AddDays(1) {
		for _, start := range a.grids.starts(a.vet, d) {
			if a.state(start, taken) != SlotFree {
				continue
			}
			found, ok = start, true
			if n--; n == 0 {
				return a.span(found), true
			}
		}
	}
	return a.span(found), ok
}
