package store

import (
	"context"
	"slices"

	"vetroom/clinic"
)

// sighting is a vet's id and rev in a row of a query.
type sighting struct {
	id  string
	rev int64
}

// current gives the vets v of a query from its FROM on, in its order, as they are when it runs or later. It reads what
// tells one state of a vet from another; the rest only of those vets who are not remembered like that.
func (s *Store) current(ctx context.Context, tail string, args ...any) ([]*clinic.Vet, error) {
	var seen []*sighting
	err := query(ctx, s.reader, func() []any {
		at := &sighting{}
		seen = append(seen, at)
		return []any{&at.id, &at.rev}
	}, "SELECT v.id, v.rev "+tail, args...)
	if err != nil {
		return nil, err
	}
	return s.recall(ctx, seen)
}

// recall gives the vets that were seen, in that order.
func (s *Store) recall(ctx context.Context, seen []*sighting) ([]*clinic.Vet, error) {
	vets := make([]*clinic.Vet, len(seen))
	var others []any
	for i, at := range seen {
		if vets[i] = s.known.at(at.id, at.rev); vets[i] == nil {
			others = append(others, at.id)
		}
	}
	if len(others) == 0 {
		return vets, nil
	}
	read, err := s.vets(ctx, s.reader, "WHERE v.id IN ("+placeholders(len(others))+")", others...)
	if err != nil {
		return nil, err
	}
	fresh := make(map[string]*clinic.Vet, len(read))
	for _, v := range read {
		fresh[v.ID] = s.known.put(v)
	}
	for i, at := range seen {
		if vets[i] == nil {
			vets[i] = fresh[at.id]
		}
	}
	return slices.DeleteFunc(vets, func(v *clinic.Vet) bool { return v == nil }), nil // gone since
}
