// Package echo sends a browser's audio and video back to it, so that it can try its connection before a call.
//
//	browser ──offer──▶ signaling (the socket) ──▶ Server.Answer ──answer──▶ browser
//	browser ◀═════════ audio and video, over DTLS-SRTP, to one UDP port ═════════▶ Server
//
// It stands where the relays of signaling/turn stand, on one port of theirs, so that nothing more is let through a firewall,
// and a browser whose network lets no UDP through reaches it by way of a relay, as it would reach the other side of a call.
//
// It never speaks first: it is an ICE-lite agent (RFC 8445 §2.5), which answers connectivity checks that are signed with the
// secret of its own answer, and sends to the one address from which such a check came and was nominated. Candidates of the
// offer are not read at all. So nobody can have it send to an address that is not their own, and it looks up no mDNS names.
// What it sends back is no more than what came, but for a little feedback.
package echo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"vetroom/clinic"
	"vetroom/signaling"
)

// Config says what a Server is made of.
type Config struct {
	Bind   netip.Addr // what its port is bound to, as the relays are: it may be unspecified
	Public netip.Addr // by which browsers reach it
	Clock  clinic.Clock
	Limits Limits
	Log    *slog.Logger
}

// Limits bound what is given to anybody. Zero means the default.
type Limits struct {
	Echoes     int           // at once; 100
	PerAddress int           // at once for clients of one address; 20: phones of a mobile network share one
	Lasts      time.Duration // how long one lasts at most; 30 s
	Bandwidth  int           // bytes a second that one takes; 375,000 (3 Mbit/s); what is over is dropped
}

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		value     *int
		otherwise int
	}{{&l.Echoes, 100}, {&l.PerAddress, 20}, {&l.Bandwidth, 375_000}} {
		if *f.value == 0 {
			*f.value = f.otherwise
		}
	}
	if l.Lasts == 0 {
		l.Lasts = 30 * time.Second
	}
	return l
}

// Server makes echoes. Its methods are safe for concurrent use.
type Server struct {
	cfg   Config
	stats counters

	ctx     context.Context // ends with Run
	stop    context.CancelFunc
	running sync.WaitGroup // echoes

	mu   sync.Mutex     // guards what follows
	all  int            // echoes
	by   map[string]int // and of those each address's
	over bool           // none is begun any more
	port *port          // nil until the first echo needs it
}

// Stats are what a server counts.
type Stats struct {
	Running         int64  // echoes now
	Begun           uint64 // ever
	Busy, BadOffers uint64 // refused: one too many, and offers that cannot be answered
}

type counters struct {
	running               atomic.Int64
	begun, busy, badOffer atomic.Uint64
}

// New makes a server. It takes its port when the first echo needs it, and another if it cannot keep that.
func New(cfg Config) *Server {
	cfg.Limits = cfg.Limits.withDefaults()
	s := &Server{cfg: cfg, by: map[string]int{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Stats tells what was counted so far.
func (s *Server) Stats() Stats {
	c := &s.stats
	return Stats{Running: c.running.Load(), Begun: c.begun.Load(), Busy: c.busy.Load(), BadOffers: c.badOffer.Load()}
}

// Run waits until ctx ends; then it ends every echo and gives up the port.
func (s *Server) Run(ctx context.Context) error {
	<-ctx.Done()
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.stop()
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.port.close()
	s.port = nil
	return ctx.Err()
}

// Answer begins an echo for an offer (an SDP) of a client at the given address, and gives its answer, which has all
// candidates. The echo ends with ctx, when the browser ends it or is gone, and after Limits.Lasts. It returns
// signaling.ErrBadOffer, with words for whoever made the offer, and signaling.ErrEchoBusy beyond the limits; another error
// if no port could be had: then the next may succeed.
func (s *Server) Answer(ctx context.Context, address, sdp string) (string, error) {
	o, err := readOffer(sdp)
	if err != nil {
		s.stats.badOffer.Add(1)
		return "", err
	}
	if err := s.admit(address); err != nil {
		s.stats.busy.Add(1)
		return "", err
	}
	e, answer, err := s.begin(o)
	if err != nil {
		s.dismiss(address)
		if errors.Is(err, signaling.ErrBadOffer) {
			s.stats.badOffer.Add(1)
		}
		return "", err
	}
	s.stats.begun.Add(1)
	go func() {
		defer s.dismiss(address)
		e.run(ctx, s.ctx, s.cfg.Limits.Lasts)
	}()
	return answer, nil
}

// admit counts an echo in, and dismiss out.
func (s *Server) admit(address string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.all >= s.cfg.Limits.Echoes || s.by[address] >= s.cfg.Limits.PerAddress {
		return signaling.ErrEchoBusy
	}
	s.all++
	s.by[address]++
	s.running.Add(1)
	s.stats.running.Add(1)
	return nil
}

func (s *Server) dismiss(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.by[address]--; s.by[address] == 0 {
		delete(s.by, address)
	}
	s.running.Done()
	s.stats.running.Add(-1)
}

func (s *Server) begin(o offer) (*session, string, error) {
	p, err := s.open()
	if err != nil {
		return nil, "", err
	}
	return s.newSession(p, o)
}

// open gives the port of all echoes, and takes one where there is none, or where the one that there was broke.
func (s *Server) open() (*port, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.port != nil && !s.port.IsClosed() {
		return s.port, nil
	}
	p, err := openPort(s.cfg)
	if err != nil {
		s.cfg.Log.Error("the connection cannot be tried now", "error", err)
		return nil, fmt.Errorf("open the echo's port: %w", err)
	}
	s.cfg.Log.Info("browsers can try their connection", "at", netip.AddrPortFrom(s.cfg.Public, p.number))
	s.port = p
	return p, nil
}
