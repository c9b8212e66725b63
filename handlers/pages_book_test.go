package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"vetroom/clinic"
)

// submit sends a form as a browser without scripts does: its fields with what they hold, changed by what was typed, and
// the button that was pressed.
func (b *browser) submit(form *goquery.Selection, typed url.Values) answer {
	b.s.t.Helper()
	if form.Length() != 1 {
		b.s.t.Fatalf("%d forms", form.Length())
	}
	values := url.Values{}
	form.Find("input[name], textarea[name]").Each(func(_ int, c *goquery.Selection) {
		name, _ := c.Attr("name")
		kind, _ := c.Attr("type")
		_, checked := c.Attr("checked")
		if belongs, _ := c.Attr("form"); belongs != "" || (kind == "radio" || kind == "checkbox") && !checked {
			return
		}
		values.Add(name, c.AttrOr("value", c.Text()))
	})
	for name, v := range typed {
		values[name] = v
	}
	action, _ := form.Attr("action")
	if method, _ := form.Attr("method"); method == "get" {
		return b.get(action + "?" + values.Encode())
	}
	return b.form(action, values)
}

// TestBookingWithoutScripts is the whole way by links and forms: from the list by a vet's week through the red flags.
func TestBookingWithoutScripts(t *testing.T) {
	s := photoSite(t)
	b := s.browser()
	b.headers["Accept-Language"] = "en"
	photo := decoded[screeningJSON](b.upload("photo", "photo of a belly").ok(202)).ID

	list := b.get("/vets?near=37.5,127&screening=" + photo).ok(200).page()
	to, _ := list.Find(".vet h2 a").Attr("href")
	week := b.get(to).ok(200).page()
	flags := b.submit(week.Find("form[data-timetable]"), url.Values{"start": {tuesday9}}).ok(200).page()
	if flags.Find("button.sign").Length() != 6 || flags.Find(`.summary time[datetime="`+tuesday9+`"]`).Length() != 1 {
		t.Fatal("the red flags do not come first, with the time in sight")
	}
	form := b.submit(flags.Find("form.flags"), url.Values{"flags": {"none"}}).ok(200).page()
	if form.Find(`.photo img[src$="`+photo+`/photo"]`).Length() != 1 || form.Find(`.photo input[checked]`).Length() != 1 {
		t.Fatal("the photo did not come along")
	}
	filled := typed(tuesday9)
	filled.Del("idempotency_key")
	a := b.submit(form.Find("form[data-booking]"), filled)
	done := b.follow(a).page()
	if n := done.Find("[data-number]").Text(); n == "" || done.Find("#link").Length() != 1 || done.Find(`a[href$="calendar.ics"]`).Length() != 1 {
		t.Errorf("confirmed by number %q", n)
	}
	for _, v := range s.store.visits {
		if v.Reservation.ScreeningID != photo {
			t.Errorf("attached %q", v.Reservation.ScreeningID)
		}
	}
	if again := b.submit(form.Find("form[data-booking]"), filled).ok(303); again.Header.Get("Location") != a.Header.Get("Location") || len(s.store.visits) != 1 {
		t.Error("the same form sent twice booked twice")
	}
}

func TestARedFlagLeadsToHospitalsAndNoForm(t *testing.T) {
	s := newSite(t)
	s.store.hospitals = []clinic.Hospital{{Name: "Near", Phone: "02-1", Place: clinic.Place{Lat: 37.5, Lon: 127}}, {Name: "Far", Place: clinic.Place{Lat: 35, Lon: 129}}}
	path := "/vets/" + s.vet.ID + "/book?start=" + tuesday9
	for query, hospitals := range map[string]int{"&flags=seizure": 0, "&flags=seizure&near=37.5,127": 2, "&flags=belly&near=x": 0} {
		page := s.browser().get(path + query).ok(200).page()
		if page.Find(".go-now").Length() != 1 || page.Find("[data-booking], .sign").Length() != 0 || page.Find("[data-hospitals] > li").Length() != hospitals {
			t.Errorf("%s does not send to %d hospitals", query, hospitals)
		}
		if back, _ := page.Find(`.go-now section > p:last-child a`).Attr("href"); !strings.Contains(back, url.QueryEscape(tuesday9)) {
			t.Errorf("%s: back to %s", query, back)
		}
	}
	if page := s.browser().get(path + "&flags=nonsense").ok(200).page(); page.Find(".sign").Length() != 6 {
		t.Error("an answer that is none is not asked again")
	}
}

