package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vetroom/clinic"
)

func TestBookReadCancel(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	a := b.post("/api/v1/reservations", s.booking(tuesday9)).ok(201)
	r := decoded[reservationJSON](a)
	if got := a.Header.Get("Location"); got != "/api/v1/reservations/"+r.ID {
		t.Errorf("Location %q", got)
	}
	if r.State != "confirmed" || r.Kind != "scheduled" || r.Start != tuesday9 || r.End != "2026-12-01T00:20:00.000Z" {
		t.Errorf("reservation %+v", r)
	}
	if len(r.Number) != 9 || !strings.HasPrefix(r.Link, "http://vet.example/r/") {
		t.Errorf("number %q, link %q", r.Number, r.Link)
	}
	if r.Room.State != "locked" || r.Room.OpensAt != tuesday9 || r.Room.ClosesAt != "2026-12-01T00:25:00.000Z" {
		t.Errorf("room %+v", r.Room)
	}
	if r.Vet.ID != s.vet.ID || r.Vet.TimeZone != "Asia/Seoul" || r.Owner.Phone != "01012345678" || r.Pet.Name != "Choco" || r.Visit.PriorVisitOn != "2026-10-02" {
		t.Errorf("reservation %+v", r)
	}
	if again := decoded[reservationJSON](b.get("/api/v1/reservations/" + r.ID).ok(200)); again.ID != r.ID || again.Link != "" {
		t.Errorf("read %+v", again)
	}
	if all := decoded[reservationsJSON](b.get("/api/v1/reservations").ok(200)); len(all.Reservations) != 1 || all.Reservations[0].ID != r.ID {
		t.Errorf("list %+v", all)
	}
	slots := decoded[slotsJSON](b.get("/api/v1/vets/" + s.vet.ID + "/slots?from=2026-12-01&days=1").ok(200))
	if slots.TimeZone != "Asia/Seoul" || slots.Slots[0] != (slotJSON{tuesday9, r.End, "taken"}) || slots.Slots[1].State != "free" {
		t.Errorf("slots %+v", slots)
	}
	gone := decoded[reservationJSON](b.post("/api/v1/reservations/"+r.ID+"/cancel", obj{"reason": "well again"}).ok(200))
	if gone.State != "cancelled" || gone.Room.State != "closed" || gone.Room.Reason != "cancelled" || gone.CancelledBy != "owner" || gone.Reason != "well again" {
		t.Errorf("cancelled %+v", gone)
	}
	b.post("/api/v1/reservations/"+r.ID+"/cancel", nil).refused(409, "closed")
	b.booked(tuesday9) // the time is free again
}

func TestReservationIsForItsHolderAndItsVet(t *testing.T) {
	s := newSite(t)
	s.addVet("park", "Park")
	r := s.browser().booked(tuesday9)
	stranger, own, other := s.browser(), s.signedIn("kim"), s.signedIn("park")
	stranger.booked("2026-12-01T00:20:00.000Z") // a session of its own
	path := "/api/v1/reservations/" + r.ID
	for _, b := range []*browser{s.browser(), stranger, other} {
		for _, call := range [][2]string{
			{"GET", path}, {"GET", path + "/timeline"}, {"GET", path + "/calendar.ics"}, {"POST", path + "/cancel"},
		} {
			b.send(call[0], call[1], nil).refused(404, "not_found")
		}
		b.post(path+"/reschedule", obj{"start": "2026-12-01T01:00:00.000Z"}).refused(404, "not_found")
	}
	if got := decoded[reservationJSON](own.get(path).ok(200)); got.Owner.Name != "Lee" {
		t.Errorf("to its vet: %+v", got)
	}
	own.post(path+"/cancel", nil).refused(404, "not_found") // a vet's cancel is another call
	for _, call := range []string{"cancel", "no-show", "complete"} {
		other.post("/api/v1/vet/reservations/"+r.ID+"/"+call, nil).refused(404, "not_found")
	}
	for _, call := range []string{"open", "close"} {
		other.post("/api/v1/vet/rooms/"+r.Room.ID+"/"+call, nil).refused(404, "not_found")
	}
	for _, id := range []string{"x", "..%2f..", strings.Repeat("0", 36), "019ad2a4-0000-7000-8000-000000000000"} {
		own.get("/api/v1/reservations/"+id).refused(404, "not_found")
	}
}

