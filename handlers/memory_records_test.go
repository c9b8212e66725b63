package handlers

import (
	"context"
	"slices"
	"time"

	"vetroom/clinic"
)

// kept is what the memory store keeps of visits beside themselves.
type kept struct {
	records map[string][]clinic.Record
	chats   []clinic.ChatMessage
	seated  map[string]bool
}

func (m *memory) Record(ctx context.Context, id string, version int64) (*clinic.Record, error) {
	all, err := m.RecordVersions(ctx, id)
	if err != nil {
		return nil, err
	}
	if version == 0 {
		version = int64(len(all))
	}
	if version < 1 || version > int64(len(all)) {
		return nil, clinic.ErrNotFound
	}
	return &all[version-1], nil
}

func (m *memory) RecordVersions(ctx context.Context, id string) ([]clinic.Record, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return slices.Clone(m.kept.records[id]), nil
}

func (m *memory) NewestRecords(ctx context.Context, ids []string) (map[string]*clinic.Record, error) {
	newest := map[string]*clinic.Record{}
	for _, id := range ids {
		if r, err := m.Record(ctx, id, 0); err == nil {
			newest[id] = r
		}
	}
	return newest, nil
}

func (m *memory) VisitsBefore(ctx context.Context, vetID, phone string, before time.Time) ([]*clinic.Visit, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var all []*clinic.Visit
	for _, v := range m.visits {
		if r := &v.Reservation; r.VetID == vetID && r.Owner.Phone == phone && r.Start.Before(before) {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b *clinic.Visit) int { return b.Reservation.Start.Compare(a.Reservation.Start) })
	return all, nil
}

func (m *memory) SaveRecord(ctx context.Context, id, vetID string, n clinic.Note, basedOn *int64) (*clinic.Record, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	all := m.kept.records[id]
	if v := m.visits[id]; v == nil || v.Reservation.VetID != vetID {
		return nil, clinic.ErrNotFound
	}
	newest := int64(len(all))
	if newest > 0 && all[newest-1].Note == n {
		return &all[newest-1], nil
	}
	if basedOn != nil && *basedOn != newest {
		return nil, clinic.ErrRecordChanged
	}
	r := clinic.Record{ReservationID: id, VetID: vetID, Version: newest + 1, At: m.clock.Now(), Note: n}
	if m.kept.records == nil {
		m.kept.records = map[string][]clinic.Record{}
	}
	m.kept.records[id] = append(all, r)
	return &r, nil
}

func (m *memory) KeepChat(ctx context.Context, messages []clinic.ChatMessage) error {
	unlock, err := m.in(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	m.kept.chats = append(m.kept.chats, messages...)
	return nil
}

func (m *memory) Chat(ctx context.Context, id string) ([]clinic.ChatMessage, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return slices.DeleteFunc(slices.Clone(m.kept.chats), func(c clinic.ChatMessage) bool { return c.ReservationID != id }), nil
}

func (m *memory) Seated(ctx context.Context, ids []string) (map[string]bool, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	seated := map[string]bool{}
	for _, id := range ids {
		seated[id] = m.kept.seated[id]
	}
	return seated, nil
}

func (m *memory) TransferVisit(ctx context.Context, id, toVetID string, decide clinic.SeatedDecision) (*clinic.Visit, *clinic.Vet, error) {
	to, err := m.Vet(ctx, toVetID)
	if err != nil {
		return nil, nil, err
	}
	v, _, err := m.ChangeVisit(ctx, id, func(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) {
		return decide(v, to, m.kept.seated[id], now)
	})
	return v, to, err
}

func (m *memory) ChangeSeated(ctx context.Context, id string, decide clinic.SeatedDecision) (*clinic.Visit, *clinic.Vet, error) {
	return m.ChangeVisit(ctx, id, func(v *clinic.Visit, vet *clinic.Vet, now time.Time) ([]clinic.Event, error) {
		return decide(v, vet, m.kept.seated[id], now)
	})
}
