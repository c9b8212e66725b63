package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// yearVets is how many vets the year's reservations belong to: one each 100 minutes, for 347 days.
const yearVets = 200

const (
	yearStep  = 100 * time.Minute
	yearAhead = 7 * 24 * time.Hour // of the year lies in the future, and so its events are not published
)

// yearBatch is how many reservations one statement of fillYear makes.
const yearBatch = 50_000

// fillYear makes n reservations and all that belongs to them, by statements that run inside the database. What is due
// by now was published at its instant.
func fillYear(ctx context.Context, db *database, n int) error {
	raw, err := db.raw(1)
	if err != nil {
		return err
	}
	defer raw.Close()
	if _, err := raw.ExecContext(ctx, "CREATE TABLE bench_vets (n INTEGER PRIMARY KEY, id CHAR(36) NOT NULL)"); err != nil {
		return fmt.Errorf("fill the year: %w", err)
	}
	for i := range yearVets {
		if _, err := raw.ExecContext(ctx, "INSERT INTO bench_vets VALUES (?, ?)", i, newID()); err != nil {
			return fmt.Errorf("fill the year: %w", err)
		}
	}
	steps := (n + yearVets - 1) / yearVets
	first := time.Now().Add(yearAhead - time.Duration(steps)*yearStep).Truncate(time.Hour)
	for from := 0; from < n; from += yearBatch {
		if err := fillPart(ctx, raw, db.kind, first, from, min(from+yearBatch, n)); err != nil {
			return fmt.Errorf("fill the year: %w", err)
		}
	}
	if db.kind == sqliteKind {
		_, err = raw.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return err
}

func fillPart(ctx context.Context, raw *sql.DB, kind string, first time.Time, from, to int) error {
	tx, err := raw.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, text := range yearStatements(kind, first, from, to) {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%w in %s", err, text)
		}
	}
	return tx.Commit()
}

// yearStatements make reservations from to to. Ids are version 7 in the order of their making, as the product's.
func yearStatements(kind string, first time.Time, from, to int) []string {
	w := yearWords(kind)
	now := fmt.Sprint(time.Now().UnixMilli())
	each := fmt.Sprintf(w.each, from, to-1)
	// n numbers the reservation; at is its start, made when it was booked, v its vet.
	base := fmt.Sprintf("(SELECT s.seq AS n, b.id AS v, %d + (s.seq / %d %s) * %d AS at FROM %s s JOIN bench_vets b ON b.n = s.seq %% %d) y",
		first.UnixMilli(), yearVets, w.whole, yearStep.Milliseconds(), each, yearVets)
	if kind == mariadbKind {
		base = strings.Replace(base, fmt.Sprintf("(s.seq / %d )", yearVets), fmt.Sprintf("(s.seq DIV %d)", yearVets), 1)
	}
	made := fmt.Sprintf("(at - %d)", (3 * 24 * time.Hour).Milliseconds())
	id := func(of int) string { return w.id(made, of) }
	end := fmt.Sprintf("at + %d", (visitMinutes * time.Minute).Milliseconds())
	closes := fmt.Sprintf("at + %d", ((visitMinutes + 5) * time.Minute).Milliseconds())
	state := "CASE WHEN at < " + now + " THEN 'completed' ELSE 'confirmed' END"
	all := []string{
		`INSERT INTO reservations (id, number, vet_id, room_id, kind, state, start_at, end_at, owner_name, owner_phone, owner_email,
			owner_locale, pet_name, pet_breed, pet_birth_year, pet_weight_kg, area, prior_visit_on, symptoms, screening_id, created_at,
			cancelled_by, reason_code, reason, sequence, rev, version, numbered)
			SELECT ` + id(0) + ", " + w.number + ", v, " + id(1) + ", 'scheduled', " + state + ", at, " + end + `, '보호자', ` + w.phone +
			`, 'owner@example.org', 'ko', '보리', '진돗개', 2020, 12.5, 'skin', '2026-01-02', '어제부터 귀 뒤를 계속 긁어요.', '', ` + made +
			`, '', '', '', 0, 2, 4, 4 FROM ` + base,
		`INSERT INTO rooms (id, reservation_id, vet_id, opens_at, closes_at, opened_by, closed_at, close_reason, delayed_minutes, rev,
			version, open_version, close_version, numbered)
			SELECT ` + id(1) + ", " + id(0) + ", v, at, " + closes + ", 'schedule', 0, '', 0, 2, 0, 1, 2, 2 FROM " + base,
		"INSERT INTO links (hash, reservation_id, expires_at) SELECT " + w.hash + ", " + id(0) + fmt.Sprintf(", at + %d FROM ", (30*24*time.Hour).Milliseconds()) + base,
	}
	for i := range 4 {
		all = append(all, fmt.Sprintf("INSERT INTO cells (vet_id, cell, reservation_id) SELECT v, at / 300000 %s + %d, %s FROM %s", w.whole, i, id(0), base))
	}
	for i, what := range []string{"booked", "owner_told", "closed"} {
		all = append(all, fmt.Sprintf("INSERT INTO timeline (reservation_id, happened_at, what, party, once) SELECT %s, at + %d, '%s', 'owner', %s FROM %s",
			id(0), i, what, map[bool]string{true: "'owner_told'", false: "NULL"}[i == 1], base))
	}
	for i, e := range []struct {
		kind, stream, aggregate string
		of                      int
		due                     string
	}{
		{"booking.confirmed", "BOOKING", "reservation", 0, made},
		{"booking.reminder", "BOOKING", "reservation", 0, "at - 86400000"},
		{"booking.reminder", "BOOKING", "reservation", 0, "at - 600000"},
		{"room.open", "ROOM", "room", 1, "at"},
		{"room.closed", "ROOM", "room", 1, closes},
	} {
		all = append(all, fmt.Sprintf(`INSERT INTO outbox (id, aggregate, aggregate_id, version, kind, reservation_id, party, stream, subject,
			body, due_at, epoch, claim, published_at, stream_seq)
			SELECT %s, '%s', %s, %d, '%s', %s, 'schedule', '%s', %s, %s, %s, CASE WHEN %s < %s THEN 1 END, CASE WHEN %s < %s THEN '1.1' END,
			CASE WHEN %s < %s THEN %s + 5 END, CASE WHEN %s < %s THEN n + 1 END FROM %s`,
			id(2+i), e.aggregate, id(e.of), i+1, e.kind, id(0), e.stream, w.join("'vetroom."+e.kind+".'", id(e.of)), w.body,
			e.due, e.due, now, e.due, now, e.due, now, e.due, e.due, now, base))
	}
	return all
}

