package handlers

import (
	"strings"
	"testing"
	"time"

	"vetroom/clinic"
)

func TestLoginMeLogout(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.post("/api/v1/vet/login", obj{"login": "kim", "password": "wrong"}).refused(401, "bad_credentials")
	b.post("/api/v1/vet/login", obj{"login": "kim"}).refused(422, "invalid").at(t, "password")
	b.get("/api/v1/vet/me").refused(401, "no_session")
	a := b.post("/api/v1/vet/login", obj{"login": " KIM ", "password": vetPassword}).ok(200)
	if v := decoded[map[string]ownVetJSON](a)["vet"]; v.ID != s.vet.ID || v.Login != "kim" || v.Online {
		t.Errorf("vet %+v", v)
	}
	if strings.Contains(string(a.body), "argon2") {
		t.Error("the answer holds the hash")
	}
	if v := decoded[ownVetJSON](b.get("/api/v1/vet/me").ok(200)); v.Name != "Kim" || v.SlotMinutes != 20 {
		t.Errorf("me %+v", v)
	}
	b.send("PUT", "/api/v1/vet/online", obj{"online": true}).ok(200)
	old := *b.jar[vetCookie]
	s.clock.move(2 * time.Minute)
	b.get("/api/v1/vet/me").ok(200) // renews the cookie
	if b.jar[vetCookie].Value == old.Value {
		t.Error("the cookie was not renewed")
	}
	renewed := *b.jar[vetCookie]
	b.post("/api/v1/vet/logout", nil).ok(204)
	if len(s.closed) != 1 || !strings.HasSuffix(s.closed[0], " "+s.vet.ID) {
		t.Errorf("closed %v", s.closed)
	}
	if v, _ := s.store.Vet(t.Context(), s.vet.ID); v.Online {
		t.Error("still online")
	}
	for _, dead := range []string{old.Value, renewed.Value} {
		k := old
		k.Value = dead
		b.jar[vetCookie] = &k
		b.get("/api/v1/vet/me").refused(401, "no_session")
		b.post("/api/v1/session", nil).refused(401, "no_session")
		s.clock.move(59 * time.Minute) // a cookie's life after the logout it is still dead
		b.get("/api/v1/vet/me").refused(401, "no_session")
		s.clock.move(-59 * time.Minute)
	}
	s.signedIn("kim").get("/api/v1/vet/me").ok(200)
}

func TestVetCallsNeedAVet(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.booked(tuesday9) // an owner's session is not enough
	for _, r := range s.h.api() {
		if r.need != vetOnly {
			continue
		}
		path := strings.Replace(r.pattern, "{id}", s.vet.ID, 1)
		b.send(r.method, path, obj{}).refused(401, "no_session")
	}
}

func TestOnline(t *testing.T) {
	s := newSite(t)
	b := s.signedIn("kim")
	a := b.send("PUT", "/api/v1/vet/online", obj{"online": false}).ok(200)
	if string(a.body) != `{"online":false,"since":null}`+"\n" {
		t.Errorf("never online: %s", a.body)
	}
	a = b.send("PUT", "/api/v1/vet/online", obj{"online": true}).ok(200)
	if string(a.body) != `{"online":true,"since":"2026-11-30T03:00:00.000Z"}`+"\n" {
		t.Errorf("online: %s", a.body)
	}
	s.clock.move(time.Second)
	if a = b.send("PUT", "/api/v1/vet/online", obj{"online": true}).ok(200); a.object()["since"] != "2026-11-30T03:00:00.000Z" {
		t.Errorf("again: %s", a.body)
	}
	b.send("PUT", "/api/v1/vet/online", obj{"online": "yes"}).refused(422, "invalid").at(t, "online")
	b.send("PUT", "/api/v1/vet/online", obj{}).refused(422, "invalid").at(t, "online")
	if got := decoded[vetsJSON](s.browser().get("/api/v1/vets?online=true").ok(200)); len(got.Vets) != 1 {
		t.Errorf("online %+v", got)
	}
}

