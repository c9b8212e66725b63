package store

import (
	"context"
	"slices"
	"time"

	"vetroom/clinic"
)

// visits reads reservations r with their rooms m.
func visits(ctx context.Context, q querier, tail string, args ...any) ([]*clinic.Visit, error) {
	var all []*clinic.Visit
	err := query(ctx, q, func() []any {
		v := &clinic.Visit{}
		all = append(all, v)
		return append(values(reservationFields(&v.Reservation)), values(roomFields(&v.Room))...)
	}, "SELECT "+visitColumns+" FROM reservations r JOIN rooms m ON m.reservation_id = r.id "+tail, args...)
	return all, err
}

// visit reads the one visit that meets a condition.
func visit(ctx context.Context, q querier, condition, value string) (*clinic.Visit, error) {
	if !plain(value) {
		return nil, clinic.ErrNotFound
	}
	found, err := visits(ctx, q, "WHERE "+condition, value)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, clinic.ErrNotFound
	}
	return found[0], nil
}

// Visit implements clinic.VisitStore.
func (s *Store) Visit(ctx context.Context, reservationID string) (*clinic.Visit, error) {
	v, err := visit(ctx, s.reader, "r.id = ?", reservationID)
	return v, s.fault("read a visit", err)
}

// VisitOfRoom implements clinic.VisitStore.
func (s *Store) VisitOfRoom(ctx context.Context, roomID string) (*clinic.Visit, error) {
	v, err := visit(ctx, s.reader, "m.id = ?", roomID)
	return v, s.fault("read the visit of a room", err)
}

// VisitByNumber implements clinic.VisitStore.
func (s *Store) VisitByNumber(ctx context.Context, number string) (*clinic.Visit, error) {
	v, err := visit(ctx, s.reader, "r.number = ?", number)
	return v, s.fault("read the visit of a number", err)
}

// VisitsOfSession implements clinic.VisitStore.
func (s *Store) VisitsOfSession(ctx context.Context, session string) ([]*clinic.Visit, error) {
	if !plain(session) {
		return nil, nil
	}
	all, err := visits(ctx, s.reader, `JOIN grants g ON g.reservation_id = r.id
		WHERE g.session = ? AND g.expires_at > ? ORDER BY r.start_at, r.id`, session, s.Now().UnixMilli())
	return all, s.fault("read the visits of a session", err)
}

// VisitsOfVet implements clinic.VisitStore.
func (s *Store) VisitsOfVet(ctx context.Context, vetID string, span clinic.Span) ([]*clinic.Visit, error) {
	if !plain(vetID) {
		return nil, nil
	}
	all, err := visits(ctx, s.reader, "WHERE r.vet_id = ? AND r.end_at > ? AND r.end_at < ? AND r.start_at < ? ORDER BY r.start_at, r.id",
		vetID, span.Start.UnixMilli(), span.End.Add(clinic.LongestVisit).UnixMilli(), span.End.UnixMilli())
	return all, s.fault("read the visits of a vet", err)
}

// OpeningIn implements clinic.VisitStore.
func (s *Store) OpeningIn(ctx context.Context, span clinic.Span) ([]*clinic.Visit, error) {
	all, err := visits(ctx, s.reader, `WHERE m.opens_at >= ? AND m.opens_at < ? AND r.state = 'confirmed'
		ORDER BY m.opens_at, r.id`, span.Start.UnixMilli(), span.End.UnixMilli())
	return all, s.fault("read what opens", err)
}

// StandingByPhone implements clinic.VisitStore.
func (s *Store) StandingByPhone(ctx context.Context, phone string) (int, error) {
	if !plain(phone) {
		return 0, nil
	}
	var n int
	err := s.reader.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM reservations WHERE owner_phone = ? AND state = 'confirmed' AND end_at > ?)
		+ (SELECT COUNT(*) FROM instant_requests WHERE owner_phone = ? AND standing = 1)`, phone, s.Now().UnixMilli(), phone).Scan(&n)
	return n, s.fault("count what a phone holds", err)
}

// Rooms gives those of the rooms that exist, in no order.
func (s *Store) Rooms(ctx context.Context, ids []string) ([]*clinic.Room, error) {
	ids = distinct(ids)
	var rooms []*clinic.Room
	err := query(ctx, s.reader, func() []any {
		r := &clinic.Room{}
		rooms = append(rooms, r)
		return values(roomFields(r))
	}, "SELECT "+roomColumns+" FROM rooms m WHERE m.id IN ("+placeholders(len(ids))+")", anys(ids)...)
	return rooms, s.fault("read rooms", err)
}

// RoomRevs gives the revs of those of the rooms that exist: a room whose rev is the same did not change.
func (s *Store) RoomRevs(ctx context.Context, ids []string) (map[string]int64, error) {
	type rev struct {
		id string
		n  int64
	}
	ids = distinct(ids)
	var all []*rev
	err := query(ctx, s.reader, func() []any {
		r := &rev{}
		all = append(all, r)
		return []any{&r.id, &r.n}
	}, "SELECT id, rev FROM rooms WHERE id IN ("+placeholders(len(ids))+")", anys(ids)...)
	revs := make(map[string]int64, len(all))
	for _, r := range all {
		revs[r.id] = r.n
	}
	return revs, s.fault("read the revs of rooms", err)
}

// TakeSeats gives each seat a new and higher epoch; who has a seat's highest holds it. Seats of rooms that do not exist
// are left out. All are one transaction, so that those who come together, after a restart for instance, cost one commit.
func (s *Store) TakeSeats(ctx context.Context, seats []clinic.Seat) (map[clinic.Seat]int64, error) {
	taken := make(map[clinic.Seat]int64, len(seats))
	err := s.writeAgain(ctx, "take seats", func(t *tx) error {
		clear(taken)
		for _, role := range []clinic.Role{clinic.RoleOwner, clinic.RoleVet} {
			if err := t.takeSeats(ctx, role, seats, taken); err != nil {
				return err
			}
		}
		return nil
	})
	return taken, err
}

func (t *tx) takeSeats(ctx context.Context, role clinic.Role, seats []clinic.Seat, taken map[clinic.Seat]int64) error {
	column := string(role) + "_epoch"
	var rooms []string
	for _, seat := range seats {
		if seat.Role == role && plain(seat.RoomID) {
			rooms = append(rooms, seat.RoomID)
		}
	}
	slices.Sort(rooms) // in the same order for everybody, so that nobody waits in a circle
	for part := range slices.Chunk(slices.Compact(rooms), t.d.maxParams) {
		in := "id IN (" + placeholders(len(part)) + ")"
		if _, err := t.ExecContext(ctx, "UPDATE rooms SET "+column+" = "+column+" + 1 WHERE "+in, anys(part)...); err != nil {
			return err
		}
		var rows []*seatRow
		err := query(ctx, t, func() []any {
			r := &seatRow{}
			rows = append(rows, r)
			return []any{&r.room, &r.epoch}
		}, "SELECT id, "+column+" FROM rooms WHERE "+in, anys(part)...)
		if err != nil {
			return err
		}
		for _, r := range rows {
			taken[clinic.Seat{RoomID: r.room, Role: role}] = r.epoch
		}
	}
	return nil
}

type seatRow struct {
	room  string
	epoch int64
}

// told lets the scheduler know what is due, if anything is.
func (s *Store) told(earliest time.Time) {
	if !earliest.IsZero() {
		s.onDue(earliest)
	}
}
