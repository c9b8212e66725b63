package handlers

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"vetroom/clinic"
)

// asking is a body that asks for a vet now.
func (s *testSite) asking() obj {
	b := s.booking("")
	delete(b, "vet_id")
	delete(b, "start")
	return b
}

// asked asks now and gives the request.
func (b *browser) asked(body obj) instantJSON {
	b.s.t.Helper()
	return decoded[instantJSON](b.post("/api/v1/instant", body).ok(202))
}

// instant reads a request.
func (b *browser) instant(id string) instantJSON {
	b.s.t.Helper()
	return decoded[instantJSON](b.get("/api/v1/instant/" + id).ok(200))
}

// onDuty is a browser in which a vet signed in and went online.
func (s *testSite) onDuty(login string) *browser {
	s.t.Helper()
	b := s.signedIn(login)
	b.send("PUT", "/api/v1/vet/online", obj{"online": true}).ok(200)
	return b
}

func (b *browser) rings() []ringJSON {
	b.s.t.Helper()
	return decoded[ringsJSON](b.get("/api/v1/vet/instant").ok(200)).Requests
}

func TestAskRingDeclineAccept(t *testing.T) {
	s := newSite(t)
	s.addVet("park", "Park")
	kim, owner := s.onDuty("kim"), s.browser()
	s.clock.move(time.Second)
	park := s.onDuty("park")
	a := owner.post("/api/v1/instant", s.asking()).ok(202)
	r := decoded[instantJSON](a)
	if r.State != "ringing" || r.Position != 0 || r.Vet == nil || r.Vet.ID != s.vet.ID || a.Header.Get("Location") != "/api/v1/instant/"+r.ID {
		t.Fatalf("asked: %+v", r)
	}
	rings := kim.rings()
	if len(rings) != 1 || rings[0].ID != r.ID || rings[0].Pet.Name != "Choco" || rings[0].RingsUntil == nil || *rings[0].RingsUntil != wire(s.clock.Now().Add(clinic.RingTime)) {
		t.Fatalf("it rings %+v", rings)
	}
	if list := kim.get("/api/v1/vet/instant"); strings.Contains(string(list.body), "Lee") || strings.Contains(string(list.body), "1234") {
		t.Errorf("who brings the animal is told before anybody accepted: %s", list.body)
	}
	if len(park.rings()) != 0 {
		t.Error("it rings both at once")
	}
	path := "/api/v1/vet/instant/" + r.ID
	if got := decoded[ringJSON](kim.post(path+"/decline", nil).ok(200)); got.State != "queued" {
		t.Errorf("declined: %+v", got)
	}
	if len(kim.rings()) != 0 || len(park.rings()) != 1 || owner.instant(r.ID).Vet.Name != "Park" {
		t.Error("it does not ring the next")
	}
	v := decoded[reservationJSON](park.post(path+"/accept", nil).ok(200))
	if v.Kind != "instant" || v.Room.State != "open" || v.Vet.Name != "Park" || v.Owner.Name != "Lee" || v.Link != "" {
		t.Errorf("accepted: %+v", v)
	}
	if again := decoded[reservationJSON](park.post(path+"/accept", nil).ok(200)); again.ID != v.ID {
		t.Errorf("accepted again: %+v", again)
	}
	kim.post(path+"/accept", nil).refused(409, "taken")
	kim.post(path+"/decline", nil).refused(409, "taken")
	if got := owner.instant(r.ID); got.State != "accepted" || got.ReservationID != v.ID {
		t.Errorf("the owner reads %+v", got)
	}
	owner.get("/api/v1/reservations/" + v.ID).ok(200)
	owner.send("DELETE", "/api/v1/instant/"+r.ID, nil).refused(409, "taken")
	var whats []string
	for _, e := range decoded[timelineJSON](owner.get("/api/v1/reservations/" + v.ID + "/timeline").ok(200)).Entries {
		whats = append(whats, string(e.What))
	}
	if got := strings.Join(whats, " "); got != "asked rung declined rung accepted booked opened" {
		t.Errorf("the timeline is %s", got)
	}
}

