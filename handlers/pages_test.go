package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// follow asks for where a redirect leads.
func (b *browser) follow(a answer) answer {
	b.s.t.Helper()
	a.ok(http.StatusSeeOther)
	path, _, _ := strings.Cut(a.Header.Get("Location"), "#")
	return b.get(path).ok(200)
}

// typed is a booking form, filled in.
func typed(start string) url.Values {
	return url.Values{
		"start": {start}, "owner.name": {"Lee"}, "owner.phone": {"010-1234-5678"}, "owner.email": {""}, "pet.name": {"Choco"},
		"pet.breed": {"poodle"}, "pet.birth_year": {"2019"}, "pet.weight_kg": {"4,5"}, "visit.area": {"skin"},
		"visit.prior_visit_on": {""}, "symptoms": {"scratches"}, "idempotency_key": {"key-1"}, "day": {"1"},
	}
}

func value(d *goquery.Document, field string) string {
	v, _ := d.Find(`[name="` + field + `"]`).Attr("value")
	return v
}

func TestPagesAnswer(t *testing.T) {
	s := newSite(t)
	owner, vet := s.browser(), s.signedIn("kim")
	r := owner.booked("2026-11-30T03:20:00.000Z")
	vet.post("/api/v1/vet/rooms/"+r.Room.ID+"/delay", obj{"minutes": 5}).ok(200)
	for _, b := range []*browser{owner, vet} {
		for _, path := range []string{
			"/", "/vets", "/vets?q=Kim&online=false&area=skin&near=37.5,127", "/vets?near=x&area=tail&limit=0", "/vets/" + s.vet.ID,
			"/vets/" + s.vet.ID + "?from=2026-12-07", "/vets/" + s.vet.ID + "?from=nonsense&move=nonsense", "/reservations",
			"/reservations/" + r.ID, "/reservations/" + r.ID + "/check", "/room?id=" + r.Room.ID,
		} {
			for _, lang := range []string{"ko", "en"} {
				b.headers["Accept-Language"] = lang
				a := b.get(path).ok(200)
				if got, _ := a.page().Find("html").Attr("lang"); got != lang || a.Header.Get("Content-Language") != lang {
					t.Errorf("%s in %s is in %q", path, lang, got)
				}
			}
		}
	}
	for _, path := range []string{"/vet", "/vet/hours", "/vet/hours?saved=1"} {
		vet.get(path).ok(200)
		a := owner.get(path).ok(303)
		if !strings.HasPrefix(a.Header.Get("Location"), "/vet/login") {
			t.Errorf("%s leads to %s", path, a.Header.Get("Location"))
		}
	}
	for _, path := range []string{"/nowhere", "/vets/x", "/reservations/x", "/reservations/x/check", "/room", "/room?id=x", "/lang/fr"} {
		if a := owner.get(path).ok(404); a.page().Find("[data-status='404']").Length() != 1 {
			t.Errorf("%s: no page of its own", path)
		}
	}
	if n := owner.get("/").ok(200).page().Find(`form.door[data-room-state="locked"]`).Length(); n != 1 {
		t.Errorf("%d doors at home", n)
	}
}

