package clinic

import (
	"testing"
	"time"
)

func TestCellsThatASpanTouches(t *testing.T) {
	start := at(t, "2026-12-01T05:30:00Z")
	c := CellOf(start)
	for _, k := range []struct {
		name        string
		from, to    time.Duration
		first, last Cell
	}{
		{"one cell exactly", 0, 5 * time.Minute, c, c},
		{"a millisecond more", 0, 5*time.Minute + time.Millisecond, c, c + 1},
		{"a millisecond early", -time.Millisecond, 5 * time.Minute, c - 1, c},
		{"a millisecond only", 0, time.Millisecond, c, c},
		{"a slot", 0, 20 * time.Minute, c, c + 3},
		{"unaligned", 2 * time.Minute, 12 * time.Minute, c, c + 2},
	} {
		first, last := Span{start.Add(k.from), start.Add(k.to)}.Cells()
		if first != k.first || last != k.last {
			t.Errorf("%s: cells %d to %d, want %d to %d", k.name, first-c, last-c, k.first-c, k.last-c)
		}
	}
	if first, last := (Span{start, start}).Cells(); last >= first {
		t.Errorf("an empty span touches cells %d to %d", first, last)
	}
}

func FuzzCells(f *testing.F) {
	f.Add(int64(1796103000000), int64(1200000), int64(1796103600000), int64(600000))
	f.Add(int64(-1), int64(2), int64(-300001), int64(1))
	f.Fuzz(func(t *testing.T, start, length, otherStart, otherLength int64) {
		const limit = int64(1) << 50
		if start < -limit || start > limit || otherStart < -limit || otherStart > limit ||
			length <= 0 || length > 1e10 || otherLength <= 0 || otherLength > 1e10 {
			return // outside what a clinic can hold
		}
		span := func(s, l int64) Span { return Span{time.UnixMilli(s), time.UnixMilli(s + l)} }
		a, b := span(start, length), span(otherStart, otherLength)
		first, last := a.Cells()
		if first.Start().After(a.Start) || !(first + 1).Start().After(a.Start) {
			t.Fatalf("the start %v is not in cell %v", a.Start, first.Start())
		}
		if !last.Start().Before(a.End) || (last + 1).Start().Before(a.End) {
			t.Fatalf("the end %v is not in or at the end of cell %v", a.End, last.Start())
		}
		real := a.Start.Before(b.End) && b.Start.Before(a.End)
		if real && !a.Overlaps(b) {
			t.Fatalf("%v and %v overlap, but no cell is common", a, b)
		}
		if a.Overlaps(b) != b.Overlaps(a) {
			t.Fatal("overlapping is not symmetric")
		}
	})
}
