package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"
)

// callCmd measures how long two people wait from the open door until they see each other: two real browsers on the
// product's own pages, and the same two on bare pages (see floorCallCmd). Both wait at the door with their media; the
// word comes; each page's own clock tells when it heard that, and when the first frame of the other side was presented.
type callCmd struct {
	options
	Calls int           `default:"10" help:"Calls a round."`
	Rest  time.Duration `default:"500ms" help:"How long the pages rest before the door opens."`
}

// Run prints the table.
func (c callCmd) Run(ctx context.Context) error {
	l, err := newLab(ctx, c.options)
	if err != nil {
		return err
	}
	defer l.close()
	p, err := c.pair(l)
	if err != nil {
		return err
	}
	r := &report{bench: "call"}
	for range c.Rounds {
		if err := p.round(r, c.Calls); err != nil {
			return err
		}
	}
	return r.finish(c.options)
}

// callPair is two browsers, and both servers for them.
type callPair struct {
	ctx            context.Context
	owner, vet     *seat
	product, floor *process
	visits         []visit // not yet held
	rest           time.Duration
}

// pair starts all, with rooms that stay locked until their vet opens them.
func (c callCmd) pair(l *lab) (*callPair, error) {
	db, err := l.databases.fresh(l.ctx, sqliteKind)
	if err != nil {
		return nil, err
	}
	calls := c.Rounds*c.Calls + 1 // and one that warms all up
	b, err := newBooking(l.ctx, db, calls)
	if err != nil {
		return nil, err
	}
	p := &callPair{ctx: l.ctx, rest: c.Rest}
	p.visits, err = b.book(l.ctx, same(calls, time.Now().Add(50*time.Minute)))
	if b.store.Close(); err != nil {
		return nil, err
	}
	if p.product, err = l.startProduct(db, []string{"VETROOM_TURN_ADDR=127.0.0.1:0"}); err != nil { // as it comes: with its relay
		return nil, err
	}
	if p.floor, err = l.startServer(l.startSelf("floor-call")); err != nil {
		return nil, err
	}
	if p.owner, err = l.newSeat("owner", 360, 740); err != nil {
		return nil, err
	}
	if p.vet, err = l.newSeat("vet", 1280, 800); err != nil {
		return nil, err
	}
	_, err = p.both()
	return p, err
}

// both holds one call on the product and one on the floor.
func (p *callPair) both() (each [2][2]time.Duration, err error) {
	v := p.visits[0]
	p.visits = p.visits[1:]
	if each[0], err = p.held(v); err != nil {
		return each, fmt.Errorf("product: %w", err)
	}
	if each[1], err = p.bare(newID()); err != nil {
		return each, fmt.Errorf("floor: %w", err)
	}
	return each, nil
}

// waitsAtDoor is the product's page when all is there but the open door.
const waitsAtDoor = `document.documentElement.dataset.call === 'waiting' &&
	[...document.querySelectorAll('[data-tick]')].every((tick) => tick.dataset.ok === 'yes') &&
	document.querySelector('[data-self]').currentTime > 0`

// held is a call on the product's pages.
func (p *callPair) held(v visit) ([2]time.Duration, error) {
	page := p.product.url + "/room?id=" + url.QueryEscape(v.room)
	open := func() error { return p.post(p.product.url+"/api/v1/vet/rooms/"+v.room+"/open", v.vet) }
	return p.call([2]string{page, page}, [2]string{v.owner, v.vet}, waitsAtDoor, open)
}

// bare is a call on the floor's.
func (p *callPair) bare(room string) ([2]time.Duration, error) {
	page := p.floor.url + "/room?id=" + room + "&side="
	open := func() error { return p.post(p.floor.url+"/open?id="+room, "") }
	return p.call([2]string{page + "0", page + "1"}, [2]string{}, `document.documentElement.hasAttribute('data-waits')`, open)
}

// call brings both to the door, opens it, and gives how long the owner's and the vet's page took.
func (p *callPair) call(pages, cookies [2]string, waits string, open func() error) (took [2]time.Duration, err error) {
	seats := [2]*seat{p.owner, p.vet}
	for i, s := range seats {
		if err := s.open(pages[i], cookies[i]); err != nil {
			return took, err
		}
	}
	for _, s := range seats {
		if err := s.awaits(p.ctx, 20*time.Second, "the page at the door", waits); err != nil {
			return took, err
		}
	}
	if err := sleep(p.ctx, p.rest); err != nil {
		return took, err
	}
	if err := open(); err != nil {
		return took, err
	}
	for i, s := range seats {
		if took[i], err = s.took(p.ctx); err != nil {
			return took, err
		}
	}
	for _, s := range seats {
		if err := s.open("about:blank", ""); err != nil {
			return took, err
		}
	}
	return took, nil
}

func (p *callPair) post(to, cookie string) error {
	req, err := http.NewRequestWithContext(p.ctx, http.MethodPost, to, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Cookie", cookie)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", to, res.Status)
	}
	return nil
}

// round holds calls on both, in turn, and adds their figures.
func (p *callPair) round(r *report, calls int) error {
	var each, later [2][]time.Duration // of product and floor: both sides, and the later side of each call
	for range calls {
		both, err := p.both()
		if err != nil {
			fmt.Fprint(os.Stderr, p.product.said())
			return err
		}
		for i, took := range both {
			each[i] = append(each[i], took[:]...)
			later[i] = append(later[i], max(took[0], took[1]))
		}
	}
	row := func(name, goal string, of [2][]time.Duration, p float64) {
		for i := range of {
			slices.Sort(of[i])
		}
		f := r.row(fmt.Sprintf("two browsers, %d calls a round", calls), name, "ms", goal)
		f.Product, f.Floor = append(f.Product, ms(percentile(of[0], p))), append(f.Floor, ms(percentile(of[1], p)))
	}
	row("open to first frame, p50 of both sides", "ratio ≤ 1.3", each, .5)
	row("p90", "", each, .9)
	row("until both see each other, p50", "", later, .5)
	return nil
}