func TestATimeThatIsGoneOffersTheNearest(t *testing.T) {
	s := newSite(t)
	s.browser().booked(tuesday9)
	path := "/vets/" + s.vet.ID + "/book"
	offered := func(page *goquery.Document) (starts []string) {
		page.Find(`.nearest input[name="start"]`).Each(func(_ int, c *goquery.Selection) { starts = append(starts, c.AttrOr("value", "")) })
		return starts
	}
	fresh := s.browser().get(path + "?flags=none&start=" + tuesday9).ok(200).page()
	b := s.browser()
	form := typed(tuesday9)
	form.Set("flags", "none")
	again := b.form("/vets/"+s.vet.ID+"/book", form).ok(http.StatusConflict).page()
	for _, page := range []*goquery.Document{fresh, again} {
		starts := offered(page)
		if len(starts) != 4 || starts[0] != "2026-12-01T00:20:00.000Z" || starts[3] != "2026-12-01T01:20:00.000Z" {
			t.Errorf("offers %v", starts)
		}
	}
	a := b.submit(again.Find("form[data-booking]"), url.Values{"start": {"2026-12-01T00:20:00.000Z"}, "visit.area": {"skin"}})
	if done := b.follow(a).page(); done.Find("[data-number]").Length() != 1 {
		t.Error("one choice more did not book")
	}

	s.clock.set(monday.AddDate(0, 0, 1)) // Tuesday noon: the time has passed
	if starts := offered(s.browser().get(path + "?flags=none&start=" + tuesday9).ok(200).page()); len(starts) != 4 || starts[0] < "2026-12-01T03" {
		t.Errorf("of a time that is past offers %v", starts)
	}
	if starts := offered(s.browser().get(path + "?flags=none&start=2031-01-01T00:00:00.000Z").ok(200).page()); len(starts) != 4 {
		t.Errorf("of a time beyond the horizon offers %v", starts)
	}
}

func TestTheFirstVisitIsAskedForWhereThePermitWantsIt(t *testing.T) {
	s := newSite(t)
	page := s.browser().get("/vets/" + s.vet.ID + "/book?flags=none&start=" + tuesday9).ok(200).page()
	if prior, _ := page.Find("[data-prior]").Attr("data-prior"); prior != "eye" {
		t.Errorf("asked for %q", prior)
	}
	form := typed(tuesday9)
	form.Set("visit.area", "eye")
	again := s.browser().form("/vets/"+s.vet.ID+"/book", form).ok(422).page()
	if again.Find(`.actions a[href="/hospitals"]`).Length() != 1 || value(again, "start") != tuesday9 {
		t.Error("who may not be seen by video is not sent to a hospital")
	}
}

func TestAPhotoOfSomebodyElseIsNotShownNorSent(t *testing.T) {
	s := photoSite(t)
	photo := decoded[screeningJSON](s.browser().upload("photo", "photo of a belly").ok(202)).ID
	b := s.browser()
	if page := b.get("/vets/" + s.vet.ID + "/book?flags=none&start=" + tuesday9 + "&screening=" + photo).ok(200).page(); page.Find(".photo img[src]").Length() != 0 {
		t.Error("another's photo is shown")
	}
	form := typed(tuesday9)
	form.Set("screening_id", photo)
	b.form("/vets/"+s.vet.ID+"/book", form).ok(422)
	if len(s.store.visits) != 0 {
		t.Error("another's photo was attached")
	}
}

// TestAWeekIsDrawnByTheReadersClock: in New York the hours of a vet in Seoul lie in the evening of the day before.
func TestAWeekIsDrawnByTheReadersClock(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for zone, want := range map[string]string{
		"America/New_York": "19:00", "Asia/Seoul": "09:00", "Asia/Tokyo": "09:00", "../../etc/passwd": "09:00", "Local": "09:00", "%zz": "09:00",
	} {
		b.jar[zoneCookie] = &http.Cookie{Name: zoneCookie, Value: url.QueryEscape(zone), Path: "/"}
		if zone == "%zz" {
			b.jar[zoneCookie].Value = zone
		}
		page := b.get("/vets/" + s.vet.ID).ok(200).page()
		slot := page.Find(`time[datetime="` + tuesday9 + `"]`)
		if slot.Text() != want || page.Find(".day").Length() != 7 {
			t.Errorf("%s: %q of %d days", zone, slot.Text(), page.Find(".day").Length())
		}
		abroad := want != "09:00"
		if page.Find(".zone span").Length() == 1 != abroad {
			t.Errorf("%s: names both zones: %v", zone, !abroad)
		}
		later, _, _ := strings.Cut(page.Find(`a[rel="next"]`).AttrOr("href", ""), "#")
		next := b.get(later).ok(200).page()
		last, first := page.Find(".slot time").Last().AttrOr("datetime", ""), next.Find(".slot time").First().AttrOr("datetime", "")
		if last >= first || next.Find(".slot").Length() == 0 {
			t.Errorf("%s: the week ends at %s, the next begins at %s", zone, last, first)
		}
	}
}
