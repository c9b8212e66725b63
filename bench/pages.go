package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"vetroom/clinic"
)

// pagesCmd measures reads: at a constant rate, whether or not the answers keep up, and how many queries each takes.
type pagesCmd struct {
	options
	Rate   int           `default:"500" help:"Requests a second."`
	Length time.Duration `help:"Of one measurement; default 10s, or 2s at small size."`
	Only   []string      `help:"Only these reads, by the names in the table."`
}

// Run implements the command.
func (c *pagesCmd) Run(ctx context.Context) (err error) {
	if c.Length == 0 {
		c.Length = time.Duration(c.pick(10, 2)) * time.Second
	}
	l, err := newLab(ctx, c.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	out := &report{bench: "pages"}
	for _, kind := range c.Databases {
		if err := c.rates(l, out, kind); err != nil {
			return fmt.Errorf("reads on %s: %w", kind, err)
		}
	}
	if err := c.queries(l, out); err != nil {
		return fmt.Errorf("count queries: %w", err)
	}
	return out.finish(c.options)
}

// reading is a request, and what it is called.
type reading struct {
	name, route, path, cookie string
}

// readings are what owners and vets look at. The first answer of each is seen to be whole.
func (s *site) readings() []reading {
	week := "?days=7"
	return []reading{
		{"vets list", "/api/v1/vets", "/api/v1/vets", ""},
		{"vets page", "/vets", "/vets", ""},
		{"slots of a week", "/api/v1/vets/{id}/slots", "/api/v1/vets/" + s.vet + "/slots" + week, ""},
		{"timetable page", "/vets/{id}", "/vets/" + s.vet, ""},
		{"reservation", "/api/v1/reservations/{id}", "/api/v1/reservations/" + s.reservation, s.owner},
		{"reservation page", "/reservations/{id}", "/reservations/" + s.reservation, s.owner},
		{"own reservations", "/api/v1/reservations", "/api/v1/reservations", s.owner},
		{"vet's week", "/api/v1/vet/reservations", "/api/v1/vet/reservations" + week, s.vetCookie},
	}
}

// chosen gives the readings that are to be measured.
func (c *pagesCmd) chosen(s *site) []reading {
	return slices.DeleteFunc(s.readings(), func(r reading) bool {
		return len(c.Only) > 0 && !slices.Contains(c.Only, r.name)
	})
}

// site is a running product with something to read.
type site struct {
	*web
	process                                *process
	db                                     *database
	vet, reservation, owner, vetCookie     string
	vets, visitsOfVet, reservationsOfOwner int
}

// openSite fills a database with vets, each with as many visits in the next days, of whose first vet an owner holds
// some, and starts the product on it.
func (l *lab) openSite(kind string, vets, visits, held int, settings ...string) (*site, error) {
	db, err := l.databases.fresh(l.ctx, kind)
	if err != nil {
		return nil, err
	}
	b, err := newBooking(l.ctx, db, vets)
	if err != nil {
		return nil, err
	}
	s := &site{db: db, vet: b.vets[0], vets: vets, visitsOfVet: visits, reservationsOfOwner: held}
	if err := s.fill(l.ctx, b); err != nil {
		return nil, errors.Join(err, b.store.Close())
	}
	if err := b.store.Close(); err != nil {
		return nil, err
	}
	if s.process, err = l.startProduct(db, settings); err != nil {
		return nil, err
	}
	if s.web, err = newWeb(s.process.url); err != nil {
		return nil, err
	}
	return s, s.look(l.ctx)
}

// fill books the visits and signs the owner and the first vet in.
func (s *site) fill(ctx context.Context, b *booking) error {
	owner, session, err := b.sessions.Mint("", time.Now())
	if err != nil {
		return err
	}
	own, _, err := b.sessions.Mint(s.vet, time.Now())
	if err != nil {
		return err
	}
	s.owner, s.vetCookie = owner.Name+"="+owner.Value, own.Name+"="+own.Value
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for i, vet := range b.vets {
		for n := range s.visitsOfVet {
			// Six a day from tomorrow on, between nine and five in Seoul.
			start := today.AddDate(0, 0, 1+n/6).Add(time.Duration(n%6) * 80 * time.Minute)
			booked, err := b.desk.FollowUp(ctx, clinic.FollowUpRequest{VetID: vet, Start: start, Minutes: visitMinutes, Request: aRequest()})
			if err != nil {
				return err
			}
			if i > 0 || n >= s.reservationsOfOwner {
				continue
			}
			s.reservation = booked.Reservation.ID
			if err := b.store.Grant(ctx, session, booked.Reservation.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// look sees that each reading is answered, and with as much as there is.
func (s *site) look(ctx context.Context) error {
	for _, r := range s.readings() {
		status, answer, err := s.call(ctx, "GET", r.path, r.cookie, nil)
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("the %s is answered %d: %s", r.name, status, answer)
		}
		least := map[string]int{"vets list": min(s.vets, 50), "own reservations": s.reservationsOfOwner}[r.name]
		if n := strings.Count(string(answer), `"number":`) + strings.Count(string(answer), `"next_free":`); n < least {
			return fmt.Errorf("the %s shows %d, want %d", r.name, n, least)
		}
	}
	return nil
}

// rates reads each at the rate, from the product and from a floor that has the very same answers ready.
func (c *pagesCmd) rates(l *lab, out *report, kind string) error {
	s, err := l.openSite(kind, 50, 30, 10)
	if err != nil {
		return err
	}
	defer s.process.stop()
	floor, err := s.startFloor(l)
	if err != nil {
		return err
	}
	defer floor.stop()
	bare := &web{base: floor.url, http: s.http}
	for _, r := range c.chosen(s) {
		of := kind + ", " + r.name
		for round := range c.Rounds {
			before, err := s.served(l.ctx, r.route)
			if err != nil {
				return err
			}
			worked, err := s.process.cpu()
			if err != nil {
				return err
			}
			if round == 0 {
				l.profileAt(time.Now().Add(time.Second/2), int(c.Length.Seconds()), "pages "+of, map[string]*process{"product": s.process})
			}
			ours, err := openLoop(l.ctx, s.web, r, c.Rate, c.Length)
			if err != nil {
				return err
			}
			cpu, err := s.process.cpu()
			if err != nil {
				return err
			}
			ours.cpu = cpu - worked
			after, err := s.served(l.ctx, r.route)
			if err != nil {
				return err
			}
			theirs, err := openLoop(l.ctx, bare, r, c.Rate, c.Length)
			if err != nil {
				return err
			}
			out.read(of, after.since(before), ours, theirs)
		}
	}
	return nil
}

// read notes a round.
func (r *report) read(of string, served histogram, ours, theirs tally) {
	add := func(name, unit, goal string, product float64, floor ...float64) {
		row := r.row(of, name, unit, goal)
		row.Product, row.Floor = append(row.Product, product), append(row.Floor, floor...)
	}
	add("server p50", "ms", "", 1000*served.quantile(.5))
	add("server p99", "ms", "≤ 5 ms", 1000*served.quantile(.99))
	add("over 5 ms", "%", "≤ 1", 100*(1-served.within(.005)))
	add("refused", "", "0", float64(ours.failed), float64(theirs.failed))
	add("CPU a request", "µs", "", ours.each(ours.cpu))
	add("client p50", "ms", "", ms(ours.at(.5)), ms(theirs.at(.5)))
	add("client p99", "ms", "", ms(ours.at(.99)), ms(theirs.at(.99)))
	add("client max", "ms", "", ms(ours.at(1)), ms(theirs.at(1)))
}
