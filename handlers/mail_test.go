package handlers

import (
	"io"
	"net/http"
	"testing"
)

func TestDevMailIsForThisMachine(t *testing.T) {
	box := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"mails":[]}`) })
	s := newSite(t, func(c *Config) { c.DevMail, c.BaseURL = box, "http://127.0.0.1:8080" })
	b := s.browser()
	b.get("/dev/mail").refused(403, "forbidden")
	b.from = "127.0.0.1:4000"
	if a := b.get("/dev/mail").ok(200); string(a.body) != `{"mails":[]}` {
		t.Errorf("got %s", a.body)
	}
	b.headers["X-Forwarded-For"] = "192.0.2.1" // somebody else, through a proxy here
	b.get("/dev/mail").refused(403, "forbidden")
	delete(b.headers, "X-Forwarded-For")
	b.post("/dev/mail", nil).refused(405, "method_not_allowed")
	s.base = "http://elsewhere.example" // a name that was made to point here
	b.get("/dev/mail").refused(403, "forbidden")
	none := newSite(t).browser()
	none.from = "127.0.0.1:4000"
	none.get("/dev/mail").refused(404, "not_found")
}
