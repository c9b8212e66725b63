package store

import (
	"context"
	"errors"
	"time"

	"vetroom/clinic"
)

func versionFields(r *clinic.Record) []field {
	return []field{
		{"reservation_id", &r.ReservationID}, {"version", &r.Version}, {"vet_id", &r.VetID}, {"written_at", millis{&r.At}},
	}
}

func noteFields(n *clinic.Note) []field {
	return []field{
		{"subjective", &n.Subjective}, {"objective", &n.Objective}, {"assessment", &n.Assessment}, {"plan", &n.Plan},
		{"aftercare", &n.Aftercare}, {"visit_advised", &n.VisitAdvised},
	}
}

func recordFields(r *clinic.Record) []field { return append(versionFields(r), noteFields(&r.Note)...) }

// Record implements clinic.RecordStore.
func (s *Store) Record(ctx context.Context, reservationID string, version int64) (*clinic.Record, error) {
	r, err := record(ctx, s.reader, reservationID, version)
	return r, s.fault("read a record", err)
}

func record(ctx context.Context, q querier, reservationID string, version int64) (*clinic.Record, error) {
	if !plain(reservationID) {
		return nil, clinic.ErrNotFound
	}
	condition, args := "", []any{reservationID}
	if version != 0 {
		condition, args = " AND version = ?", append(args, version)
	}
	var found []*clinic.Record
	err := query(ctx, q, func() []any {
		r := &clinic.Record{}
		found = append(found, r)
		return values(recordFields(r))
	}, "SELECT "+columns("", recordFields(&clinic.Record{}))+" FROM records WHERE reservation_id = ?"+condition+
		" ORDER BY version DESC LIMIT 1", args...)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, clinic.ErrNotFound
	}
	return found[0], nil
}

// RecordVersions implements clinic.RecordStore.
func (s *Store) RecordVersions(ctx context.Context, reservationID string) ([]clinic.Record, error) {
	if !plain(reservationID) {
		return nil, nil
	}
	var rows []*clinic.Record
	err := query(ctx, s.reader, func() []any {
		r := &clinic.Record{}
		rows = append(rows, r)
		return values(versionFields(r))
	}, "SELECT "+columns("", versionFields(&clinic.Record{}))+" FROM records WHERE reservation_id = ? ORDER BY version", reservationID)
	return dereference(rows), s.fault("read the versions of a record", err)
}

// NewestRecords implements clinic.RecordStore.
func (s *Store) NewestRecords(ctx context.Context, reservationIDs []string) (map[string]*clinic.Record, error) {
	ids := distinct(reservationIDs)
	newest := make(map[string]*clinic.Record, len(ids))
	if len(ids) == 0 {
		return newest, nil
	}
	var found []*clinic.Record
	err := query(ctx, s.reader, func() []any {
		r := &clinic.Record{}
		found = append(found, r)
		return values(recordFields(r))
	}, "SELECT "+columns("r.", recordFields(&clinic.Record{}))+" FROM records r WHERE r.reservation_id IN ("+placeholders(len(ids))+
		") AND r.version = (SELECT MAX(n.version) FROM records n WHERE n.reservation_id = r.reservation_id)", anys(ids)...)
	for _, r := range found {
		newest[r.ReservationID] = r
	}
	return newest, s.fault("read the newest records", err)
}

// mostBefore is how many visits of one phone to one vet are looked through for those of one pet.
const mostBefore = 100

// VisitsBefore implements clinic.RecordStore.
func (s *Store) VisitsBefore(ctx context.Context, vetID, phone string, before time.Time) ([]*clinic.Visit, error) {
	if !plain(vetID) || !plain(phone) {
		return nil, nil
	}
	all, err := visits(ctx, s.reader, "WHERE r.owner_phone = ? AND r.vet_id = ? AND r.start_at < ? ORDER BY r.start_at DESC, r.id DESC LIMIT ?",
		phone, vetID, before.UnixMilli(), mostBefore)
	return all, s.fault("read the visits before one", err)
}

// SaveRecord implements clinic.RecordStore. The reservation's row is kept from change, so that nobody writes whose
// reservation it is no more; of two who write at once the key lets one pass, and the other looks again.
func (s *Store) SaveRecord(ctx context.Context, reservationID, vetID string, n clinic.Note, basedOn *int64) (r *clinic.Record, err error) {
	if !plain(reservationID) || !plain(vetID) {
		return nil, clinic.ErrNotFound
	}
	err = s.writeAgain(ctx, "save a record", func(t *tx) error {
		r, err = t.saveRecord(ctx, reservationID, vetID, n, basedOn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (t *tx) saveRecord(ctx context.Context, reservationID, vetID string, n clinic.Note, basedOn *int64) (*clinic.Record, error) {
	of, err := texts(ctx, t, "SELECT vet_id FROM reservations WHERE id = ?"+t.d.shareLock, reservationID)
	if err == nil && (len(of) == 0 || of[0] != vetID) {
		err = clinic.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	newest, err := record(ctx, t, reservationID, 0)
	switch {
	case errors.Is(err, clinic.ErrNotFound):
		newest = &clinic.Record{ReservationID: reservationID}
	case err != nil:
		return nil, err
	}
	if newest.Version > 0 && newest.Note == n {
		return newest, nil
	}
	if basedOn != nil && *basedOn != newest.Version {
		return nil, clinic.ErrRecordChanged
	}
	r := &clinic.Record{ReservationID: reservationID, VetID: vetID, Version: newest.Version + 1, At: clinic.Millis(t.s.Now()), Note: n}
	return r, t.runNew(ctx, inserts(t.d, "records", "", recordFields(r)))
}
