package handlers

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"vetroom/clinic"
)

// everyPath gives a path of each route with its methods.
func (s *testSite) everyPath() map[string][]string {
	paths := map[string][]string{}
	for _, r := range append(s.h.api(), s.h.pages()...) {
		path := strings.NewReplacer("{$}", "", "{id}", s.vet.ID, "{token}", "x", "{lang}", "ko").Replace(r.pattern)
		paths[path] = append(paths[path], r.method)
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/static/x", "/nowhere", "/api/v1/nowhere", "/ws"} {
		paths[path] = []string{"GET"}
	}
	return paths
}

func TestEveryAnswerIsSecured(t *testing.T) {
	for _, base := range []string{"http://vet.example", "https://vet.example"} {
		s := newSite(t, func(c *Config) { c.BaseURL = base })
		for path := range s.everyPath() {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
				h := s.browser().do(method, path, "", nil).Header
				for name, want := range map[string]string{
					"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
					"Permissions-Policy": "camera=(self), microphone=(self)",
				} {
					if h.Get(name) != want {
						t.Errorf("%s %s: %s is %q", method, path, name, h.Get(name))
					}
				}
				if !strings.Contains(policy, "frame-ancestors 'none'") {
					t.Error("may be framed")
				}
				if want := map[bool]string{true: "no-referrer", false: "same-origin"}[path == "/r/x" && (method == "GET" || method == "HEAD")]; h.Get("Referrer-Policy") != want {
					t.Errorf("%s %s: Referrer-Policy is %q", method, path, h.Get("Referrer-Policy"))
				}
				if got := h.Get("Strict-Transport-Security") != ""; got != strings.HasPrefix(base, "https") {
					t.Errorf("%s %s: HSTS is %v", method, path, got)
				}
				if path != "/ws" && !strings.HasPrefix(path, "/static") && !strings.Contains(h.Get("Cache-Control"), "no-store") {
					t.Errorf("%s %s: Cache-Control is %q", method, path, h.Get("Cache-Control"))
				}
			}
		}
	}
}