func TestHours(t *testing.T) {
	s := newSite(t)
	b := s.signedIn("kim")
	had := decoded[hoursJSON](b.get("/api/v1/vet/hours").ok(200))
	if had.TimeZone != "Asia/Seoul" || had.SlotMinutes != 20 || len(had.Weekly) != 5 {
		t.Errorf("hours %+v", had)
	}
	a := b.send("PUT", "/api/v1/vet/hours", obj{
		"time_zone": "America/New_York", "slot_minutes": 30,
		"weekly":     []obj{{"day": "mon", "from": "09:00", "to": "24:00"}},
		"exceptions": []obj{{"date": "2026-12-25", "closed": true}, {"date": "2026-12-26", "from": "10:00", "to": "11:00"}},
	}).ok(200)
	want := `{"time_zone":"America/New_York","slot_minutes":30,"buffer_minutes":0,"notice_minutes":0,"horizon_days":30,"cancel_cutoff_minutes":30,` +
		`"weekly":[{"day":"mon","from":"09:00","to":"24:00"}],"exceptions":[{"date":"2026-12-25","closed":true},{"date":"2026-12-26","from":"10:00","to":"11:00"}]}` + "\n"
	if string(a.body) != want {
		t.Errorf("hours\n%swant\n%s", a.body, want)
	}
	if again := b.send("PUT", "/api/v1/vet/hours", a.object()).ok(200); string(again.body) != want {
		t.Errorf("its own answer sent back gave\n%s", again.body)
	}
	if none := decoded[hoursJSON](b.send("PUT", "/api/v1/vet/hours", obj{}).ok(200)); none.TimeZone != "America/New_York" || none.SlotMinutes != 20 || none.Weekly == nil {
		t.Errorf("defaults %+v", none)
	}
	window := func(w obj) obj { return obj{"weekly": []obj{w}} }
	for name, test := range map[string]struct {
		body  any
		field string
	}{
		"zone":            {obj{"time_zone": "Mars/Olympus"}, "time_zone"},
		"zone by path":    {obj{"time_zone": "../etc/passwd"}, "time_zone"},
		"zone Local":      {obj{"time_zone": "Local"}, "time_zone"},
		"odd slot":        {obj{"slot_minutes": 7}, "slot_minutes"},
		"half a minute":   {obj{"slot_minutes": 7.5}, "slot_minutes"},
		"text":            {obj{"slot_minutes": "20"}, "slot_minutes"},
		"weekly no list":  {obj{"weekly": obj{}}, "weekly"},
		"weekly of texts": {obj{"weekly": []any{"mon"}}, "weekly[0]"},
		"day":             {window(obj{"day": "Monday", "from": "09:00", "to": "10:00"}), "weekly[0].day"},
		"clock":           {window(obj{"day": "mon", "from": "9:00", "to": "10:00"}), "weekly[0].from"},
		"no to":           {window(obj{"day": "mon", "from": "09:00"}), "weekly[0].to"},
		"backwards":       {window(obj{"day": "mon", "from": "10:00", "to": "09:00"}), "weekly[0]"},
		"key":             {window(obj{"day": "mon", "from": "09:00", "to": "10:00", "x": 1}), "weekly[0].x"},
		"exception":       {obj{"exceptions": []obj{{"closed": true}}}, "exceptions[0].date"},
		"closed and open": {obj{"exceptions": []obj{{"date": "2026-12-25", "closed": true, "from": "09:00", "to": "10:00"}}}, "exceptions[0].closed"},
	} {
		t.Run(name, func(t *testing.T) {
			a := b.send("PUT", "/api/v1/vet/hours", test.body)
			a.t = t
			a.refused(422, "invalid").at(t, test.field)
		})
	}
}

func TestPermits(t *testing.T) {
	s := newSite(t)
	a := s.signedIn("kim").get("/api/v1/vet/permits").ok(200)
	want := `{"permits":[{"number":"P-1","areas":["skin"],"follow_up_only":false,"valid_from":"2026-01-01","valid_until":"2027-12-31"},` +
		`{"number":"P-2","areas":["eye"],"follow_up_only":true,"valid_from":"2026-01-01","valid_until":"2027-12-31"}]}` + "\n"
	if string(a.body) != want {
		t.Errorf("permits %s", a.body)
	}
}

// followUp is the body of a follow-up.
func (s *testSite) followUp(start time.Time, minutes int) obj {
	b := s.booking(tuesday9)
	delete(b, "vet_id")
	b["start"], b["minutes"] = wire(start), minutes
	return b
}

func TestFollowUp(t *testing.T) {
	s := newSite(t)
	b := s.signedIn("kim")
	b.headers["Idempotency-Key"] = "f"
	start := monday.Add(1234 * time.Millisecond)
	a := b.post("/api/v1/vet/reservations", s.followUp(start, 15)).ok(201)
	r := decoded[reservationJSON](a)
	if r.Kind != "follow_up" || r.Start != wire(start) || r.End != wire(start.Add(15*time.Minute)) || r.Link == "" || a.Header.Get("Location") == "" {
		t.Errorf("follow-up %+v", r)
	}
	if again := decoded[reservationJSON](b.post("/api/v1/vet/reservations", s.followUp(start, 15)).ok(201)); again.ID != r.ID {
		t.Error("booked twice under one key")
	}
	b.post("/api/v1/vet/reservations", s.followUp(start, 20)).refused(422, "key_reused")
	delete(b.headers, "Idempotency-Key")
	b.post("/api/v1/vet/reservations", s.followUp(start.Add(time.Minute), 15)).refused(409, "slot_taken")
	b.post("/api/v1/vet/reservations", s.followUp(monday.Add(-time.Millisecond), 15)).refused(422, "invalid").at(t, "start")
	b.post("/api/v1/vet/reservations", s.followUp(monday.Add(time.Hour), 4)).refused(422, "invalid").at(t, "minutes")
	b.post("/api/v1/vet/reservations", s.booking(tuesday9)).refused(422, "invalid").at(t, "vet_id")
	list := decoded[reservationsJSON](b.get("/api/v1/vet/reservations?from=2026-11-30&days=1").ok(200))
	if len(list.Reservations) != 1 || list.Reservations[0].ID != r.ID || list.Reservations[0].Owner.Name != "Lee" {
		t.Errorf("list %+v", list)
	}
	b.get("/api/v1/vet/reservations?days=63").refused(422, "invalid").at(t, "days")
	b.get("/api/v1/vet/reservations?from=x").refused(422, "invalid").at(t, "from")
	owner := s.browser()
	owner.get(strings.TrimPrefix(r.Link, s.base)).ok(303)
	owner.get("/api/v1/reservations/" + r.ID).ok(200)
}

