package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"vetroom"
	"vetroom/clinic"
	"vetroom/handlers"
	"vetroom/store"
)

// visit is a booked room and the cookies of the two who may enter it.
type visit struct {
	room       string
	at         time.Time // when its door opens
	owner, vet string    // name=value
}

// sockets plans both sides' sockets of visits.
func sockets(visits []visit) []planned {
	all := make([]planned, 0, 2*len(visits))
	for _, v := range visits {
		all = append(all, planned{v.owner, v.room, v.at}, planned{v.vet, v.room, v.at})
	}
	return all
}

// booking books visits straight at the store: through clinic.Desk, as the API does.
type booking struct {
	store    *store.Store
	desk     *clinic.Desk
	sessions *handlers.Sessions
	vets     []string // ids; those in front are taken
}

// newBooking opens the database and adds n vets, of whom each is good for one visit.
func newBooking(ctx context.Context, db *database, n int) (*booking, error) {
	s, err := db.store(ctx)
	if err != nil {
		return nil, err
	}
	b := &booking{store: s, desk: deskOn(s)}
	if err := s.SyncClock(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if b.sessions, err = newSessions(); err == nil {
		b.vets, err = addVets(ctx, s, n)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return b, nil
}

// bookersAtOnce fill the database's group commits without crowding it.
const bookersAtOnce = 16

// book books one visit for each instant.
func (b *booking) book(ctx context.Context, starts []time.Time) ([]visit, error) {
	if len(starts) > len(b.vets) {
		return nil, fmt.Errorf("%d visits for %d vets", len(starts), len(b.vets))
	}
	visits := make([]visit, len(starts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(bookersAtOnce)
	for i, start := range starts {
		vet := b.vets[i]
		group.Go(func() (err error) {
			visits[i], err = b.bookOne(ctx, vet, start)
			return err
		})
	}
	b.vets = b.vets[len(starts):]
	return visits, group.Wait()
}

func (b *booking) bookOne(ctx context.Context, vet string, start time.Time) (visit, error) {
	booked, err := b.desk.FollowUp(ctx, clinic.FollowUpRequest{VetID: vet, Start: start, Minutes: 30, Request: aRequest()})
	if err != nil {
		return visit{}, fmt.Errorf("book: %w", err)
	}
	v := visit{room: booked.Reservation.RoomID, at: booked.Room.OpensAt}
	owner, session, err := b.sessions.Mint("", time.Now())
	if err != nil {
		return visit{}, err
	}
	own, _, err := b.sessions.Mint(vet, time.Now())
	if err != nil {
		return visit{}, err
	}
	v.owner, v.vet = owner.Name+"="+owner.Value, own.Name+"="+own.Value
	return v, b.store.Grant(ctx, session, booked.Reservation.ID)
}

// same gives n times the same instant.
func same(n int, at time.Time) []time.Time { return slices.Repeat([]time.Time{at}, n) }

// invented plans n rooms for a floor, which has no database.
func invented(starts []time.Time) []visit {
	visits := make([]visit, len(starts))
	for i, at := range starts {
		visits[i] = visit{room: newID(), at: at, owner: "vetroom_owner=" + strings.Repeat("o", 90), vet: "vetroom_vet=" + strings.Repeat("v", 130)}
	}
	return visits
}

// natsConfig writes the product's nats.conf with another sync_interval.
func (l *lab) natsConfig(sync string) (string, error) {
	const was = `sync_interval: "2m"`
	text := string(vetroom.NATSConfig)
	if !strings.Contains(text, was) {
		return "", errors.New("nats.conf has no line " + was)
	}
	file := filepath.Join(l.dir, "nats-"+sync+".conf")
	return file, os.WriteFile(file, []byte(strings.Replace(text, was, `sync_interval: "`+sync+`"`, 1)), 0o600)
}

// startFloor starts the floor of some visits.
func (l *lab) startFloor(p floorPlan) (*process, error) {
	cmd := l.startSelf("floor-room", fmt.Sprintf("--profile=%t", l.CPUProfile != ""))
	in, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	cmd.Stdin = strings.NewReader(string(in) + "\n")
	return l.startServer(cmd)
}

// crowdProcess is the running client process.
type crowdProcess struct {
	*process
	stdin io.Closer
}

// startClients starts the client process; it begins to connect at once.
func (l *lab) startClients(url string, visits []visit) (*crowdProcess, error) {
	cmd := l.startSelf("clients", fmt.Sprintf("--profile=%t", l.CPUProfile != ""))
	cmd.Env = append(os.Environ(), "GOGC=400") // its own collections are nobody's figure
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p, err := l.start(cmd)
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(plan{url, sockets(visits)})
	if err == nil {
		_, err = stdin.Write(append(line, '\n'))
	}
	return &crowdProcess{p, stdin}, err
}

// hears waits for a word of the client process and reads what it says.
func (c *crowdProcess) hears(word string, v any) error {
	for line := range c.lines {
		if url, ok := strings.CutPrefix(line, "profile on "); ok {
			c.profile = url
		}
		if text, ok := strings.CutPrefix(line, word+" "); ok {
			return json.Unmarshal([]byte(text), v)
		}
	}
	<-c.ended
	return fmt.Errorf("the clients ended before they said %q: %w\n%s", word, c.err, c.said())
}

// joined waits until every socket waits at its door.
func (c *crowdProcess) joined(want int) (joined, error) {
	var j joined
	if err := c.hears("joined", &j); err != nil {
		return j, err
	}
	if j.Sockets != want {
		return j, fmt.Errorf("%d of %d sockets wait at their door; one met: %s", j.Sockets, want, j.Wrong)
	}
	return j, nil
}

// leave ends the clients, and gives what they counted.
func (c *crowdProcess) leave() (held, error) {
	var h held
	c.stdin.Close()
	err := c.hears("held", &h)
	c.kill()
	return h, err
}
