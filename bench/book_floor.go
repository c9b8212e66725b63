package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"vetroom/clinic"
)

// rawFloor writes the rows of a booking by statements that were written by hand and prepared before, with nothing looked
// up and nothing decided: the unique keys alone say no. Each connection has its statements.
type rawFloor struct {
	db    *sql.DB
	conns chan *floorConn
}

type floorConn struct {
	conn  *sql.Conn
	begin string
	cells, reservation, room, link,
	outbox, timeline *sql.Stmt
}

// newRawFloor prepares as many connections as are worth having: one on SQLite, which has one writer.
func newRawFloor(ctx context.Context, db *database, clients int) (*rawFloor, error) {
	if db.kind == sqliteKind {
		clients = 1
	}
	raw, err := db.raw(clients)
	if err != nil {
		return nil, err
	}
	f := &rawFloor{db: raw, conns: make(chan *floorConn, clients)}
	for range clients {
		conn, err := prepareFloor(ctx, raw, db.kind)
		if err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		f.conns <- conn
	}
	return f, nil
}

// close ends the connections, of which none is in use any more.
func (f *rawFloor) close() error {
	var errs []error
	for range cap(f.conns) {
		errs = append(errs, (<-f.conns).conn.Close())
	}
	return errors.Join(append(errs, f.db.Close())...)
}

const (
	floorCells    = "INSERT INTO cells (vet_id, cell, reservation_id) VALUES (?,?,?),(?,?,?),(?,?,?),(?,?,?)"
	floorReserved = `INSERT INTO reservations (id, number, vet_id, room_id, kind, state, start_at, end_at, owner_name, owner_phone,
		owner_email, owner_locale, pet_name, pet_breed, pet_birth_year, pet_weight_kg, area, prior_visit_on, symptoms, screening_id,
		created_at, cancelled_by, reason_code, reason, sequence, rev, version, numbered)
		VALUES (?,?,?,?,'follow_up','confirmed',?,?,?,?,?,'ko',?,?,2020,12.5,'skin','2026-10-02',?,'',?,'','','',0,0,1,3)`
	floorRoom = `INSERT INTO rooms (id, reservation_id, vet_id, opens_at, closes_at, opened_by, closed_at, close_reason,
		delayed_minutes, rev, version, open_version, close_version, numbered) VALUES (?,?,?,?,?,'schedule',0,'',0,0,0,1,2,2)`
	floorLink   = "INSERT INTO links (hash, reservation_id, expires_at) VALUES (?,?,?)"
	floorOutbox = `INSERT INTO outbox (id, aggregate, aggregate_id, version, kind, reservation_id, party, stream, subject, body, due_at)
		VALUES (?,'reservation',?,1,'booking.confirmed',?,'vet','BOOKING',?,?,?),
		(?,'reservation',?,2,'booking.reminder',?,'schedule','BOOKING',?,?,?),
		(?,'reservation',?,3,'booking.reminder',?,'schedule','BOOKING',?,?,?),
		(?,'room',?,1,'room.open',?,'schedule','ROOM',?,?,?),
		(?,'room',?,2,'room.closed',?,'schedule','ROOM',?,?,?)`
	floorTimeline = "INSERT INTO timeline (reservation_id, happened_at, what, party, once) VALUES (?,?,'booked','vet',NULL)"
)

func prepareFloor(ctx context.Context, db *sql.DB, kind string) (*floorConn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect the floor: %w", err)
	}
	f := &floorConn{conn: conn, begin: "START TRANSACTION"}
	if kind == sqliteKind {
		f.begin = "BEGIN IMMEDIATE"
	}
	for text, stmt := range map[string]**sql.Stmt{
		floorCells: &f.cells, floorReserved: &f.reservation, floorRoom: &f.room, floorLink: &f.link,
		floorOutbox: &f.outbox, floorTimeline: &f.timeline,
	} {
		if *stmt, err = conn.PrepareContext(ctx, text); err != nil {
			return nil, fmt.Errorf("prepare the floor: %w", err)
		}
	}
	return f, nil
}

// book is a booker.
func (f *rawFloor) book(ctx context.Context, _ int, vet string, start time.Time) error {
	conn := <-f.conns
	defer func() { f.conns <- conn }()
	if _, err := conn.conn.ExecContext(ctx, conn.begin); err != nil {
		return fmt.Errorf("begin at the floor: %w", err)
	}
	if err := conn.write(ctx, vet, start); err != nil {
		_, rollback := conn.conn.ExecContext(ctx, "ROLLBACK")
		return errors.Join(err, rollback)
	}
	if _, err := conn.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("commit at the floor: %w", err)
	}
	return nil
}