// words is how a database says what yearStatements needs.
type words struct {
	each                      string // a table of numbers seq, from and to
	whole                     string // beside /
	id                        func(made string, of int) string
	join                      func(...string) string
	number, phone, hash, body string
}

// bodyText fills an event's body to the product's length.
const bodyText = `{"specversion":"1.0","source":"/vetroom","data":{}}`

func yearWords(kind string) words {
	if kind == sqliteKind {
		return words{
			each: "(WITH RECURSIVE c(seq) AS (SELECT %d UNION ALL SELECT seq + 1 FROM c WHERE seq < %d) SELECT seq FROM c)",
			id: func(made string, of int) string {
				return fmt.Sprintf("printf('%%08x-%%04x-7000-8%%03x-%%012x', %s >> 16, %s & 65535, %d, n)", made, made, of)
			},
			join:   func(parts ...string) string { return strings.Join(parts, " || ") },
			number: "printf('Y%08d', n)", phone: "printf('010%08d', n)",
			hash: "CAST(printf('%032d', n) AS BLOB)", body: "CAST(printf('%-520s', '" + bodyText + "') AS BLOB)",
		}
	}
	return words{
		each: "seq_%d_to_%d",
		id: func(made string, of int) string {
			return fmt.Sprintf("LOWER(CONCAT(LPAD(HEX(%s >> 16), 8, '0'), '-', LPAD(HEX(%s & 65535), 4, '0'), '-7000-8', LPAD(HEX(%d), 3, '0'), '-', LPAD(HEX(n), 12, '0')))", made, made, of)
		},
		join:   func(parts ...string) string { return "CONCAT(" + strings.Join(parts, ", ") + ")" },
		number: "CONCAT('Y', LPAD(n, 8, '0'))", phone: "CONCAT('010', LPAD(n, 8, '0'))",
		hash: "LPAD(n, 32, '0')", body: "RPAD('" + bodyText + "', 520, ' ')",
	}
}

// publishDue marks what the bookings left to be published, as a scheduler would have: none runs here.
func publishDue(ctx context.Context, db *database) error {
	raw, err := db.raw(1)
	if err != nil {
		return err
	}
	defer raw.Close()
	for _, stream := range []string{"BOOKING", "ROOM"} {
		_, err := raw.ExecContext(ctx, `UPDATE outbox SET published_at = due_at + 5, stream_seq = 1, epoch = 1
			WHERE stream = ? AND published_at IS NULL AND due_at <= ?`, stream, time.Now().UnixMilli())
		if err != nil {
			return fmt.Errorf("mark what the bookings left: %w", err)
		}
	}
	return nil
}

