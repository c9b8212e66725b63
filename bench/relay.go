package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// relayCmd measures how many signals pass between the two sides of rooms a second, and what that costs the server: on
// one process, and on two, of which each has one side of every room.
type relayCmd struct {
	options
	Rooms  []int         `help:"How many rooms; default: 1 and 500, or with --size small 1 and 50."`
	Across []int         `default:"1,2" enum:"1,2" help:"On how many processes."`
	Window int           `default:"16" help:"Signals that each side sends before it waits; at most 64."`
	For    time.Duration `help:"How long; default: 5s, or 2s with --size small."`
	Warm   time.Duration `default:"1s" help:"How long all send before it counts."`
}

// maxWindow keeps what is under way within what the sockets' buffers and the product's replay hold.
const maxWindow = 64

// Run prints the table.
func (c relayCmd) Run(ctx context.Context) error {
	if c.Window < 1 || c.Window > maxWindow {
		return fmt.Errorf("a window of %d is not within 1 and %d", c.Window, maxWindow)
	}
	l, err := newLab(ctx, c.options)
	if err != nil {
		return err
	}
	defer l.close()
	if len(c.Rooms) == 0 {
		c.Rooms = []int{1, c.pick(500, 50)}
	}
	if c.For == 0 {
		c.For = time.Duration(c.pick(5, 2)) * time.Second
	}
	r := &report{bench: "relay"}
	for round := range c.Rounds {
		for _, across := range c.Across {
			for _, rooms := range c.Rooms {
				if err := c.round(l, r, across, rooms, round); err != nil {
					return fmt.Errorf("%d rooms across %d: %w", rooms, across, err)
				}
			}
		}
	}
	return r.finish(c.options)
}

func (c relayCmd) round(l *lab, r *report, across, rooms, round int) error {
	name := fmt.Sprintf("relay %d across %d, %d", rooms, across, round)
	product, err := c.product(l, across, rooms, name)
	if err != nil {
		return err
	}
	floor, err := c.floor(l, across, rooms, name)
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	of := fmt.Sprintf("%d rooms on %d processes", rooms, across)
	row := func(name, unit, goal string, value func(relayOutcome) float64) {
		f := r.row(of, name, unit, goal)
		f.Product, f.Floor = append(f.Product, value(product)), append(f.Floor, value(floor))
	}
	row("signals a second", "/s", "ratio ≥ 0.85", func(o relayOutcome) float64 { return float64(o.Relayed) / o.Took.Seconds() })
	row("servers' CPU per 100,000", "ms", "", func(o relayOutcome) float64 { return o.per100k(o.servers) })
	if across > 1 {
		row("the broker's", "ms", "", func(o relayOutcome) float64 { return o.per100k(o.broker) })
	}
	row("the clients'", "ms", "", func(o relayOutcome) float64 { return o.per100k(o.CPU) })
	row("lost, changed, out of order", "", "0", func(o relayOutcome) float64 { return float64(o.Lost + o.Wrong + int64(o.Closed)) })
	return nil
}

// relayOutcome is what one round gave.
type relayOutcome struct {
	relayCounted
	servers, broker time.Duration // CPU while it was measured
}

func (o relayOutcome) per100k(cpu time.Duration) float64 {
	return ms(cpu) / float64(max(o.Relayed, 1)) * 100_000
}

// lifted is more messages a second than a socket can send here: the product's limit is for people's browsers.
const lifted = "--socket-messages=10000000"

// relayLead is how long before the start the rooms are booked, with so much more for each.
const (
	relayLead    = 4 * time.Second
	relayRoomFor = 15 * time.Millisecond
)

func (c relayCmd) product(l *lab, across, rooms int, name string) (relayOutcome, error) {
	kind := sqliteKind
	if across > 1 {
		kind = mariadbKind // processes of one installation share a database server
	}
	db, err := l.databases.fresh(l.ctx, kind)
	if err != nil {
		return relayOutcome{}, err
	}
	b, err := newBooking(l.ctx, db, rooms)
	if err != nil {
		return relayOutcome{}, err
	}
	visits, err := b.book(l.ctx, same(rooms, time.Now().Add(relayLead+time.Duration(rooms)*relayRoomFor)))
	if b.store.Close(); err != nil {
		return relayOutcome{}, err
	}
	return c.run(l, across, visits, name+" product", func(nats string) (*process, error) {
		var settings []string
		if nats != "" {
			settings = append(settings, "VETROOM_NATS_URL="+nats)
		}
		return l.startProduct(db, settings, lifted)
	})
}

