package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"vetroom/clinic"
)

// change is what a decide function did, before it is saved.
type change struct {
	now   time.Time      // what decide was told
	was   *clinic.Visit  // a copy from before; nil if no visit was decided on
	visit *clinic.Visit  // as decide left it
	vet   *clinic.Vet    // as decide left it; nil if nothing of the vet changed
	own   []clinic.Event // what the change gave rise to

	screening *clinic.Screening // as decide left it; nil if none was decided on

	seated *bool // what decide was told of the vet's seat, and what must still be so; nil where it was not asked
}

// aggregates are all of them, in the order in which a transaction changes them.
var aggregates = []clinic.Aggregate{
	clinic.AggregateReservation, clinic.AggregateRoom, clinic.AggregateVet, clinic.AggregateScreening,
}

// touches tells whether the change belongs to an aggregate's history: its row changed, or a fact of it came to be.
func (c *change) touches(a clinic.Aggregate) bool {
	for _, e := range c.own {
		if of, _ := e.Aggregate(); of == a {
			return true
		}
	}
	switch a {
	case clinic.AggregateReservation:
		return c.was != nil && c.was.Reservation != c.visit.Reservation
	case clinic.AggregateRoom:
		return c.was != nil && c.was.Room != c.visit.Room
	case clinic.AggregateScreening:
		return c.screening != nil
	default:
		return c.vet != nil
	}
}

// ahead gives the facts that lie ahead after the change. What is due at the very instant of the change and was so before
// has its row, which is not deleted any more, and gets no second.
func (c *change) ahead() []clinic.Event {
	if c.visit == nil {
		return nil
	}
	var kept []clinic.Event
	if c.was != nil {
		kept = c.was.Ahead(c.now)
	}
	now := clinic.Millis(c.now)
	return slices.DeleteFunc(c.visit.Ahead(c.now), func(e clinic.Event) bool {
		return e.Due.Equal(now) && slices.ContainsFunc(kept, func(k clinic.Event) bool { return k.Kind == e.Kind && k.Due.Equal(now) })
	})
}

// ChangeVisit implements clinic.VisitStore.
func (s *Store) ChangeVisit(ctx context.Context, reservationID string, decide func(*clinic.Visit, *clinic.Vet, time.Time) ([]clinic.Event, error)) (v *clinic.Visit, vet *clinic.Vet, err error) {
	err = s.again(ctx, "change a visit", func() error {
		if v, err = visit(ctx, s.reader, "r.id = ?", reservationID); err != nil {
			return err
		}
		if vet, err = s.vet(ctx, s.reader, "v.id = ?", v.Reservation.VetID); err != nil {
			return err
		}
		return s.changeVisit(ctx, v, vet, nil, decide)
	})
	if err != nil {
		return nil, nil, err
	}
	return v, vet, nil
}

func (s *Store) changeVisit(ctx context.Context, v *clinic.Visit, vet *clinic.Vet, seated *bool, decide func(*clinic.Visit, *clinic.Vet, time.Time) ([]clinic.Event, error)) error {
	c := &change{now: s.Now(), was: ptr(*v), visit: v, seated: seated}
	online := vet.Online
	var err error
	if c.own, err = decide(v, vet, c.now); err != nil {
		return err
	}
	if vet.Online != online {
		c.vet = vet
	}
	if len(c.own) == 0 && c.vet == nil && *c.was == *v {
		return nil
	}
	return s.save(ctx, c)
}

// save saves a change and its facts in one transaction. It returns errConflict if another came first.
func (s *Store) save(ctx context.Context, c *change) error {
	out := &outgoing{}
	err := s.write(ctx, func(t *tx) error {
		if err := t.apply(ctx, c, out); err != nil {
			return err
		}
		if err := t.stillSeated(ctx, c); err != nil {
			return err
		}
		return t.finish(ctx, out)
	})
	if err == nil {
		s.told(out.earliest)
	}
	return err
}

