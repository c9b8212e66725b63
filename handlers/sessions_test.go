package handlers

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestSessionSlides(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.post("/api/v1/session", nil).refused(401, "no_session")
	r := b.booked(tuesday9)
	k := b.jar[ownerCookie]
	if !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.MaxAge != 3600 || k.Secure || k.Domain != "" {
		t.Errorf("cookie %+v", k)
	}
	if a := b.get("/api/v1/reservations").ok(200); len(a.Cookies()) != 0 {
		t.Error("a fresh cookie was renewed")
	}
	for range 5 { // used every 50 minutes it lives on
		s.clock.move(50 * time.Minute)
		b.get("/api/v1/reservations/" + r.ID).ok(200)
	}
	s.clock.move(50 * time.Minute)
	if a := b.post("/api/v1/session", nil).ok(204); len(a.Cookies()) != 1 || len(a.body) != 0 {
		t.Errorf("cookies %v, body %q", a.Cookies(), a.body)
	}
	s.clock.move(time.Hour)
	b.get("/api/v1/reservations/"+r.ID).refused(404, "not_found")
	b.post("/api/v1/session", nil).refused(401, "no_session")
	if all := decoded[reservationsJSON](b.get("/api/v1/reservations").ok(200)); len(all.Reservations) != 0 {
		t.Errorf("an expired cookie holds %+v", all)
	}
}

func TestForgedCookies(t *testing.T) {
	s := newSite(t)
	owner, vet := s.browser(), s.signedIn("kim")
	r := owner.booked(tuesday9)
	good, vetGood := owner.jar[ownerCookie].Value, vet.jar[vetCookie].Value
	other, err := NewSessions(SessionsConfig{Key: bytes.Repeat([]byte{8}, 32), Clock: s.clock, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	mine, _ := other.start(vetCookie, s.vet.ID)
	flip := func(v string, i int) string { return v[:i] + string(v[i]^1) + v[i+1:] }
	for name, k := range map[string][2]string{
		"empty":             {ownerCookie, ""},
		"no seal":           {ownerCookie, good[:strings.LastIndexByte(good, '.')]},
		"cut":               {ownerCookie, good[:len(good)-1]},
		"longer":            {ownerCookie, good + "A"},
		"another id":        {ownerCookie, flip(good, 3)},
		"another seal":      {ownerCookie, flip(good, len(good)-20)},
		"a vet's as owner":  {ownerCookie, vetGood},
		"owner's as vet":    {vetCookie, good},
		"of another key":    {vetCookie, other.cookie(mine, s.clock.Now()).Value},
		"another version":   {ownerCookie, s.h.Sessions.seals[ownerCookie].seal(strings.Replace(good, "1.", "2.", 1))},
		"sealed nonsense":   {ownerCookie, s.h.Sessions.seals[ownerCookie].seal("1.x.y.z.")},
		"a link's seal":     {ownerCookie, s.h.flash.seal(good)},
		"trailing base64":   {ownerCookie, good[:len(good)-1] + "~"},
		"sealed for nobody": {vetCookie, s.h.Sessions.seals[vetCookie].seal("1.id.0.9999999999999.")},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.browser()
			b.jar[k[0]] = &http.Cookie{Name: k[0], Value: k[1], Path: "/"}
			a := b.get("/api/v1/reservations/" + r.ID)
			a.t = t
			a.refused(404, "not_found")
			a = b.get("/api/v1/vet/me")
			a.t = t
			a.refused(401, "no_session")
		})
	}
}

func TestSecureCookies(t *testing.T) {
	s := newSite(t, func(c *Config) { c.BaseURL = "https://vet.example" })
	b := s.signedIn("kim")
	b.booked(tuesday9)
	for _, name := range []string{"__Host-vetroom_owner", "__Host-vetroom_vet"} {
		if k := b.jar[name]; k == nil || !k.Secure || k.Path != "/" || k.Domain != "" {
			t.Errorf("%s: %+v", name, k)
		}
	}
	b.get("/api/v1/vet/me").ok(200)
	plain := s.browser() // a cookie without the prefix could come from another host of the domain
	plain.jar[vetCookie] = &http.Cookie{Name: vetCookie, Value: b.jar["__Host-vetroom_vet"].Value, Path: "/"}
	plain.get("/api/v1/vet/me").refused(401, "no_session")
}

func TestIdentify(t *testing.T) {
	s := newSite(t)
	b := s.signedIn("kim")
	b.booked(tuesday9)
	r := httptest.NewRequest("GET", "/ws", nil)
	for _, k := range b.jar {
		r.AddCookie(k)
	}
	who := s.h.Sessions.Identify(r)
	if who.Session == "" || who.VetID != s.vet.ID || who.VetSession == "" {
		t.Errorf("who %+v", who)
	}
	s.store.setAway(true)
	if who := s.h.Sessions.Identify(r); who.Session == "" || who.VetID != "" || who.VetSession != "" {
		t.Errorf("while nobody can tell whether the session was ended: %+v", who)
	}
	if who := s.h.Sessions.Identify(httptest.NewRequest("GET", "/ws", nil)); who.Known() {
		t.Errorf("nobody is %+v", who)
	}
}

func TestShortKey(t *testing.T) {
	if _, err := NewSessions(SessionsConfig{Key: make([]byte, 31)}); err == nil {
		t.Error("took a short key")
	}
}

// TestANewPasswordEndsTheVetsSessions: those that the one before began, and no others.
func TestANewPasswordEndsTheVetsSessions(t *testing.T) {
	s := newSite(t)
	first, second, other := s.signedIn("kim"), s.signedIn("kim"), s.signedIn(s.addVet("lee", "Lee").Login)
	s.clock.move(30 * time.Minute)
	first.post("/api/v1/session", nil).ok(204) // renewed, it is still of the same password
	const better = "another long password"
	hash, err := HashPassword(better)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.h.Desk.SetPassword(t.Context(), s.vet.ID, hash); err != nil {
		t.Fatal(err)
	}
	for _, b := range []*browser{first, second} {
		b.get("/api/v1/vet/me").refused(401, "no_session")
		b.get("/vet").ok(303)
	}
	other.get("/api/v1/vet/me").ok(200)
	s.browser().tryLogin("kim", vetPassword).refused(401, "bad_credentials")
	back := s.browser()
	back.tryLogin("kim", better).ok(200)
	back.get("/api/v1/vet/me").ok(200)
}