func TestMethods(t *testing.T) {
	s := newSite(t)
	for path, methods := range s.everyPath() {
		if path == "/ws" || path == "/static/x" || strings.Contains(path, "nowhere") {
			continue
		}
		if slices.Contains(methods, "GET") {
			methods = append(methods, "HEAD")
		}
		slices.Sort(methods)
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"} {
			a := s.browser().do(method, path, "", nil)
			known := slices.Contains(methods, method)
			if (a.StatusCode == http.StatusMethodNotAllowed) == known {
				t.Errorf("%s %s: status %d", method, path, a.StatusCode)
			}
			if !known && a.Header.Get("Allow") != strings.Join(methods, ", ") {
				t.Errorf("%s %s: Allow %q, want %v", method, path, a.Header.Get("Allow"), methods)
			}
		}
	}
	s.browser().send("DELETE", "/api/v1/vets", nil).refused(405, "method_not_allowed")
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	b := newSite(t).browser()
	for _, path := range []string{"/api/v1", "/api/v1/", "/api/v1/vets/", "/openapi"} {
		if a := b.get(path).ok(404); strings.HasPrefix(path, "/api/") {
			a.refused(404, "not_found")
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, test := range []struct {
		headers map[string]string
		refused bool
	}{
		{nil, false}, // no browser
		{map[string]string{"Origin": "http://vet.example"}, false},
		{map[string]string{"Origin": "http://vet.example", "Sec-Fetch-Site": "same-origin"}, false},
		{map[string]string{"Origin": "http://evil.example"}, true},
		{map[string]string{"Origin": "null"}, true},
		{map[string]string{"Origin": "http://vet.example.evil.example"}, true},
		{map[string]string{"Origin": "http://vet.example:81"}, true},
		{map[string]string{"Sec-Fetch-Site": "cross-site"}, true},
		{map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://other.vet.example"}, true},
	} {
		b.headers = test.headers
		a := b.post("/api/v1/vet/login", obj{"login": "nobody", "password": "x"})
		if test.refused {
			a.refused(403, "cross_origin")
			if got := b.form("/vet/login", nil).ok(403); got.page().Find("[data-status='403']").Length() != 1 {
				t.Errorf("%v: no page of its own", test.headers)
			}
		} else if a.StatusCode == 403 {
			t.Errorf("%v refused", test.headers)
		}
		s.clock.move(brakeWindow)
	}
	b.headers = map[string]string{"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
	for _, r := range append(s.h.api(), s.h.pages()...) { // every call that changes something
		path := strings.NewReplacer("{$}", "", "{id}", s.vet.ID, "{token}", "x", "{lang}", "ko").Replace(r.pattern)
		if a := b.send(r.method, path, nil); (r.method != "GET") != (a.StatusCode == 403) {
			t.Errorf("%s %s: status %d", r.method, path, a.StatusCode)
		}
	}
}

func TestSocketIsHandedOn(t *testing.T) {
	s := newSite(t)
	s.browser().get("/ws").ok(http.StatusTeapot)
	none := newSite(t, func(c *Config) { c.Socket = nil })
	none.browser().get("/ws").ok(404)
}

func TestHealthAndReadiness(t *testing.T) {
	checks := []Check{{Name: "database", OK: true}}
	s := newSite(t, func(c *Config) { c.Ready = func(context.Context) []Check { return checks } })
	b := s.browser()
	b.get("/healthz").ok(200)
	if a := b.get("/readyz").ok(200); string(a.body) != `{"ready":true,"checks":[{"name":"database","ok":true}]}`+"\n" {
		t.Errorf("ready: %s", a.body)
	}
	checks[0].OK, checks[0].Aside = false, true
	if a := b.get("/readyz").ok(200); string(a.body) != `{"ready":true,"checks":[{"name":"database","ok":false}]}`+"\n" {
		t.Errorf("ready without what it can do without: %s", a.body)
	}
	checks[0] = Check{Name: "database", OK: true}
	checks = append(checks, Check{Name: "broker", Detail: "no connection"})
	a := b.get("/readyz").ok(503)
	if string(a.body) != `{"ready":false,"checks":[{"name":"database","ok":true},{"name":"broker","ok":false,"detail":"no connection"}]}`+"\n" || a.Header.Get("Retry-After") == "" {
		t.Errorf("not ready: %s %v", a.body, a.Header)
	}
}

func TestStoreAway(t *testing.T) {
	s := newSite(t)
	owner, vet := s.browser(), s.signedIn("kim")
	r := owner.booked(tuesday9)
	s.store.setAway(true)
	for _, b := range []*browser{owner, vet} {
		for path, methods := range s.everyPath() {
			path = strings.Replace(path, "/reservations/"+s.vet.ID, "/reservations/"+r.ID, 1)
			for _, method := range methods {
				b := &browser{s: s, jar: b.jar, from: b.from}
				if a := b.send(method, path, nil); a.StatusCode >= 500 && (a.StatusCode != 503 || a.Header.Get("Retry-After") == "") {
					t.Errorf("%s %s: status %d", method, path, a.StatusCode)
				}
			}
		}
	}
	a := owner.get("/api/v1/reservations/" + r.ID)
	a.refused(503, "unavailable")
	owner.post("/api/v1/reservations", s.booking("2026-12-01T01:00:00.000Z")).refused(503, "unavailable")
	owner.get("/reservations/" + r.ID).ok(503)
	s.browser().get("/healthz").ok(200)
	s.store.setAway(false)
	owner.get("/api/v1/reservations/" + r.ID).ok(200)
}

func TestSlowStoreIsAway(t *testing.T) {
	s := newSite(t)
	for _, err := range []error{context.DeadlineExceeded, fmt.Errorf("ask: %w", context.DeadlineExceeded), context.Canceled, errAway} {
		if r := s.h.refusalOf(err); r.status != 503 || r.retry == 0 {
			t.Errorf("%v is %+v", err, r)
		}
	}
	if r := s.h.refusalOf(errors.New("odd")); r.status != 500 || r.Code != "internal" || strings.Contains(r.Detail, "odd") {
		t.Errorf("an unknown error is %+v", r)
	}
	if r := s.h.refusalOf(&clinic.Error{Code: "new"}); r.status != 500 {
		t.Errorf("an unknown refusal is %+v", r)
	}
}

func TestHungUpIsNoFailure(t *testing.T) {
	s := newSite(t)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	s.store.setAway(true) // what a store says of a question that nobody waits for
	for _, path := range []string{"/api/v1/vets/" + s.vet.ID, "/vets/" + s.vet.ID} {
		a := httptest.NewRecorder()
		s.h.ServeHTTP(a, httptest.NewRequestWithContext(gone, "GET", path, nil))
		if a.Code != statusHungUp || a.Body.Len() != 0 {
			t.Errorf("%s: %d, %s", path, a.Code, a.Body)
		}
	}
	if log := s.log.String(); strings.Contains(log, "a call failed") {
		t.Errorf("log %s", log)
	}
}

// panicking breaks down when it is asked for a vet.
type panicking struct{ clinic.Store }

func (panicking) Calendar(context.Context, string, func(*clinic.Vet) clinic.Span) (*clinic.Vet, []clinic.Span, error) {
	panic("Lee 010-1234-5678")
}

func TestPanic(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Desk.Store = panicking{c.Desk.Store} })
	b := s.browser()
	b.get("/api/v1/vets/"+s.vet.ID).refused(500, "internal")
	if a := b.get("/vets/" + s.vet.ID).ok(500); a.page().Find("[data-status='500']").Length() != 1 {
		t.Error("no page of its own")
	}
	if log := s.log.String(); strings.Contains(log, "010-1234") || !strings.Contains(log, "a call panicked") {
		t.Errorf("log %s", log)
	}
}

func TestPanicAmidAnAnswer(t *testing.T) {
	s := newSite(t, func(c *Config) {
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			panic("now")
		})
	})
	b := s.browser()
	b.from = "127.0.0.1:1"
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("half an answer was made to look whole")
		}
	}()
	b.get("/metrics")
}

