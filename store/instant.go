package store

import (
	"context"
	"errors"
	"time"

	"vetroom/clinic"
)

// instantFields are the columns of a request, but for those that are only written: what its key is made of.
func instantFields(r *clinic.InstantRequest) []field {
	return []field{
		{"id", &r.ID}, {"session", &r.Session}, {"wanted_vet", &r.WantedVetID}, {"state", &r.State},
		{"created_at", millis{&r.CreatedAt}}, {"expires_at", millis{&r.ExpiresAt}}, {"vet_id", &r.VetID},
		{"ring_ends", millis{&r.RingEnds}}, {"settled_at", millis{&r.SettledAt}}, {"reservation_id", &r.ReservationID},
		{"steps", document{&r.Steps}}, {"owner_name", &r.Owner.Name}, {"owner_phone", &r.Owner.Phone},
		{"owner_email", &r.Owner.Email}, {"owner_locale", &r.Owner.Locale}, {"pet_name", &r.Pet.Name},
		{"pet_breed", &r.Pet.Breed}, {"pet_birth_year", &r.Pet.BirthYear}, {"pet_weight_kg", &r.Pet.WeightKg},
		{"area", &r.Purpose.Area}, {"prior_visit_on", day{&r.Purpose.PriorVisitOn}}, {"symptoms", &r.Symptoms},
		{"screening_id", &r.ScreeningID}, {"rev", &r.Rev},
	}
}

var instantColumns = columns("", instantFields(&clinic.InstantRequest{}))

// instantRow is a request as it is written.
func instantRow(r *clinic.InstantRequest) []field {
	standing := r.Standing()
	var rung *string // NULLs are not the same to a unique key
	if r.State == clinic.InstantRinging {
		rung = &r.VetID
	}
	return append(instantFields(r), field{"standing", &standing}, field{"rung_vet", rung})
}

// maxStanding bounds how many requests are looked at together. Those who come later wait for their turn to be.
const maxStanding = 1000

// AddInstant implements clinic.InstantStore.
func (s *Store) AddInstant(ctx context.Context, r *clinic.InstantRequest, key *clinic.IdempotencyKey) (id string, err error) {
	err = s.again(ctx, "add an instant request", func() error {
		id = r.ID
		err := s.write(ctx, func(t *tx) error { return t.addInstant(ctx, r, key) })
		if errors.Is(err, errKeyUsed) {
			id, err = s.earlierUse(ctx, key)
		}
		return err
	})
	return id, err
}

func (t *tx) addInstant(ctx context.Context, r *clinic.InstantRequest, key *clinic.IdempotencyKey) error {
	if key != nil {
		if err := t.runUnique(ctx, inserts(t.d, "idempotency_keys", "", t.newUse(key, r.ID)), errKeyUsed); err != nil {
			return err
		}
	}
	return t.insert(ctx, "instant_requests", "", instantRow(r))
}

// AskedBefore implements clinic.InstantStore.
func (s *Store) AskedBefore(ctx context.Context, key clinic.IdempotencyKey) (string, error) {
	id, err := s.used(ctx, key)
	return id, s.fault("look up an idempotency key", err)
}

// Instants implements clinic.InstantStore.
func (s *Store) Instants(ctx context.Context, ids []string) ([]*clinic.InstantRequest, error) {
	ids = distinct(ids)
	text, args := "SELECT * FROM (SELECT "+instantColumns+" FROM instant_requests WHERE standing = 1 ORDER BY created_at, id LIMIT ?) standing", []any{maxStanding}
	if len(ids) > 0 {
		text += " UNION SELECT " + instantColumns + " FROM instant_requests WHERE id IN (" + placeholders(len(ids)) + ")"
		args = append(args, anys(ids)...)
	}
	all, err := instants(ctx, s.reader, text+" ORDER BY created_at, id", args...)
	return all, s.fault("read instant requests", err)
}

func instants(ctx context.Context, q querier, text string, args ...any) ([]*clinic.InstantRequest, error) {
	var all []*clinic.InstantRequest
	err := query(ctx, q, func() []any {
		r := &clinic.InstantRequest{}
		all = append(all, r)
		return values(instantFields(r))
	}, text, args...)
	return all, err
}

// Instant implements clinic.InstantStore.
func (s *Store) Instant(ctx context.Context, id string) (*clinic.InstantRequest, error) {
	r, err := s.instant(ctx, id)
	return r, s.fault("read an instant request", err)
}

