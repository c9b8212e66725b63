package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// idleCmd measures rooms that start one after the other, on a server that has nothing else to do.
type idleCmd struct {
	options
	Every time.Duration `default:"100ms" help:"From one start to the next."`
	For   time.Duration `help:"How long; default: 60s, or 20s with --size small."`
	Join  time.Duration `default:"15s" help:"How long the sockets have to come to their doors."`
}

// Run prints the table.
func (c idleCmd) Run(ctx context.Context) error {
	l, err := newLab(ctx, c.options)
	if err != nil {
		return err
	}
	defer l.close()
	if c.For == 0 {
		c.For = time.Duration(c.pick(60, 20)) * time.Second
	}
	r := &report{bench: "idle"}
	for _, kind := range c.Databases {
		for round := range c.Rounds {
			if err := c.round(l, r, kind, round); err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
		}
	}
	return r.finish(c.options)
}

// starts gives the instants, of which the first lies ahead by the time that the set-up needs.
func (c idleCmd) starts() []time.Time {
	first := time.Now().Add(c.Join).Truncate(time.Millisecond)
	var all []time.Time
	for at := time.Duration(0); at < c.For; at += c.Every {
		all = append(all, first.Add(at))
	}
	return all
}

func (c idleCmd) round(l *lab, r *report, kind string, round int) error {
	name := fmt.Sprintf("idle %s %d", kind, round)
	product, err := c.product(l, kind, name)
	if err != nil {
		return err
	}
	floor, err := c.floor(l, name)
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	of := fmt.Sprintf("%s, one each %v", kind, c.Every)
	row := func(name, unit, goal string, value func(outcome) float64) {
		f := r.row(of, name, unit, goal)
		f.Product, f.Floor = append(f.Product, value(product)), append(f.Floor, value(floor))
	}
	row("p50 late", "ms", "", func(o outcome) float64 { return ms(percentile(o.late, .5)) })
	row("p99 late", "ms", "≤ 5 ms", func(o outcome) float64 { return ms(percentile(o.late, .99)) })
	row("most late", "ms", "", func(o outcome) float64 { return ms(percentile(o.late, 1)) })
	row("server CPU", "ms", "", func(o outcome) float64 { return ms(o.cpu) })
	row("early", "", "0", func(o outcome) float64 { return float64(o.Early) })
	row("lost", "", "0", func(o outcome) float64 { return float64(o.lost) })
	row("twice", "", "0", func(o outcome) float64 { return float64(o.Twice + o.Closed) })
	return nil
}

func (c idleCmd) product(l *lab, kind, name string) (outcome, error) {
	db, err := l.databases.fresh(l.ctx, kind)
	if err != nil {
		return outcome{}, err
	}
	n := len(c.starts())
	b, err := newBooking(l.ctx, db, n)
	if err != nil {
		return outcome{}, err
	}
	visits, err := b.book(l.ctx, c.starts())
	if b.store.Close(); err != nil {
		return outcome{}, err
	}
	p, err := l.startProduct(db, nil)
	if err != nil {
		return outcome{}, err
	}
	defer p.stop()
	return c.watch(l, p, visits, name+" product")
}

func (c idleCmd) floor(l *lab, name string) (outcome, error) {
	config, err := l.natsConfig("2m")
	if err != nil {
		return outcome{}, err
	}
	visits := invented(c.starts())
	p, err := l.startFloor(floorPlan{Rooms: floorRooms(visits), NATSConfig: config, Dir: filepath.Join(l.dir, "floor-"+newID())})
	if err != nil {
		return outcome{}, err
	}
	defer p.stop()
	return c.watch(l, p, visits, name+" floor")
}

func (c idleCmd) watch(l *lab, server *process, visits []visit, name string) (outcome, error) {
	clients, err := l.startClients(server.url, visits)
	if err != nil {
		return outcome{}, err
	}
	defer clients.kill()
	if _, err := clients.joined(2 * len(visits)); err != nil {
		return outcome{}, err
	}
	if first := visits[0].at; time.Until(first) < 0 {
		return outcome{}, fmt.Errorf("%w by %v: give more time with --join", errTooSlow, -time.Until(first))
	}
	l.profileAt(visits[0].at, 10, name, map[string]*process{"server": server, "clients": clients.process})
	return l.gather(server, clients)
}
