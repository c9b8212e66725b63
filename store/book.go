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

// book tries once.
func (s *Store) book(ctx context.Context, b clinic.Booking) (*clinic.Visit, bool, error) {
	vet, err := s.vet(ctx, s.reader, "v.id = ?", b.VetID)
	if err != nil {
		return nil, false, err
	}
	c := &change{now: s.Now()}
	if c.visit, c.own, err = b.Decide(vet, c.now); err != nil {
		return nil, false, err
	}
	out := &outgoing{}
	err = s.write(ctx, func(t *tx) error { return t.book(ctx, b, c, vet.PermitsRev, out) })
	if errors.Is(err, errKeyUsed) {
		v, err := s.repeatOf(ctx, b.Key)
		return v, err == nil, err
	}
	if err != nil {
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

// book saves a new visit. Its first statement keeps the vet's permits as they are; the key comes before the cells, so
// that of two same requests at one instant the second is a repeat, and not a loser.
func (t *tx) book(ctx context.Context, b clinic.Booking, c *change, permitsRev int64, out *outgoing) error {
	if err := t.lockPermits(ctx, b.VetID, permitsRev); err != nil {
		return err
	}
	r := &c.visit.Reservation
	if err := t.useKey(ctx, b.Key, r); err != nil {
		return err
	}
	none, held := cellsOf(nil), cellsOf(c.visit)
	if err := t.take(ctx, r, none, held); err != nil {
		return err
	}
	yielding, err := t.neighbours(ctx, c, none, held)
	if err != nil {
		return err
	}
	if err := t.insertVisit(ctx, c, out); err != nil {
		return err
	}
	if err := t.addKeys(ctx, r, b.Link, b.Session); err != nil {
		return err
	}
	for _, neighbour := range yielding {
		if err := t.apply(ctx, neighbour, out); err != nil {
			return err
		}
	}
	return t.finish(ctx, out)
}

// lockPermits keeps the vet's permits from change until the end of the transaction. It returns errConflict if they are
// not those that were decided on.
func (t *tx) lockPermits(ctx context.Context, vetID string, rev int64) error {
	var now int64
	err := t.QueryRowContext(ctx, "SELECT permits_rev FROM vets WHERE id = ?"+t.d.shareLock, vetID).Scan(&now)
	if err == nil && now != rev {
		err = errConflict
	}
	return err
}

// insertVisit inserts a new reservation and room, whose facts count from 1.
func (t *tx) insertVisit(ctx context.Context, c *change, out *outgoing) error {
	v := c.visit
	ahead := c.ahead()
	numbered := map[clinic.Aggregate]int64{}
	for _, a := range []clinic.Aggregate{clinic.AggregateReservation, clinic.AggregateRoom} {
		n := t.s.number(a, 0, c.own, out)
		numbered[a] = t.s.number(a, n, ahead, out)
	}
	out.tell(c.own)
	v.Stamp(c.own, ahead)
	err := insert(ctx, t, t.d, "reservations", "", append(reservationFields(&v.Reservation), field{"numbered", numbered[clinic.AggregateReservation]}))
	if t.d.isDuplicate(err) {
		return errConflict // the number is in use: another is drawn
	}
	if err != nil {
		return err
	}
	return insert(ctx, t, t.d, "rooms", "", append(roomFields(&v.Room), field{"numbered", numbered[clinic.AggregateRoom]}))
}