func TestBookingByForm(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.headers["Accept-Language"] = "en"
	path := "/vets/" + s.vet.ID + "/book"
	page := b.get(path + "?flags=none&start=" + tuesday9).ok(200).page()
	if value(page, "start") != tuesday9 || value(page, "idempotency_key") == "" {
		t.Fatal("no form")
	}
	a := b.form(path, typed(tuesday9)).ok(303)
	at := a.Header.Get("Location")
	if !strings.HasPrefix(at, "/reservations/") || strings.Contains(at, "?") {
		t.Fatalf("leads to %s", at)
	}
	if k := b.jar[linkCookie]; k == nil || !k.HttpOnly || k.Path != at || k.MaxAge > 300 {
		t.Errorf("cookie %+v", k)
	}
	b.headers["Accept-Encoding"] = "gzip"
	a = b.get(at).ok(200)
	shown := a.page()
	if a.Header.Get("Content-Encoding") != "" {
		t.Error("a page with a secret is compressed")
	}
	delete(b.headers, "Accept-Encoding")
	link, _ := shown.Find("#link").Attr("value")
	if !strings.HasPrefix(link, s.base+"/r/") {
		t.Fatalf("link %q", link)
	}
	if b.get(at).ok(200).page().Find("#link").Length() != 0 {
		t.Error("the link was shown twice")
	}
	elsewhere := s.browser()
	elsewhere.follow(elsewhere.get(strings.TrimPrefix(link, s.base)))
	var got reservationJSON
	for _, v := range s.store.visits {
		got.Owner.Locale, got.Pet.WeightKg = v.Reservation.Owner.Locale, v.Reservation.Pet.WeightKg
	}
	if got.Owner.Locale != "en" || got.Pet.WeightKg != 4.5 {
		t.Errorf("kept %+v", got)
	}

	if again := b.form(path, typed(tuesday9)).ok(303).Header.Get("Location"); again != at || len(s.store.visits) != 1 {
		t.Errorf("sent twice: %s, %d visits", again, len(s.store.visits))
	}
	stolen := s.browser() // a link of another page does not show
	stolen.jar = map[string]*http.Cookie{ownerCookie: b.jar[ownerCookie]}
	stolen.jar[linkCookie] = &http.Cookie{Name: linkCookie, Value: s.h.flash.seal("other.token"), Path: "/"}
	if stolen.get(at).ok(200).page().Find("#link").Length() != 0 {
		t.Error("showed another page's link")
	}
}

func TestBookingFormComesBack(t *testing.T) {
	s := newSite(t)
	s.browser().booked(tuesday9)
	for name, test := range map[string]struct {
		change func(url.Values)
		status int
		field  string // with an error beside it; "" for one of the whole form
	}{
		"taken":       {func(f url.Values) {}, 409, "start"},
		"no time":     {func(f url.Values) { f.Del("start") }, 422, "start"},
		"odd time":    {func(f url.Values) { f.Set("start", "soon") }, 422, "start"},
		"past":        {func(f url.Values) { f.Set("start", "2026-11-30T02:00:00.000Z") }, 422, "start"},
		"no name":     {func(f url.Values) { f.Set("pet.name", " ") }, 422, "pet.name"},
		"odd weight":  {func(f url.Values) { f.Set("pet.weight_kg", "heavy") }, 422, "pet.weight_kg"},
		"odd year":    {func(f url.Values) { f.Set("pet.birth_year", "19") }, 422, "pet.birth_year"},
		"odd mail":    {func(f url.Values) { f.Set("owner.email", "lee") }, 422, "owner.email"},
		"no area":     {func(f url.Values) { f.Del("visit.area") }, 422, "visit.area"},
		"odd day":     {func(f url.Values) { f.Set("visit.prior_visit_on", "x") }, 422, "visit.prior_visit_on"},
		"first visit": {func(f url.Values) { f.Set("visit.area", "eye") }, 422, "visit.prior_visit_on"},
		"no permit":   {func(f url.Values) { f.Set("visit.area", "joint") }, 422, "visit.area"},
	} {
		t.Run(name, func(t *testing.T) {
			form := typed(tuesday9)
			test.change(form)
			b := s.browser()
			a := b.form("/vets/"+s.vet.ID+"/book", form)
			a.t = t
			page := a.ok(test.status).page()
			if value(page, "owner.phone") != "010-1234-5678" || page.Find("textarea").Text() != "scratches" {
				t.Error("what was typed is gone")
			}
			if value(page, "idempotency_key") != "key-1" {
				t.Error("the form's key changed")
			}
			if page.Find(".notice.wrong").Length() != 1 {
				t.Error("nothing says what is wrong")
			}
			if said := strings.TrimSpace(page.Find(".nearest:not([hidden]) label").First().Text()); test.field == "start" {
				if said == "" {
					t.Error("no other time is offered")
				}
			} else if strings.TrimSpace(page.Find(`[data-error-for="`+test.field+`"]:not([hidden]), #f-`+strings.ReplaceAll(test.field, ".", "-")+`-error:not([hidden])`).Text()) == "" {
				t.Errorf("no error at %s", test.field)
			}
			if back, _ := page.Find(".switch a").Attr("href"); strings.Contains(back, "book") {
				t.Errorf("the language switch leads to %s", back)
			}
			if len(b.jar) > 0 {
				t.Errorf("cookies for nothing: %v", b.jar)
			}
		})
	}
	used := typed("2026-12-01T01:00:00.000Z")
	b := s.browser()
	b.form("/vets/"+s.vet.ID+"/book", used).ok(303)
	used.Set("start", "2026-12-01T02:00:00.000Z")
	if page := b.form("/vets/"+s.vet.ID+"/book", used).ok(422).page(); value(page, "idempotency_key") == "key-1" {
		t.Error("a used key came back")
	}
}

