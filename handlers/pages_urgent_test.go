package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// wanting is the form that asks for a vet now, filled in.
func wanting() url.Values {
	f := typed("")
	f.Del("start")
	return f
}

func TestUrgentSaysWhoIsThere(t *testing.T) {
	s := newSite(t)
	owner := s.browser()
	page := owner.get("/urgent").ok(200).page()
	if page.Find("main form").Length() != 0 || page.Find(`main a[href^="/hospitals"]`).Length() == 0 || page.Find(`main a[href="/vets"]`).Length() == 0 {
		t.Error("with nobody online the page does not say what else there is")
	}
	s.onDuty("kim")
	s.clock.move(readinessFor)
	page = owner.get("/urgent?area=skin&vet=" + s.vet.ID + "&screening=nonsense").ok(200).page()
	if page.Find("form.flags").Length() != 1 || value(page, "vet") != s.vet.ID || value(page, "area") != "skin" {
		t.Error("the red flags do not come first, with what the address holds")
	}
	if sign := owner.get("/urgent?flags=breathing").ok(200).page(); sign.Find(".go-now").Length() != 1 || sign.Find("form[data-ask]").Length() != 0 {
		t.Error("a red flag leads to the form")
	}
	page = owner.get("/urgent?flags=none&area=eye&vet=" + s.vet.ID).ok(200).page()
	if page.Find(`form[data-ask] input[name="visit.area"][value="eye"][checked]`).Length() != 1 || value(page, "vet_id") != s.vet.ID || value(page, "idempotency_key") == "" {
		t.Error("the form is not filled with what the address holds")
	}
	if page = owner.get("/urgent?flags=none&vet=x&area=tail&screening=019ad2a4-0000-7000-8000-000000000000").ok(200).page(); page.Find(`[name="vet_id"], [name="screening_id"], [name="visit.area"][checked]`).Length() != 0 {
		t.Error("what nobody has came into the form")
	}
	if len(owner.jar) > 0 {
		t.Errorf("cookies for nothing: %v", owner.jar)
	}
}

func TestAskByForm(t *testing.T) {
	s := newSite(t)
	vet, owner := s.onDuty("kim"), s.browser()
	a := owner.form("/urgent", wanting()).ok(303)
	at := a.Header.Get("Location")
	page := owner.get(at).ok(200).page()
	if page.Find(`[data-wait][data-state="ringing"]`).Length() != 1 || !strings.Contains(page.Find("#wait-words").Text(), s.vet.Name) {
		t.Fatalf("%s does not say who is asked: %s", at, page.Find("main").Text())
	}
	if again := owner.form("/urgent", wanting()).ok(303).Header.Get("Location"); again != at || len(s.store.instants) != 1 {
		t.Errorf("a double tap leads to %s, and asked %d times", again, len(s.store.instants))
	}
	if page := owner.get("/urgent").ok(200).page(); page.Find(`main a[href="`+at+`"]`).Length() != 1 {
		t.Error("who waits is not led back")
	}
	lost := s.browser() // the first answer never came, nor did its cookie
	if again := lost.form("/urgent", wanting()).ok(303).Header.Get("Location"); again != at {
		t.Errorf("a repeat leads to %s", again)
	}
	lost.get(at).ok(200)
	owner.get(at).ok(404)
	s.browser().get(at).ok(404)

	rings := vet.rings()
	vet.post("/api/v1/vet/instant/"+rings[0].ID+"/accept", nil).ok(200)
	page = lost.get(at).ok(200).page()
	room, _ := page.Find("[data-wait]").Attr("data-room")
	if page.Find(`a[href="/room?id=`+room+`"]`).Length() != 1 || room == "" {
		t.Error("accepted, it does not lead to the room")
	}
	lost.get("/room?id=" + room).ok(200)
	if to := lost.form(at+"/leave", nil).ok(303).Header.Get("Location"); to != at {
		t.Errorf("leaving too late leads to %s", to)
	}
	vet.post("/api/v1/vet/rooms/"+room+"/close", nil).ok(200)
	if page := lost.get(at).ok(200).page(); page.Find(`[data-room=""]`).Length() != 1 || page.Find(`a[href^="/reservations/"]`).Length() == 0 {
		t.Error("over, it still leads to the room")
	}
}

