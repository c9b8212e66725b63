package handlers

import (
	"context"
	"strings"
	"testing"
	"time"

	"vetroom/clinic"
)

// sendForm posts the form of /check, as a browser without scripts does.
func (b *browser) sendForm(pairs ...string) answer {
	b.s.t.Helper()
	return b.uploadTo("/check", pairs...)
}

func TestAPhotoByForm(t *testing.T) {
	s := photoSite(t)
	owner := s.browser()
	if n := owner.get("/check").ok(200).page().Find(`form[action="/check"]`).Length(); n != 1 {
		t.Errorf("%d forms", n)
	}
	a := owner.sendForm("photo", "photo of a dog", "body_part", "ear").ok(303)
	at := a.Header.Get("Location")
	page := owner.get(at).ok(200).page()
	id := strings.TrimPrefix(at, "/check/")
	if page.Find(`[data-screening="`+id+`"][data-state="queued"]`).Length() != 1 || page.Find("[data-note]").Length() != 1 {
		t.Errorf("%s: not the page of a photo that waits", at)
	}
	if _, err := s.h.Desk.FinishScreening(context.Background(), id, "baseline@1", []clinic.Finding{{Code: "A1", Score: 0.7}}); err != nil {
		t.Fatal(err)
	}
	done := owner.get(at).ok(200).page()
	if done.Find(`[data-state="done"] [data-finding="A1"]`).Length() != 1 || done.Find(".untrained").Length() != 1 || done.Find(`a[href="/urgent?screening=`+id+`"]`).Length() != 1 {
		t.Error("not the page of a result")
	}
	s.clock.move(time.Hour)
	for name, b := range map[string]*browser{"a stranger": s.browser(), "another vet": s.signedIn("kim"), "an hour later": owner} {
		if a := b.get(at).ok(404); a.page().Find(`[data-state="gone"]`).Length() != 1 || strings.Contains(string(a.body), id+"/photo") {
			t.Errorf("%s sees %s", name, a.body)
		}
	}
	if owner.get("/check/nonsense").ok(404).page().Find("[data-status]").Length() != 1 {
		t.Error("what is no id has another page")
	}
}

func TestARefusedPhotoComesBackToItsForm(t *testing.T) {
	s := photoSite(t)
	b := s.browser()
	b.headers["Accept-Language"] = "en"
	for _, c := range []struct {
		photo  string
		status int
		words  string
	}{
		{"heic photo", 415, "HEIC"}, {"GIF89a", 415, "JPEG, PNG or WebP"}, {"bomb", 422, "damaged"}, {"", 422, "take or choose a photo"},
		{strings.Repeat("photo ", maxPhoto/6+1), 413, "12 MB"},
	} {
		a := b.sendForm("photo", c.photo).ok(c.status)
		page := a.page()
		said := page.Find(".notice.wrong[autofocus], .field-error:not([hidden])").Text()
		if !strings.Contains(said, c.words) || page.Find(`form[action="/check"]`).Length() != 1 || page.Find(".switch a").AttrOr("href", "") != "/lang/ko?to=%2Fcheck" {
			t.Errorf("%.20q says %q", c.photo, said)
		}
	}
	b.do("POST", "/check", "application/x-www-form-urlencoded", []byte("photo=x")).ok(415)
	b.do("POST", "/check", "multipart/form-data; boundary=x", []byte("--x\r\ncut")).ok(400)
	for range 14 {
		b.sendForm("photo", "photo")
	}
	a := b.sendForm("photo", "photo").ok(429)
	if a.Header.Get("Retry-After") == "" || !strings.Contains(a.page().Find(".notice.wrong[autofocus]").Text(), "again in") {
		t.Errorf("a brake says %s", a.page().Find(".notice.wrong").Text())
	}
	if len(s.store.screenings) == 0 || len(b.jar) == 0 {
		t.Error("none of the photos was taken")
	}
}

func TestHospitalsPage(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, path := range []string{"/hospitals", "/hospitals?near=37.5665,126.9780", "/hospitals?q=x&urgent=true"} {
		if page := b.get(path).ok(200).page(); page.Find(".empty").Length() != 1 || page.Find(`input[name="q"]`).Length() != 0 {
			t.Errorf("%s with an empty register", path)
		}
	}
	all := []clinic.Hospital{
		{Name: "마포 동물병원", Address: "서울 마포구", Phone: "02-123-4567", Place: clinic.Place{Lat: 37.55, Lon: 126.91}},
		{Name: "부산 동물병원", Address: "부산 중구", Phone: "051-123-4567", Place: clinic.Place{Lat: 35.10, Lon: 129.03}},
	}
	if err := s.h.Desk.ReplaceHospitals(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/hospitals": "", "/hospitals?near=x&urgent=perhaps": "", "/hospitals?q=%00": "", "/hospitals?q=+": "",
		"/hospitals?near=35.1,129.0": "부산 동물병원 마포 동물병원", "/hospitals?near=37.5,126.9&q=%EB%B6%80%EC%82%B0": "마포 동물병원 부산 동물병원",
		"/hospitals?q=%EB%B6%80%EC%82%B0": "부산 동물병원", "/hospitals?q=nowhere": "",
	} {
		page := b.get(path).ok(200).page()
		var names []string
		for _, n := range page.Find(".hospital h2").EachIter() {
			names = append(names, n.Text())
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s lists %q, want %q", path, got, want)
		}
		if empty := page.Find(".empty").Length() == 1; empty != strings.HasSuffix(path, "nowhere") {
			t.Errorf("%s: is it empty: %v", path, empty)
		}
	}
}

func TestHomeCountsWhoIsThere(t *testing.T) {
	s := newSite(t)
	if n := s.browser().get("/").ok(200).page().Find(`a[href="/urgent"]`).Length(); n != 0 {
		t.Errorf("with nobody there %d ways lead to them", n)
	}
	s.signedIn("kim").send("PUT", "/api/v1/vet/online", obj{"online": true}).ok(200)
	s.clock.move(readinessFor)
	page := s.browser().get("/").ok(200).page()
	if page.Find(`a.danger[href="/urgent"]`).Length() != 1 || !strings.Contains(page.Find(".urgent .presence.on").Text(), "1") {
		t.Errorf("with one vet there it says %q", page.Find(".urgent").Text())
	}
}
