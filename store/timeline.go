package store

import (
	"context"

	"vetroom/clinic"
)

// once are the entries of which only a reservation's first counts.
var once = map[clinic.What]bool{clinic.WhatEmitted: true, clinic.WhatOwnerTold: true, clinic.WhatVetTold: true}

// Timeline implements clinic.VisitStore.
func (s *Store) Timeline(ctx context.Context, reservationID string) ([]clinic.Entry, error) {
	if !plain(reservationID) {
		return nil, nil
	}
	entries := timeline{}
	err := s.ask(ctx, entries.of(reservationID))
	return entries, s.fault("read a timeline", err)
}

// Tell adds entries to timelines, all or none. Of emitted, owner_told and vet_told only the first of a reservation
// stays; it is no error to tell them again.
func (s *Store) Tell(ctx context.Context, entries []clinic.Entry) error {
	return s.writeAgain(ctx, "tell a timeline", func(t *tx) error { return t.run(ctx, t.told(entries)...) })
}

// told gives what adds entries.
func (t *tx) told(entries []clinic.Entry) []statement {
	rows := make([][]field, len(entries))
	for i := range entries {
		e := &entries[i]
		var key *clinic.What // NULLs are not the same to a unique key
		if once[e.What] {
			key = &e.What
		}
		rows[i] = []field{
			{"reservation_id", &e.ReservationID}, {"happened_at", millis{&e.At}}, {"what", &e.What}, {"party", &e.By}, {"detail", &e.Detail},
			{"once", key},
		}
	}
	return inserts(t.d, "timeline", t.d.keepFirst("timeline", "once"), rows...)
}
