package store

import (
	"context"

	"vetroom/clinic"
)

// look is what a query that looks at visits tells of one.
type look struct {
	visit clinic.Visit
	vet   sighting
	held  bool
}

// lookColumns are the columns that into reads: of reservations r, rooms m, vets v, and whether a session of g holds r.
var lookColumns = visitColumns + ", v.id, v.rev, g.session IS NOT NULL"

func (l *look) into() []any {
	all := append(values(reservationFields(&l.visit.Reservation)), values(roomFields(&l.visit.Room))...)
	return append(all, &l.vet.id, &l.vet.rev, &l.held)
}

// lookFrom joins what lookColumns are of. Its parameters are a session, and now.
const lookFrom = ` FROM reservations r JOIN rooms m ON m.reservation_id = r.id JOIN vets v ON v.id = r.vet_id
	LEFT JOIN grants g ON g.session = ? AND g.reservation_id = r.id AND g.expires_at > ?`

// Look implements clinic.VisitStore.
func (s *Store) Look(ctx context.Context, q clinic.Looking) (*clinic.Seen, error) {
	seen, err := s.look(ctx, q)
	return seen, s.fault("look at a visit", err)
}

func (s *Store) look(ctx context.Context, q clinic.Looking) (*clinic.Seen, error) {
	condition, id := "r.id = ?", q.Reservation
	if q.Room != "" {
		condition, id = "m.id = ?", q.Room
	}
	if !plain(id) {
		return nil, clinic.ErrNotFound
	}
	if !plain(q.Session) {
		q.Session = ""
	}
	var found []*look
	asked := []statement{{
		text: "SELECT " + lookColumns + lookFrom + " WHERE " + condition,
		args: []any{q.Session, s.Now().UnixMilli(), id},
		scan: func() []any { l := &look{}; found = append(found, l); return l.into() },
	}}
	entries := &timeline{}
	if q.Timeline {
		asked = append(asked, entries.of(q.Reservation))
	}
	if err := s.ask(ctx, asked...); err != nil {
		return nil, err
	}
	l, err := one(found, nil)
	if err != nil {
		return nil, err
	}
	vet, err := one(s.recall(ctx, []*sighting{&l.vet}))
	if err != nil {
		return nil, err
	}
	return &clinic.Seen{Visit: &l.visit, Vet: vet, Held: l.held, Timeline: *entries}, nil
}

// timeline gathers a reservation's entries.
type timeline []clinic.Entry

// of gives what reads those of a reservation.
func (t *timeline) of(reservationID string) statement {
	return statement{
		text: "SELECT reservation_id, happened_at, what, party, detail FROM timeline WHERE reservation_id = ? ORDER BY happened_at, id",
		args: []any{reservationID},
		scan: func() []any {
			*t = append(*t, clinic.Entry{})
			e := &(*t)[len(*t)-1]
			return []any{&e.ReservationID, millis{&e.At}, &e.What, &e.By, &e.Detail}
		},
	}
}
