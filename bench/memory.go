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
	if c.Sockets == 0 {
		c.Sockets = c.pick(19_800, 2_000)
	}
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

// weight is what a server holds, in bytes.
type weight struct{ before, after int64 }

func (w weight) each(sockets int) float64 { return float64(w.after-w.before) / float64(sockets) / 1024 }

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
	row("server without sockets", "KB", "", float64(product.before>>10), float64(after.before>>10))
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
	return c.weigh(l, p, visits, "memory "+kind+" product")
}

func (c memoryCmd) floor(l *lab, inside bool) (weight, error) {
	visits := invented(same(c.Sockets/2, time.Now().Add(50*time.Minute)))
	p, err := l.startFloor(floorPlan{Rooms: floorRooms(visits), Inside: inside})
	if err != nil {
		return weight{}, err
	}
	defer p.stop()
	return c.weigh(l, p, visits, fmt.Sprintf("memory floor inside=%t", inside))
}

// weigh reads the server's memory without sockets, and with them.
func (c memoryCmd) weigh(l *lab, server *process, visits []visit, name string) (w weight, err error) {
	if w.before, err = c.settled(l, server); err != nil {
		return w, err
	}
	clients, err := l.startClients(server.url, visits)
	if err != nil {
		return w, err
	}
	defer clients.kill()
	if _, err := clients.joined(2 * len(visits)); err != nil {
		return w, err
	}
	if w.after, err = c.settled(l, server); err != nil {
		return w, err
	}
	l.fetchProfile(server, "/debug/pprof/heap", name+".heap.pprof")
	return w, nil
}

// settled reads the memory of a server at rest.
func (c memoryCmd) settled(l *lab, server *process) (int64, error) {
	if err := sleep(l.ctx, c.Settle); err != nil {
		return 0, err
	}
	return server.rss()
}
