package store

import (
	"context"
	"errors"

	"vetroom/clinic"
)

// Book implements clinic.VisitStore.
func (s *Store) Book(ctx context.Context, b clinic.Booking) (v *clinic.Visit, repeated bool, err error) {
	if !plain(b.VetID) {
		return nil, false, clinic.ErrNotFound
	}
	err = s.again(ctx, "book", func() error {
		v, repeated, err = s.book(ctx, b)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return v, repeated, nil
}

// book tries once. What is decided on may be a vet as an earlier booking found it: the transaction keeps the vet's row
// from change and sees whether it is that one, and a refusal is asked for again on the vet as it is.
func (s *Store) book(ctx context.Context, b clinic.Booking) (*clinic.Visit, bool, error) {
	vet, kept := s.known.get(b.VetID)
	c := &change{now: s.Now()}
	var err error
	if kept {
		c.visit, c.own, err = b.Decide(vet, c.now)
	}
	if !kept || err != nil {
		if vet, err = s.vet(ctx, s.reader, "v.id = ?", b.VetID); err != nil {
			return nil, false, err
		}
		s.known.put(vet)
		c.now = s.Now()
		if c.visit, c.own, err = b.Decide(vet, c.now); err != nil {
			return nil, false, err
		}
	}
	return s.saveBooking(ctx, b, c, vet.Rev)
}

func (s *Store) saveBooking(ctx context.Context, b clinic.Booking, c *change, vetRev int64) (*clinic.Visit, bool, error) {
	out := &outgoing{}
	err := s.write(ctx, func(t *tx) error { return t.book(ctx, b, c, vetRev, out) })
	switch {
	case errors.Is(err, errKeyUsed):
		v, err := s.repeatOf(ctx, b.Key)
		return v, err == nil, err
	case errors.Is(err, errConflict):
		s.known.drop(b.VetID)
		return nil, false, err
	case err != nil:
		return nil, false, err
	}
	s.told(out.earliest)
	return c.visit, false, nil
}

// repeatOf finds the visit that a used key gave. It returns errConflict where the key has just become free.
func (s *Store) repeatOf(ctx context.Context, key *clinic.IdempotencyKey) (*clinic.Visit, error) {
	v, err := s.replayed(ctx, *key)
	if !errors.Is(err, clinic.ErrNotFound) {
		return v, err
	}
	if err := s.forgetKey(ctx, key); err != nil {
		return nil, err
	}
	return nil, errConflict
}

// book saves a new visit. Its first statement keeps the vet as it is; the key comes before the cells, so that of two
// same requests at one instant the second is a repeat, and not a loser.
func (t *tx) book(ctx context.Context, b clinic.Booking, c *change, vetRev int64, out *outgoing) error {
	holders, err := t.takeNew(ctx, b, c, vetRev)
	if err != nil {
		return err
	}
	yielding, err := t.settleDoors(ctx, c, cellsOf(nil), cellsOf(c.visit), holders)
	if err != nil {
		return err
	}
	rows := append(t.newVisit(c, out), t.newKeys(&c.visit.Reservation, b.Link, b.Session)...)
	if len(yielding) > 0 {
		if err := t.runNew(ctx, rows); err != nil {
			return err
		}
		rows = nil
	}
	for _, neighbour := range yielding {
		if err := t.apply(ctx, neighbour, out); err != nil {
			return err
		}
	}
	if err := t.attach(ctx, &c.visit.Reservation); err != nil {
		return err
	}
	facts, err := t.outgoing(out)
	if err != nil {
		return err
	}
	if err := t.runNew(ctx, append(rows, facts...)); err != nil {
		return err
	}
	return t.inTime(ctx, out)
}

// takeNew takes the new visit's cells, and gives who holds those beside them. It returns errConflict if the vet is not
// the one that was decided on, errKeyUsed, and ErrSlotTaken.
func (t *tx) takeNew(ctx context.Context, b clinic.Booking, c *change, vetRev int64) (map[clinic.Cell]string, error) {
	r, held := &c.visit.Reservation, cellsOf(c.visit)
	rev := int64(-1)
	all := []statement{{
		text: "SELECT rev FROM vets WHERE id = ?" + t.d.shareLock, args: []any{b.VetID},
		scan: func() []any { return []any{&rev} },
	}}
	if b.Key != nil {
		if err := t.runIfStill(ctx, append(all, t.newUse(b.Key, r)...), &rev, vetRev, errKeyUsed); err != nil {
			return nil, err
		}
		all = nil
	}
	// What it inserts itself it holds: whoever comes beside it waits there. Only the cells beyond are asked for.
	read, holders := t.readHolders(r.VetID, []clinic.Cell{held.first - 1, held.last + 1})
	all = append(append(all, t.newCells(r, cellsOf(nil), held)...), read)
	return holders, t.runIfStill(ctx, all, &rev, vetRev, clinic.ErrSlotTaken)
}

// runIfStill runs statements of which one read a vet's rev. It returns errConflict if that is not the one that is
// expected, and else what a unique key that is taken means.
func (t *tx) runIfStill(ctx context.Context, all []statement, rev *int64, expected int64, taken error) error {
	err := t.run(ctx, all...)
	duplicate := t.d.isDuplicate(err)
	switch {
	case err != nil && !duplicate:
		return err
	case *rev != expected:
		return errConflict
	case duplicate:
		return taken
	}
	return nil
}

// newVisit gives what inserts a new reservation and room, whose facts count from 1.
func (t *tx) newVisit(c *change, out *outgoing) []statement {
	v := c.visit
	ahead := c.ahead()
	numbered := map[clinic.Aggregate]int64{}
	for _, a := range []clinic.Aggregate{clinic.AggregateReservation, clinic.AggregateRoom} {
		n := t.s.number(a, 0, c.own, out)
		numbered[a] = t.s.number(a, n, ahead, out)
	}
	out.tell(c.own)
	v.Stamp(c.own, ahead)
	return append(
		inserts(t.d, "reservations", "", append(reservationFields(&v.Reservation), field{"numbered", numbered[clinic.AggregateReservation]})),
		inserts(t.d, "rooms", "", append(roomFields(&v.Room), field{"numbered", numbered[clinic.AggregateRoom]}))...)
}

// runNew inserts rows under new ids and numbers. It returns errConflict where one is in use: another is drawn.
func (t *tx) runNew(ctx context.Context, rows []statement) error {
	err := t.run(ctx, rows...)
	if t.d.isDuplicate(err) {
		return errConflict
	}
	return err
}
