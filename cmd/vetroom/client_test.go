package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// wireTime is how times stand on the wire.
const wireTime = "2006-01-02T15:04:05.000Z"

// browser is somebody who talks to a running vetroom over HTTP: an owner or a vet, with cookies of their own.
type browser struct {
	t    testing.TB
	base string
	http *http.Client
}

func newBrowser(t testing.TB, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, base: base, http: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

// object is a decoded JSON object.
type object map[string]any

// at gives what lies at a path like "room.opens_at", as text; "" where there is nothing.
func (o object) at(path string) string {
	var v any = map[string]any(o)
	for key := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[key]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (o object) time(t testing.TB, path string) time.Time {
	t.Helper()
	v, err := time.Parse(wireTime, o.at(path))
	if err != nil {
		t.Fatalf("%s: %v in %v", path, err, o)
	}
	return v
}

// call sends a request and gives the status and the decoded answer. It does as it is told where a server that a busy
// machine held up for too long says to try again.
func (b *browser) call(method, path string, body any, header ...string) (status int, got object) {
	b.t.Helper()
	eventually(b.t, 0, method+" "+path+" is answered", func() (err error) {
		if status, _, got, err = b.try(method, path, body, header...); err != nil {
			b.t.Fatal(err)
		}
		if status == http.StatusServiceUnavailable && got.at("code") == "unavailable" {
			return fmt.Errorf("%v", got)
		}
		return nil
	})
	return status, got
}

// try is call for servers that may be away.
func (b *browser) try(method, path string, body any, header ...string) (int, http.Header, object, error) {
	b.t.Helper()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, in)
	if err != nil {
		b.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.http.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, nil, err
	}
	got := object{}
	if strings.Contains(res.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &got); err != nil {
			return 0, nil, nil, fmt.Errorf("%s %s: %w in %s", method, path, err, text)
		}
	}
	return res.StatusCode, res.Header, got, nil
}

// want is call for a status that must come.
func (b *browser) want(status int, method, path string, body any, header ...string) object {
	b.t.Helper()
	got, answer := b.call(method, path, body, header...)
	if got != status {
		b.t.Fatalf("%s %s: %d, want %d: %v", method, path, got, status, answer)
	}
	return answer
}

// cookieHeader gives the cookies that the browser would send, for a socket.
func (b *browser) cookieHeader() http.Header {
	u, err := url.Parse(b.base)
	if err != nil {
		b.t.Fatal(err)
	}
	h := http.Header{"Origin": {b.base}}
	for _, c := range b.http.Jar.Cookies(u) {
		h.Add("Cookie", c.String())
	}
	return h
}

const testPassword = "correct horse battery"

// addVet registers a vet who may see skin for a year, by command, and signs in.
func addVet(t testing.TB, p *process, dir string, settings []string, login string) *browser {
	t.Helper()
	today := time.Now()
	runCommand(t, dir, settings, testPassword+"\n", "vet", "add", "--login", login, "--name", "하늘 수의사", "--password-stdin",
		"--permit", "P-"+login, "--areas", "skin,eye", "--from", today.AddDate(0, -1, 0).Format(time.DateOnly),
		"--until", today.AddDate(1, 0, 0).Format(time.DateOnly), "--hours", "mon-sun=00:00-24:00", "--slot", "20")
	return signIn(t, p, login)
}

func signIn(t testing.TB, p *process, login string) *browser {
	t.Helper()
	vet := newBrowser(t, p.url)
	vet.want(200, "POST", "/api/v1/vet/login", object{"login": login, "password": testPassword})
	return vet
}

func someone() object {
	return object{"name": "보호자", "phone": "010-1234-5678"}
}

// followUp lets the vet book a visit that starts soon, and gives it with its link.
func followUp(vet *browser, start time.Time, minutes int) object {
	vet.t.Helper()
	return vet.want(201, "POST", "/api/v1/vet/reservations", object{
		"start": start.UTC().Format(wireTime), "minutes": minutes, "owner": someone(),
		"pet": object{"name": "초코"}, "visit": object{"area": "skin"},
	})
}

// ownerOf opens a reservation's link in a browser of its own.
func ownerOf(vet *browser, reservation object) *browser {
	vet.t.Helper()
	owner := newBrowser(vet.t, vet.base)
	link, err := url.Parse(reservation.at("link"))
	if err != nil || link.Path == "" {
		vet.t.Fatalf("no link in %v", reservation)
	}
	owner.want(200, "GET", link.Path, nil)
	return owner
}
