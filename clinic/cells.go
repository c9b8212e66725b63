package clinic

import "time"

// CellLength is the grain of occupancy: a reservation takes every cell that it touches, and a cell belongs to one
// reservation of a vet at most. The store holds that by a unique key on (vet, cell).
const CellLength = 5 * time.Minute

// LongestVisit bounds how long a visit may become: who looks for what touches a time looks so far beyond it.
const LongestVisit = 12 * time.Hour

// Cell numbers the five-minute cells of all time: cell 0 begins at the Unix epoch.
type Cell int64

// CellOf gives the cell in which t lies.
func CellOf(t time.Time) Cell { return cellOf(t.UnixMilli()) }

// cellOf gives the cell of an instant in Unix milliseconds.
func cellOf(ms int64) Cell {
	const length = int64(CellLength / time.Millisecond)
	c := ms / length
	if ms%length < 0 {
		c--
	}
	return Cell(c)
}

// Start is the cell's first instant.
func (c Cell) Start() time.Time {
	return time.UnixMilli(int64(c) * CellLength.Milliseconds()).UTC()
}

// Span is the time from Start up to, not including, End.
type Span struct {
	Start, End time.Time
}

// Cells gives the first and the last cell that the span touches. An empty span touches none: last < first.
func (s Span) Cells() (first, last Cell) {
	if !s.Start.Before(s.End) {
		return 0, -1
	}
	return CellOf(s.Start), CellOf(s.End.Add(-time.Millisecond))
}

// Overlaps tells whether both spans touch a common cell.
func (s Span) Overlaps(o Span) bool {
	a, b := s.Cells()
	c, d := o.Cells()
	return a <= b && c <= d && a <= d && c <= b
}