func TestAskFormComesBack(t *testing.T) {
	s := newSite(t)
	s.onDuty("kim")
	for name, test := range map[string]struct {
		change func(url.Values)
		status int
		field  string
	}{
		"no name":   {func(f url.Values) { f.Set("pet.name", "") }, 422, "pet.name"},
		"no phone":  {func(f url.Values) { f.Set("owner.phone", "x") }, 422, "owner.phone"},
		"no area":   {func(f url.Values) { f.Del("visit.area") }, 422, "visit.area"},
		"no permit": {func(f url.Values) { f.Set("visit.area", "joint") }, 422, "visit.area"},
	} {
		t.Run(name, func(t *testing.T) {
			form := wanting()
			test.change(form)
			a := s.browser().form("/urgent", form)
			a.t = t
			page := a.ok(test.status).page()
			if page.Find("textarea").Text() != "scratches" || value(page, "idempotency_key") != "key-1" {
				t.Error("what was typed is gone")
			}
			if page.Find(`[data-error-for="`+test.field+`"]:not([hidden])`).Length() != 1 || page.Find(".notice.wrong").Length() != 1 {
				t.Errorf("nothing says what is wrong with %s", test.field)
			}
		})
	}
	if len(s.store.instants) != 0 {
		t.Errorf("%d asked", len(s.store.instants))
	}
	used := wanting()
	b := s.browser()
	at := b.form("/urgent", used).ok(303).Header.Get("Location")
	used.Set("symptoms", "others")
	used.Set("idempotency_key", "key-2")
	if again := b.form("/urgent", used).ok(303).Header.Get("Location"); again != at {
		t.Errorf("who waits already is led to %s", again)
	}
	used.Set("idempotency_key", "key-1")
	if page := s.browser().form("/urgent", used).ok(422).page(); value(page, "idempotency_key") == "key-1" {
		t.Error("a used key came back")
	}
}

func TestLeaveByForm(t *testing.T) {
	s := newSite(t)
	vet, owner := s.onDuty("kim"), s.browser()
	at := owner.form("/urgent", wanting()).ok(303).Header.Get("Location")
	s.browser().form(at+"/leave", nil).ok(404)
	owner.form(at+"/leave", nil).ok(303)
	if page := owner.get(at).ok(200).page(); page.Find(`[data-state="left"]`).Length() != 1 || len(vet.rings()) != 0 {
		t.Error("it still rings")
	}
	if to := owner.get(at + "/leave").ok(303).Header.Get("Location"); to != at {
		t.Errorf("the form's path leads to %s", to)
	}
}

func TestAskOnceByKey(t *testing.T) {
	s := newSite(t)
	s.onDuty("kim")
	owner := s.browser()
	owner.headers["Idempotency-Key"] = "k"
	first := owner.asked(s.asking())
	s.clock.move(time.Second)
	if again := owner.asked(s.asking()); again.ID != first.ID || again.RingsUntil == nil || *again.RingsUntil != *first.RingsUntil {
		t.Errorf("asked %+v, again %+v", first, again)
	}
	other := s.asking()
	other["symptoms"] = "others"
	owner.post("/api/v1/instant", other).refused(422, "key_reused")
	owner.headers["Idempotency-Key"] = strings.Repeat("k", 256)
	owner.post("/api/v1/instant", s.asking()).refused(422, "invalid")
	if len(s.store.instants) != 1 {
		t.Errorf("asked %d times", len(s.store.instants))
	}
}

// TestTheRungVetSeesThePhoto: as long as it rings, and nobody else's.
func TestTheRungVetSeesThePhoto(t *testing.T) {
	s := photoSite(t)
	s.addVet("park", "Park")
	kim, owner := s.onDuty("kim"), s.browser()
	s.clock.move(time.Second)
	park := s.onDuty("park")
	photo := owner.screened()
	body := s.asking()
	body["screening_id"] = photo.ID
	r := owner.asked(body)
	if rings := kim.rings(); len(rings) != 1 || rings[0].Screening == nil || rings[0].Screening.Photo != photo.Photo {
		t.Fatalf("it rings %+v", rings)
	}
	kim.get("/api/v1/screenings/" + photo.ID).ok(200)
	kim.get(photo.Photo).ok(200)
	park.get(photo.Photo).ok(404)
	kim.post("/api/v1/vet/screenings/"+photo.ID+"/review", obj{"agrees": true}).ok(404)
	kim.post("/api/v1/vet/instant/"+r.ID+"/decline", nil).ok(200)
	kim.get(photo.Photo).ok(404)
	park.get(photo.Photo).ok(http.StatusOK)
}