func TestCompression(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, path := range []string{"/", "/api/v1/vets/" + s.vet.ID + "/slots"} {
		plain := b.get(path).ok(200)
		if plain.Header.Get("Content-Encoding") != "" || !slices.ContainsFunc(plain.Header.Values("Vary"), func(v string) bool { return strings.Contains(v, "Accept-Encoding") }) {
			t.Errorf("%s: %v", path, plain.Header)
		}
		for accept, want := range map[string]string{"gzip": "gzip", "br, gzip;q=0.5": "gzip", "gzip;q=0": "", "br": "", "x-gzip": ""} {
			packer := s.browser()
			packer.headers["Accept-Encoding"] = accept
			a := packer.get(path).ok(200)
			if a.Header.Get("Content-Encoding") != want {
				t.Errorf("%s for %q: %v", path, accept, a.Header)
			}
			if want == "" {
				continue
			}
			z, err := gzip.NewReader(strings.NewReader(string(a.body)))
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(z); err != nil || len(body) < packFrom || len(a.body) > len(body)/2 {
				t.Errorf("%s: %d bytes of %d, %v", path, len(a.body), len(body), err)
			}
		}
	}
	small := s.browser()
	small.headers["Accept-Encoding"] = "gzip"
	if a := small.get("/healthz").ok(200); a.Header.Get("Content-Encoding") != "" {
		t.Error("packed what fits into a packet")
	}
}

func TestLogAndMetricsKnowRoutesOnly(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	r := b.booked(tuesday9)
	b.get("/api/v1/reservations/" + r.ID + "?secret=hunter2").ok(200)
	b.get("/nowhere/at/all").ok(404)
	log := s.log.String()
	for _, secret := range []string{r.ID, "hunter2", "Lee", "01012345678", r.Number, "192.0.2.1"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
	if want := []string{"/api/v1/reservations", "/api/v1/reservations/{id}", "/"}; !slices.Equal(s.routes, want) {
		t.Errorf("observed %v, want %v", s.routes, want)
	}
}

func TestNewRefusesOddBases(t *testing.T) {
	for _, base := range []string{"", "vet.example", "ftp://vet.example", "https://vet.example/path", "https://", "https://vet.example?x"} {
		if _, err := New(Config{BaseURL: base}); err == nil {
			t.Errorf("took %q", base)
		}
	}
}