// write writes one booking's rows.
func (f *floorConn) write(ctx context.Context, vet string, start time.Time) error {
	reservation, room, end, now := newID(), newID(), start.Add(visitMinutes*time.Minute), time.Now().UTC()
	var random [32]byte
	_, _ = rand.Read(random[:]) // it never fails
	number := clinic.NewNumber([8]byte(random[:8]))
	cell := int64(clinic.CellOf(start))
	if _, err := f.cells.ExecContext(ctx, vet, cell, reservation, vet, cell+1, reservation,
		vet, cell+2, reservation, vet, cell+3, reservation); err != nil {
		return fmt.Errorf("floor's cells: %w", err)
	}
	q := aRequest()
	if _, err := f.reservation.ExecContext(ctx, reservation, number, vet, room, start.UnixMilli(), end.UnixMilli(),
		q.Owner.Name, q.Owner.Phone, q.Owner.Email, q.Pet.Name, q.Pet.Breed, q.Symptoms, now.UnixMilli()); err != nil {
		return fmt.Errorf("floor's reservation: %w", err)
	}
	if _, err := f.room.ExecContext(ctx, room, reservation, vet, start.UnixMilli(), end.Add(clinic.Grace).UnixMilli()); err != nil {
		return fmt.Errorf("floor's room: %w", err)
	}
	if _, err := f.link.ExecContext(ctx, random[:], reservation, end.Add(clinic.LinkLife).UnixMilli()); err != nil {
		return fmt.Errorf("floor's link: %w", err)
	}
	if _, err := f.outbox.ExecContext(ctx, floorEvents(vet, reservation, room, start, end, now)...); err != nil {
		return fmt.Errorf("floor's outbox: %w", err)
	}
	if _, err := f.timeline.ExecContext(ctx, reservation, now.UnixMilli()); err != nil {
		return fmt.Errorf("floor's timeline: %w", err)
	}
	return nil
}

// wire is how times stand in an event.
const wire = "2006-01-02T15:04:05.000Z"

// floorEvents gives the parameters of floorOutbox: bodies of the product's size, pasted together.
func floorEvents(vet, reservation, room string, start, end, now time.Time) []any {
	args := make([]any, 0, 30)
	add := func(kind, aggregate, data string, due time.Time) {
		id := newID()
		body := []byte(`{"specversion":"1.0","id":"` + id + `","source":"/vetroom","type":"vetroom.` + kind + `","subject":"` + aggregate +
			`","time":"` + due.Format(wire) + `","datacontenttype":"application/json","data":` + data + `}`)
		args = append(args, id, aggregate, reservation, "vetroom."+kind+"."+aggregate, body, due.UnixMilli())
	}
	from, to := start.Format(wire), end.Format(wire)
	booking := `,"reservation_id":"` + reservation + `","vet_id":"` + vet + `","start":"` + from + `","end":"` + to +
		`","kind":"follow_up","room_id":"` + room + `"`
	door := `,"room_id":"` + room + `","reservation_id":"` + reservation + `","vet_id":"` + vet + `","opens_at":"` + from +
		`","closes_at":"` + end.Add(clinic.Grace).Format(wire) + `"`
	add("booking.confirmed", reservation, `{"version":1`+booking+`}`, now)
	add("booking.reminder", reservation, `{"version":2`+booking+`,"minutes_before":1440}`, start.Add(-24*time.Hour))
	add("booking.reminder", reservation, `{"version":3`+booking+`,"minutes_before":10}`, start.Add(-10*time.Minute))
	add("room.open", room, `{"version":1`+door+`,"opened_by":"schedule","scheduled_for":"`+from+`","opened_at":"`+from+`"}`, start)
	add("room.closed", room, `{"version":2`+door+`,"reason":"ended"}`, end.Add(clinic.Grace))
	return args
}

// sameRows says what differs between the rows of two databases that hold as many bookings: nothing, if the floor
// writes what the product writes.
func sameRows(ctx context.Context, product, floor *database) error {
	counts := func(db *database) (string, error) {
		raw, err := db.raw(1)
		if err != nil {
			return "", err
		}
		defer raw.Close()
		var said []string
		for _, q := range []string{
			"COUNT(*) FROM cells", "COUNT(*) FROM reservations", "COUNT(*) FROM rooms", "COUNT(*) FROM links", "COUNT(*) FROM timeline",
			"COUNT(*) FROM outbox", "SUM(LENGTH(body)) FROM outbox", "COUNT(DISTINCT kind) FROM outbox", "SUM(version) FROM outbox",
			"SUM(LENGTH(subject) + LENGTH(stream) + LENGTH(party)) FROM outbox", "SUM(numbered + version) FROM reservations", "SUM(numbered + version + open_version + close_version) FROM rooms",
		} {
			var n int64
			if err := raw.QueryRowContext(ctx, "SELECT "+q).Scan(&n); err != nil {
				return "", fmt.Errorf("count %s: %w", q, err)
			}
			said = append(said, fmt.Sprintf("%s = %d", q, n))
		}
		return strings.Join(said, "\n"), nil
	}
	a, err := counts(product)
	if err != nil {
		return err
	}
	b, err := counts(floor)
	if err == nil && a != b {
		err = fmt.Errorf("the floor does not write what the product writes:\nproduct:\n%s\nfloor:\n%s", a, b)
	}
	return err
}
