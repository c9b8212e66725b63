package handlers

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"vetroom/clinic"
)

// errAway is what the memory store says while it is away.
var errAway = errors.New("the store is away")

// memory is a clinic.Store without a disk: enough of one for the handlers, every call under one lock.
type memory struct {
	clock clinic.Clock

	mu       sync.Mutex // guards all below
	away     bool
	vets     map[string]*clinic.Vet
	visits   map[string]*clinic.Visit
	timeline []clinic.Entry
	links    map[clinic.LinkHash]string
	grants   map[string]bool // "session reservation"
	keys     map[[32]byte]usedKey
	ended    map[string]time.Time // until when that must be remembered
	kept     kept
	instants map[string]*clinic.InstantRequest

	hospitals []clinic.Hospital

	photos
	stills []*memoryStill
}

type usedKey struct {
	body  [32]byte
	visit string
}

func newMemory(clock clinic.Clock) *memory {
	return &memory{
		clock: clock, vets: map[string]*clinic.Vet{}, visits: map[string]*clinic.Visit{},
		links: map[clinic.LinkHash]string{}, grants: map[string]bool{}, keys: map[[32]byte]usedKey{}, ended: map[string]time.Time{},
		instants: map[string]*clinic.InstantRequest{}, photos: newPhotos(),
	}
}

// in locks the store, or says that it is away.
func (m *memory) in(ctx context.Context) (func(), error) {
	m.mu.Lock()
	if m.away || ctx.Err() != nil {
		m.mu.Unlock()
		return nil, cmp.Or(ctx.Err(), errAway)
	}
	return m.mu.Unlock, nil
}

func (m *memory) setAway(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

func find[T any](m *memory, ctx context.Context, all map[string]*T, match func(*T) bool) (*T, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, v := range all {
		if match(v) {
			found := *v
			return &found, nil
		}
	}
	return nil, clinic.ErrNotFound
}

func (m *memory) Vet(ctx context.Context, id string) (*clinic.Vet, error) {
	return find(m, ctx, m.vets, func(v *clinic.Vet) bool { return v.ID == id })
}

func (m *memory) VetByLogin(ctx context.Context, login string) (*clinic.Vet, error) {
	return find(m, ctx, m.vets, func(v *clinic.Vet) bool { return v.Login == login })
}

func (m *memory) VetsByID(ctx context.Context, ids []string) (map[string]*clinic.Vet, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	found := map[string]*clinic.Vet{}
	for _, id := range ids {
		if v, ok := m.vets[id]; ok {
			c := *v
			found[id] = &c
		}
	}
	return found, nil
}

func (m *memory) Vets(ctx context.Context, q clinic.VetQuery) ([]*clinic.Vet, string, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, "", err
	}
	defer unlock()
	var found []*clinic.Vet
	for _, v := range m.vets {
		onDay := v.AreasOn(clinic.PermitsEnforced, clinic.DateOf(q.Day, v.Zone))
		if (q.Online && !v.Online) || (q.Area != "" && !slices.Contains(onDay, q.Area)) ||
			!strings.Contains(v.Name+v.Location+v.Description, q.Text) || v.Name <= q.Cursor {
			continue
		}
		c := *v
		found = append(found, &c)
	}
	slices.SortFunc(found, func(a, b *clinic.Vet) int { return cmp.Compare(a.Name, b.Name) })
	if len(found) > q.Limit {
		return found[:q.Limit], found[q.Limit-1].Name, nil
	}
	return found, "", nil
}

