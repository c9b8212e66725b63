package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// herdCmd measures rooms that start at the same instant, with both sides' sockets waiting.
type herdCmd struct {
	options
	Rooms    []int    `help:"How many rooms; default: 1000 and 9900, or with --size small 100 and 990."`
	Timeline bool     `help:"Show, each 50 ms, how far the product has come by its own metrics."`
	Sync     []string `default:"2m" enum:"2m,always" help:"The broker's sync_interval, for product and floor alike: 2m (the product's own) and always, which is set beside a floor of 2m, too."`
}

// Run prints the table.
func (c herdCmd) Run(ctx context.Context) error {
	l, err := newLab(ctx, c.options)
	if err != nil {
		return err
	}
	defer l.close()
	if len(c.Rooms) == 0 {
		c.Rooms = []int{c.pick(1000, 100), c.pick(9900, 990)}
	}
	r := &report{bench: "herd"}
	h := &herd{lab: l, report: r, pace: map[string]pace{}, timeline: c.Timeline}
	for _, rooms := range c.Rooms {
		for _, kind := range c.Databases {
			for _, sync := range c.Sync {
				if err := h.measure(kind, sync, rooms, c.Rounds); err != nil {
					return errors.Join(err, r.finish(c.options)) // what was measured until then is worth something
				}
			}
		}
	}
	return r.finish(c.options)
}

// herd measures one database, setting and size after the other.
type herd struct {
	*lab
	report   *report
	pace     map[string]pace // by database
	timeline bool
}

// pace is how long the set-up takes a room, so that the start lies behind it.
type pace struct{ book, join time.Duration }

func (h *herd) measure(kind, sync string, rooms, rounds int) error {
	of := fmt.Sprintf("%s, %d rooms", kind, rooms)
	if sync != "2m" {
		of += ", sync " + sync
	}
	for round := range rounds {
		name := fmt.Sprintf("herd %s %d %s %d", kind, rooms, sync, round)
		product, err := h.product(kind, sync, rooms, name)
		if err != nil {
			return fmt.Errorf("%s: %w", of, err)
		}
		floor, err := h.floor(sync, rooms, name)
		if err != nil {
			return fmt.Errorf("%s: floor: %w", of, err)
		}
		h.add(of, product, floor)
		if err := h.addUnsynced(of, sync, rooms, name, product); err != nil {
			return err
		}
	}
	return nil
}

// addUnsynced sets a product that syncs each message beside a floor that does not, too.
func (h *herd) addUnsynced(of, sync string, rooms int, name string, product outcome) error {
	if sync == "2m" {
		return nil
	}
	floor, err := h.floor("2m", rooms, name+" unsynced")
	if err != nil {
		return fmt.Errorf("%s: floor without sync: %w", of, err)
	}
	f := h.report.row(of, "last told; floor's sync 2m", "ms", "ratio ≤ 1.25")
	f.Product = append(f.Product, ms(percentile(product.late, 1)))
	f.Floor = append(f.Floor, ms(percentile(floor.late, 1)))
	return nil
}

// outcome is what one round gave.
type outcome struct {
	late      []time.Duration // of those told, in order
	lost      int
	cpu       time.Duration // of the server, from before the start to the last told
	clientCPU time.Duration
	held
}

func (h *herd) add(of string, product, floor outcome) {
	row := func(name, unit, goal string, value func(outcome) float64) {
		f := h.report.row(of, name, unit, goal)
		f.Product, f.Floor = append(f.Product, value(product)), append(f.Floor, value(floor))
	}
	at := func(p float64) func(outcome) float64 {
		return func(o outcome) float64 { return ms(percentile(o.late, p)) }
	}
	row("p50 told", "ms", "", at(.5))
	row("p99 told", "ms", "", at(.99))
	row("last told", "ms", "ratio ≤ 1.0", at(1)) // with sync always, too: the floor then pays for each message
	row("server CPU", "ms", "", func(o outcome) float64 { return ms(o.cpu) })
	row("clients' CPU", "ms", "", func(o outcome) float64 { return ms(o.clientCPU) })
	row("early", "", "0", func(o outcome) float64 { return float64(o.Early) })
	row("lost", "", "0", func(o outcome) float64 { return float64(o.lost) })
	row("twice", "", "0", func(o outcome) float64 { return float64(o.Twice + o.Closed) })
}

// product runs one round of the product. A set-up that took longer than its start lay ahead is done again.
func (h *herd) product(kind, sync string, rooms int, name string) (outcome, error) {
	for {
		o, err := h.tryProduct(kind, sync, rooms, name)
		if !errors.Is(err, errTooSlow) {
			return o, err
		}
		p := h.pace[kind]
		h.pace[kind] = pace{p.book * 3 / 2, p.join * 3 / 2}
		fmt.Fprintln(os.Stderr, "bench:", err, "- once more")
	}
}

var errTooSlow = errors.New("the start came before all waited")

