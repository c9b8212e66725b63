// Package handlers is the HTTP side of the clinic: the JSON API, the pages and their forms.
//
// Every call goes through one funnel, in this order:
//
//	client ─▶ headers ─▶ route ─▶ method ─▶ origin ─▶ who ─▶ endpoint ─▶ answer
//	           all        404      405       403      401    decode, one call
//	                                                          into the Desk, encode
//
// An endpoint has three breaths: it reads its input, calls the [clinic.Desk] once, and gives an answer or an error.
// One table (problems.go) makes of an error its status, its problem document, or its page. An answer is whole in
// memory before its first byte is sent.
//
// What is wrong with a request's form is 400 malformed: no JSON, or a value of another type. What is wrong with its
// content is 422 invalid: a key that is not known, one that is missing, a value that cannot be.
package handlers

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"vetroom/clinic"
	"vetroom/web"
)

// Config is what the handlers need. Fields without a default must be set.
type Config struct {
	Desk     *clinic.Desk
	Web      *web.Web
	Sessions *Sessions
	Clock    clinic.Clock
	Random   io.Reader // cryptographic
	Log      *slog.Logger

	BaseURL        string         // public URL of the site, without a path: "https://vet.example.org"
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Version        string         // told by /healthz
	OpsToken       string         // bearer token for /metrics; empty: loopback only
	OpsOnly        bool           // no pages and no API, as in a process that only schedules

	Pictures Pictures // of vets, GET /img/{name}; nil: 404
	Intake   Intake   // of photos of skin

	AsyncAPI map[string]any // what GET /asyncapi.json says; nil: 404

	Socket  http.Handler                                       // GET /ws; nil: 404
	Metrics http.Handler                                       // GET /metrics; nil: 404
	DevMail http.Handler                                       // GET /dev/mail, for this machine only; nil: 404
	Ready   func(ctx context.Context) []Check                  // what /readyz asks
	Observe func(route string, status int, took time.Duration) // one answered call, by route pattern; may be nil

	// CloseSockets ends the sockets of a vet's session, on all processes; may be nil.
	CloseSockets func(ctx context.Context, session, vetID string)
	// Unavailable tells that an error means "the store is away or too busy": 503. May be nil.
	Unavailable func(error) bool
	// Timeout bounds one call; a call that takes longer is answered 503. Default 5 s.
	Timeout time.Duration
}

// Check is one thing that a ready process needs.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // why not; safe to publish
	Aside  bool   `json:"-"`                // it is told of; without it the process does its work all the same
}

// Handler answers HTTP. It is safe for concurrent use.
type Handler struct {
	Config
	base      *url.URL
	guard     *http.CrossOriginProtection
	mux       *http.ServeMux
	brakes    *brakes
	upload    *berths
	download  *berths
	doors     *passwords
	flash     sealer
	ready     readinessCache
	documents map[string]*published // by path
	log       *slog.Logger
}

// New makes the handler of a whole site. It fails on a BaseURL that is none.
func New(c Config) (*Handler, error) {
	base, err := parseBase(c.BaseURL)
	if err != nil {
		return nil, err
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	h := &Handler{Config: c, base: base, guard: http.NewCrossOriginProtection(), log: c.Log}
	if err := h.guard.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
		return nil, fmt.Errorf("trust the site's own origin: %w", err)
	}
	if h.doors, err = newPasswords(); err != nil {
		return nil, err
	}
	h.brakes = newBrakes(c.Clock)
	h.upload, h.download = newBerths(maxUploads, maxOfOne), newBerths(maxShown, maxShownTo)
	h.flash = c.Sessions.flash
	if err := h.describe(); err != nil {
		return nil, err
	}
	h.mux = h.routes()
	return h, nil
}

func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(s, "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Path != "" || u.RawQuery != "" {
		return nil, fmt.Errorf("%q is not a site's URL like https://vet.example.org", s)
	}
	return u, nil
}

// ServeHTTP answers one request. The socket is handed on as it came: it lives on after its handler returned.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.secure(w.Header())
	if r.URL.Path == "/ws" && h.Socket != nil {
		h.Socket.ServeHTTP(w, r)
		return
	}
	began, rec := h.Clock.Now(), &recorder{ResponseWriter: w}
	defer func() {
		if p := recover(); p != nil {
			h.panicked(rec, r, p)
		}
		h.told(r, rec, h.Clock.Now().Sub(began))
	}()
	h.mux.ServeHTTP(rec, r)
}

// link gives the address of a path on this site.
func (h *Handler) link(path string) string { return h.base.String() + path }

// same compares secrets without telling by its time where they differ.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// away tells whether an error means that the store cannot answer now.
func (h *Handler) away(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, errBusy) || (h.Unavailable != nil && h.Unavailable(err))
}
