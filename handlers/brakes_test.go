package handlers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
)

// braked fails the test unless the answer is a brake's, and gives its Retry-After in seconds.
func (a answer) braked(code string) int {
	a.t.Helper()
	a.refused(429, code)
	n, err := strconv.Atoi(a.Header.Get("Retry-After"))
	if err != nil || n < 1 {
		a.t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
	}
	return n
}

func (b *browser) tryLogin(login, password string) answer {
	b.s.t.Helper()
	return b.post("/api/v1/vet/login", obj{"login": login, "password": password})
}

func TestBrakeOfOneLogin(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for range 10 { // right passwords do not count
		b.tryLogin("kim", vetPassword).ok(200)
	}
	for range 5 {
		b.tryLogin("kim", "wrong").refused(401, "bad_credentials")
		s.clock.move(time.Second)
	}
	if n := b.tryLogin("kim", vetPassword).braked("rate_limited"); n != 55 {
		t.Errorf("Retry-After %d, want 55", n)
	}
	b.tryLogin(" KIM", "wrong").braked("rate_limited")
	b.tryLogin("park", "wrong").refused(401, "bad_credentials") // another login
	elsewhere := s.browser()
	elsewhere.from = "192.0.2.2:4000"
	elsewhere.tryLogin("kim", vetPassword).ok(200) // another address
	s.clock.move(55 * time.Second)
	b.tryLogin("kim", vetPassword).ok(200)
}

func TestBrakeOfOneAddress(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.from = "[2001:db8::1]:4000"
	for i := range 20 {
		b.from = fmt.Sprintf("[2001:db8::%d]:4000", i+1) // one holder has the whole /64
		b.tryLogin(fmt.Sprintf("login-%d", i), "wrong").refused(401, "bad_credentials")
	}
	b.tryLogin("kim", vetPassword).braked("rate_limited")
	b.from = "[2001:db8:0:1::1]:4000"
	b.tryLogin("kim", vetPassword).ok(200)
}

func TestBrakeHoldsAgainstACrowd(t *testing.T) {
	s := newSite(t)
	var wg sync.WaitGroup
	var wrong, braked atomic.Int64
	for range 30 {
		wg.Go(func() {
			switch s.browser().tryLogin("kim", "wrong").StatusCode {
			case 401:
				wrong.Add(1)
			case 429:
				braked.Add(1)
			}
		})
	}
	wg.Wait()
	if wrong.Load() != 5 || braked.Load() != 25 {
		t.Errorf("%d wrong, %d braked, want 5 and 25", wrong.Load(), braked.Load())
	}
}

func TestBrakeOfLookups(t *testing.T) {
	s := newSite(t)
	r := s.browser().booked(tuesday9)
	at := func(i int) *browser {
		b := s.browser()
		b.from = fmt.Sprintf("192.0.2.%d:1", i)
		return b
	}
	ask := func(b *browser, number string) answer {
		return b.post("/api/v1/reservations/lookup", obj{"number": number, "phone": "01000000000"})
	}
	for i := range 5 {
		ask(at(10+i), r.Number).refused(404, "not_found")
	}
	ask(at(20), r.Number).braked("rate_limited") // one number, from everywhere
	one := at(30)
	for i := range 5 {
		ask(one, fmt.Sprintf("AAAA-AAA%d", i)).refused(404, "not_found")
	}
	ask(one, "AAAA-AAAC").braked("rate_limited") // one address, every number
	s.clock.move(time.Minute)
	one.post("/api/v1/reservations/lookup", obj{"number": r.Number, "phone": "01012345678"}).ok(200)
}

func TestBrakeOfReservations(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	book := func(b *browser, i int) answer {
		body := s.booking(wire(time.Date(2026, 12, 1, 0, 20*i, 0, 0, time.UTC)))
		body["owner"] = obj{"name": "Lee", "phone": fmt.Sprintf("0101234%04d", i)}
		return b.post("/api/v1/reservations", body)
	}
	for i := range 20 {
		if i > 0 {
			book(b, i-1).refused(409, "slot_taken") // does not count
		}
		book(b, i).ok(201)
	}
	book(b, 20).braked("rate_limited")
	elsewhere := s.browser()
	elsewhere.from, elsewhere.headers["Idempotency-Key"] = "192.0.2.2:1", "k"
	for range 30 { // one reservation, told thirty times
		book(elsewhere, 23).ok(201)
	}
	book(s.signedIn("kim"), 20).ok(201) // a vet's own calls are exempt
	s.clock.move(time.Minute)
	book(b, 21).ok(201)
}