func TestFormsRefuseWhatIsNone(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	path := "/vets/" + s.vet.ID + "/book"
	b.do("POST", path, "application/json", []byte(`{}`)).ok(415)
	b.do("POST", path, "application/x-www-form-urlencoded", []byte(strings.Repeat("x", maxBody+1))).ok(413)
	b.do("POST", path, "application/x-www-form-urlencoded", []byte("a=%zz")).ok(400)
	b.do("POST", path, "", nil).ok(422)
	b.form("/vets/x/book", typed(tuesday9)).ok(404)
	b.form("/vets/019ad2a4-0000-7000-8000-000000000000/book", typed(tuesday9)).ok(404)
	for path, to := range map[string]string{
		path: "/vets/" + s.vet.ID + "#times", "/reservations/lookup": "/reservations", "/reservations/" + s.vet.ID + "/cancel": "/reservations/" + s.vet.ID, "/vet/logout": "/",
	} {
		if a := b.get(path).ok(303); a.Header.Get("Location") != to {
			t.Errorf("%s leads to %s", path, a.Header.Get("Location"))
		}
	}
}

func TestCancelAndMoveByForm(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	r := b.booked(tuesday9)
	move := b.get("/vets/" + s.vet.ID + "?move=" + r.ID).ok(200).page()
	if action, _ := move.Find("form.booking").Attr("action"); action != "/reservations/"+r.ID+"/reschedule" {
		t.Errorf("the form goes to %s", action)
	}
	if other := s.browser().get("/vets/" + s.vet.ID + "?move=" + r.ID).ok(200).page(); other.Find(".notice a[href*='"+r.ID+"']").Length() != 0 {
		t.Error("a stranger sees what is moved")
	}
	path := "/reservations/" + r.ID
	page := b.form(path+"/reschedule", url.Values{"start": {"2026-12-01T03:33:00.000Z"}}).ok(422).page()
	if action, _ := page.Find("form.booking").Attr("action"); action != path+"/reschedule" || page.Find(".notice.wrong").Length() != 1 {
		t.Errorf("refused, the form goes to %s", action)
	}
	b.form(path+"/reschedule", nil).ok(422)
	b.follow(b.form(path+"/reschedule", url.Values{"start": {"2026-12-01T05:00:00.000Z"}}))
	s.browser().form(path+"/reschedule", url.Values{"start": {"2026-12-01T06:00:00.000Z"}}).ok(404)
	s.browser().form(path+"/cancel", nil).ok(404)
	b.form(path+"/cancel", url.Values{"reason": {strings.Repeat("x", 1001)}}).ok(422)
	b.follow(b.form(path+"/cancel", url.Values{"reason": {"well again"}}))
	if page := b.form(path+"/cancel", nil).ok(409).page(); page.Find(".notice.wrong").Length() != 1 {
		t.Error("nothing says that it is too late")
	}
	if page := b.get("/reservations").ok(200).page(); page.Find("#past").Length() != 1 || page.Find("#upcoming").Length() != 0 {
		t.Error("a cancelled reservation is not past")
	}
}