func TestReschedule(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	r := b.booked(tuesday9)
	path, later := "/api/v1/reservations/"+r.ID+"/reschedule", "2026-12-01T05:00:00.000Z"
	s.browser().booked("2026-12-01T06:00:00.000Z")
	b.post(path, obj{"start": "2026-12-01T06:00:00.000Z"}).refused(409, "slot_taken")
	b.post(path, obj{"start": "2026-12-01T05:07:00.000Z"}).refused(422, "slot_not_offered")
	b.post(path, obj{}).refused(422, "invalid").at(t, "start")
	moved := decoded[reservationJSON](b.post(path, obj{"start": later}).ok(200))
	if moved.Start != later || moved.Room.OpensAt != later || moved.ID != r.ID {
		t.Errorf("moved %+v", moved)
	}
	s.clock.set(time.Date(2026, 12, 1, 4, 30, 0, 1e6, time.UTC)) // a millisecond past the cut-off
	b.post("/api/v1/session", nil).refused(401, "no_session")    // the hour is long over
	if _, err := s.h.Desk.Cancel(t.Context(), clinic.Who{}, r.ID, ""); err == nil {
		t.Error("cancelled by nobody")
	}
	b.post("/api/v1/reservations/lookup", obj{"number": r.Number, "phone": "+82 10 1234 5678"}).ok(200)
	b.post(path, obj{"start": tuesday9}).refused(409, "too_late")
	b.post("/api/v1/reservations/"+r.ID+"/cancel", obj{}).refused(409, "too_late")
}

func TestRefusedBookings(t *testing.T) {
	s := newSite(t)
	for name, test := range map[string]struct {
		change func(obj)
		status int
		code   string
		field  string
	}{
		"past":           {func(b obj) { b["start"] = "2026-11-30T02:00:00.000Z" }, 422, "slot_not_offered", ""},
		"outside hours":  {func(b obj) { b["start"] = "2026-12-01T12:00:00.000Z" }, 422, "slot_not_offered", ""},
		"off the grid":   {func(b obj) { b["start"] = "2026-12-01T00:00:00.001Z" }, 422, "slot_not_offered", ""},
		"beyond horizon": {func(b obj) { b["start"] = "2027-03-01T00:00:00.000Z" }, 422, "slot_not_offered", ""},
		"no permit":      {func(b obj) { b["visit"] = obj{"area": "teeth"} }, 422, "not_permitted", ""},
		"first visit":    {func(b obj) { b["visit"] = obj{"area": "eye"} }, 422, "prior_visit_required", ""},
		"no such day":    {func(b obj) { b["start"] = "2026-02-30T00:00:00.000Z" }, 422, "invalid", "start"},
		"no such hour":   {func(b obj) { b["start"] = "2026-12-01T25:00:00.000Z" }, 422, "invalid", "start"},
		"no time":        {func(b obj) { b["start"] = "tomorrow" }, 422, "invalid", "start"},
		"lenient time":   {func(b obj) { b["start"] = "2026-12-01T0:00:00Z" }, 422, "invalid", "start"},
		"no start":       {func(b obj) { delete(b, "start") }, 422, "invalid", "start"},
		"null start":     {func(b obj) { b["start"] = nil }, 422, "invalid", "start"},
		"no vet":         {func(b obj) { delete(b, "vet_id") }, 422, "invalid", "vet_id"},
		"odd vet":        {func(b obj) { b["vet_id"] = "1" }, 422, "invalid", "vet_id"},
		"unknown vet":    {func(b obj) { b["vet_id"] = "019ad2a4-0000-7000-8000-000000000000" }, 404, "not_found", ""},
		"no pet":         {func(b obj) { delete(b, "pet") }, 422, "invalid", "pet.name"},
		"no phone":       {func(b obj) { b["owner"] = obj{"name": "Lee"} }, 422, "invalid", "owner.phone"},
		"odd mail":       {func(b obj) { b["owner"].(obj)["email"] = "lee" }, 422, "invalid", "owner.email"},
		"odd locale":     {func(b obj) { b["owner"].(obj)["locale"] = "xx" }, 422, "invalid", "owner.locale"},
		"odd area":       {func(b obj) { b["visit"] = obj{"area": "tail"} }, 422, "invalid", "visit.area"},
		"odd prior day":  {func(b obj) { b["visit"].(obj)["prior_visit_on"] = "2026-13-01" }, 422, "invalid", "visit.prior_visit_on"},
		"half a year":    {func(b obj) { b["pet"].(obj)["birth_year"] = 2019.5 }, 422, "invalid", "pet.birth_year"},
		"too heavy":      {func(b obj) { b["pet"].(obj)["weight_kg"] = 1e9 }, 422, "invalid", "pet.weight_kg"},
		"control bytes":  {func(b obj) { b["symptoms"] = "a\x00b" }, 422, "invalid", "symptoms"},
		"long symptoms":  {func(b obj) { b["symptoms"] = strings.Repeat("x", 4001) }, 422, "invalid", "symptoms"},
		"a screening":    {func(b obj) { b["screening_id"] = "019ad2a4-0000-7000-8000-000000000000" }, 422, "invalid", "screening_id"},
		"unknown key":    {func(b obj) { b["colour"] = "brown" }, 422, "invalid", "colour"},
		"unknown within": {func(b obj) { b["pet"].(obj)["age"] = 3 }, 422, "invalid", "pet.age"},
		"another case":   {func(b obj) { b["Symptoms"] = "x" }, 422, "invalid", "Symptoms"},
		"start a number": {func(b obj) { b["start"] = 1 }, 422, "invalid", "start"},
		"owner a text":   {func(b obj) { b["owner"] = "Lee" }, 422, "invalid", "owner"},
		"year a text":    {func(b obj) { b["pet"].(obj)["birth_year"] = "2019" }, 422, "invalid", "pet.birth_year"},
		"pet a list":     {func(b obj) { b["pet"] = []any{} }, 422, "invalid", "pet"},
	} {
		t.Run(name, func(t *testing.T) {
			b, body := s.browser(), s.booking(tuesday9)
			test.change(body)
			a := b.post("/api/v1/reservations", body)
			a.t = t
			p := a.refused(test.status, test.code)
			if test.field != "" {
				p.at(t, test.field)
			}
			if len(b.jar) > 0 {
				t.Errorf("a refused booking set cookies: %v", b.jar)
			}
		})
	}
	if len(s.store.visits) > 0 {
		t.Errorf("%d visits came about", len(s.store.visits))
	}
}

