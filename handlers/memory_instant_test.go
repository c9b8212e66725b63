package handlers

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"vetroom/clinic"
)

func (m *memory) AddInstant(ctx context.Context, r *clinic.InstantRequest, key *clinic.IdempotencyKey) (string, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if key != nil {
		if used, ok := m.keys[key.Key]; ok {
			return used.visit, nil
		}
		m.keys[key.Key] = usedKey{key.Body, r.ID}
	}
	saved := *r
	m.instants[r.ID] = &saved
	return r.ID, nil
}

func (m *memory) AskedBefore(ctx context.Context, key clinic.IdempotencyKey) (string, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	switch used, ok := m.keys[key.Key]; {
	case !ok:
		return "", clinic.ErrNotFound
	case used.body != key.Body:
		return "", clinic.ErrKeyReused
	default:
		return used.visit, nil
	}
}

func (m *memory) Instants(ctx context.Context, ids []string) ([]*clinic.InstantRequest, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var found []*clinic.InstantRequest
	for r := range maps.Values(m.instants) {
		if r.Standing() || slices.Contains(ids, r.ID) {
			c := *r
			found = append(found, &c)
		}
	}
	slices.SortFunc(found, func(a, b *clinic.InstantRequest) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}

func (m *memory) Instant(ctx context.Context, id string) (*clinic.InstantRequest, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return m.instant(id)
}

func (m *memory) QueuedBefore(ctx context.Context, r *clinic.InstantRequest) (n int, err error) {
	all, err := m.Instants(ctx, nil)
	for _, o := range all {
		if o.State == clinic.InstantQueued && cmp.Or(o.CreatedAt.Compare(r.CreatedAt), cmp.Compare(o.ID, r.ID)) < 0 {
			n++
		}
	}
	return n, err
}

// instant gives a copy of a request. Callers hold mu.
func (m *memory) instant(id string) (*clinic.InstantRequest, error) {
	r, ok := m.instants[id]
	if !ok {
		return nil, clinic.ErrNotFound
	}
	c := *r
	return &c, nil
}

// keep saves a request that changed. Callers hold mu.
func (m *memory) keep(r *clinic.InstantRequest) *clinic.InstantRequest {
	r.Rev++
	saved := *r
	m.instants[r.ID] = &saved
	return r
}

func (m *memory) ChangeInstant(ctx context.Context, id string, decide func(*clinic.InstantRequest, time.Time) error) (*clinic.InstantRequest, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	r, err := m.instant(id)
	if err != nil {
		return nil, err
	}
	if err := decide(r, m.clock.Now()); err != nil {
		return nil, err
	}
	return m.keep(r), nil
}

func (m *memory) AcceptInstant(ctx context.Context, id, vetID string, decide func(*clinic.InstantRequest, *clinic.Vet, time.Time) (*clinic.Visit, []clinic.Event, error)) (*clinic.InstantRequest, *clinic.Visit, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	r, err := m.instant(id)
	if err != nil {
		return nil, nil, err
	}
	vet := *m.vets[vetID]
	v, facts, err := decide(r, &vet, m.clock.Now())
	if err != nil {
		return nil, nil, err
	}
	if m.taken(v) {
		return nil, nil, clinic.ErrSlotTaken
	}
	m.visits[v.Reservation.ID] = v
	m.grants[r.Session+" "+v.Reservation.ID] = true
	m.timeline = append(m.timeline, r.Entries()...)
	m.tell(facts)
	out := *v
	return m.keep(r), &out, nil
}

func (m *memory) OnlineVets(ctx context.Context) ([]*clinic.Vet, error) {
	vets, _, err := m.Vets(ctx, clinic.VetQuery{Online: true, Limit: 1000})
	return vets, err
}

func (m *memory) Engaged(ctx context.Context, ids []string) (map[string][]clinic.Span, error) {
	now := m.clock.Now()
	visits, err := m.visitsWhere(ctx, func(v *clinic.Visit) bool { return slices.Contains(ids, v.Reservation.VetID) })
	engaged := map[string][]clinic.Span{}
	for _, v := range visits {
		engaged[v.Reservation.VetID] = append(engaged[v.Reservation.VetID], v.Engages(now)...)
	}
	return engaged, err
}

func (m *memory) UsualWait(ctx context.Context) (time.Duration, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	for r := range maps.Values(m.instants) {
		if r.State == clinic.InstantAccepted {
			return r.SettledAt.Sub(r.CreatedAt), nil
		}
	}
	return 0, nil
}
