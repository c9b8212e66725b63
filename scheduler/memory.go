package scheduler

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// stage is how far a row in memory has come.
type stage int

const (
	ahead    stage = iota // its instant lies ahead
	waiting               // its instant came; to be claimed
	claiming              // a claim is under way, or its answer was lost
	refused               // a claim did not win it; the next scan tells whether it is there at all
	claimed               // ours; to be published
	sent                  // under way to the broker
	acked                 // the stream has it; to be marked
)

// row is one outbox row in memory. The outbox never changes one but for claim and mark, so it need not be read again.
type row struct {
	events.Due
	stage     stage
	attempts  int       // refusals or failures in a row
	notBefore time.Time // after a refusal or failure: not tried again before
}

// aggregateKey names one aggregate.
type aggregateKey struct {
	kind clinic.Aggregate
	id   string
}

func (r *row) aggregate() aggregateKey { return aggregateKey{r.Aggregate, r.AggregateID} }

// compareRows orders by instant; of one instant, lower versions first.
func compareRows(a, b *row) int {
	return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.Version, b.Version), cmp.Compare(a.ID, b.ID))
}

// memory holds the rows that are in memory. It belongs to the term's loop.
type memory struct {
	known map[string]*row // all, by id
	ahead dueHeap
	// lines hold, of each aggregate, the rows whose instant came and that no stream acknowledged, lowest version first.
	// Only the first of a line may be published: that is the whole rule of order.
	lines  map[aggregateKey][]*row
	behind int // rows in all lines
}

func newMemory() *memory {
	return &memory{known: make(map[string]*row), lines: make(map[aggregateKey][]*row)}
}

// add takes a row in that is not known.
func (m *memory) add(due events.Due) {
	r := &row{Due: due}
	m.known[due.ID] = r
	heap.Push(&m.ahead, r)
}

// next is the next instant at which a row is due.
func (m *memory) next() (time.Time, bool) {
	if len(m.ahead) == 0 {
		return time.Time{}, false
	}
	return m.ahead[0].DueAt, true
}

// crowdBy gives the instant before which no more than a crowd is due, if more are by the given one.
func (m *memory) crowdBy(by time.Time) (time.Time, bool) {
	if at, ok := m.next(); !ok || at.After(by) || len(m.ahead) <= crowd {
		return time.Time{}, false
	}
	var near []*row
	for _, r := range m.ahead {
		if !r.DueAt.After(by) {
			near = append(near, r)
		}
	}
	if len(near) <= crowd {
		return time.Time{}, false
	}
	slices.SortFunc(near, compareRows)
	return near[crowd].DueAt, true
}

// takeDue moves the rows whose instant came by now into their lines, and gives them in order.
func (m *memory) takeDue(now time.Time) []*row {
	var rows []*row
	for len(m.ahead) > 0 && !now.Before(m.ahead[0].DueAt) {
		r := heap.Pop(&m.ahead).(*row)
		r.stage = waiting
		m.enter(r)
		rows = append(rows, r)
	}
	return rows
}

func (m *memory) enter(r *row) {
	line := m.lines[r.aggregate()]
	at, _ := slices.BinarySearchFunc(line, r, func(a, b *row) int { return cmp.Compare(a.Version, b.Version) })
	m.lines[r.aggregate()] = slices.Insert(line, at, r)
	m.behind++
}

// first tells whether the row waits in its line, and no lower version of its aggregate before it.
func (m *memory) first(r *row) bool {
	line := m.lines[r.aggregate()]
	return len(line) > 0 && line[0] == r
}

// leave takes a row out of its line.
func (m *memory) leave(r *row) {
	key := r.aggregate()
	line := m.lines[key]
	at := slices.Index(line, r)
	line = slices.Delete(line, at, at+1)
	m.behind--
	if len(line) == 0 {
		delete(m.lines, key)
		return
	}
	m.lines[key] = line
}

// forget drops a row whose instant came and that the outbox does not have any more.
func (m *memory) forget(r *row) {
	delete(m.known, r.ID)
	m.leave(r)
}

// dropAhead forgets the rows ahead that are due before until and not among those that the outbox has.
func (m *memory) dropAhead(until time.Time, there map[string]bool) {
	m.ahead = slices.DeleteFunc(m.ahead, func(r *row) bool {
		gone := r.DueAt.Before(until) && !there[r.ID]
		if gone {
			delete(m.known, r.ID)
		}
		return gone
	})
	heap.Init(&m.ahead)
}

// dueHeap is a heap of rows by compareRows.
type dueHeap []*row

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return compareRows(h[i], h[j]) < 0 }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(*row)) }
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	r := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return r
}