// addDue adds n openings that are due at an instant, each of a room of its own.
func addDue(ctx context.Context, db *database, n int, due time.Time) error {
	raw, err := db.raw(1)
	if err != nil {
		return err
	}
	defer raw.Close()
	tx, err := raw.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	const batch = 500
	for at := 0; at < n; at += batch {
		size := min(batch, n-at)
		text := `INSERT INTO outbox (id, aggregate, aggregate_id, version, kind, reservation_id, party, stream, subject, body, due_at) VALUES ` +
			strings.Repeat("(?,'room',?,1,'room.open',?,'schedule','ROOM',?,?,?),", size)
		var args []any
		for range size {
			room := newID()
			args = append(args, newID(), room, newID(), "vetroom.room.open."+room, []byte(bodyText+strings.Repeat(" ", 470)), due.UnixMilli())
		}
		if _, err := tx.ExecContext(ctx, strings.TrimSuffix(text, ","), args...); err != nil {
			return fmt.Errorf("add what is due: %w", err)
		}
	}
	return tx.Commit()
}

// explain prints the plans of what reads or changes the tables that grow.
func explain(ctx context.Context, db *database) error {
	raw, err := db.raw(1)
	if err != nil {
		return err
	}
	defer raw.Close()
	word := "EXPLAIN "
	if db.kind == sqliteKind {
		word = "EXPLAIN QUERY PLAN "
	}
	for _, text := range []string{
		"SELECT id, version, due_at FROM outbox WHERE stream = 'ROOM' AND published_at IS NULL AND due_at < 2000000000000 ORDER BY due_at, version, id LIMIT 50000",
		"SELECT id FROM outbox WHERE stream = 'ROOM' AND published_at < 1700000000000 LIMIT 500",
		"SELECT id, subject, published_at FROM outbox WHERE stream = 'ROOM' AND published_at IS NOT NULL ORDER BY published_at DESC, due_at DESC, version DESC, id DESC LIMIT 100",
		"DELETE FROM outbox WHERE aggregate_id = 'x' AND version > 1 AND epoch IS NULL AND published_at IS NULL AND due_at > 1",
		"SELECT COALESCE(MAX(due_at), 0) FROM outbox WHERE aggregate_id = 'x'",
		"SELECT r.vet_id, r.start_at, r.end_at FROM reservations r WHERE r.vet_id IN ('x', 'y') AND r.end_at > 1 AND r.end_at < 3 AND r.start_at < 2 AND r.state <> 'cancelled' ORDER BY r.vet_id, r.end_at",
		"SELECT v.rev, r.start_at, r.end_at FROM vets v LEFT JOIN reservations r ON r.vet_id = v.id AND r.end_at > 1 AND r.end_at < 3 AND r.start_at < 2 AND r.state <> 'cancelled' WHERE v.id = 'x' ORDER BY r.end_at",
		"SELECT r.id, v.rev, g.session IS NOT NULL FROM reservations r JOIN rooms m ON m.reservation_id = r.id JOIN vets v ON v.id = r.vet_id LEFT JOIN grants g ON g.session = 'x' AND g.reservation_id = r.id AND g.expires_at > 1 WHERE r.id = 'x'",
		"SELECT r.id FROM reservations r JOIN rooms m ON m.reservation_id = r.id WHERE r.vet_id = 'x' AND r.end_at > 1 AND r.end_at < 3 AND r.start_at < 2 ORDER BY r.start_at, r.id",
		"SELECT r.id FROM reservations r JOIN rooms m ON m.reservation_id = r.id JOIN grants g ON g.reservation_id = r.id WHERE g.session = 'x' AND g.expires_at > 1 ORDER BY r.start_at, r.id",
		"SELECT what FROM timeline WHERE reservation_id = 'x' ORDER BY happened_at, id",
		"SELECT v.id, v.rev FROM vets v ORDER BY v.name, v.id LIMIT 51",
		"SELECT COUNT(*) FROM reservations WHERE owner_phone = 'x' AND state = 'confirmed' AND end_at > 1",
		"SELECT r.id FROM reservations r JOIN rooms m ON m.reservation_id = r.id WHERE m.opens_at >= 1 AND m.opens_at < 2 AND r.state = 'confirmed' ORDER BY m.opens_at, r.id",
		"SELECT hash FROM links WHERE expires_at <= 1 LIMIT 500",
		"UPDATE outbox SET epoch = 1, claim = 'x' WHERE id IN ('x', 'y') AND published_at IS NULL AND (epoch IS NULL OR epoch < 1) AND due_at <= 1",
	} {
		if err := explainOne(ctx, raw, word, text); err != nil {
			return err
		}
	}
	return nil
}

func explainOne(ctx context.Context, raw *sql.DB, word, text string) error {
	rows, err := raw.QueryContext(ctx, word+text)
	if err != nil {
		return fmt.Errorf("explain %s: %w", text, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	fmt.Println(text)
	for rows.Next() {
		values, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		line := "   "
		for i, v := range values {
			line += " " + names[i] + "=" + v.String
		}
		fmt.Println(line)
	}
	return rows.Err()
}
