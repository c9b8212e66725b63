package handlers

import (
	"context"

	"vetroom/clinic"
)

// memoryStill is what the memory store keeps of a still.
type memoryStill struct {
	clinic.Still
	photo clinic.Photo
	key   *clinic.IdempotencyKey
}

func (m *memory) AddStill(ctx context.Context, t clinic.StillTaking) (*clinic.Still, bool, error) {
	v, err := m.Visit(ctx, t.ReservationID)
	if err != nil {
		return nil, false, err
	}
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, false, err
	}
	defer unlock()
	had := 0
	for _, s := range m.stills {
		if s.ReservationID != t.ReservationID {
			continue
		}
		had++
		if t.Key != nil && s.key != nil && s.key.Key == t.Key.Key {
			if s.key.Body != t.Key.Body {
				return nil, false, clinic.ErrKeyReused
			}
			return copyStill(s), true, nil
		}
	}
	made, err := t.Decide(v, had, m.clock.Now())
	if err != nil {
		return nil, false, err
	}
	m.stills = append(m.stills, &memoryStill{*made, t.Photo, t.Key})
	return made, false, nil
}

func copyStill(s *memoryStill) *clinic.Still {
	c := s.Still
	return &c
}

// stillBy finds one; callers change it by the given function, if there is one.
func (m *memory) stillBy(ctx context.Context, id string, change func(*memoryStill) error) (*memoryStill, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, s := range m.stills {
		if s.ID != id {
			continue
		}
		if change != nil {
			if err := change(s); err != nil {
				return nil, err
			}
		}
		c := *s
		return &c, nil
	}
	return nil, clinic.ErrNotFound
}

func (m *memory) Still(ctx context.Context, id string) (*clinic.Still, error) {
	s, err := m.stillBy(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	return &s.Still, nil
}

func (m *memory) Stills(ctx context.Context, reservationID string) ([]*clinic.Still, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var all []*clinic.Still
	for _, s := range m.stills {
		if s.ReservationID == reservationID {
			all = append(all, copyStill(s))
		}
	}
	return all, nil
}

func (m *memory) StillPhoto(ctx context.Context, id string, small bool) ([]byte, error) {
	s, err := m.stillBy(ctx, id, nil)
	switch {
	case err != nil:
		return nil, err
	case small:
		return s.photo.Small, nil
	}
	return s.photo.JPEG, nil
}

func (m *memory) ChangeStill(ctx context.Context, id string, decide func(*clinic.Still) error) (*clinic.Still, error) {
	s, err := m.stillBy(ctx, id, func(s *memoryStill) error { return decide(&s.Still) })
	if err != nil {
		return nil, err
	}
	return &s.Still, nil
}

func (m *memory) ScreenStill(ctx context.Context, stillID, was string, sc *clinic.Screening, jpeg []byte, facts []clinic.Event) (won bool, err error) {
	s, err := m.stillBy(ctx, stillID, func(s *memoryStill) error {
		if won = s.ScreeningID == was; won {
			s.ScreeningID = sc.ID
		}
		return nil
	})
	if err != nil || !won {
		return false, err
	}
	m.mu.Lock()
	m.attached[sc.ID] = s.ReservationID
	m.mu.Unlock()
	return true, m.AddScreening(ctx, sc, jpeg, facts)
}