func (c relayCmd) floor(l *lab, across, rooms int, name string) (relayOutcome, error) {
	return c.run(l, across, invented(same(rooms, time.Now())), name+" floor", func(nats string) (*process, error) {
		args := []string{"floor-relay", fmt.Sprintf("--profile=%t", l.CPUProfile != "")}
		if nats != "" {
			args = append(args, "--nats="+nats)
		}
		return l.startServer(l.startSelf(args...))
	})
}

// run starts the servers, and a broker where there are two, has the clients send, and reads what it cost.
func (c relayCmd) run(l *lab, across int, visits []visit, name string, start func(nats string) (*process, error)) (o relayOutcome, err error) {
	var broker *process
	url := ""
	if across > 1 {
		dir := filepath.Join(l.dir, "broker-"+newID())
		if broker, err = l.startServer(l.startSelf("broker", dir, fmt.Sprintf("--profile=%t", l.CPUProfile != ""))); err != nil {
			return o, err
		}
		defer broker.stop()
		url = broker.url
	}
	servers := make([]*process, across)
	for i := range servers {
		if servers[i], err = start(url); err != nil {
			return o, err
		}
		defer servers[i].stop()
	}
	o, err = c.send(l, servers, broker, visits, name)
	for _, s := range servers {
		if warned := s.said(); warned != "" {
			fmt.Fprint(os.Stderr, warned)
		}
	}
	return o, err
}

// relaySockets plans both sides of visits: the owners at the first server, the vets at the last.
func relaySockets(visits []visit, servers []*process) []relayPlanned {
	var all []relayPlanned
	for _, v := range visits {
		all = append(all, relayPlanned{servers[0].url, v.owner, v.room}, relayPlanned{servers[len(servers)-1].url, v.vet, v.room})
	}
	return all
}

func (c relayCmd) send(l *lab, servers []*process, broker *process, visits []visit, name string) (o relayOutcome, err error) {
	clients, err := l.startRelayClients(relayPlan{relaySockets(visits, servers), c.Window, c.Warm, c.For})
	if err != nil {
		return o, err
	}
	defer clients.kill()
	var word int
	if err := clients.hears("begun", &word); err != nil {
		return o, err
	}
	l.profileRelay(servers, broker, clients, c.For, name)
	serversBefore, brokerBefore := cpuOf(servers...), cpuOf(broker)
	if err := clients.hears("ended", &word); err != nil {
		return o, err
	}
	o.servers, o.broker = cpuOf(servers...)-serversBefore, cpuOf(broker)-brokerBefore
	return o, clients.hears("counted", &o.relayCounted)
}

func (l *lab) startRelayClients(p relayPlan) (*crowdProcess, error) {
	cmd := l.startSelf("relay-clients", fmt.Sprintf("--profile=%t", l.CPUProfile != ""))
	cmd.Env = append(os.Environ(), "GOGC=400") // its own collections are nobody's figure
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	running, err := l.start(cmd)
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(p)
	if err == nil {
		_, err = stdin.Write(append(line, '\n'))
	}
	return &crowdProcess{running, stdin}, err
}

// cpuOf sums the processor time of processes so far; nil is none. One that is gone has none either: its clients will say so.
func cpuOf(processes ...*process) (sum time.Duration) {
	for _, p := range processes {
		if p == nil {
			continue
		}
		if cpu, err := p.cpu(); err == nil {
			sum += cpu
		}
	}
	return sum
}

// profileRelay takes profiles of all while it is measured.
func (l *lab) profileRelay(servers []*process, broker *process, clients *crowdProcess, during time.Duration, name string) {
	of := map[string]*process{"clients": clients.process}
	for i, s := range servers {
		of[fmt.Sprintf("server %d", i)] = s
	}
	if broker != nil {
		of["broker"] = broker
	}
	l.profileAt(time.Now(), max(int(during.Seconds()), 1), name, of)
}
