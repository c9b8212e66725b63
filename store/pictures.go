package store

import (
	"context"
	"database/sql"
	"errors"

	"vetroom/clinic"
)

// AddPicture keeps a picture. Its name tells its content, so that the same name again is the same picture, and changes
// nothing.
func (s *Store) AddPicture(ctx context.Context, name string, body []byte) error {
	return s.writeAgain(ctx, "keep a picture", func(t *tx) error {
		_, err := t.ExecContext(ctx, "INSERT INTO pictures (name, body) VALUES (?, ?)"+t.d.keepFirst("pictures", "name"), name, body)
		return err
	})
}

// Picture gives a picture's bytes. It returns clinic.ErrNotFound.
func (s *Store) Picture(ctx context.Context, name string) (body []byte, err error) {
	if !plain(name) {
		return nil, clinic.ErrNotFound
	}
	err = s.reader.QueryRowContext(ctx, "SELECT body FROM pictures WHERE name = ?", name).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, clinic.ErrNotFound
	}
	return body, s.fault("read a picture", err)
}
