package handlers

import (
	"net/url"
	"testing"
	"time"

	"vetroom/clinic"
)

// TestAPageOffersAnotherVet: who has a late vet is shown what can be done, gives the visit away by a plain form, and is
// told in words where that is refused.
func TestAPageOffersAnotherVet(t *testing.T) {
	s, owner, r, other := late(t, 2*time.Minute)
	path := "/reservations/" + r.ID
	page := owner.get(path).ok(200).page()
	for selector, n := range map[string]int{
		`form.door[data-state="late"][data-late="true"]`: 1, "#late": 1, `#late a[href*="move=` + r.ID + `"]`: 1,
		`form[action="` + path + `/transfer"] input[name="vet_id"][value="` + other + `"]`: 1,
	} {
		if got := page.Find(selector).Length(); got != n {
			t.Errorf("%d of %s, want %d", got, selector, n)
		}
	}
	if n := s.signedIn("kim").get(path).ok(200).page().Find("#late").Length(); n != 0 {
		t.Error("the late vet is offered another")
	}
	owner.form(path+"/transfer", nil).ok(422)
	s.browser().form(path+"/transfer", url.Values{"vet_id": {other}}).ok(404)
	lee := s.signedIn("lee")
	lee.send("PUT", "/api/v1/vet/online", obj{"online": false}).ok(200)
	if page = owner.form(path+"/transfer", url.Values{"vet_id": {other}}).ok(422).page(); page.Find("#late").Length() != 1 || page.Find(".notice.wrong").Length() != 1 {
		t.Error("a vet who went offline: the refusal is not shown beside the offers")
	}
	lee.send("PUT", "/api/v1/vet/online", obj{"online": true}).ok(200)
	page = owner.follow(owner.form(path+"/transfer", url.Values{"vet_id": {other}})).page()
	if page.Find("#late").Length() != 0 || page.Find(".notice.good").Length() != 1 || page.Find(".who h2 a").Text() != "Lee" {
		t.Errorf("given to %q", page.Find(".who h2").Text())
	}
	s.store.kept.seated = map[string]bool{r.ID: true}
	page = owner.form(path+"/transfer", url.Values{"vet_id": {s.vet.ID}}).ok(409).page()
	if page.Find("#late").Length() != 0 || page.Find(".notice.wrong").Length() != 1 || page.Find(`form.door[data-state="open"]`).Length() != 1 {
		t.Error("once the vet is there nothing is offered, and that is said")
	}
	if at := owner.get(path + "/transfer").ok(303).Header.Get("Location"); at != path {
		t.Errorf("a reload leads to %s", at)
	}
}

// TestBeforeAMinuteHasPassedNobodyMoves: an open door whose vet is not there at once is not called late.
func TestBeforeAMinuteHasPassedNobodyMoves(t *testing.T) {
	_, owner, r, _ := late(t, 30*time.Second)
	page := owner.get("/reservations/" + r.ID).ok(200).page()
	if page.Find(`form.door[data-state="open"]`).Length() != 1 || page.Find(`#late a[href*="move="]`).Length() != 0 {
		t.Error("half a minute on")
	}
}

// TestAPageTellsOfItsVisit: once it is over the owner reads what was said and what to do, and nothing of the vet's own.
func TestAPageTellsOfItsVisit(t *testing.T) {
	s := newSite(t)
	owner := s.browser()
	r := owner.booked("2026-11-30T03:20:00.000Z")
	path, vet := "/reservations/"+r.ID, s.signedIn("kim")
	said := []clinic.ChatMessage{
		{ReservationID: r.ID, From: clinic.RoleOwner, Text: "it itches", At: s.clock.Now()},
		{ReservationID: r.ID, From: clinic.RoleVet, Text: "since when?", At: s.clock.Now()},
	}
	if err := s.store.KeepChat(t.Context(), said); err != nil {
		t.Fatal(err)
	}
	if n := owner.get(path).ok(200).page().Find(".said").Length(); n != 0 {
		t.Errorf("behind a locked door %d words", n)
	}
	s.clock.move(21 * time.Minute)
	vet.post("/api/v1/vet/rooms/"+r.Room.ID+"/close", nil).ok(200)
	page := owner.get(path).ok(200).page()
	if page.Find(".aftercare").Length() != 1 || page.Find("[data-print]").Length() != 0 || page.Find(".said").Length() != 2 {
		t.Error("nothing is written yet: the page says so, and shows what was said")
	}
	vet.send("PUT", "/api/v1/vet/reservations/"+r.ID+"/record", note("rest for a week", true)).ok(200)
	page = owner.get(path).ok(200).page()
	if got := page.Find("[data-aftercare]").Text(); got != "rest for a week" || page.Find(`.aftercare a[href="/hospitals"]`).Length() != 1 {
		t.Errorf("the owner reads %q", got)
	}
	if html := page.Text(); len(html) == 0 || page.Find(`.said[data-mine="true"] .said-text`).Text() != "it itches" {
		t.Error("the owner's own words are not told apart")
	}
}

// TestAPageShowsThePhoto: the screening that came along is shown, by its address, as a reference.
func TestAPageShowsThePhoto(t *testing.T) {
	s := photoSite(t)
	owner := s.browser()
	photo := owner.screened(clinic.Finding{Code: clinic.FindingErosion, Score: 0.8})
	body := s.booking(tuesday9)
	body["screening_id"] = photo.ID
	r := decoded[reservationJSON](owner.post("/api/v1/reservations", body).ok(201))
	page := owner.get("/reservations/" + r.ID).ok(200).page()
	if page.Find(`.attached img[src="/api/v1/screenings/`+photo.ID+`/photo"]`).Length() != 1 || page.Find(".attached li").Length() != 1 {
		t.Error("the photo is not there")
	}
}

// note is a record as a vet sends it.
func note(aftercare string, advised bool) obj {
	return obj{"subjective": "s", "objective": "o", "assessment": "a", "plan": "p", "aftercare": aftercare, "visit_advised": advised}
}
