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
	vet := s.known.any(b.VetID)
	kept := vet != nil
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
	// Who gives up ends the transaction between two statements. A driver that watches for it during each of them costs as
	// much as some of them do, and none is long.
	whole := context.WithoutCancel(ctx)
	err := s.write(ctx, func(t *tx) error { return t.book(whole, b, c, vetRev, out) })
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

// book saves a new visit. The key comes before the cells, so that of two same requests at one instant the second is a
// repeat, and not a loser.
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
	if err := t.runNew(ctx, rows); err != nil {
		return err
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
	if err := t.runNew(ctx, facts); err != nil {
		return err
	}
	return t.inTime(ctx, out)
}

// takeNew takes the new visit's cells, and gives who holds those beside them. It returns errConflict if the vet is not
// the one that was decided on, errKeyUsed, and ErrSlotTaken. From here on the vet's row is kept as it is.
func (t *tx) takeNew(ctx context.Context, b clinic.Booking, c *change, vetRev int64) (map[clinic.Cell]string, error) {
	r, held := &c.visit.Reservation, cellsOf(c.visit)
	if b.Key != nil {
		if err := t.runUnique(ctx, t.newUse(b.Key, r), errKeyUsed); err != nil {
			return nil, err
		}
	}
	taken := t.runUnique(ctx, t.newCells(r, cellsOf(nil), held), clinic.ErrSlotTaken)
	if taken != nil && !errors.Is(taken, clinic.ErrSlotTaken) {
		return nil, taken
	}
	holders, rev, err := t.lookAround(ctx, r.VetID, held)
	switch {
	case err != nil:
		return nil, err
	case rev != vetRev:
		return nil, errConflict
	}
	return holders, taken
}

// lookAround reads a vet's rev, -1 if there is no such vet, and who holds the cells beside a new visit's; and keeps all of
// it as it is. The visit's own cells it holds by having inserted them: whoever comes beside it waits there.
func (t *tx) lookAround(ctx context.Context, vetID string, held cells) (holders map[clinic.Cell]string, rev int64, err error) {
	before, after := held.first-1, held.last+1
	rev = -1
	if !t.d.locksUnseen {
		read, holders := t.readHolders(vetID, []clinic.Cell{before, after})
		err := t.run(ctx, statement{
			text: "SELECT rev FROM vets WHERE id = ?" + t.d.shareLock, args: []any{vetID},
			scan: func() []any { return []any{&rev} },
		}, read)
		return holders, rev, err
	}
	holders = map[clinic.Cell]string{}
	err = t.run(ctx, statement{
		text: `SELECT v.rev, a.reservation_id, b.reservation_id FROM vets v
			LEFT JOIN cells a ON a.vet_id = ? AND a.cell = ? LEFT JOIN cells b ON b.vet_id = ? AND b.cell = ?
			WHERE v.id = ?` + t.d.shareLock,
		args: []any{vetID, int64(before), vetID, int64(after), vetID},
		scan: func() []any {
			return []any{&rev, &holding{cell: int64(before), holders: holders}, &holding{cell: int64(after), holders: holders}}
		},
	})
	return holders, rev, err
}

// runUnique runs statements of which a unique key may say no, which taken stands for.
func (t *tx) runUnique(ctx context.Context, all []statement, taken error) error {
	err := t.run(ctx, all...)
	if t.d.isDuplicate(err) {
		return taken
	}
	return err
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
	return t.runUnique(ctx, rows, errConflict)
}
