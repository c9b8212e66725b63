package store

import (
	"context"
	"slices"
	"time"

	"vetroom/clinic"
)

// cells are those from first to last; none if last is before first.
type cells struct{ first, last clinic.Cell }

func (c cells) empty() bool { return c.last < c.first }

func (c cells) has(cell clinic.Cell) bool { return c.first <= cell && cell <= c.last }

// cellsOf gives the cells that a visit holds. One that took place, or to which nobody came, keeps them, but for those
// that were left when its room was closed.
func cellsOf(v *clinic.Visit) cells {
	if v == nil {
		return cells{0, -1}
	}
	first, last := v.Holds().Cells()
	return cells{first, last}
}

// occupy moves the visit's occupancy to where it is now and settles who closes for whom: the visit's own door for the
// next start, and the doors of those before it, which it gives as changes. It returns ErrSlotTaken.
func (t *tx) occupy(ctx context.Context, c *change) ([]*change, error) {
	if c.visit == nil || c.was == nil {
		return nil, nil
	}
	if c.was.Reservation.VetID != c.visit.Reservation.VetID {
		return t.rehouse(ctx, c)
	}
	r := &c.visit.Reservation
	old, held := cellsOf(c.was), cellsOf(c.visit)
	if r.Span == c.was.Reservation.Span && old == held {
		return nil, nil // it was delayed, completed after its end, or the like
	}
	if err := t.leave(ctx, r, old, held); err != nil {
		return nil, err
	}
	if err := t.take(ctx, r, old, held); err != nil {
		return nil, err
	}
	if err := t.followKeys(ctx, r); err != nil {
		return nil, err
	}
	return t.neighbours(ctx, c, old, held)
}

// leave gives back the old cells that the visit no longer holds.
func (t *tx) leave(ctx context.Context, r *clinic.Reservation, old, held cells) error {
	for cell := old.first; cell <= old.last; cell++ {
		if held.has(cell) {
			continue
		}
		last := cell
		for last < old.last && !held.has(last+1) {
			last++
		}
		_, err := t.ExecContext(ctx, "DELETE FROM cells WHERE vet_id = ? AND cell BETWEEN ? AND ? AND reservation_id = ?",
			r.VetID, int64(cell), int64(last), r.ID)
		if err != nil {
			return err
		}
		cell = last
	}
	return nil
}

// take inserts the held cells that the visit did not have, in ascending order. The key on them decides between racers:
// it returns ErrSlotTaken.
func (t *tx) take(ctx context.Context, r *clinic.Reservation, old, held cells) error {
	return t.runUnique(ctx, inserts(t.d, "cells", "", newCells(r, old, held)...), clinic.ErrSlotTaken)
}

// newCells gives their rows.
func newCells(r *clinic.Reservation, old, held cells) (rows [][]field) {
	for cell := held.first; cell <= held.last; cell++ {
		if !old.has(cell) {
			rows = append(rows, []field{{"vet_id", r.VetID}, {"cell", int64(cell)}, {"reservation_id", r.ID}})
		}
	}
	return rows
}

// neighbours reads who holds the cells beside the visit's, where it was and where it is, and keeps them so: a booking
// beside this one, at the same instant, waits here or makes this one wait, and whoever comes second sees the other.
// That is why the visit's own outermost cells are read too: a move within them writes none.
//
// A door closes at most clinic.Grace, one cell, after its visit's end, so nobody farther away matters.
func (t *tx) neighbours(ctx context.Context, c *change, old, held cells) ([]*change, error) {
	read, holders := t.readHolders(c.visit.Reservation.VetID, edges(old, held))
	if err := t.run(ctx, read); err != nil {
		return nil, err
	}
	return t.settleDoors(ctx, c, old, held, holders)
}

// settleDoors settles who closes for whom, by who holds the cells beside.
func (t *tx) settleDoors(ctx context.Context, c *change, old, held cells, holders map[clinic.Cell]string) (before []*change, err error) {
	r := &c.visit.Reservation
	others := func(cell clinic.Cell) string {
		if holders[cell] == r.ID {
			return ""
		}
		return holders[cell]
	}
	if !held.empty() {
		if err := t.yieldToNext(ctx, c, others(held.last+1)); err != nil {
			return nil, err
		}
	}
	if !held.empty() {
		if before, err = t.yields(ctx, before, others(held.first-1), r.Start, c.now); err != nil {
			return nil, err
		}
	}
	if !old.empty() && !held.has(old.first) {
		before, err = t.yields(ctx, before, others(old.first-1), time.Time{}, c.now)
	}
	return before, err
}

// edges gives the outermost cells of each stretch and those beside them, in ascending order.
func edges(stretches ...cells) []clinic.Cell {
	var all []clinic.Cell
	for _, s := range stretches {
		if !s.empty() {
			all = append(all, s.first-1, s.first, s.last, s.last+1)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// readHolders gives what reads who holds the cells, and locks those that are held; and where that will stand.
func (t *tx) readHolders(vetID string, at []clinic.Cell) (statement, map[clinic.Cell]string) {
	args := []any{vetID}
	for _, cell := range at {
		args = append(args, int64(cell))
	}
	holders := map[clinic.Cell]string{}
	return statement{
		text: "SELECT cell, reservation_id FROM cells WHERE vet_id = ? AND cell IN (" + placeholders(len(at)) + ") ORDER BY cell" + t.d.rowLock,
		args: args,
		scan: func() []any { row := &holding{holders: holders}; return []any{&row.cell, row} },
	}, holders
}

// holding is who holds a cell.
type holding struct {
	cell    int64
	holders map[clinic.Cell]string
}

// Scan implements sql.Scanner, for the holder, which comes after its cell.
func (h *holding) Scan(src any) error {
	id, err := text(src)
	h.holders[clinic.Cell(h.cell)] = id
	return err
}

// yieldToNext sets when the visit's own door closes, by who holds the next cell.
func (t *tx) yieldToNext(ctx context.Context, c *change, next string) error {
	var start time.Time
	if next != "" {
		row := t.QueryRowContext(ctx, "SELECT start_at FROM reservations WHERE id = ?", next)
		if err := row.Scan(millis{&start}); err != nil {
			return err
		}
	}
	if _, changed := c.visit.YieldTo(start, c.now); changed {
		c.visit.Restate(c.own)
	}
	return nil
}

// yields adds the change of the visit before, if there is one and its door is to close at another time now that the
// next start is another; the zero start is none near.
func (t *tx) yields(ctx context.Context, before []*change, id string, start, now time.Time) ([]*change, error) {
	if id == "" {
		return before, nil
	}
	v, err := visit(ctx, t, "r.id = ?", id)
	if err != nil {
		return nil, err
	}
	c := &change{now: now, was: ptr(*v), visit: v}
	var changed bool
	if c.own, changed = v.YieldTo(start, now); !changed {
		return before, nil
	}
	return append(before, c), nil
}