func TestStandingReservationsOfOnePhone(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for i := range 5 {
		b.booked(wire(time.Date(2026, 12, 1, 0, 20*i, 0, 0, time.UTC)))
	}
	b.post("/api/v1/reservations", s.booking("2026-12-01T05:00:00.000Z")).braked("too_many_reservations")
	s.signedIn("kim").post("/api/v1/vet/reservations", s.followUp(monday.Add(time.Minute), 15)).ok(201) // exempt
}

// slowToBook is a store that saves no booking before it may.
type slowToBook struct {
	clinic.Store
	may chan struct{}
}

func (s slowToBook) Book(ctx context.Context, b clinic.Booking) (*clinic.Visit, bool, error) {
	<-s.may
	return s.Store.Book(ctx, b)
}

func TestStandingReservationsOfACrowdWithOnePhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		may := make(chan struct{})
		s := newSite(t, func(c *Config) { c.Desk.Store = slowToBook{c.Desk.Store, may} })
		var wg sync.WaitGroup
		var booked, braked atomic.Int64
		for i := range 15 {
			wg.Go(func() {
				body := s.booking(wire(time.Date(2026, 12, 1, 0, 20*i, 0, 0, time.UTC)))
				if i%2 == 0 {
					body["owner"].(obj)["phone"] = "+82 10 1234 5678" // the same one
				}
				switch s.browser().post("/api/v1/reservations", body).StatusCode {
				case 201:
					booked.Add(1)
				case 429:
					braked.Add(1)
				}
			})
		}
		synctest.Wait() // each has counted, or waits for its turn to
		close(may)
		wg.Wait()
		if booked.Load() != 5 || braked.Load() != 10 {
			t.Errorf("%d booked, %d braked, want 5 and 10", booked.Load(), braked.Load())
		}
	})
}

func TestBrakeWaitsForActsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBrake(&manualClock{now: monday}, 1)
		first, err := enter(t.Context(), demand{b, "k"})
		if err != nil {
			t.Fatal(err)
		}
		let := make(chan error, 2)
		for range 2 {
			go func() {
				a, err := enter(t.Context(), demand{b, "k"})
				let <- err
				a.settle(true)
			}()
		}
		synctest.Wait()
		if len(let) > 0 {
			t.Fatal("let in while the first could fill the minute")
		}
		first.settle(false)
		one, two := <-let, <-let
		if !(one == nil) || !errors.Is(two, errRateLimited) {
			t.Errorf("the next %v, the one after %v", one, two)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		other, _ := enter(t.Context(), demand{b, "x"})
		if _, err := enter(ctx, demand{b, "x"}); !errors.Is(err, errRateLimited) {
			t.Errorf("after its caller went away: %v", err)
		}
		other.settle(false)
	})
}

func TestBrakeForgets(t *testing.T) {
	clock := &manualClock{now: monday}
	b := newBrake(clock, 1)
	for i := range brakeKeys + 100 {
		a, err := enter(t.Context(), demand{b, strconv.Itoa(i)})
		if err != nil {
			t.Fatal(err)
		}
		a.settle(true)
	}
	if len(b.tallies) != brakeKeys || b.recent.Len() != brakeKeys {
		t.Errorf("%d tallies, %d in order", len(b.tallies), b.recent.Len())
	}
	for i := range 50 {
		a, _ := enter(t.Context(), demand{b, "u" + strconv.Itoa(i)})
		a.settle(false)
	}
	if len(b.tallies) > brakeKeys {
		t.Errorf("%d tallies", len(b.tallies))
	}
}

func TestPasswordsQueueIsBounded(t *testing.T) {
	p := &passwords{dummy: vetHash(), queue: make(chan struct{}, 1), work: make(chan struct{}, 1)}
	p.work <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.match(ctx, "x", ""); !errors.Is(err, errBusy) {
		t.Errorf("whose turn never came: %v", err)
	}
	p.queue <- struct{}{}
	if _, err := p.match(t.Context(), "x", ""); !errors.Is(err, errBusy) {
		t.Errorf("with a full queue: %v", err)
	}
}

func TestPasswordOfNobody(t *testing.T) {
	p, err := newPasswords()
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := p.match(t.Context(), "nobody's", ""); ok || err != nil {
		t.Errorf("the dummy's own password: %v, %v", ok, err)
	}
	if ok, err := p.match(t.Context(), vetPassword, vetHash()); !ok || err != nil {
		t.Errorf("the right one: %v, %v", ok, err)
	}
	if _, err := p.match(t.Context(), "x", "not a hash"); err == nil {
		t.Error("took what is no hash")
	}
}