func TestLookupByForm(t *testing.T) {
	s := newSite(t)
	r := s.browser().booked(tuesday9)
	b := s.browser()
	page := b.form("/reservations/lookup", url.Values{"number": {r.Number}, "phone": {"010-0000-0000"}}).ok(404).page()
	if value(page, "number") != r.Number || page.Find(".lookup .notice.wrong").Length() != 1 {
		t.Error("the form did not come back")
	}
	b.form("/reservations/lookup", url.Values{"number": {r.Number}}).ok(422)
	b.follow(b.form("/reservations/lookup", url.Values{"number": {r.Number}, "phone": {"010 1234 5678"}}))
	for range 3 {
		b.form("/reservations/lookup", url.Values{"number": {r.Number}, "phone": {"0"}}).ok(404)
	}
	a := b.form("/reservations/lookup", url.Values{"number": {r.Number}, "phone": {"0"}}).ok(429)
	if a.Header.Get("Retry-After") == "" || value(a.page(), "number") != r.Number {
		t.Error("braked, the form did not come back")
	}
}

func TestLoginByForm(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	to := b.get("/vet/hours").ok(303).Header.Get("Location")
	page := b.get(to).ok(200).page()
	if value(page, "next") != "/vet/hours" {
		t.Errorf("next %q", value(page, "next"))
	}
	page = b.form("/vet/login", url.Values{"login": {"kim"}, "password": {"wrong"}, "next": {"/vet/hours"}}).ok(401).page()
	if value(page, "login") != "kim" || value(page, "password") != "" || value(page, "next") != "/vet/hours" {
		t.Error("the form did not come back, or with its password")
	}
	b.form("/vet/login", url.Values{"login": {"kim"}}).ok(422)
	for _, evil := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "javascript:alert(1)", "/\t/evil.example", "vet"} {
		c := s.browser()
		a := c.form("/vet/login", url.Values{"login": {"kim"}, "password": {vetPassword}, "next": {evil}}).ok(303)
		if a.Header.Get("Location") != "/vet" {
			t.Errorf("%q leads to %s", evil, a.Header.Get("Location"))
		}
		if got := c.get("/lang/en?to=" + url.QueryEscape(evil)).ok(303).Header.Get("Location"); got != "/" {
			t.Errorf("the language switch to %q leads to %s", evil, got)
		}
	}
	a := b.form("/vet/login", url.Values{"login": {"kim"}, "password": {vetPassword}, "next": {"/vet/hours"}})
	if a.Header.Get("Location") != "/vet/hours" {
		t.Errorf("leads to %s", a.Header.Get("Location"))
	}
	b.get("/vet/login").ok(303)
	if got := b.form("/vet/logout", nil).ok(303).Header.Get("Location"); got != "/vet/login" {
		t.Errorf("logout leads to %s", got)
	}
	b.get("/vet").ok(303)
}

func TestPasswordIsTakenAsTyped(t *testing.T) {
	s := newSite(t)
	const spaced = "  two spaces around  "
	hash, err := HashPassword(spaced)
	if err != nil {
		t.Fatal(err)
	}
	s.store.vets[s.vet.ID].PasswordHash = hash
	s.browser().form("/vet/login", url.Values{"login": {"kim"}, "password": {spaced}}).ok(303)
	s.browser().tryLogin("kim", spaced).ok(200)
	s.browser().tryLogin("kim", strings.TrimSpace(spaced)).refused(401, "bad_credentials")
}

func TestVetDay(t *testing.T) {
	s := newSite(t)
	s.browser().booked("2026-11-30T03:20:00.000Z")
	s.browser().booked(tuesday9)
	page := s.signedIn("kim").get("/vet").ok(200).page()
	if n := page.Find(".patient").Length(); n != 2 {
		t.Errorf("%d patients", n)
	}
	if today := page.Find(`section[aria-labelledby="today"] .patient`); today.Length() != 1 || !strings.Contains(today.Text(), "Choco") {
		t.Errorf("today %q", today.Text())
	}
	if chosen := page.Find("[data-chosen]"); !strings.Contains(chosen.Text(), "010-1234-5678") || chosen.Find("[data-act]").Length() == 0 {
		t.Errorf("beside it %q", chosen.Text())
	}
}