func (m *memory) Calendar(ctx context.Context, id string, within func(*clinic.Vet) clinic.Span) (*clinic.Vet, []clinic.Span, error) {
	vet, err := m.Vet(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	busy, err := m.Busy(ctx, []string{id}, within(vet))
	return vet, busy[id], err
}

func (m *memory) Look(ctx context.Context, q clinic.Looking) (*clinic.Seen, error) {
	visit, err := find(m, ctx, m.visits, func(v *clinic.Visit) bool {
		return q.Reservation != "" && v.Reservation.ID == q.Reservation || q.Room != "" && v.Room.ID == q.Room
	})
	if err != nil {
		return nil, err
	}
	seen := &clinic.Seen{Visit: visit}
	if seen.Vet, err = m.Vet(ctx, visit.Reservation.VetID); err != nil {
		return nil, err
	}
	if seen.Held, err = m.Granted(ctx, q.Session, visit.Reservation.ID); err != nil || !q.Timeline {
		return seen, err
	}
	seen.Timeline, err = m.Timeline(ctx, visit.Reservation.ID)
	return seen, err
}

func (m *memory) AddVets(ctx context.Context, vets []*clinic.Vet) error {
	unlock, err := m.in(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for _, v := range vets {
		m.vets[v.ID] = v
	}
	return nil
}

func (m *memory) ChangeVet(ctx context.Context, id string, decide func(*clinic.Vet, time.Time) ([]clinic.Event, error)) (*clinic.Vet, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	v, ok := m.vets[id]
	if !ok {
		return nil, clinic.ErrNotFound
	}
	c := *v
	if _, err := decide(&c, m.clock.Now()); err != nil {
		return nil, err
	}
	m.vets[id] = &c
	out := c
	return &out, nil
}

func (m *memory) ChangePermits(context.Context, string, func(*clinic.Vet, []*clinic.Visit, time.Time) (map[*clinic.Visit][]clinic.Event, error)) (*clinic.Vet, error) {
	return nil, errors.ErrUnsupported
}

func (m *memory) Busy(ctx context.Context, ids []string, span clinic.Span) (map[string][]clinic.Span, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	busy := map[string][]clinic.Span{}
	for _, v := range m.visits {
		if r := v.Reservation; slices.Contains(ids, r.VetID) && r.State != clinic.StateCancelled && r.Span.Overlaps(span) {
			busy[r.VetID] = append(busy[r.VetID], v.Holds())
		}
	}
	return busy, nil
}

func (m *memory) Attend(context.Context, []string) error { return nil }

func (m *memory) Absent(context.Context, time.Time) ([]string, error) { return nil, nil }

func (m *memory) Visit(ctx context.Context, id string) (*clinic.Visit, error) {
	return find(m, ctx, m.visits, func(v *clinic.Visit) bool { return v.Reservation.ID == id })
}

func (m *memory) VisitOfRoom(ctx context.Context, id string) (*clinic.Visit, error) {
	return find(m, ctx, m.visits, func(v *clinic.Visit) bool { return v.Room.ID == id })
}

func (m *memory) VisitByNumber(ctx context.Context, number string) (*clinic.Visit, error) {
	return find(m, ctx, m.visits, func(v *clinic.Visit) bool { return v.Reservation.Number == number })
}

func (m *memory) visitsWhere(ctx context.Context, match func(*clinic.Visit) bool) ([]*clinic.Visit, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var found []*clinic.Visit
	for _, v := range m.visits {
		if match(v) {
			c := *v
			found = append(found, &c)
		}
	}
	slices.SortFunc(found, func(a, b *clinic.Visit) int { return a.Reservation.Start.Compare(b.Reservation.Start) })
	return found, nil
}

func (m *memory) VisitsOfSession(ctx context.Context, session string) ([]*clinic.Visit, error) {
	return m.visitsWhere(ctx, func(v *clinic.Visit) bool { return m.grants[session+" "+v.Reservation.ID] })
}

func (m *memory) VisitsOfVet(ctx context.Context, vetID string, span clinic.Span) ([]*clinic.Visit, error) {
	return m.visitsWhere(ctx, func(v *clinic.Visit) bool {
		return v.Reservation.VetID == vetID && v.Reservation.Span.Overlaps(span)
	})
}

func (m *memory) OpeningIn(context.Context, clinic.Span) ([]*clinic.Visit, error) { return nil, nil }

func (m *memory) StandingByPhone(ctx context.Context, phone string) (int, error) {
	now := m.clock.Now()
	found, err := m.visitsWhere(ctx, func(v *clinic.Visit) bool {
		return v.Reservation.Owner.Phone == phone && v.Reservation.Standing() && v.Reservation.End.After(now)
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(found)
	for r := range maps.Values(m.instants) {
		if r.Standing() && r.Owner.Phone == phone {
			n++
		}
	}
	return n, err
}

func (m *memory) Book(ctx context.Context, b clinic.Booking) (*clinic.Visit, bool, error) {
	vet, err := m.Vet(ctx, b.VetID)
	if err != nil {
		return nil, false, err
	}
	visit, facts, err := b.Decide(vet, m.clock.Now())
	if err != nil {
		return nil, false, err
	}
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, false, err
	}
	defer unlock()
	if b.Key != nil {
		if used, ok := m.keys[b.Key.Key]; ok {
			return m.again(used, b.Key.Body)
		}
	}
	if m.taken(visit) {
		return nil, false, clinic.ErrSlotTaken
	}
	id := visit.Reservation.ID
	m.visits[id], m.links[b.Link] = visit, id
	if b.Session != "" {
		m.grants[b.Session+" "+id] = true
	}
	if b.Key != nil {
		m.keys[b.Key.Key] = usedKey{b.Key.Body, id}
	}
	m.tell(facts)
	out := *visit
	return &out, false, nil
}

// again gives the visit of a key that was used. Callers hold mu.
func (m *memory) again(used usedKey, body [32]byte) (*clinic.Visit, bool, error) {
	if used.body != body {
		return nil, false, clinic.ErrKeyReused
	}
	out := *m.visits[used.visit]
	return &out, true, nil
}

// taken tells whether another visit holds a part of this one's time. Callers hold mu.
func (m *memory) taken(v *clinic.Visit) bool {
	for o := range maps.Values(m.visits) {
		r := o.Reservation
		if r.ID != v.Reservation.ID && r.VetID == v.Reservation.VetID && r.State != clinic.StateCancelled && r.Overlaps(v.Reservation.Span) {
			return true
		}
	}
	return false
}

// tell writes the timeline. Callers hold mu.
func (m *memory) tell(facts []clinic.Event) {
	for _, f := range facts {
		if f.Visit != nil {
			if e, ok := clinic.EntryOf(f); ok {
				m.timeline = append(m.timeline, e)
			}
		}
	}
}

func (m *memory) ChangeVisit(ctx context.Context, id string, decide func(*clinic.Visit, *clinic.Vet, time.Time) ([]clinic.Event, error)) (*clinic.Visit, *clinic.Vet, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	v, ok := m.visits[id]
	if !ok {
		return nil, nil, clinic.ErrNotFound
	}
	visit, vet := *v, *m.vets[v.Reservation.VetID]
	facts, err := decide(&visit, &vet, m.clock.Now())
	if err != nil {
		return nil, nil, err
	}
	if visit.Reservation.Standing() && m.taken(&visit) {
		return nil, nil, clinic.ErrSlotTaken
	}
	m.tell(facts)
	m.visits[id], m.vets[vet.ID] = &visit, &vet
	outVisit, outVet := visit, vet
	return &outVisit, &outVet, nil
}

func (m *memory) Timeline(ctx context.Context, id string) ([]clinic.Entry, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return slices.DeleteFunc(slices.Clone(m.timeline), func(e clinic.Entry) bool { return e.ReservationID != id }), nil
}

func (m *memory) Replayed(ctx context.Context, key clinic.IdempotencyKey) (*clinic.Visit, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	used, ok := m.keys[key.Key]
	if !ok {
		return nil, clinic.ErrNotFound
	}
	v, _, err := m.again(used, key.Body)
	return v, err
}

func (m *memory) AddLink(ctx context.Context, id string, link clinic.LinkHash) error {
	unlock, err := m.in(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	m.links[link] = id
	return nil
}

func (m *memory) LinkedTo(ctx context.Context, link clinic.LinkHash) (string, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	id, ok := m.links[link]
	if !ok || m.clock.Now().After(m.visits[id].Reservation.End.Add(clinic.LinkLife)) {
		return "", clinic.ErrNotFound
	}
	return id, nil
}

func (m *memory) Grant(ctx context.Context, session, id string) error {
	unlock, err := m.in(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	m.grants[session+" "+id] = true
	return nil
}

func (m *memory) Granted(ctx context.Context, session, id string) (bool, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	return m.grants[session+" "+id], nil
}

func (m *memory) Revoke(ctx context.Context, session string, until time.Time) error {
	unlock, err := m.in(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	m.ended[session] = until
	return nil
}

func (m *memory) Revoked(ctx context.Context, sessions ...string) (bool, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	return slices.ContainsFunc(sessions, func(s string) bool { return m.clock.Now().Before(m.ended[s]) }), nil
}