func TestAnInstantRequestIsItsOwners(t *testing.T) {
	s := newSite(t)
	owner, vet := s.browser(), s.onDuty("kim")
	r := owner.asked(s.asking())
	other := s.browser()
	other.asked(s.asking())
	for _, b := range []*browser{s.browser(), other, vet} {
		b.get("/api/v1/instant/"+r.ID).refused(404, "not_found")
		b.send("DELETE", "/api/v1/instant/"+r.ID, nil).refused(404, "not_found")
	}
	for _, path := range []string{"/accept", "/decline"} {
		owner.post("/api/v1/vet/instant/"+r.ID+path, nil).refused(401, "no_session")
		vet.post("/api/v1/vet/instant/019ad2a4-0000-7000-8000-000000000000"+path, nil).refused(404, "not_found")
	}
	owner.headers["Origin"] = "https://elsewhere.example"
	owner.send("DELETE", "/api/v1/instant/"+r.ID, nil).refused(403, "cross_origin")
	delete(owner.headers, "Origin")
	for range 2 {
		owner.send("DELETE", "/api/v1/instant/"+r.ID, nil).ok(204)
	}
	if got := owner.instant(r.ID); got.State != "left" {
		t.Errorf("left: %+v", got)
	}
	vet.post("/api/v1/vet/instant/"+r.ID+"/accept", nil).refused(409, "closed")
	if rings := vet.rings(); len(rings) != 1 {
		t.Errorf("the other's does not ring: %+v", rings)
	}
}

// watchedInstants is a store that notes what is asked of requests.
type watchedInstants struct {
	clinic.Store
	asked *[]string
}

func (s watchedInstants) Instant(ctx context.Context, id string) (*clinic.InstantRequest, error) {
	*s.asked = append(*s.asked, "one")
	return s.Store.Instant(ctx, id)
}

func (s watchedInstants) QueuedBefore(ctx context.Context, r *clinic.InstantRequest) (int, error) {
	*s.asked = append(*s.asked, "before")
	return s.Store.QueuedBefore(ctx, r)
}

func (s watchedInstants) Instants(ctx context.Context, ids []string) ([]*clinic.InstantRequest, error) {
	*s.asked = append(*s.asked, "all")
	return s.Store.Instants(ctx, ids)
}

// TestARequestIsReadAlone: strangers cannot make the clinic read who waits.
func TestARequestIsReadAlone(t *testing.T) {
	var asked []string
	s := newSite(t, func(c *Config) { c.Desk.Store = watchedInstants{c.Desk.Store, &asked} })
	owner, other := s.browser(), s.browser()
	first, r := other.asked(s.asking()), owner.asked(s.asking())
	for _, test := range []struct {
		b      *browser
		status int
		want   string
	}{{s.browser(), 404, ""}, {other, 404, "one"}, {owner, 200, "one before"}} {
		asked = nil
		test.b.get("/api/v1/instant/" + r.ID).ok(test.status)
		if got := strings.Join(asked, " "); got != test.want {
			t.Errorf("%d after %q, want %q", test.status, got, test.want)
		}
	}
	if a, b := other.instant(first.ID), owner.instant(r.ID); a.Position != 1 || b.Position != 2 {
		t.Errorf("placed %d and %d", a.Position, b.Position)
	}
}

func TestTheQueueAndTheEnd(t *testing.T) {
	s := newSite(t)
	first, second := s.browser(), s.browser()
	a, b := first.asked(s.asking()), second.asked(s.asking())
	if a.State != "queued" || a.Position != 1 || b.Position != 2 || b.Vet != nil {
		t.Fatalf("nobody is there: %+v, %+v", a, b)
	}
	vet := s.onDuty("kim")
	vet.post("/api/v1/vet/instant/"+b.ID+"/accept", nil).ok(200) // any may
	if got := first.instant(a.ID); got.State != "queued" || got.Position != 1 {
		t.Errorf("the first is %+v", got)
	}
	vet.post("/api/v1/vet/instant/"+a.ID+"/accept", nil).refused(409, "slot_taken")
	vet.send("PUT", "/api/v1/vet/online", obj{"online": false}).ok(200)
	vet.post("/api/v1/vet/instant/"+a.ID+"/accept", nil).refused(409, "not_online")
	s.clock.move(clinic.AskTime)
	if next, err := s.h.Desk.Dispatch(t.Context()); err != nil || !next.IsZero() {
		t.Fatalf("%v, %v", next, err)
	}
	if got := first.instant(a.ID); got.State != "expired" {
		t.Errorf("15 minutes later it is %+v", got)
	}
	first.send("DELETE", "/api/v1/instant/"+a.ID, nil).ok(204)
}

