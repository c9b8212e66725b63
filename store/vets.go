package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	"vetroom/clinic"
)

// Vet implements clinic.VetStore.
func (s *Store) Vet(ctx context.Context, id string) (*clinic.Vet, error) {
	if !plain(id) {
		return nil, clinic.ErrNotFound
	}
	v, err := one(s.current(ctx, "FROM vets v WHERE v.id = ?", id))
	return v, s.fault("read a vet", err)
}

// VetByLogin implements clinic.VetStore.
func (s *Store) VetByLogin(ctx context.Context, login string) (*clinic.Vet, error) {
	v, err := s.vet(ctx, s.reader, "v.login = ?", strings.ToValidUTF8(login, "\ufffd"))
	return v, s.fault("read a vet", err)
}

// VetsByID implements clinic.VetStore.
func (s *Store) VetsByID(ctx context.Context, ids []string) (map[string]*clinic.Vet, error) {
	ids = distinct(ids)
	vets, err := s.current(ctx, "FROM vets v WHERE v.id IN ("+placeholders(len(ids))+")", anys(ids)...)
	byID := make(map[string]*clinic.Vet, len(vets))
	for _, v := range vets {
		byID[v.ID] = v
	}
	return byID, s.fault("read vets", err)
}

// vet reads the one vet that meets a condition.
func (s *Store) vet(ctx context.Context, q querier, condition, value string) (*clinic.Vet, error) {
	return one(s.vets(ctx, q, "WHERE "+condition, value))
}

// one gives the only one of a list, or ErrNotFound.
func one[T any](all []*T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, clinic.ErrNotFound
	}
	return all[0], nil
}

// vets reads vets with their permits. A vet's row is read before its permits, so that a change of permits between the
// two shows in PermitsRev, which is older then than what it stands for.
func (s *Store) vets(ctx context.Context, q querier, tail string, args ...any) ([]*clinic.Vet, error) {
	var vets []*clinic.Vet
	err := query(ctx, q, func() []any {
		v := &clinic.Vet{}
		vets = append(vets, v)
		return values(vetFields(v, &s.zones))
	}, "SELECT "+vetColumns+" FROM vets v "+tail, args...)
	if err != nil || len(vets) == 0 {
		return nil, err
	}
	return vets, addPermits(ctx, q, vets)
}

// AddVets implements clinic.VetStore.
func (s *Store) AddVets(ctx context.Context, vets []*clinic.Vet) error {
	return s.writeAgain(ctx, "add vets", func(t *tx) error {
		var rows, permits [][]field
		for _, v := range vets {
			rows = append(rows, vetFields(v, &s.zones))
			permits = append(permits, permitRows(v.ID, v.Permits)...)
		}
		err := t.insert(ctx, "vets", "", rows...)
		if t.d.isDuplicate(err) {
			return clinic.ErrLoginTaken
		}
		if err != nil {
			return err
		}
		return t.insert(ctx, "permits", "", permits...)
	})
}

// ChangeVet implements clinic.VetStore.
func (s *Store) ChangeVet(ctx context.Context, id string, decide func(*clinic.Vet, time.Time) ([]clinic.Event, error)) (vet *clinic.Vet, err error) {
	if !plain(id) {
		return nil, clinic.ErrNotFound
	}
	err = s.again(ctx, "change a vet", func() error {
		if vet, err = s.vet(ctx, s.reader, "v.id = ?", id); err != nil {
			return err
		}
		was, now := s.image(vet), s.Now()
		own, err := decide(vet, now)
		if err != nil || len(own) == 0 && was == s.image(vet) {
			return err
		}
		return s.save(ctx, &change{now: now, vet: vet, own: own})
	})
	if err != nil {
		return nil, err
	}
	return vet, nil
}

// image is what the vet's row holds, to tell whether anything changed in it.
func (s *Store) image(v *clinic.Vet) string {
	var b strings.Builder
	for _, f := range vetFields(v, &s.zones) {
		value, _ := driver.DefaultParameterConverter.ConvertValue(f.value) // what fails here fails when it is saved
		fmt.Fprintf(&b, "%q\n", fmt.Sprint(value))
	}
	return b.String()
}

// Attend implements clinic.VetStore.
func (s *Store) Attend(ctx context.Context, vetIDs []string) error {
	vetIDs = distinct(vetIDs)
	slices.Sort(vetIDs) // the same order for all, so that two lock no rows crosswise
	now := s.Now().UnixMilli()
	rows := make([][]field, len(vetIDs))
	for i := range vetIDs {
		rows[i] = []field{{"vet_id", &vetIDs[i]}, {"seen_at", &now}}
	}
	return s.writeAgain(ctx, "note who is present", func(t *tx) error {
		return t.insert(ctx, "presence", t.d.takeLast("vet_id", "seen_at"), rows...)
	})
}

// Absent implements clinic.VetStore. A vet who never had a socket counts as seen when the vet went online.
func (s *Store) Absent(ctx context.Context, since time.Time) ([]string, error) {
	ids, err := texts(ctx, s.reader, `SELECT v.id FROM vets v LEFT JOIN presence p ON p.vet_id = v.id
		WHERE v.online AND COALESCE(p.seen_at, v.online_since) < ? ORDER BY v.id`, since.UnixMilli())
	return ids, s.fault("look for absent vets", err)
}

// distinct gives each id once, without those that cannot be one.
func distinct(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	all := make([]string, 0, len(ids))
	for _, id := range ids {
		if !seen[id] && plain(id) {
			seen[id] = true
			all = append(all, id)
		}
	}
	return all
}

// plain tells whether a text is printable ASCII of an id's or a login's length: a database compares others with such
// a column as it likes, or refuses to.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= 100
}
