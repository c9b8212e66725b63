package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"

	"vetroom/clinic"
	"vetroom/store"
)

// bookCmd measures bookings: the store, called in this process, beside a floor that writes the same rows raw; the
// whole product over HTTP; and a race for slots.
type bookCmd struct {
	options
	Clients []int         `default:"1,16,64" help:"How many book at once."`
	Length  time.Duration `help:"Of one measurement; default 4s, or 1s at small size."`
	Parts   []string      `default:"store,http,race" enum:"store,http,race" help:"What to measure."`
}

const bookGoal = "store ≥ 0.8 of the floor"

// Run implements the command.
func (c *bookCmd) Run(ctx context.Context) (err error) {
	if c.Length == 0 {
		c.Length = time.Duration(c.pick(4000, 1000)) * time.Millisecond
	}
	l, err := newLab(ctx, c.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	out := &report{bench: "book"}
	parts := map[string]func(*lab, *report, string) error{"store": c.store, "http": c.http, "race": c.race}
	for _, kind := range c.Databases {
		for _, part := range c.Parts {
			if err := parts[part](l, out, kind); err != nil {
				return fmt.Errorf("%s on %s: %w", part, kind, err)
			}
		}
	}
	return out.finish(c.options)
}

// rival is one side of a comparison on a database of its own.
type rival struct {
	db       *database
	calendar *calendarOf
	book     booker
}

// bookVets is how many vets there are to book.
const bookVets = 1024

func (c *bookCmd) most() int {
	most := 0
	for _, n := range c.Clients {
		most = max(most, n)
	}
	return most
}

// newRival makes a database with vets; the store is closed by the lab.
func (l *lab) newRival(kind string, clients int) (*rival, *store.Store, *clinic.Desk, error) {
	db, err := l.databases.fresh(l.ctx, kind)
	if err != nil {
		return nil, nil, nil, err
	}
	s, err := db.store(l.ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	l.onClose(s.Close)
	vets, err := addVets(l.ctx, s, bookVets)
	return &rival{db: db, calendar: newCalendar(vets, clients)}, s, deskOn(s), err
}

// store compares the store with its floor.
func (c *bookCmd) store(l *lab, out *report, kind string) error {
	product, _, desk, err := l.newRival(kind, c.most())
	if err != nil {
		return err
	}
	product.book = atDesk(desk)
	floor, _, _, err := l.newRival(kind, c.most())
	if err != nil {
		return err
	}
	raw, err := newRawFloor(l.ctx, floor.db, c.most())
	if err != nil {
		return err
	}
	defer raw.close()
	floor.book = raw.book
	if err := c.alike(l, product, floor); err != nil {
		return err
	}
	for _, n := range c.Clients {
		if err := c.compare(l, out, fmt.Sprintf("%s, %d at the store", kind, n), n, product, floor); err != nil {
			return err
		}
	}
	return nil
}

// alike books one visit at both and sees that they wrote the same rows.
func (c *bookCmd) alike(l *lab, product, floor *rival) error {
	for _, r := range []*rival{product, floor} {
		vet, start := r.calendar.take(0)
		if err := r.book(l.ctx, 0, vet, start); err != nil {
			return err
		}
	}
	return sameRows(l.ctx, product.db, floor.db)
}

// compare runs the rounds; one before them warms up and counts nothing.
func (c *bookCmd) compare(l *lab, out *report, of string, n int, product, floor *rival) error {
	for round := range c.Rounds + 1 {
		length := c.Length
		if round == 0 {
			length /= 2
		}
		stop, err := c.profile(fmt.Sprintf("%s round %d", of, round))
		if err != nil {
			return err
		}
		ours, err := closedLoop(l.ctx, product.calendar, n, length, product.book)
		if err := errors.Join(err, stop()); err != nil {
			return err
		}
		theirs := tally{took: 1}
		if floor != nil {
			if theirs, err = closedLoop(l.ctx, floor.calendar, n, length, floor.book); err != nil {
				return err
			}
		}
		if round > 0 {
			out.booked(of, ours, theirs, floor != nil)
		}
	}
	return nil
}

// profile writes a CPU profile of this process, which is the store's where it is called from here, until stop.
func (c *bookCmd) profile(name string) (stop func() error, err error) {
	if c.CPUProfile == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(filepath.Join(c.CPUProfile, strings.NewReplacer(" ", "-", ",", "").Replace(name)+".pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error { pprof.StopCPUProfile(); return file.Close() }, nil
}

// booked notes a round.
func (r *report) booked(of string, ours, theirs tally, compared bool) {
	goal := ""
	if compared {
		goal = bookGoal
	}
	rate := r.row(of, "bookings", "/s", goal)
	rate.Product = append(rate.Product, ours.rate())
	p50, p99 := r.row(of, "p50", "ms", ""), r.row(of, "p99", "ms", "")
	p50.Product, p99.Product = append(p50.Product, ms(ours.at(.5))), append(p99.Product, ms(ours.at(.99)))
	cpu := r.row(of, "own CPU a booking", "µs", "")
	cpu.Product = append(cpu.Product, ours.each(ours.cpu))
	if compared {
		cpu.Floor = append(cpu.Floor, theirs.each(theirs.cpu))
		rate.Floor = append(rate.Floor, theirs.rate())
		p50.Floor, p99.Floor = append(p50.Floor, ms(theirs.at(.5))), append(p99.Floor, ms(theirs.at(.99)))
	}
}