// apply writes a change into the transaction; out gathers its facts, for finish.
func (t *tx) apply(ctx context.Context, c *change, out *outgoing) error {
	touched := map[clinic.Aggregate]bool{}
	for _, a := range aggregates {
		if touched[a] = c.touches(a); touched[a] {
			if err := t.claimRev(ctx, c, a); err != nil {
				return err
			}
		}
	}
	yielding, err := t.occupy(ctx, c)
	if err != nil {
		return err
	}
	if err := t.detach(ctx, c); err != nil { // after the cells, as a booking attaches
		return err
	}
	if err := t.record(ctx, c, touched, out); err != nil {
		return err
	}
	for _, neighbour := range yielding {
		if err := t.apply(ctx, neighbour, out); err != nil {
			return err
		}
	}
	return nil
}

// claimRev takes an aggregate from all others until the end of the transaction, if it is still what was loaded.
func (t *tx) claimRev(ctx context.Context, c *change, a clinic.Aggregate) error {
	table, id, rev, _ := c.aggregate(a)
	err := t.bump(ctx, "UPDATE "+table+" SET rev = rev + 1 WHERE id = ? AND rev = ?", id, *rev)
	if err == nil {
		*rev++
	}
	return err
}

// aggregate gives an aggregate's table, its id, its rev and the version of its newest fact.
func (c *change) aggregate(a clinic.Aggregate) (table, id string, rev *int64, version int64) {
	switch a {
	case clinic.AggregateReservation:
		r := &c.visit.Reservation
		return "reservations", r.ID, &r.Rev, r.Version
	case clinic.AggregateRoom:
		r := &c.visit.Room
		return "rooms", r.ID, &r.Rev, r.Version
	case clinic.AggregateScreening:
		return "screenings", c.screening.ID, &c.screening.Rev, c.screening.Version
	default:
		return "vets", c.vet.ID, &c.vet.Rev, c.vet.Version
	}
}

// bump runs an UPDATE that must find its row. It returns errConflict if it does not.
func (t *tx) bump(ctx context.Context, query string, args ...any) error {
	result, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(errConflict, err)
	}
	return nil
}

// gone says ErrNotFound where a row was looked for by its id alone.
func gone(err error) error {
	if errors.Is(err, errConflict) {
		return clinic.ErrNotFound
	}
	return err
}

// record numbers the facts of a change, own and ahead, and writes the aggregates that it touched.
func (t *tx) record(ctx context.Context, c *change, touched map[clinic.Aggregate]bool, out *outgoing) error {
	ahead := c.ahead()
	numbered := map[clinic.Aggregate]int64{}
	for _, a := range aggregates {
		if !touched[a] {
			continue
		}
		n, err := t.renew(ctx, c, a, out)
		if err != nil {
			return err
		}
		n = t.s.number(a, n, c.own, out)
		numbered[a] = t.s.number(a, n, ahead, out)
	}
	out.tell(c.own)
	return t.writeBack(ctx, c, ahead, numbered)
}

// writeBack saves the rows of the aggregates that were numbered.
func (t *tx) writeBack(ctx context.Context, c *change, ahead []clinic.Event, numbered map[clinic.Aggregate]int64) error {
	if n, ok := numbered[clinic.AggregateVet]; ok {
		c.vet.Version = n
		if err := update(ctx, t, "vets", c.vet.ID, vetFields(c.vet, &t.s.zones)); err != nil {
			return err
		}
	}
	if n, ok := numbered[clinic.AggregateScreening]; ok {
		c.screening.Version = n
		if err := update(ctx, t, "screenings", c.screening.ID, screeningFields(c.screening)); err != nil {
			return err
		}
	}
	if c.visit == nil {
		return nil
	}
	v, room := c.visit, c.visit.Room
	v.Stamp(c.own, ahead)
	if n, ok := numbered[clinic.AggregateReservation]; ok {
		fields := append(reservationFields(&v.Reservation), field{"numbered", &n})
		if err := update(ctx, t, "reservations", v.Reservation.ID, fields); err != nil {
			return err
		}
	}
	n, ok := numbered[clinic.AggregateRoom]
	if !ok { // its rows ahead stayed as they were
		v.Room.OpenVersion, v.Room.CloseVersion = room.OpenVersion, room.CloseVersion
		return nil
	}
	return update(ctx, t, "rooms", v.Room.ID, append(roomFields(&v.Room), field{"numbered", &n}))
}