func TestBookIdempotent(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.headers["Idempotency-Key"] = "k-1"
	first := b.booked(tuesday9)
	repeat := s.browser() // the first answer was lost, its cookie too
	repeat.headers["Idempotency-Key"] = "k-1"
	// Other spaces and another order of keys say the same.
	body := []byte(`{"symptoms":"scratches",  "pet":{"weight_kg":4.5,"name":"Choco","breed":"poodle","birth_year":2019},` +
		`"visit":{"prior_visit_on":"2026-10-02","area":"skin"},"owner":{"phone":"010-1234-5678","name":"Lee","email":"lee@example.org"},` +
		`"start":"` + tuesday9 + `","vet_id":"` + s.vet.ID + `"}`)
	again := decoded[reservationJSON](repeat.do("POST", "/api/v1/reservations", "application/json", body).ok(201))
	if again.ID != first.ID || again.Number != first.Number || again.Link == "" {
		t.Errorf("repeat %+v, first %+v", again, first)
	}
	repeat.get("/api/v1/reservations/" + first.ID).ok(200)
	repeat.post("/api/v1/reservations", s.booking("2026-12-01T01:00:00.000Z")).refused(422, "key_reused")
	for _, odd := range []string{"", strings.Repeat("k", 256)} {
		b.headers["Idempotency-Key"] = odd
		b.post("/api/v1/reservations", s.booking(tuesday9)).refused(422, "invalid").at(t, "Idempotency-Key")
	}
	if len(s.store.visits) != 1 {
		t.Errorf("%d visits", len(s.store.visits))
	}
}