func TestHoursByForm(t *testing.T) {
	s := newSite(t)
	s.browser().booked(tuesday9)
	b := s.signedIn("kim")
	form := url.Values{
		"time_zone": {"Asia/Seoul"}, "slot_minutes": {"30"}, "buffer_minutes": {"0"}, "notice_minutes": {"0"}, "horizon_days": {"14"},
		"cancel_cutoff_minutes": {"60"}, "mon.from": {"09:00", "13:00", ""}, "mon.to": {"12:00", "18:00", ""}, "tue.from": {""}, "tue.to": {""},
		"exception.date": {"2026-12-25", "2026-12-24", ""}, "exception.kind": {"closed", "open", "closed"},
		"exception.from": {"", "09:00", ""}, "exception.to": {"", "12:00", ""},
	}
	page := b.follow(b.form("/vet/hours", form)).page()
	if page.Find(".notice.good").Length() != 1 || page.Find(".notice.late li").Length() != 1 {
		t.Error("does not say that it was saved, and what is outside")
	}
	h := decoded[hoursJSON](b.get("/api/v1/vet/hours").ok(200))
	if h.SlotMinutes != 30 || len(h.Weekly) != 2 || h.Weekly[1].To.String() != "18:00" || len(h.Exceptions) != 2 || !h.Exceptions[0].Closed || h.Exceptions[1].From.String() != "09:00" {
		t.Errorf("hours %+v", h)
	}
	for field, odd := range map[string][]string{
		"slot_minutes": {"7"}, "horizon_days": {"many"}, "time_zone": {"Mars"}, "mon.from": {"9"}, "exception.date": {"2026-02-30"},
	} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		bad[field] = odd
		page := b.form("/vet/hours", bad).ok(422).page()
		if page.Find(".notice.wrong").Length() != 1 || page.Find(".field-error:not([hidden])").Length() == 0 || page.Find(`[name="`+field+`"][value="`+odd[0]+`"]`).Length() != 1 {
			t.Errorf("%s: the form did not come back as it was typed", field)
		}
	}
	bad := url.Values{"time_zone": {"Asia/Seoul"}, "slot_minutes": {"30"}, "mon.from": {"09:00"}, "mon.to": {"12:00"}, "wed.from": {"12:00"}, "wed.to": {"09:00"}}
	page = b.form("/vet/hours", bad).ok(422).page()
	if wrong := page.Find(".hours-day .field-error:not([hidden])"); wrong.Length() != 1 || wrong.Closest(".hours-day").Find(`[name="wed.from"]`).Length() == 0 {
		t.Error("the error is not at its day")
	}
	if again := decoded[hoursJSON](b.get("/api/v1/vet/hours").ok(200)); again.SlotMinutes != 30 {
		t.Errorf("a refused form changed %+v", again)
	}
}

func TestExpiredPages(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	r := b.booked(tuesday9)
	s.clock.move(2 * time.Hour)
	if page := b.get("/reservations").ok(200).page(); page.Find(".notice.late").Length() != 1 {
		t.Error("does not say that the session has expired")
	}
	for _, path := range []string{"/reservations/" + r.ID, "/reservations/" + r.ID + "/check", "/room?id=" + r.Room.ID} {
		if page := b.get(path).ok(404).page(); page.Find(`form[action="/reservations/lookup"]`).Length() != 1 {
			t.Errorf("%s does not say how to come back", path)
		}
	}
	if page := s.browser().get("/reservations").ok(200).page(); page.Find(".notice.late").Length() != 0 {
		t.Error("a first visit has nothing that expired")
	}
}

func TestLanguage(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.headers["Accept-Language"] = "en-GB,en;q=0.9"
	if a := b.get("/lang/ko?to=" + url.QueryEscape("/vets?q=a&online=true")).ok(303); a.Header.Get("Location") != "/vets?q=a&online=true" {
		t.Errorf("leads to %s", a.Header.Get("Location"))
	}
	if lang, _ := b.get("/").ok(200).page().Find("html").Attr("lang"); lang != "ko" {
		t.Errorf("the switch did not hold: %s", lang)
	}
}
