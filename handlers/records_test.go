package handlers

import (
	"strings"
	"testing"
	"time"

	"vetroom/clinic"
)

// writtenNote is the body of a record.
func writtenNote(aftercare string) obj {
	return obj{
		"subjective": "긁어요", "objective": "홍반", "assessment": "", "plan": "연고\n하루 두 번", "aftercare": aftercare, "visit_advised": true,
	}
}

func TestRecord(t *testing.T) {
	s := newSite(t)
	owner := s.browser()
	r := owner.booked("2026-11-30T03:20:00.000Z")
	b := s.signedIn("kim")
	path := "/api/v1/vet/reservations/" + r.ID + "/record"
	if got := decoded[recordJSON](b.get(path).ok(200)); got.Version != 0 || got.WrittenAt != nil || got.VetID != s.vet.ID {
		t.Errorf("before the first word %+v", got)
	}
	first := decoded[recordJSON](b.send("PUT", path, writtenNote("")).ok(200))
	if first.Version != 1 || first.Subjective != "긁어요" || !first.VisitAdvised || first.Plan != "연고\n하루 두 번" {
		t.Errorf("first %+v", first)
	}
	s.clock.move(time.Second)
	if same := decoded[recordJSON](b.send("PUT", path, writtenNote("")).ok(200)); same.Version != 1 || *same.WrittenAt != *first.WrittenAt {
		t.Errorf("the same again %+v", same)
	}
	next := writtenNote("목욕은 사흘 뒤에")
	next["version"] = 1
	b.send("PUT", path, next).ok(200)
	other := writtenNote("other tab")
	other["version"] = 1
	b.send("PUT", path, other).refused(409, "record_changed")
	b.send("PUT", path, next).ok(200) // sent twice: it says what stands
	if got := decoded[recordJSON](b.get(path).ok(200)); got.Version != 2 || got.Aftercare != "목욕은 사흘 뒤에" {
		t.Errorf("newest %+v", got)
	}
	if got := decoded[recordJSON](b.get(path + "?version=1").ok(200)); got.Version != 1 || got.Aftercare != "" {
		t.Errorf("first of two %+v", got)
	}
	if got := decoded[versionsJSON](b.get(path + "/versions").ok(200)); len(got.Versions) != 2 || got.Versions[1].Version != 2 {
		t.Errorf("versions %+v", got)
	}
	b.get(path+"?version=3").refused(404, "not_found")
	b.get(path+"?version=x").refused(422, "invalid").at(t, "version")
	s.aftercare(owner, r.ID)
}

// aftercare holds that the owner reads of the record what is meant for owners, and only once the visit is over.
func (s *testSite) aftercare(owner *browser, id string) {
	s.t.Helper()
	path := "/api/v1/reservations/" + id
	if a := owner.get(path).ok(200); strings.Contains(string(a.body), "aftercare") {
		s.t.Errorf("before the end: %s", a.body)
	}
	s.clock.move(50 * time.Minute)
	a := owner.get(path).ok(200)
	got := decoded[reservationJSON](a).Aftercare
	if got == nil || got.Text != "목욕은 사흘 뒤에" || !got.VisitAdvised || got.Vet != "Kim" || got.WrittenAt != "2026-11-30T03:00:01.000Z" {
		s.t.Errorf("aftercare %+v", got)
	}
	if strings.Contains(string(a.body), "홍반") {
		s.t.Error("the owner reads what is the vet's")
	}
}

func TestRecordIsOfItsVet(t *testing.T) {
	s := newSite(t)
	s.addVet("lee", "Lee")
	owner := s.browser()
	path := "/api/v1/vet/reservations/" + owner.booked(tuesday9).ID + "/record"
	for name, b := range map[string]*browser{"another vet": s.signedIn("lee")} {
		b.send("PUT", path, writtenNote("x")).refused(404, "not_found")
		b.get(path).refused(404, "not_found")
		b.get(path+"/versions").refused(404, "not_found")
		if len(s.store.kept.records) != 0 {
			t.Errorf("%s wrote", name)
		}
	}
	owner.send("PUT", path, writtenNote("x")).refused(401, "no_session")
}

func TestRecordRefuses(t *testing.T) {
	s := newSite(t)
	path := "/api/v1/vet/reservations/" + s.browser().booked(tuesday9).ID + "/record"
	b := s.signedIn("kim")
	for field, value := range map[string]any{
		"subjective": strings.Repeat("개", clinic.MaxNote+1), "plan": nil, "objective": 1, "assessment": "\x00", "visit_advised": "yes",
		"version": -2, "diagnosis": "x", "aftercare": []string{"x"},
	} {
		body := writtenNote("x")
		body[field] = value
		b.send("PUT", path, body).refused(422, "invalid").at(t, field)
	}
	long := strings.Repeat("𠀀", clinic.MaxNote) // four bytes each
	full := obj{"subjective": long, "objective": long, "assessment": long, "plan": long, "aftercare": long, "visit_advised": false}
	b.send("PUT", path, full).ok(200)
}

func TestChatIsReadByBothSides(t *testing.T) {
	s := newSite(t)
	owner := s.browser()
	r := owner.booked(tuesday9)
	path := "/api/v1/reservations/" + r.ID + "/chat"
	if a := owner.get(path).ok(200); string(a.body) != `{"messages":[]}`+"\n" {
		t.Errorf("nothing said: %s", a.body)
	}
	err := s.store.KeepChat(t.Context(), []clinic.ChatMessage{
		{ReservationID: r.ID, From: clinic.RoleOwner, Text: "안녕하세요", At: monday, ID: "c1"},
		{ReservationID: r.ID, From: clinic.RoleVet, Text: "네", At: monday.Add(time.Second)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"messages":[{"from":"owner","text":"안녕하세요","at":"2026-11-30T03:00:00.000Z","id":"c1"},` +
		`{"from":"vet","text":"네","at":"2026-11-30T03:00:01.000Z"}]}` + "\n"
	vet := s.signedIn("kim")
	for name, b := range map[string]*browser{"owner": owner, "vet": vet} {
		if a := b.get(path).ok(200); string(a.body) != want {
			t.Errorf("%s reads %s", name, a.body)
		}
	}
	if got := decoded[readRecordJSON](vet.get("/api/v1/vet/reservations/" + r.ID + "/record").ok(200)); len(got.Chat) != 2 {
		t.Errorf("the record holds %+v", got.Chat)
	}
	s.browser().get(path).refused(404, "not_found")
}