func TestLookup(t *testing.T) {
	s := newSite(t)
	r := s.browser().booked(tuesday9)
	b := s.browser()
	b.post("/api/v1/reservations/lookup", obj{"number": r.Number, "phone": "01099999999"}).refused(404, "not_found")
	b.post("/api/v1/reservations/lookup", obj{"number": "AAAA-AAAA", "phone": "01012345678"}).refused(404, "not_found")
	b.post("/api/v1/reservations/lookup", obj{"number": r.Number}).refused(422, "invalid").at(t, "phone")
	if len(b.jar) > 0 {
		t.Errorf("a failed lookup set cookies: %v", b.jar)
	}
	typed := strings.ToLower(strings.ReplaceAll(r.Number, "-", " "))
	if got := decoded[reservationJSON](b.post("/api/v1/reservations/lookup", obj{"number": typed, "phone": "+82-10-1234-5678"}).ok(200)); got.ID != r.ID {
		t.Errorf("found %+v", got)
	}
	b.get("/api/v1/reservations/" + r.ID).ok(200)
}

func TestTimeline(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	r := b.booked(tuesday9)
	s.clock.move(time.Second)
	b.post("/api/v1/reservations/"+r.ID+"/cancel", nil).ok(200)
	got := decoded[timelineJSON](b.get("/api/v1/reservations/" + r.ID + "/timeline").ok(200))
	want := []entryJSON{
		{At: "2026-11-30T03:00:00.000Z", What: "booked", By: "owner"},
		{At: "2026-11-30T03:00:01.000Z", What: "cancelled", By: "owner"}, {At: "2026-11-30T03:00:01.000Z", What: "closed", By: "owner"},
	}
	if len(got.Entries) != len(want) {
		t.Fatalf("timeline %+v", got)
	}
	for i, e := range want {
		if got.Entries[i] != e {
			t.Errorf("entry %d is %+v, want %+v", i, got.Entries[i], e)
		}
	}
}

func TestLink(t *testing.T) {
	s := newSite(t)
	r := s.browser().booked(tuesday9)
	path := strings.TrimPrefix(r.Link, s.base)
	b := s.browser()
	a := b.get(path).ok(http.StatusSeeOther)
	if a.Header.Get("Location") != "/reservations/"+r.ID || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v", a.Header)
	}
	b.get("/api/v1/reservations/" + r.ID).ok(200)
	for to, want := range map[string]string{
		"check": "/check", "": "", "checks": "", "/vet": "", "//elsewhere.example": "", "https://elsewhere.example": "", "check/../..": "",
	} {
		reminded := s.browser()
		a := reminded.get(path + "?to=" + url.QueryEscape(to)).ok(http.StatusSeeOther)
		if a.Header.Get("Location") != "/reservations/"+r.ID+want || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("to %q it leads to %s", to, a.Header.Get("Location"))
		}
		reminded.get("/reservations/" + r.ID + "/check").ok(200)
	}
	for _, token := range []string{"x", strings.Repeat("A", 43), strings.Repeat("A", 500)} {
		stranger := s.browser()
		a := stranger.get("/r/" + token).ok(404)
		if !strings.Contains(string(a.body), `action="/reservations/lookup"`) || strings.Contains(string(a.body), token) && len(token) > 1 {
			t.Error("the page does not say how to come back, or repeats the token")
		}
		if len(stranger.jar) > 0 {
			t.Errorf("cookies for nothing: %v", stranger.jar)
		}
	}
	s.clock.move(31*24*time.Hour + 24*time.Hour)
	s.browser().get(path).ok(404)
	s.store.setAway(true)
	if a := s.browser().get(path).ok(503); strings.Contains(string(a.body), path) {
		t.Error("the error page tells the token")
	}
	if strings.Contains(s.log.String(), strings.TrimPrefix(path, "/r/")) {
		t.Error("the log tells the token")
	}
}

func TestRacersForOneSlotAreNotBraked(t *testing.T) {
	s := newSite(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for range 64 {
		wg.Go(func() {
			a := s.browser().post("/api/v1/reservations", s.booking(tuesday9))
			mu.Lock()
			defer mu.Unlock()
			statuses[a.StatusCode]++
		})
	}
	wg.Wait()
	if statuses[201] != 1 || statuses[409] != 63 {
		t.Errorf("answers %v, want one 201 and 63 times 409", statuses)
	}
}
