package screening

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/configs/configstest"
)

const goodAnswer = `{"model":"skin@2.1","findings":[{"code":"A2","label":"비듬","score":0.91},{"code":"A7","label":"","score":0}],"took_ms":12}`

// server is an AI server that answers what it is told to, one answer after the other, the last for ever. It is reached by
// pipes within a bubble, so that a try which waits for it ends by its time, and no other does.
type server struct {
	pipes   chan net.Conn
	over    chan struct{}
	mu      sync.Mutex // guards what follows
	answers []func(w http.ResponseWriter, r *http.Request)
	came    []time.Time
	sent    []string // "photo of N bytes, image/jpeg, back"
}

func answer(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// hang never answers, and sees to it that the client gives up.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// breakOff ends the connection in the middle of an answer.
func breakOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	io.WriteString(w, `{"model":`)
	panic(http.ErrAbortHandler)
}

func newServer(t *testing.T, answers ...func(http.ResponseWriter, *http.Request)) *server {
	t.Helper()
	s := &server{answers: answers, pipes: make(chan net.Conn), over: make(chan struct{})}
	web := &http.Server{Handler: http.HandlerFunc(s.serve), ErrorLog: log.New(io.Discard, "", 0)}
	go web.Serve(s)
	t.Cleanup(func() { web.Close() })
	return s
}

// Accept implements net.Listener.
func (s *server) Accept() (net.Conn, error) {
	select {
	case conn := <-s.pipes:
		return conn, nil
	case <-s.over:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (s *server) Close() error {
	close(s.over)
	return nil
}

// Addr implements net.Listener.
func (s *server) Addr() net.Addr { return &net.UnixAddr{Name: "ai"} }

// dial is a client's way to the server.
func (s *server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case s.pipes <- far:
		return near, nil
	case <-s.over:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// reach makes a client of the server.
func (s *server) reach(t *testing.T, cfg AIConfig) *AI {
	t.Helper()
	cfg.URL = "http://ai.example/look"
	a := NewAI(cfg)
	a.client.Transport.(*http.Transport).DialContext = s.dial
	t.Cleanup(a.client.CloseIdleConnections)
	return a
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	file, head, err := r.FormFile("photo")
	said := fmt.Sprint(err)
	if err == nil {
		body, _ := io.ReadAll(file)
		said = fmt.Sprintf("%s of %d bytes, %s, %s", head.Filename, len(body), head.Header.Get("Content-Type"), r.FormValue("body_part"))
	}
	s.mu.Lock()
	s.came, s.sent = append(s.came, time.Now()), append(s.sent, said)
	do := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	s.mu.Unlock()
	do(w, r)
}

func (s *server) tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.came)
}

func TestAI(t *testing.T) {
	for name, test := range map[string]struct {
		answers []func(http.ResponseWriter, *http.Request)
		want    error
		tries   int
	}{
		"at once":          {[]func(http.ResponseWriter, *http.Request){answer(200, goodAnswer)}, nil, 1},
		"at the third try": {[]func(http.ResponseWriter, *http.Request){answer(500, ""), answer(503, "busy"), answer(200, goodAnswer)}, nil, 3},
		"after a hang":     {[]func(http.ResponseWriter, *http.Request){hang, answer(200, goodAnswer)}, nil, 2},
		"after a break":    {[]func(http.ResponseWriter, *http.Request){breakOff, answer(200, goodAnswer)}, nil, 2},
		"never":            {[]func(http.ResponseWriter, *http.Request){answer(500, goodAnswer)}, ErrUnavailable, 3},
		"hangs for ever":   {[]func(http.ResponseWriter, *http.Request){hang}, ErrUnavailable, 3},
		"refuses":          {[]func(http.ResponseWriter, *http.Request){answer(400, "no")}, ErrRefused, 1},
		"sends on": {[]func(http.ResponseWriter, *http.Request){func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}}, ErrRefused, 1},
		"garbage":             {[]func(http.ResponseWriter, *http.Request){answer(200, "<html>")}, ErrInvalidResult, 1},
		"garbage after a 500": {[]func(http.ResponseWriter, *http.Request){answer(502, ""), answer(200, "[]")}, ErrInvalidResult, 2},
	} {
		inBubble(t, func(t *testing.T) {
			s := newServer(t, test.answers...)
			r, err := s.reach(t, AIConfig{}).Look(t.Context(), []byte("a photo"), "등")
			if !errors.Is(err, test.want) || test.want == nil && err != nil {
				t.Errorf("%s: %v, want %v", name, err, test.want)
			}
			if s.tries() != test.tries {
				t.Errorf("%s: %d tries, want %d", name, s.tries(), test.tries)
			}
			if test.want == nil && (r.Model != "skin@2.1" || len(r.Findings) != 2 || r.Findings[0] != (clinic.Finding{Code: "A2", Score: 0.91})) {
				t.Errorf("%s: %+v", name, r)
			}
			for _, said := range s.sent {
				if said != "photo.jpg of 7 bytes, image/jpeg, 등" {
					t.Errorf("%s: it was sent %q", name, said)
				}
			}
		})
	}
}