func TestSettle(t *testing.T) {
	s := newSite(t)
	b := s.signedIn("kim")
	r := decoded[reservationJSON](b.post("/api/v1/vet/reservations", s.followUp(monday.Add(time.Minute), 15)).ok(201))
	path := "/api/v1/vet/reservations/" + r.ID
	b.post(path+"/complete", nil).refused(409, "too_early")
	b.post(path+"/no-show", obj{"x": 1}).refused(422, "invalid").at(t, "x")
	s.clock.move(2 * time.Minute)
	if got := decoded[reservationJSON](b.post(path+"/complete", nil).ok(200)); got.State != "completed" || got.Room.State != "closed" {
		t.Errorf("completed %+v", got)
	}
	b.post(path+"/cancel", obj{}).refused(409, "closed")
	r = decoded[reservationJSON](b.post("/api/v1/vet/reservations", s.followUp(monday.Add(time.Hour), 15)).ok(201))
	path = "/api/v1/vet/reservations/" + r.ID
	if got := decoded[reservationJSON](b.post(path+"/cancel", obj{"reason": "ill"}).ok(200)); got.State != "cancelled" || got.CancelledBy != "vet" {
		t.Errorf("cancelled %+v", got)
	}
	r = decoded[reservationJSON](b.post("/api/v1/vet/reservations", s.followUp(monday.Add(time.Hour), 15)).ok(201))
	s.clock.move(59 * time.Minute)
	b = s.signedIn("kim")
	if got := decoded[reservationJSON](b.post("/api/v1/vet/reservations/"+r.ID+"/no-show", nil).ok(200)); got.State != clinic.StateNoShow {
		t.Errorf("no show %+v", got)
	}
}

func TestRooms(t *testing.T) {
	s := newSite(t)
	owner := s.browser()
	r := owner.booked("2026-11-30T03:20:00.000Z")
	next := s.browser().booked("2026-11-30T04:00:00.000Z")
	b := s.signedIn("kim")
	room := "/api/v1/vet/rooms/" + r.Room.ID
	b.post(room+"/close", nil).refused(409, "room_locked")
	b.post(room+"/delay", obj{}).refused(422, "invalid").at(t, "minutes")
	b.post(room+"/delay", obj{"minutes": "5"}).refused(422, "invalid").at(t, "minutes")
	b.post(room+"/delay", obj{"minutes": 181}).refused(422, "invalid").at(t, "minutes")
	if got := decoded[roomJSON](b.post(room+"/delay", obj{"minutes": 5}).ok(200)); got.DelayedMinutes != 5 || got.OpensAt != r.Room.OpensAt {
		t.Errorf("delayed %+v", got)
	}
	if got := decoded[reservationJSON](owner.get("/api/v1/reservations/" + r.ID).ok(200)); got.Room.DelayedMinutes != 5 {
		t.Errorf("delayed, to the owner %+v", got.Room)
	}
	b.post(room+"/extend", obj{"minutes": 30}).refused(409, "slot_taken")
	if got := decoded[roomJSON](b.post(room+"/extend", obj{"minutes": 10}).ok(200)); got.ClosesAt != "2026-11-30T03:55:00.000Z" {
		t.Errorf("extended %+v", got)
	}
	a := b.post(room+"/open", nil).ok(200)
	if got := decoded[roomJSON](a); got.State != "open" || got.OpensAt != wire(monday) || got.ID != r.Room.ID {
		t.Errorf("opened %+v", got)
	}
	if v, _ := s.store.Vet(t.Context(), s.vet.ID); !v.Online {
		t.Error("opening did not set the vet online")
	}
	if got := decoded[reservationJSON](owner.get("/api/v1/reservations/" + r.ID).ok(200)); got.Room.State != "open" || got.Room.DelayedMinutes != 0 {
		t.Errorf("to the owner %+v", got.Room)
	}
	if got := decoded[roomJSON](b.post(room+"/close", nil).ok(200)); got.State != "closed" || got.Reason != "vet" {
		t.Errorf("closed %+v", got)
	}
	b.post(room+"/open", nil).refused(409, "closed")
	b.post("/api/v1/vet/rooms/"+next.ID+"/open", nil).refused(404, "not_found") // a reservation's id is no room's
}
