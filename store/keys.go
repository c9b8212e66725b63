package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"vetroom/clinic"
)

// Replayed implements clinic.KeyStore.
func (s *Store) Replayed(ctx context.Context, key clinic.IdempotencyKey) (*clinic.Visit, error) {
	v, err := s.replayed(ctx, key)
	return v, s.fault("look up an idempotency key", err)
}

func (s *Store) replayed(ctx context.Context, key clinic.IdempotencyKey) (*clinic.Visit, error) {
	id, err := s.used(ctx, key)
	if err != nil {
		return nil, err
	}
	return visit(ctx, s.reader, "r.id = ?", id)
}

// used gives what a key with the same body was used for within the window: a reservation or, where it came with one, an
// instant request. It returns clinic.ErrNotFound and clinic.ErrKeyReused.
func (s *Store) used(ctx context.Context, key clinic.IdempotencyKey) (id string, err error) {
	var body []byte
	err = s.reader.QueryRowContext(ctx, "SELECT body, reservation_id FROM idempotency_keys WHERE id = ? AND used_at > ?",
		key.Key[:], s.keysSince()).Scan(&body, &id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", clinic.ErrNotFound
	case err != nil:
		return "", err
	case [32]byte(body) != key.Body:
		return "", clinic.ErrKeyReused
	}
	return id, nil
}

// keysSince is the instant since which keys count.
func (s *Store) keysSince() int64 { return s.Now().Add(-clinic.IdempotencyWindow).UnixMilli() }

// errKeyUsed says that a key is another's.
var errKeyUsed = errors.New("the idempotency key was used")

// newUse is the row that notes the key of a booking or an instant request, by its id. The key is taken if it was used
// within the window; while another with it is under way, who inserts the row waits for that one's end.
func (t *tx) newUse(key *clinic.IdempotencyKey, id string) []field {
	return []field{
		{"id", key.Key[:]}, {"body", key.Body[:]}, {"reservation_id", id}, {"used_at", t.s.Now().UnixMilli()},
	}
}

// earlierUse gives what a used key stands for. It returns errConflict where the key has just become free.
func (s *Store) earlierUse(ctx context.Context, key *clinic.IdempotencyKey) (string, error) {
	id, err := s.used(ctx, *key)
	if !errors.Is(err, clinic.ErrNotFound) {
		return id, err
	}
	if err := s.forgetKey(ctx, key); err != nil {
		return "", err
	}
	return "", errConflict
}

// forgetKey deletes a key that is older than the window.
func (s *Store) forgetKey(ctx context.Context, key *clinic.IdempotencyKey) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.ExecContext(ctx, "DELETE FROM idempotency_keys WHERE id = ? AND used_at <= ?", key.Key[:], s.keysSince())
		return err
	})
}

// keysUntil is the instant at which the links and grants of a reservation end.
func keysUntil(r *clinic.Reservation) time.Time { return r.End.Add(clinic.LinkLife) }

// followKeys moves the end of a reservation's links and grants with its own.
func (t *tx) followKeys(ctx context.Context, r *clinic.Reservation) error {
	for _, table := range []string{"links", "grants"} {
		_, err := t.ExecContext(ctx, "UPDATE "+table+" SET expires_at = ? WHERE reservation_id = ?", unixMillis(keysUntil(r)), r.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// AddLink implements clinic.KeyStore.
func (s *Store) AddLink(ctx context.Context, reservationID string, link clinic.LinkHash) error {
	return s.addKey(ctx, "add a link", "links", "hash", link[:], reservationID)
}

// Grant implements clinic.KeyStore.
func (s *Store) Grant(ctx context.Context, session, reservationID string) error {
	return s.addKey(ctx, "grant a reservation", "grants", "session", session, reservationID)
}

// addKey adds a link or a grant, which ends with the reservation. One that is there stays.
func (s *Store) addKey(ctx context.Context, act, table, column string, value any, reservationID string) error {
	if !plain(reservationID) {
		return clinic.ErrNotFound
	}
	return s.writeAgain(ctx, act, func(t *tx) error {
		result, err := t.ExecContext(ctx, "INSERT INTO "+table+" ("+column+`, reservation_id, expires_at)
			SELECT ?, id, end_at + ? FROM reservations WHERE id = ?`+t.d.keepFirst(table, "expires_at"),
			value, clinic.LinkLife.Milliseconds(), reservationID)
		if err != nil {
			return err
		}
		_, err = result.RowsAffected()
		return err
	})
}

// LinkedTo implements clinic.KeyStore.
func (s *Store) LinkedTo(ctx context.Context, link clinic.LinkHash) (reservationID string, err error) {
	err = s.reader.QueryRowContext(ctx, "SELECT reservation_id FROM links WHERE hash = ? AND expires_at > ?",
		link[:], s.Now().UnixMilli()).Scan(&reservationID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", clinic.ErrNotFound
	}
	return reservationID, s.fault("look up a link", err)
}

// Granted implements clinic.KeyStore.
func (s *Store) Granted(ctx context.Context, session, reservationID string) (bool, error) {
	if !plain(session) || !plain(reservationID) {
		return false, nil
	}
	return s.exists(ctx, "look up a grant", "SELECT COUNT(*) FROM grants WHERE session = ? AND reservation_id = ? AND expires_at > ?",
		session, reservationID, s.Now().UnixMilli())
}

// Revoke implements clinic.KeyStore. The row may be forgotten after until.
func (s *Store) Revoke(ctx context.Context, session string, until time.Time) error {
	return s.writeAgain(ctx, "revoke a session", func(t *tx) error {
		row := []field{{"session", session}, {"expires_at", millis{&until}}}
		return t.insert(ctx, "revocations", t.d.takeLast("session", "expires_at"), row)
	})
}

// Revoked implements clinic.KeyStore.
func (s *Store) Revoked(ctx context.Context, sessions ...string) (bool, error) {
	known := distinct(sessions)
	if len(known) == 0 {
		return false, nil
	}
	return s.exists(ctx, "look up a revocation",
		"SELECT COUNT(*) FROM revocations WHERE session IN ("+placeholders(len(known))+")", anys(known)...)
}

func (s *Store) exists(ctx context.Context, act, query string, args ...any) (bool, error) {
	var n int
	err := s.reader.QueryRowContext(ctx, query, args...).Scan(&n)
	return n > 0, s.fault(act, err)
}
