package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"vetroom/clinic"
	"vetroom/store"
)

// weekAhead is how many reservations of a year lie ahead: the small database of the reads holds these alone, so that
// both show the same.
const weekAhead = int(yearAhead/yearStep) * yearVets

// readCalls is how many calls of one read make a round.
const readCalls = 1000

// shelf is a database with a year, or with the week ahead alone, and what is read in it.
type shelf struct {
	db                 *database
	store              *store.Store
	desk               *clinic.Desk
	vet, held, session string
}

// reads measures reads at the desk on the large database and on a small one that shows the same.
func (c *growthCmd) reads(l *lab, out *report, of string, large *grown) (err error) {
	db, err := l.databases.fresh(l.ctx, large.db.kind)
	if err != nil {
		return err
	}
	if err := fillYear(l.ctx, db, weekAhead); err != nil {
		return err
	}
	var both [2]*shelf // large, small
	for i, db := range []*database{large.db, db} {
		s, err := openShelf(l.ctx, db)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.store.Close()) }()
		both[i] = s
	}
	if _, err := addVets(l.ctx, both[1].store, bookVets); err != nil { // whom the large one has for its bookings
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(shelfReads)) {
		read := shelfReads[name]
		for round := range c.Rounds + 1 { // the first warms up
			for i, s := range both {
				took, err := s.time(l.ctx, read)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				if round == 0 {
					continue
				}
				row := out.row(of, "read, "+name, "µs", "≤ 1.1")
				if i == 0 {
					row.Product = append(row.Product, took)
				} else {
					row.Floor = append(row.Floor, took)
				}
			}
		}
	}
	return nil
}

// openShelf gives the year's vets their rows, and one of the week's visits to a session.
func openShelf(ctx context.Context, db *database) (*shelf, error) {
	st, err := db.store(ctx)
	if err != nil {
		return nil, err
	}
	s := &shelf{db: db, store: st, desk: deskOn(st), session: newID()}
	if err := s.fill(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return s, nil
}

func (s *shelf) fill(ctx context.Context) error {
	vets, err := newVets(yearVets)
	if err != nil {
		return err
	}
	raw, err := s.db.raw(1)
	if err != nil {
		return err
	}
	defer raw.Close()
	for i, v := range vets {
		// Before all other vets in the list.
		v.Login, v.Name = fmt.Sprintf("year%06d", i), fmt.Sprintf("가 %06d", i)
		if err := raw.QueryRowContext(ctx, "SELECT id FROM bench_vets WHERE n = ?", i).Scan(&v.ID); err != nil {
			return fmt.Errorf("read the year's vets: %w", err)
		}
	}
	if err := s.store.AddVets(ctx, vets); err != nil {
		return err
	}
	s.vet = vets[0].ID
	ahead, err := s.store.VisitsOfVet(ctx, s.vet, clinic.Span{Start: time.Now(), End: time.Now().Add(yearAhead)})
	if err != nil || len(ahead) < 10 {
		return fmt.Errorf("only %d visits lie ahead: %w", len(ahead), err)
	}
	s.held = ahead[5].Reservation.ID
	return s.store.Grant(ctx, s.session, s.held)
}

// shelfReads are what is read, and each says how much it found.
var shelfReads = map[string]func(context.Context, *shelf) (int, error){
	"vets list": func(ctx context.Context, s *shelf) (int, error) {
		cards, _, err := s.desk.Vets(ctx, clinic.VetQuery{Limit: 50})
		return len(cards), err
	},
	"slots of a week": func(ctx context.Context, s *shelf) (int, error) {
		_, slots, err := s.desk.Slots(ctx, s.vet, clinic.Date{}, 7)
		return len(slots), err
	},
	"reservation with its timeline": func(ctx context.Context, s *shelf) (int, error) {
		_, entries, err := s.desk.History(ctx, clinic.Who{Session: s.session}, s.held)
		return len(entries), err
	},
	"own reservations": func(ctx context.Context, s *shelf) (int, error) {
		views, err := s.desk.Reservations(ctx, s.session)
		return len(views), err
	},
	"vet's week": func(ctx context.Context, s *shelf) (int, error) {
		views, err := s.desk.VetReservations(ctx, s.vet, clinic.Date{}, 7)
		return len(views), err
	},
}

// time gives the median time of a read in microseconds.
func (s *shelf) time(ctx context.Context, read func(context.Context, *shelf) (int, error)) (float64, error) {
	settle()
	took := make([]time.Duration, readCalls)
	for i := range took {
		began := time.Now()
		n, err := read(ctx, s)
		took[i] = time.Since(began)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			return 0, errors.New("found nothing")
		}
	}
	slices.Sort(took)
	return float64(took[len(took)/2]) / float64(time.Microsecond), nil
}