func TestAIRefusedConnection(t *testing.T) {
	a := NewAI(AIConfig{
		URL: "http://someone:secret@" + configstest.FreeAddr(t) + "/path?key=secret", Pauses: []time.Duration{time.Millisecond, 2 * time.Millisecond},
	})
	_, err := a.Look(t.Context(), []byte("a photo"), "")
	if !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "secret") {
		t.Errorf("a refused connection: %v", err)
	}
	if n := a.Stats().Unreachable; n != 3 {
		t.Errorf("%d tries", n)
	}
}

// TestAIDefaults holds the figures of contract §2: three tries of 30 s each, the second within 2 s.
func TestAIDefaults(t *testing.T) {
	c := AIConfig{}.withDefaults()
	if c.Timeout != 30*time.Second || len(c.Pauses) != 2 || c.Pauses[0] > 2*time.Second {
		t.Errorf("the defaults are %+v", c)
	}
}

func TestAIBreaker(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newServer(t, answer(500, ""))
		a := s.reach(t, AIConfig{})
		for range 3 {
			if _, err := a.Look(t.Context(), []byte("a photo"), ""); !errors.Is(err, ErrUnavailable) {
				t.Fatal(err)
			}
		}
		if a.Breaker() != "open" {
			t.Fatalf("after three photos it is %s", a.Breaker())
		}
		before := s.tries()
		s.mu.Lock()
		s.answers = []func(http.ResponseWriter, *http.Request){answer(200, goodAnswer)}
		s.mu.Unlock()
		wait(a.cfg.RestFor)
		if _, err := a.Look(t.Context(), []byte("a photo"), ""); !errors.Is(err, ErrOpen) || s.tries() != before {
			t.Errorf("while it is open: %v, %d tries more", err, s.tries()-before)
		}
		wait(time.Millisecond)
		if _, err := a.Look(t.Context(), []byte("a photo"), ""); err != nil || a.Breaker() != "closed" {
			t.Errorf("when the server is back: %v, %s", err, a.Breaker())
		}
	})
}

// TestAIBreakerIsForOutages: answers that make no sense, refusals and a worker that ends do not open it.
func TestAIBreakerIsForOutages(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newServer(t, answer(200, "garbage"), answer(200, "garbage"), answer(400, ""), answer(400, ""), hang)
		a := s.reach(t, AIConfig{TripAfter: 1})
		for range 4 {
			a.Look(t.Context(), []byte("a photo"), "")
		}
		ending, end := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, end)
		if _, err := a.Look(ending, []byte("a photo"), ""); !errors.Is(err, context.Canceled) {
			t.Errorf("a worker that ends: %v", err)
		}
		if a.Breaker() != "closed" {
			t.Errorf("it is %s", a.Breaker())
		}
	})
}

func TestParseResult(t *testing.T) {
	for _, good := range []string{
		goodAnswer, `{"model":"m@1","findings":[]}`, `{"model":"org/net-v1.5@2026-01+cuda","findings":[{"code":"A6","score":1}]}`,
	} {
		if _, err := parseResult([]byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	finding := func(f string) string { return `{"model":"m@1","findings":[` + f + `]}` }
	for _, bad := range []string{
		``, `null`, `{}`, `{"findings":[]}`, `{"model":"m@1"}`, `{"model":"m@1","findings":null}`, `{"model":"m","findings":[]}`,
		`{"model":"<b>m</b>@1","findings":[]}`, `{"model":"the owner is Kim @1","findings":[]}`, `{"model":"` + strings.Repeat("m", 200) + `@1","findings":[]}`,
		finding(`{"code":"A8","score":0.5}`), finding(`{"code":"a1","score":0.5}`), finding(`{"score":0.5}`), finding(`{"code":"A1"}`),
		finding(`{"code":"A1","score":1.01}`), finding(`{"code":"A1","score":-0.1}`), finding(`{"code":"A1","score":"high"}`),
		finding(`{"code":"A1","score":NaN}`), finding(`{"code":"A1","score":1e999}`), finding(`{"code":"A1","score":0.5},{"code":"A1","score":0.4}`),
		finding(`{"code":"A1","score":0.5,"label":"` + strings.Repeat("x", 300) + `"}`), "{\"model\":\"m@1\",\"findings\":[],\"x\":\"\xff\"}",
		`{"model":"m@1","findings":[],"x":"` + strings.Repeat("x", maxAnswer) + `"}`,
	} {
		if r, err := parseResult([]byte(bad)); !errors.Is(err, ErrInvalidResult) {
			t.Errorf("%.120s: %+v, %v", bad, r, err)
		}
	}
}
