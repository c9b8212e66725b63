package store

import (
	"context"
	"strings"
	"time"

	"vetroom/clinic"
)

// joinAreas gives areas as ",skin,eye,", in which each can be looked for.
func joinAreas(areas []clinic.Area) string {
	list := ","
	for _, a := range areas {
		list += string(a) + ","
	}
	return list
}

func splitAreas(list string) []clinic.Area {
	var areas []clinic.Area
	for a := range strings.SplitSeq(strings.Trim(list, ","), ",") {
		areas = append(areas, clinic.Area(a))
	}
	return areas
}

func permitRows(vetID string, permits []clinic.Permit) [][]field {
	rows := make([][]field, len(permits))
	for i := range permits {
		place, areas := i, joinAreas(permits[i].Areas)
		rows[i] = append([]field{{"vet_id", &vetID}, {"place", &place}}, permitFields(&permits[i], &areas)...)
	}
	return rows
}

func permitFields(p *clinic.Permit, areas *string) []field {
	return []field{
		{"number", &p.Number}, {"areas", areas}, {"follow_up_only", &p.FollowUpOnly},
		{"valid_from", day{&p.ValidFrom}}, {"valid_until", day{&p.ValidUntil}},
	}
}

// addPermits reads the permits of vets.
func addPermits(ctx context.Context, q querier, vets []*clinic.Vet) error {
	type row struct {
		vet, areas string
		permit     clinic.Permit
	}
	var rows []*row
	ids := make([]any, len(vets))
	byID := make(map[string]*clinic.Vet, len(vets))
	for i, v := range vets {
		ids[i], byID[v.ID] = v.ID, v
	}
	err := query(ctx, q, func() []any {
		r := &row{}
		rows = append(rows, r)
		return append([]any{&r.vet}, values(permitFields(&r.permit, &r.areas))...)
	}, "SELECT vet_id, "+columns("", permitFields(&clinic.Permit{}, nil))+" FROM permits WHERE vet_id IN ("+
		placeholders(len(ids))+") ORDER BY vet_id, place", ids...)
	for _, r := range rows {
		r.permit.Areas = splitAreas(r.areas)
		byID[r.vet].Permits = append(byID[r.vet].Permits, r.permit)
	}
	return err
}

type decidePermits func(vet *clinic.Vet, standing []*clinic.Visit, now time.Time) (map[*clinic.Visit][]clinic.Event, error)

// ChangePermits implements clinic.VetStore. Its first statement keeps the vet's row from every booking, which reads it
// in share mode before it commits: so each booking is either among the standing visits, or decided on the new permits.
func (s *Store) ChangePermits(ctx context.Context, id string, decide func(*clinic.Vet, []*clinic.Visit, time.Time) (map[*clinic.Visit][]clinic.Event, error)) (vet *clinic.Vet, err error) {
	if !plain(id) {
		return nil, clinic.ErrNotFound
	}
	var earliest time.Time
	err = s.writeAgain(ctx, "change permits", func(t *tx) error {
		vet, earliest, err = t.changePermits(ctx, id, decide)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.told(earliest)
	return vet, nil
}

func (t *tx) changePermits(ctx context.Context, id string, decide decidePermits) (*clinic.Vet, time.Time, error) {
	if err := t.bump(ctx, "UPDATE vets SET permits_rev = permits_rev + 1, rev = rev + 1 WHERE id = ?", id); err != nil {
		return nil, time.Time{}, gone(err)
	}
	vet, err := t.s.vet(ctx, t, "v.id = ?", id)
	if err != nil {
		return nil, time.Time{}, err
	}
	now := t.s.Now()
	standing, err := visits(ctx, t, "WHERE r.vet_id = ? AND r.state = 'confirmed' AND r.end_at > ? ORDER BY r.start_at, r.id",
		id, now.UnixMilli())
	if err != nil {
		return nil, time.Time{}, err
	}
	changes := make([]*change, len(standing))
	for i, v := range standing {
		changes[i] = &change{now: now, was: ptr(*v), visit: v}
	}
	facts, err := decide(vet, standing, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	if err := t.setPermits(ctx, vet); err != nil {
		return nil, time.Time{}, err
	}
	out := &outgoing{}
	for _, c := range changes {
		c.own = facts[c.visit]
		if err := t.apply(ctx, c, out); err != nil {
			return nil, time.Time{}, err
		}
	}
	return vet, out.earliest, t.finish(ctx, out)
}

func (t *tx) setPermits(ctx context.Context, vet *clinic.Vet) error {
	if _, err := t.ExecContext(ctx, "DELETE FROM permits WHERE vet_id = ?", vet.ID); err != nil {
		return err
	}
	return t.insert(ctx, "permits", "", permitRows(vet.ID, vet.Permits)...)
}

func ptr[T any](v T) *T { return &v }