func (h *herd) tryProduct(kind, sync string, rooms int, name string) (outcome, error) {
	db, err := h.databases.fresh(h.ctx, kind)
	if err != nil {
		return outcome{}, err
	}
	visits, start, err := h.bookHerd(db, rooms)
	if err != nil {
		return outcome{}, err
	}
	config, err := h.natsConfig(sync)
	if err != nil {
		return outcome{}, err
	}
	p, err := h.startProduct(db, []string{"VETROOM_NATS_CONFIG=" + config})
	if err != nil {
		return outcome{}, err
	}
	defer p.stop()
	o, err := h.watch(p, visits, start, name+" product", func(j joined) {
		if h.timeline {
			go h.printTimeline(p, start, 2*rooms)
		}
		h.pace[kind] = pace{h.pace[kind].book, time.Duration(j.Seconds / float64(rooms) * float64(time.Second))}
	})
	if warned := p.said(); warned != "" {
		fmt.Fprint(os.Stderr, warned)
	}
	return o, err
}

// warmUp is how many visits tell how long booking takes.
const warmUp = 200

// bookHerd books a few visits for later, to see how long that takes, and then all at the start.
func (h *herd) bookHerd(db *database, rooms int) ([]visit, time.Time, error) {
	b, err := newBooking(h.ctx, db, rooms+warmUp)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer b.store.Close()
	begun := time.Now()
	if _, err := b.book(h.ctx, same(warmUp, begun.Add(24*time.Hour))); err != nil {
		return nil, time.Time{}, err
	}
	p := h.pace[db.kind]
	p.book = max(p.book, time.Since(begun)/warmUp)
	if p.join == 0 {
		p.join = 3 * time.Millisecond
	}
	h.pace[db.kind] = p
	lead := time.Duration(rooms)*(p.book+p.join)*3/2 + 6*time.Second
	start := time.Now().Add(lead).Truncate(time.Millisecond)
	visits, err := b.book(h.ctx, same(rooms, start))
	return visits, start, err
}

// watch brings the sockets to their doors and sees them open.
func (h *herd) watch(server *process, visits []visit, start time.Time, name string, ready func(joined)) (o outcome, err error) {
	clients, err := h.startClients(server.url, visits)
	if err != nil {
		return o, err
	}
	defer clients.kill()
	j, err := clients.joined(2 * len(visits))
	if err != nil {
		return o, err
	}
	ready(j)
	if time.Until(start) < time.Second {
		return o, fmt.Errorf("%w: %.1f s too late", errTooSlow, 1-time.Until(start).Seconds())
	}
	h.profileAt(start, 2, name, map[string]*process{"server": server, "clients": clients.process})
	if err := sleep(h.ctx, time.Until(start)-200*time.Millisecond); err != nil {
		return o, err
	}
	return h.gather(server, clients)
}

// seeTwice is how long after the last door a second opening is waited for: past a sweep of the signaling server.
const seeTwice = 6 * time.Second

// gather waits for the open doors and sums up.
func (l *lab) gather(server *process, clients *crowdProcess) (o outcome, err error) {
	before, err := server.cpu()
	if err != nil {
		return o, err
	}
	var t told
	if err := clients.hears("told", &t); err != nil {
		return o, err
	}
	after, err := server.cpu()
	if err != nil {
		return o, err
	}
	o.cpu, o.clientCPU = after-before, t.CPU
	for _, us := range t.LateMicros {
		if us == math.MaxInt64 {
			o.lost++
			continue
		}
		o.late = append(o.late, time.Duration(us)*time.Microsecond)
	}
	slices.Sort(o.late)
	if err := sleep(l.ctx, seeTwice); err != nil {
		return o, err
	}
	o.held, err = clients.leave()
	return o, err
}

// floor runs one round of the floor.
func (h *herd) floor(sync string, rooms int, name string) (outcome, error) {
	config, err := h.natsConfig(sync)
	if err != nil {
		return outcome{}, err
	}
	for lead := 3*time.Second + time.Duration(rooms)*time.Millisecond; ; lead *= 2 {
		o, err := h.tryFloor(config, rooms, lead, name)
		if !errors.Is(err, errTooSlow) {
			return o, err
		}
	}
}

func (h *herd) tryFloor(config string, rooms int, lead time.Duration, name string) (outcome, error) {
	start := time.Now().Add(lead).Truncate(time.Millisecond)
	visits := invented(same(rooms, start))
	p, err := h.startFloor(floorPlan{Rooms: floorRooms(visits), NATSConfig: config, Dir: filepath.Join(h.dir, "floor-"+newID())})
	if err != nil {
		return outcome{}, err
	}
	defer p.stop()
	return h.watch(p, visits, start, name+" floor", func(joined) {})
}

func floorRooms(visits []visit) []floorDue {
	rooms := make([]floorDue, len(visits))
	for i, v := range visits {
		rooms[i] = floorDue{v.room, v.at}
	}
	return rooms
}
