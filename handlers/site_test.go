package handlers

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"vetroom/clinic"
	"vetroom/web"
)

// monday is 2026-11-30 12:00 in Seoul, a Monday.
var monday = time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)

// manualClock stands still until it is moved.
type manualClock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func (c *manualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *manualClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *manualClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// testSite is a whole site over a store in memory, and its clock.
type testSite struct {
	t     *testing.T
	clock *manualClock
	store *memory
	h     *Handler
	vet   *clinic.Vet
	log   *bytes.Buffer
	base  string

	mu     sync.Mutex // guards all below
	closed []string   // "session vet" of closed sockets
	routes []string   // observed
}

const vetPassword = "correct horse battery"

// vetHash is made once: it is slow on purpose.
var vetHash = sync.OnceValue(func() string {
	hash, err := HashPassword(vetPassword)
	if err != nil {
		panic(err)
	}
	return hash
})

func newSite(t *testing.T, change ...func(*Config)) *testSite {
	t.Helper()
	s := &testSite{t: t, clock: &manualClock{now: monday}, log: &bytes.Buffer{}, base: "http://vet.example"}
	s.store = newMemory(s.clock)
	site, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	desk := &clinic.Desk{
		Store: s.store, Clock: s.clock, Permits: clinic.PermitsEnforced, Random: rand.Reader,
		NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
	}
	c := Config{
		Desk: desk, Web: site, Clock: s.clock, Random: rand.Reader, BaseURL: s.base, Version: "test", OpsToken: "ops-secret",
		Log:            slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Metrics:        http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "up 1\n") }),
		Socket:         http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }),
		Unavailable:    func(err error) bool { return errors.Is(err, errAway) },
		CloseSockets:   func(_ context.Context, session, vetID string) { s.note(&s.closed, session+" "+vetID) },
		Observe:        func(route string, _ int, _ time.Duration) { s.note(&s.routes, route) },
	}
	for _, f := range change {
		f(&c)
	}
	s.base = c.BaseURL
	c.Sessions, err = NewSessions(SessionsConfig{
		Key: bytes.Repeat([]byte{7}, 32), Secure: strings.HasPrefix(c.BaseURL, "https:"), Clock: s.clock, Random: rand.Reader, Revoked: s.store,
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.h, err = New(c); err != nil {
		t.Fatal(err)
	}
	s.vet = s.addVet("kim", "Kim")
	return s
}

func (s *testSite) note(list *[]string, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*list = append(*list, line)
}

// addVet registers a vet in Seoul, weekdays 09:00-18:00, permitted for skin always and for eyes as a follow-up.
func (s *testSite) addVet(login, name string) *clinic.Vet {
	s.t.Helper()
	zone, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		s.t.Fatal(err)
	}
	hours, lat, lon := clinic.DefaultHours(), 37.55, 126.91
	for day := time.Monday; day <= time.Friday; day++ {
		hours.Weekly = append(hours.Weekly, clinic.Window{Day: clinic.Day(day), From: 9 * 60, To: 18 * 60})
	}
	permit := clinic.Permit{
		Number: "P-1", Areas: []clinic.Area{clinic.AreaSkin}, ValidFrom: clinic.Date{Year: 2026, Month: 1, Day: 1},
		ValidUntil: clinic.Date{Year: 2027, Month: 12, Day: 31},
	}
	eye := permit
	eye.Number, eye.Areas, eye.FollowUpOnly = "P-2", []clinic.Area{clinic.AreaEye}, true
	vets, err := s.h.Desk.AddVets(context.Background(), []clinic.NewVet{{
		Login: login, PasswordHash: vetHash(), Zone: zone, Hours: hours, Permits: []clinic.Permit{permit, eye},
		Profile: clinic.Profile{Name: name, Location: "서울 마포구", Lat: &lat, Lon: &lon, Languages: []string{"ko"}},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	return vets[0]
}

// browser keeps cookies and comes from one address.
type browser struct {
	s       *testSite
	jar     map[string]*http.Cookie
	from    string
	headers map[string]string
}

func (s *testSite) browser() *browser {
	return &browser{s: s, jar: map[string]*http.Cookie{}, from: "192.0.2.1:4000", headers: map[string]string{}}
}

// answer is what came back.
type answer struct {
	*http.Response
	t    *testing.T
	body []byte
}

func (b *browser) do(method, path, contentType string, body []byte) answer {
	b.s.t.Helper()
	r := httptest.NewRequest(method, b.s.base+path, bytes.NewReader(body))
	r.RemoteAddr = b.from
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for name, value := range b.headers {
		r.Header.Set(name, value)
	}
	for _, k := range b.jar {
		if strings.HasPrefix(r.URL.Path, k.Path) {
			r.AddCookie(k)
		}
	}
	w := httptest.NewRecorder()
	b.s.h.ServeHTTP(w, r)
	res := w.Result()
	for _, k := range res.Cookies() {
		if b.jar[k.Name] = k; k.MaxAge < 0 {
			delete(b.jar, k.Name)
		}
	}
	a := answer{res, b.s.t, w.Body.Bytes()}
	theOpenAPI().holds(b.s.t, b.s, r, body, a)
	return a
}

func (b *browser) get(path string) answer { b.s.t.Helper(); return b.do("GET", path, "", nil) }

// send sends v as JSON; nil sends no body.
func (b *browser) send(method, path string, v any) answer {
	b.s.t.Helper()
	if v == nil {
		return b.do(method, path, "", nil)
	}
	body, err := json.Marshal(v)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return b.do(method, path, "application/json", body)
}

func (b *browser) post(path string, v any) answer { b.s.t.Helper(); return b.send("POST", path, v) }

func (b *browser) form(path string, v url.Values) answer {
	b.s.t.Helper()
	return b.do("POST", path, "application/x-www-form-urlencoded", []byte(v.Encode()))
}

// ok fails the test unless the answer has this status.
func (a answer) ok(status int) answer {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Fatalf("status %d, want %d: %s", a.StatusCode, status, a.body)
	}
	return a
}

// refused fails the test unless the answer is this problem, and gives it.
func (a answer) refused(status int, code string) problem {
	a.t.Helper()
	a.ok(status)
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		a.t.Fatalf("no problem: %v: %s", err, a.body)
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Errorf("content type %q", got)
	}
	if string(p.Code) != code || p.Status != status || p.Title == "" || p.Type == "" || p.Detail == "" {
		a.t.Fatalf("problem %+v, want code %q", p, code)
	}
	return p
}

// at fails the test unless the problem names the field.
func (p problem) at(t *testing.T, field string) {
	t.Helper()
	for _, e := range p.Errors {
		if e.Field == field {
			return
		}
	}
	t.Errorf("no error at %q in %+v", field, p.Errors)
}

// object is the answer as JSON.
func (a answer) object() map[string]any {
	a.t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

func decoded[T any](a answer) T {
	a.t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

func (a answer) page() *goquery.Document {
	a.t.Helper()
	d, err := goquery.NewDocumentFromReader(bytes.NewReader(a.body))
	if err != nil {
		a.t.Fatal(err)
	}
	return d
}

// obj is a JSON object.
type obj = map[string]any

// booking is a body that books the slot at start (Tuesday 09:00 in Seoul by default).
func (s *testSite) booking(start string) obj {
	return obj{
		"vet_id": s.vet.ID, "start": start,
		"owner":    obj{"name": "Lee", "phone": "010-1234-5678", "email": "lee@example.org"},
		"pet":      obj{"name": "Choco", "breed": "poodle", "birth_year": 2019, "weight_kg": 4.5},
		"visit":    obj{"area": "skin", "prior_visit_on": "2026-10-02"},
		"symptoms": "scratches",
	}
}

const tuesday9 = "2026-12-01T00:00:00.000Z"

// booked books and gives the reservation.
func (b *browser) booked(start string) reservationJSON {
	b.s.t.Helper()
	return decoded[reservationJSON](b.post("/api/v1/reservations", b.s.booking(start)).ok(201))
}

// signedIn is a browser in which the vet signed in.
func (s *testSite) signedIn(login string) *browser {
	s.t.Helper()
	b := s.browser()
	b.post("/api/v1/vet/login", obj{"login": login, "password": vetPassword}).ok(200)
	return b
}

// call makes a call as the funnel does, without sending it through.
func (s *testSite) call(method, path string, body io.Reader) *call {
	r := httptest.NewRequest(method, s.base+path, body)
	r.RemoteAddr = "192.0.2.1:4000"
	return s.h.newCall(httptest.NewRecorder(), r)
}
