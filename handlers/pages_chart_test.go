package handlers

import (
	"net/url"
	"strings"
	"testing"

	"vetroom/clinic"
)

// typedRecord is a record as its page posts it.
func typedRecord(version, plan string) url.Values {
	return url.Values{
		"version": {version}, "subjective": {"긁어요"}, "objective": {""}, "assessment": {""}, "plan": {plan}, "aftercare": {"쉬게\r\n해 주세요"},
		"visit_advised": {"true"},
	}
}

func TestARecordIsWrittenWithoutAScript(t *testing.T) {
	s := newSite(t)
	r := s.browser().booked("2026-11-30T03:20:00.000Z")
	b, path := s.signedIn("kim"), "/vet/reservations/"+r.ID
	page := b.get(path).ok(200).page()
	if value(page, "version") != "0" || !strings.Contains(page.Find(".case").Text(), "010-1234-5678") {
		t.Fatalf("the empty page: %s", page.Find("main").Text())
	}
	page = b.follow(b.form(path, typedRecord("0", "연고"))).page()
	if value(page, "version") != "1" || page.Find(`textarea[name="plan"]`).Text() != "연고" || page.Find("[data-versions] a").Length() != 1 {
		t.Errorf("after saving: %s", page.Find(".record").Text())
	}
	kept := decoded[recordJSON](b.get("/api/v1" + path + "/record").ok(200))
	if kept.Aftercare != "쉬게\n해 주세요" || !kept.VisitAdvised {
		t.Errorf("kept %+v", kept)
	}
	b.form(path, typedRecord("1", "연고 둘")).ok(303)
	page = b.form(path, typedRecord("1", "다른 창")).ok(409).page()
	theirs := page.Find(".notice .read").Text()
	if value(page, "version") != "2" || page.Find(`textarea[name="plan"]`).Text() != "다른 창" || !strings.Contains(theirs, "연고 둘") {
		t.Errorf("a conflict shows %q and %q", page.Find(".record").Text(), theirs)
	}
	page = b.follow(b.form(path, typedRecord(value(page, "version"), "다른 창"))).page()
	if value(page, "version") != "3" {
		t.Errorf("what was kept is version %s", value(page, "version"))
	}
	if old := b.get(path + "?version=1").ok(200).page(); old.Find("textarea").Length() != 0 || !strings.Contains(old.Find(".read").Text(), "연고") {
		t.Errorf("an old version: %s", old.Find("main").Text())
	}
	b.get(path + "?version=9").ok(404)
	b.get(path + "?version=x").ok(404)
	page = b.form(path, typedRecord("3", strings.Repeat("개", clinic.MaxNote+1))).ok(422).page()
	if page.Find(`textarea[name="plan"][aria-invalid]`).Length() != 1 || value(page, "version") != "3" {
		t.Error("does not say which text is too long")
	}
	b.form(path, typedRecord("x", "")).ok(422)
	longest := typedRecord("3", "")
	for _, name := range []string{"subjective", "objective", "assessment", "plan", "aftercare"} {
		longest.Set(name, strings.Repeat("개", clinic.MaxNote))
	}
	b.form(path, longest).ok(303)
}

func TestAChartIsItsVetsOwn(t *testing.T) {
	s := newSite(t)
	owner := s.browser()
	r := owner.booked("2026-11-30T03:20:00.000Z")
	path := "/vet/reservations/" + r.ID
	owner.get(path).ok(303)
	owner.form(path, typedRecord("0", "x")).ok(303)
	lee := s.signedIn(s.addVet("lee", "Lee").Login)
	lee.get(path).ok(404)
	lee.form(path, typedRecord("0", "x")).ok(404)
	lee.form(path+"/review", url.Values{"agrees": {"true"}}).ok(404)
	lee.get("/vet?visit=" + r.ID).ok(200)
	s.signedIn("kim").get("/vet/reservations/nonsense").ok(404)
	if len(s.store.kept.records) != 0 {
		t.Error("somebody else wrote")
	}
}

func TestAReviewByForm(t *testing.T) {
	s := photoSite(t)
	owner := s.browser()
	j := owner.screened(clinic.Finding{Code: "A5", Score: 0.7}, clinic.Finding{Code: "A1", Score: 0.2})
	b := s.signedIn("kim")
	body := s.booking("2026-11-30T03:20:00.000Z")
	body["screening_id"] = j.ID
	r := decoded[reservationJSON](owner.post("/api/v1/reservations", body).ok(201))
	path := "/vet/reservations/" + r.ID
	page := b.get("/vet").ok(200).page()
	if page.Find(".patient .thumb").Length() != 1 || page.Find("[data-chosen] .bars meter").Length() != 2 {
		t.Errorf("the day shows %s", page.Find("main").Text())
	}
	b.get(page.Find("[data-chosen] .zoom").AttrOr("href", "")).ok(200)
	page = b.follow(b.form(path+"/review", url.Values{"agrees": {"false"}, "finding": {"A2"}})).page()
	if page.Find(".reviewed").Length() != 1 || page.Find(`.review option[value="A2"][selected]`).Length() != 1 {
		t.Errorf("after a no: %s", page.Find(".review").Text())
	}
	b.form(path+"/review", url.Values{"agrees": {"true"}, "finding": {"A2"}}).ok(303)
	kept := decoded[screeningJSON](b.get("/api/v1/screenings/" + j.ID).ok(200))
	if kept.Review == nil || !kept.Review.Agrees || kept.Review.Finding != "" {
		t.Errorf("kept %+v", kept.Review)
	}
	b.form(path+"/review", url.Values{"agrees": {"false"}, "finding": {"A9"}}).ok(422)
	bare := s.browser().booked("2026-11-30T04:20:00.000Z")
	b.form("/vet/reservations/"+bare.ID+"/review", url.Values{"agrees": {"true"}}).ok(404)
}

func TestAChartShowsEarlierVisitsOfThePet(t *testing.T) {
	s := newSite(t)
	b := s.signedIn("kim")
	first, second := s.browser().booked("2026-11-30T03:20:00.000Z"), s.browser().booked("2026-11-30T04:20:00.000Z")
	b.form("/vet/reservations/"+first.ID, typedRecord("0", "연고 하루 두 번")).ok(303)
	page := b.get("/vet/reservations/" + second.ID).ok(200).page()
	if past := page.Find(".history details"); past.Length() != 1 || !strings.Contains(past.Text(), "연고 하루 두 번") {
		t.Errorf("history: %s", page.Find(".history").Text())
	}
	s.store.visits[second.ID].Reservation.Pet.Name = "another"
	if page := b.get("/vet/reservations/" + second.ID).ok(200).page(); page.Find(".history details").Length() != 0 {
		t.Error("another pet's visits are shown")
	}
	s.store.visits[second.ID].Reservation.Pet.Name = " CHOCO"
	b.post("/api/v1/vet/reservations/"+first.ID+"/cancel", obj{}).ok(200)
	if page := b.get("/vet/reservations/" + second.ID).ok(200).page(); page.Find(".history details").Length() != 0 {
		t.Error("a cancelled visit is shown")
	}
}