func TestWhoMayBeAskedNow(t *testing.T) {
	s := newSite(t)
	s.onDuty("kim")
	for name, test := range map[string]struct {
		change func(obj)
		status int
		code   string
		field  string
	}{
		"no permit":     {func(b obj) { b["visit"] = obj{"area": "teeth"} }, 422, "not_permitted", ""},
		"first visit":   {func(b obj) { b["visit"] = obj{"area": "eye"} }, 422, "prior_visit_required", ""},
		"that vet's":    {func(b obj) { b["vet_id"], b["visit"] = s.vet.ID, obj{"area": "joint"} }, 422, "not_permitted", ""},
		"unknown vet":   {func(b obj) { b["vet_id"] = "019ad2a4-0000-7000-8000-000000000000" }, 404, "not_found", ""},
		"no vet's id":   {func(b obj) { b["vet_id"] = "kim" }, 422, "invalid", "vet_id"},
		"no pet":        {func(b obj) { delete(b, "pet") }, 422, "invalid", "pet.name"},
		"a start":       {func(b obj) { b["start"] = tuesday9 }, 422, "invalid", "start"},
		"no screening":  {func(b obj) { b["screening_id"] = "x" }, 422, "invalid", "screening_id"},
		"wrong type":    {func(b obj) { b["vet_id"] = 1 }, 422, "invalid", "vet_id"},
		"no such phone": {func(b obj) { b["owner"] = obj{"name": "Lee", "phone": "1"} }, 422, "invalid", "owner.phone"},
	} {
		t.Run(name, func(t *testing.T) {
			body, b := s.asking(), s.browser()
			test.change(body)
			p := b.post("/api/v1/instant", body).refused(test.status, test.code)
			if test.field != "" {
				p.at(t, test.field)
			}
			if len(b.jar) != 0 {
				t.Error("a refusal set a cookie")
			}
		})
	}
	eye := s.asking()
	eye["visit"] = obj{"area": "eye", "prior_visit_on": "2026-10-02"}
	if r := s.browser().asked(eye); r.State != "ringing" {
		t.Errorf("a follow-up: %+v", r)
	}
}

func TestInstantBrakes(t *testing.T) {
	s := newSite(t)
	phone := func(n int) obj {
		b := s.asking()
		b["owner"] = obj{"name": "Lee", "phone": fmt.Sprintf("010-1000-%04d", n)}
		return b
	}
	one := s.browser()
	for range clinic.MaxStanding {
		one.asked(phone(0))
	}
	one.post("/api/v1/instant", phone(0)).refused(429, "too_many_reservations") // counts
	nameless := phone(0)
	nameless["owner"] = obj{"phone": "010-1000-0000"}
	one.post("/api/v1/instant", nameless).refused(422, "invalid") // does not
	booking := s.booking(tuesday9)
	booking["owner"] = phone(0)["owner"]
	one.post("/api/v1/reservations", booking).refused(429, "too_many_reservations")
	for n := range 14 {
		s.browser().asked(phone(n + 1))
	}
	a := s.browser().post("/api/v1/instant", phone(99))
	a.refused(429, "rate_limited")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.browser().post("/api/v1/reservations", s.booking(tuesday9)).refused(429, "rate_limited")
	s.signedIn("kim").asked(phone(100))
}

func TestReadiness(t *testing.T) {
	s := newSite(t)
	read := func() readyJSON {
		t.Helper()
		s.clock.move(readinessFor)
		return decoded[readyJSON](s.browser().get("/api/v1/instant").ok(200))
	}
	if got := read(); got != (readyJSON{}) {
		t.Errorf("nobody is there: %+v", got)
	}
	vet := s.onDuty("kim")
	if got := read(); got.Online != 1 || got.Free != 1 || got.UsualWait != nil {
		t.Errorf("one is: %+v", got)
	}
	r := s.browser().asked(s.asking())
	if got := read(); got.Free != 0 || got.Waiting != 1 {
		t.Errorf("and is rung: %+v", got)
	}
	s.clock.move(7500 * time.Millisecond)
	vet.post("/api/v1/vet/instant/"+r.ID+"/accept", nil).ok(200)
	if got := read(); got.Waiting != 0 || got.Free != 0 || got.UsualWait == nil || *got.UsualWait != 10 {
		t.Errorf("and is with somebody: %+v", got)
	}
	s.store.setAway(true)
	if got := decoded[readyJSON](s.browser().get("/api/v1/instant").ok(200)); got.Online != 1 {
		t.Errorf("a moment later: %+v", got)
	}
	s.clock.move(readinessFor)
	s.browser().get("/api/v1/instant").refused(503, "unavailable")
}
