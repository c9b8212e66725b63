package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"vetroom/clinic"
)

// booking is one that was decided on and is to be saved.
type booking struct {
	clinic.Booking
	*change
	vetRev int64 // of the vet that it was decided on
}

// Book implements clinic.VisitStore.
func (s *Store) Book(ctx context.Context, b clinic.Booking) (v *clinic.Visit, repeated bool, err error) {
	if !plain(b.VetID) {
		return nil, false, clinic.ErrNotFound
	}
	err = s.again(ctx, "book", func() error {
		v, repeated, err = s.book(ctx, b, s.bookTogether)
		if errors.Is(err, errApart) {
			v, repeated, err = s.book(ctx, b, s.bookAlone)
		}
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return v, repeated, nil
}

// book tries once. What is decided on may be a vet as an earlier booking found it: the transaction keeps the vet's row
// from change and sees whether it is that one, and a refusal is asked for again on the vet as it is.
func (s *Store) book(ctx context.Context, b clinic.Booking, save func(context.Context, *booking) error) (*clinic.Visit, bool, error) {
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
	return s.saved(ctx, c.visit, b, save(ctx, &booking{b, c, vet.Rev}))
}

// saved says what became of a booking, by the error with which it was saved.
func (s *Store) saved(ctx context.Context, v *clinic.Visit, b clinic.Booking, err error) (*clinic.Visit, bool, error) {
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
	return v, false, nil
}

// bookAlone saves one booking in a transaction of its own.
func (s *Store) bookAlone(ctx context.Context, b *booking) error {
	return s.bookAll(ctx, []*booking{b})
}

// bookAll saves bookings in one transaction, all or none.
func (s *Store) bookAll(ctx context.Context, all []*booking) error {
	out := &outgoing{}
	// Who gives up ends the transaction between two statements. A driver that watches for it during each of them costs as
	// much as some of them do, and none is long.
	whole := context.WithoutCancel(ctx)
	err := s.write(ctx, func(t *tx) error { return t.book(whole, all, out) })
	if err == nil {
		s.told(out.earliest)
	}
	return err
}

// repeatOf finds the visit that a used key gave. It returns errConflict where the key has just become free.
func (s *Store) repeatOf(ctx context.Context, key *clinic.IdempotencyKey) (*clinic.Visit, error) {
	id, err := s.earlierUse(ctx, key)
	if err != nil {
		return nil, err
	}
	return visit(ctx, s.reader, "r.id = ?", id)
}

// book saves new visits, of which no two are of one vet. The key comes before the cells, so that of two same requests at
// one instant the second is a repeat, and not a loser.
func (t *tx) book(ctx context.Context, all []*booking, out *outgoing) error {
	yielding, err := t.takeNew(ctx, all)
	if err != nil {
		return err
	}
	if err := t.runNew(ctx, t.newVisits(all, out)); err != nil {
		return err
	}
	for _, neighbour := range yielding {
		if err := t.apply(ctx, neighbour, out); err != nil {
			return err
		}
	}
	for _, b := range all {
		if err := t.attach(ctx, &b.visit.Reservation); err != nil {
			return err
		}
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

// takeNew takes the new visits' keys and cells, and settles who closes for whom; it gives the visits before them whose
// doors change. It returns errConflict if a vet is not the one that was decided on, errKeyUsed, and ErrSlotTaken. From here
// on the vets' rows are kept as they are.
func (t *tx) takeNew(ctx context.Context, all []*booking) (yielding []*change, err error) {
	var uses, occupied [][]field
	for _, b := range all {
		r := &b.visit.Reservation
		if b.Key != nil {
			uses = append(uses, t.newUse(b.Key, r.ID))
		}
		occupied = append(occupied, newCells(r, cellsOf(nil), cellsOf(b.visit))...)
	}
	if err := t.runUnique(ctx, inserts(t.d, "idempotency_keys", "", uses...), errKeyUsed); err != nil {
		return nil, err
	}
	taken := t.runUnique(ctx, inserts(t.d, "cells", "", occupied...), clinic.ErrSlotTaken)
	if taken != nil && !errors.Is(taken, clinic.ErrSlotTaken) {
		return nil, taken
	}
	beside, err := t.lookAround(ctx, all)
	switch {
	case err != nil:
		return nil, err
	case slices.ContainsFunc(all, func(b *booking) bool { return beside[b.VetID].rev != b.vetRev }):
		return nil, errConflict
	case taken != nil: // it counts: the vet is still the one that was decided on
		return nil, taken
	}
	for _, b := range all {
		before, err := t.settleDoors(ctx, b.change, cellsOf(nil), cellsOf(b.visit), beside[b.VetID].holders)
		if err != nil {
			return nil, err
		}
		yielding = append(yielding, before...)
	}
	return yielding, nil
}

// surroundings are what a new visit meets: its vet's rev, -1 if there is no such vet, and who holds the cells beside its
// own.
type surroundings struct {
	rev     int64
	holders map[clinic.Cell]string
}

// lookAround reads the surroundings of new visits, by their vets, and keeps all of it as it is. The visits' own cells they
// hold by having inserted them: whoever comes beside one waits there.
func (t *tx) lookAround(ctx context.Context, all []*booking) (map[string]*surroundings, error) {
	beside := make(map[string]*surroundings, len(all))
	for _, b := range all {
		beside[b.VetID] = &surroundings{-1, map[clinic.Cell]string{}}
	}
	if t.d.locksUnseen {
		return beside, t.lookAtOnce(ctx, all, beside)
	}
	for _, b := range all {
		held, to := cellsOf(b.visit), beside[b.VetID]
		var read statement
		read, to.holders = t.readHolders(b.VetID, []clinic.Cell{held.first - 1, held.last + 1})
		err := t.run(ctx, statement{
			text: "SELECT rev FROM vets WHERE id = ?" + t.d.shareLock, args: []any{b.VetID},
			scan: func() []any { return []any{&to.rev} },
		}, read)
		if err != nil {
			return nil, err
		}
	}
	return beside, nil
}

// lookAtOnce reads all surroundings by one statement, which reads each row by its key.
func (t *tx) lookAtOnce(ctx context.Context, all []*booking, beside map[string]*surroundings) error {
	var before, after, ids []any
	for _, b := range all {
		held := cellsOf(b.visit)
		ids = append(ids, b.VetID)
		before = append(before, b.VetID, int64(held.first-1))
		after = append(after, b.VetID, int64(held.last+1))
	}
	cell := "CASE v.id" + strings.Repeat(" WHEN ? THEN ?", len(all)) + " END"
	rows := []*besideRow{}
	err := t.run(ctx, statement{
		text: "SELECT v.id, v.rev, a.cell, a.reservation_id, b.cell, b.reservation_id FROM vets v" + t.d.byKey +
			" LEFT JOIN cells a ON a.vet_id = v.id AND a.cell = " + cell + " LEFT JOIN cells b ON b.vet_id = v.id AND b.cell = " + cell +
			" WHERE v.id IN (" + placeholders(len(ids)) + ")" + t.d.shareLock,
		args: slices.Concat(before, after, ids),
		scan: func() []any {
			r := &besideRow{}
			rows = append(rows, r)
			return []any{&r.vetID, &r.rev, &r.cells[0], &r.holders[0], &r.cells[1], &r.holders[1]}
		},
	})
	for _, r := range rows {
		to := beside[r.vetID]
		to.rev = r.rev
		for i, cell := range r.cells {
			if cell.Valid {
				to.holders[clinic.Cell(cell.Int64)] = r.holders[i].String
			}
		}
	}
	return err
}

// besideRow is a row of lookAtOnce.
type besideRow struct {
	vetID   string
	rev     int64
	cells   [2]sql.NullInt64
	holders [2]sql.NullString
}

// runUnique runs statements of which a unique key may say no, which taken stands for.
func (t *tx) runUnique(ctx context.Context, all []statement, taken error) error {
	err := t.run(ctx, all...)
	if t.d.isDuplicate(err) {
		return taken
	}
	return err
}

// newVisits gives what inserts new reservations and rooms, and who holds them.
func (t *tx) newVisits(all []*booking, out *outgoing) []statement {
	var reservations, rooms, links, grants [][]field
	for _, b := range all {
		r, until := &b.visit.Reservation, keysUntil(&b.visit.Reservation)
		numbered := t.numberNew(b.change, out)
		reservations = append(reservations, append(reservationFields(r), field{"numbered", numbered[clinic.AggregateReservation]}))
		rooms = append(rooms, append(roomFields(&b.visit.Room), field{"numbered", numbered[clinic.AggregateRoom]}))
		if b.Link != (clinic.LinkHash{}) {
			links = append(links, []field{{"hash", b.Link[:]}, {"reservation_id", r.ID}, {"expires_at", millis{&until}}})
		}
		if b.Session != "" {
			grants = append(grants, []field{{"session", b.Session}, {"reservation_id", r.ID}, {"expires_at", millis{&until}}})
		}
	}
	return slices.Concat(inserts(t.d, "reservations", "", reservations...), inserts(t.d, "rooms", "", rooms...),
		inserts(t.d, "links", "", links...), inserts(t.d, "grants", "", grants...))
}

// numberNew numbers the facts of a new visit, which count from 1, and gives each aggregate's last number.
func (t *tx) numberNew(c *change, out *outgoing) map[clinic.Aggregate]int64 {
	ahead := c.ahead()
	numbered := map[clinic.Aggregate]int64{}
	for _, a := range []clinic.Aggregate{clinic.AggregateReservation, clinic.AggregateRoom} {
		n := t.s.number(a, 0, c.own, out)
		numbered[a] = t.s.number(a, n, ahead, out)
	}
	out.tell(c.own)
	c.visit.Stamp(c.own, ahead)
	return numbered
}

// runNew inserts rows under new ids and numbers. It returns errConflict where one is in use: another is drawn.
func (t *tx) runNew(ctx context.Context, rows []statement) error {
	return t.runUnique(ctx, rows, errConflict)
}