// QueuedBefore implements clinic.InstantStore.
func (s *Store) QueuedBefore(ctx context.Context, r *clinic.InstantRequest) (n int, err error) {
	at := r.CreatedAt.UnixMilli()
	err = s.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM instant_requests WHERE standing = 1 AND state = 'queued'
		AND created_at <= ? AND (created_at < ? OR id < ?)`, at, at, r.ID).Scan(&n)
	return n, s.fault("count those who wait before", err)
}

func (s *Store) instant(ctx context.Context, id string) (*clinic.InstantRequest, error) {
	if !plain(id) {
		return nil, clinic.ErrNotFound
	}
	found, err := instants(ctx, s.reader, "SELECT "+instantColumns+" FROM instant_requests WHERE id = ?", id)
	if err == nil && len(found) == 0 {
		err = clinic.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// ChangeInstant implements clinic.InstantStore.
func (s *Store) ChangeInstant(ctx context.Context, id string, decide func(*clinic.InstantRequest, time.Time) error) (r *clinic.InstantRequest, err error) {
	err = s.again(ctx, "change an instant request", func() error {
		if r, err = s.instant(ctx, id); err != nil {
			return err
		}
		was, steps, session := r.State, len(r.Steps), r.Session
		if err := decide(r, s.Now()); err != nil {
			return err
		}
		if r.State == was && len(r.Steps) == steps && r.Session == session {
			return nil
		}
		return s.write(ctx, func(t *tx) error { return t.saveInstant(ctx, r) })
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// saveInstant writes a request that is still what was read. It returns errConflict if it is not, and clinic.ErrRung.
func (t *tx) saveInstant(ctx context.Context, r *clinic.InstantRequest) error {
	err := t.bump(ctx, "UPDATE instant_requests SET rev = rev + 1 WHERE id = ? AND rev = ?", r.ID, r.Rev)
	if err != nil {
		return err
	}
	r.Rev++
	err = update(ctx, t, "instant_requests", r.ID, instantRow(r))
	if t.d.isDuplicate(err) {
		return clinic.ErrRung
	}
	return err
}

// AcceptInstant implements clinic.InstantStore. Its first statement takes the request from all others; from there on it
// is a booking like every other, and takes the vet's time by the same key.
func (s *Store) AcceptInstant(ctx context.Context, id, vetID string, decide func(*clinic.InstantRequest, *clinic.Vet, time.Time) (*clinic.Visit, []clinic.Event, error)) (r *clinic.InstantRequest, v *clinic.Visit, err error) {
	if !plain(vetID) {
		return nil, nil, clinic.ErrNotFound
	}
	err = s.again(ctx, "accept an instant request", func() error {
		if r, err = s.instant(ctx, id); err != nil {
			return err
		}
		vet, err := s.vet(ctx, s.reader, "v.id = ?", vetID)
		if err != nil {
			return err
		}
		c := &change{now: s.Now()}
		if c.visit, c.own, err = decide(r, vet, c.now); err != nil {
			return err
		}
		v = c.visit
		return s.saveAccepted(ctx, r, c, vet.Rev)
	})
	if err != nil {
		return nil, nil, err
	}
	return r, v, nil
}

func (s *Store) saveAccepted(ctx context.Context, r *clinic.InstantRequest, c *change, vetRev int64) error {
	out := &outgoing{entries: r.Entries()}
	b := &booking{clinic.Booking{VetID: c.visit.Reservation.VetID, Session: r.Session}, c, vetRev}
	err := s.write(ctx, func(t *tx) error {
		if err := t.saveInstant(ctx, r); err != nil {
			return err
		}
		return t.book(ctx, []*booking{b}, out)
	})
	if err == nil {
		s.told(out.earliest)
	}
	return err
}

// OnlineVets implements clinic.InstantStore.
func (s *Store) OnlineVets(ctx context.Context) ([]*clinic.Vet, error) {
	vets, err := s.vets(ctx, s.reader, "WHERE v.online = 1")
	return vets, s.fault("read who is online", err)
}

// Engaged implements clinic.InstantStore.
func (s *Store) Engaged(ctx context.Context, vetIDs []string) (map[string][]clinic.Span, error) {
	vetIDs, now := distinct(vetIDs), s.Now()
	var all []*clinic.Visit
	err := query(ctx, s.reader, func() []any {
		v := &clinic.Visit{}
		all = append(all, v)
		r, m := &v.Reservation, &v.Room
		return []any{&r.VetID, &r.State, millis{&r.Start}, millis{&r.End}, millis{&m.OpensAt}, millis{&m.ClosesAt}, millis{&m.ClosedAt}}
	}, `SELECT r.vet_id, r.state, r.start_at, r.end_at, m.opens_at, m.closes_at, m.closed_at
		FROM reservations r JOIN rooms m ON m.reservation_id = r.id
		WHERE r.vet_id IN (`+placeholders(len(vetIDs))+`) AND r.end_at > ? AND r.start_at < ? AND r.state <> 'cancelled'`,
		append(anys(vetIDs), now.Add(-2*clinic.CellLength).UnixMilli(), now.Add(24*time.Hour).UnixMilli())...)
	engaged := make(map[string][]clinic.Span, len(vetIDs))
	for _, v := range all {
		engaged[v.Reservation.VetID] = append(engaged[v.Reservation.VetID], v.Engages(now)...)
	}
	return engaged, s.fault("read who is with whom", err)
}

// usualOf is of how many accepted requests the usual wait is the median.
const usualOf = 21

// UsualWait implements clinic.InstantStore.
func (s *Store) UsualWait(ctx context.Context) (time.Duration, error) {
	var waits []*int64
	err := query(ctx, s.reader, func() []any {
		wait := new(int64)
		waits = append(waits, wait)
		return []any{wait}
	}, `SELECT wait FROM (SELECT settled_at - created_at AS wait FROM instant_requests WHERE state = 'accepted'
		ORDER BY settled_at DESC LIMIT ?) newest ORDER BY wait`, usualOf)
	if err != nil || len(waits) == 0 {
		return 0, s.fault("read how long requests waited", err)
	}
	return time.Duration(*waits[len(waits)/2]) * time.Millisecond, nil
}
