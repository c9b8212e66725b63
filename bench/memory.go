package main

import (
	"context"
	"fmt"
	"time"
)

// memoryCmd measures what a socket that joined and waits costs its server.
type memoryCmd struct {
	options
	Sockets int           `help:"How many; default: 19800, or 2000 with --size small."`
	Settle  time.Duration `default:"10s" help:"How long the server rests before its memory is read."`
}

// Run prints the table.
func (c memoryCmd) Run(ctx context.Context) error {
	l, err := newLab(ctx, c.options)
	if err != nil {
		return err
	}
	defer l.close()
	c.size()
	r := &report{bench: "memory"}
	for _, kind := range c.Databases {
		for range c.Rounds {
			if err := c.round(l, r, kind); err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
		}
	}
	return r.finish(c.options)
}

func (c *memoryCmd) size() {
	if c.Sockets == 0 {
		c.Sockets = c.pick(19_800, 2_000)
	}
}

// weight is what a server holds, in bytes: without sockets, with the first tenth, and with all.
type weight struct{ none, tenth, all int64 }

func (w weight) each(sockets int) float64 { return float64(w.all-w.none) / float64(sockets) / 1024 }

// first is what each socket of the first tenth costs.
func (w weight) first(sockets int) float64 {
	return float64(w.tenth-w.none) / float64(firstTenth(sockets)) / 1024
}

// further is what each socket beyond the first tenth costs. It leaves out what the server took at its start and the
// first sockets then used, and what it takes once for all sockets.
func (w weight) further(sockets int) float64 {
	return float64(w.all-w.tenth) / float64(sockets-firstTenth(sockets)) / 1024
}

func firstTenth(sockets int) int { return sockets / 20 * 2 } // both sides of each room

func (c memoryCmd) round(l *lab, r *report, kind string) error {
	product, err := c.product(l, kind)
	if err != nil {
		return err
	}
	after, err := c.floor(l, false)
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	inside, err := c.floor(l, true)
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	of := fmt.Sprintf("%s, %d sockets", kind, c.Sockets)
	row := func(name, unit, goal string, p, f float64) {
		row := r.row(of, name, unit, goal)
		row.Product, row.Floor = append(row.Product, p), append(row.Floor, f)
	}
	row("a socket; floor read after its handler", "KB", "ratio ≤ 1.3", product.each(c.Sockets), after.each(c.Sockets))
	row("a socket; floor read inside its handler", "KB", "", product.each(c.Sockets), inside.each(c.Sockets))
	row("each beyond the first tenth; floor read after", "KB", "ratio ≤ 1.3", product.further(c.Sockets), after.further(c.Sockets))
	row("server without sockets", "MB", "", float64(product.none)/(1<<20), float64(after.none)/(1<<20))
	return nil
}

func (c memoryCmd) product(l *lab, kind string) (weight, error) {
	db, err := l.databases.fresh(l.ctx, kind)
	if err != nil {
		return weight{}, err
	}
	rooms := c.Sockets / 2
	b, err := newBooking(l.ctx, db, rooms)
	if err != nil {
		return weight{}, err
	}
	// Far ahead: nothing opens while memory is read, and the scheduler does not hold the rows yet.
	visits, err := b.book(l.ctx, same(rooms, time.Now().Add(50*time.Minute)))
	if b.store.Close(); err != nil {
		return weight{}, err
	}
	p, err := l.startProduct(db, nil)
	if err != nil {
		return weight{}, err
	}
	defer p.stop()
	return c.weighAlone(l, p, visits, "memory "+kind+" product")
}

func (c memoryCmd) floor(l *lab, inside bool) (weight, error) {
	visits := invented(same(c.Sockets/2, time.Now().Add(50*time.Minute)))
	p, err := l.startFloor(floorPlan{Rooms: floorRooms(visits), Inside: inside})
	if err != nil {
		return weight{}, err
	}
	defer p.stop()
	return c.weighAlone(l, p, visits, fmt.Sprintf("memory floor inside=%t", inside))
}

// weighAlone weighs a server whose clients nothing else is wanted of.
func (c memoryCmd) weighAlone(l *lab, server *process, visits []visit, name string) (weight, error) {
	w, crowds, err := c.weigh(l, server, visits)
	defer kill(crowds)
	l.fetchProfile(server, "/debug/pprof/heap", name+".heap.pprof")
	return w, err
}

// weigh reads the server's memory without sockets, with a tenth of them, and with all. The clients are still there after
// it, for the caller to kill.
func (c memoryCmd) weigh(l *lab, server *process, visits []visit) (w weight, crowds []*crowdProcess, err error) {
	if w.none, err = c.settled(l, server); err != nil {
		return w, nil, err
	}
	tenth := firstTenth(c.Sockets) / 2
	for at, part := range [][]visit{visits[:tenth], visits[tenth:]} {
		clients, err := l.startClients(server.url, part)
		if err != nil {
			return w, crowds, err
		}
		crowds = append(crowds, clients)
		if _, err := clients.joined(2 * len(part)); err != nil {
			return w, crowds, err
		}
		if *[]*int64{&w.tenth, &w.all}[at], err = c.settled(l, server); err != nil {
			return w, crowds, err
		}
	}
	return w, crowds, nil
}

func kill(crowds []*crowdProcess) {
	for _, clients := range crowds {
		clients.kill()
	}
}

// settled reads the memory of a server at rest.
func (c memoryCmd) settled(l *lab, server *process) (int64, error) {
	if err := sleep(l.ctx, c.Settle); err != nil {
		return 0, err
	}
	return server.rss()
}
