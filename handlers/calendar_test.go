package handlers

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/google/uuid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// numbered makes the ids and numbers of a test site always the same.
func numbered(c *Config) {
	n := byte(0)
	c.Desk.NewID = func() string {
		n++
		return uuid.UUID{0x01, 0x9a, 0xd2, 0xa4, 0, 0, 0x70, 0, 0x80, 15: n}.String()
	}
	c.Desk.Random = zeros{}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestCalendar(t *testing.T) {
	s := newSite(t, numbered)
	b := s.browser()
	r := b.booked(tuesday9)
	path := "/api/v1/reservations/" + r.ID
	a := b.get(path + "/calendar.ics").ok(200)
	if got := a.Header.Get("Content-Type"); got != "text/calendar; charset=utf-8; method=PUBLISH" {
		t.Errorf("Content-Type %q", got)
	}
	if got := a.Header.Get("Content-Disposition"); got != `attachment; filename="vetroom-`+r.Number+`.ics"` {
		t.Errorf("Content-Disposition %q", got)
	}
	golden(t, "booked.ics", a.body)

	s.clock.move(time.Second)
	b.post(path+"/reschedule", obj{"start": "2026-12-01T05:00:00.000Z"}).ok(200)
	golden(t, "moved.ics", b.get(path+"/calendar.ics").ok(200).body)

	s.clock.move(time.Second)
	b.post(path+"/cancel", nil).ok(200)
	a = b.get(path + "/calendar.ics").ok(200)
	if got := a.Header.Get("Content-Type"); got != "text/calendar; charset=utf-8; method=CANCEL" {
		t.Errorf("Content-Type %q", got)
	}
	golden(t, "cancelled.ics", a.body)
	if strings.Contains(string(a.body), "/r/") {
		t.Error("the calendar holds a capability link")
	}
}

// golden compares with a kept file, by RFC 5545's own rules for lines too.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is\n%s", name, got)
	}
	for _, line := range strings.Split(strings.TrimSuffix(string(got), "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("%s: line of %d bytes %q", name, len(line), line)
		}
	}
	cal, err := ics.ParseCalendar(strings.NewReader(string(got)))
	if err != nil || len(cal.Events()) != 1 {
		t.Errorf("%s: parsed as %v, %v", name, cal, err)
	}
}

func TestCalendarSpeaksTheOwnersLanguage(t *testing.T) {
	s := newSite(t)
	body := s.booking(tuesday9)
	body["owner"] = obj{"name": "Lee", "phone": "010-1234-5678", "locale": "en"}
	b := s.browser()
	r := decoded[reservationJSON](b.post("/api/v1/reservations", body).ok(201))
	if a := b.get("/api/v1/reservations/" + r.ID + "/calendar.ics").ok(200); !strings.Contains(string(a.body), "SUMMARY:Video visit with Kim\r\n") {
		t.Errorf("calendar %s", a.body)
	}
}

func TestCalendarCannotBeBrokenByAName(t *testing.T) {
	s := newSite(t)
	s.store.vets[s.vet.ID].Name = "Kim;\r\nBEGIN:VEVENT\r\nX:\"1\",^n"
	b := s.browser()
	r := b.booked(tuesday9)
	a := b.get("/api/v1/reservations/" + r.ID + "/calendar.ics").ok(200)
	if n := strings.Count("\n"+strings.ReplaceAll(string(a.body), "\r\n ", ""), "\nBEGIN:VEVENT"); n != 1 {
		t.Errorf("%d events in %s", n, a.body)
	}
}
