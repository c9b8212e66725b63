// Package turn is the relay for calls whose browsers cannot reach each other: a TURN server (RFC 8656), which answers STUN
// too, over UDP and TCP on one port, and over TLS on the same one where there is a certificate.
//
//	browser ──UDP, TCP, TLS──▶ Addr ─ Server ─ relay (a UDP port of 49152–65535) ──▶ the other's relay, or address
//
// Who may use it has a credential (see credential), which is for one role in one room and ends with it. Whom a relay
// reaches is said in peers.go; how much of it a role gets, in [Limits]. It carries what it cannot read: media is
// encrypted between the browsers.
package turn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	pion "github.com/pion/turn/v5"

	"vetroom/clinic"
	"vetroom/signaling"
	"vetroom/signaling/pionlog"
)

// Config says what a Server is made of.
type Config struct {
	Addr     string     // HOST:PORT to listen on, UDP and TCP; port 0 is any free one
	Spare    bool       // take any free port where that of Addr is taken
	PublicIP netip.Addr // what it is reached at from outside; zero: the address that it listens on
	Key      []byte     // HMAC key of credentials, 32 bytes, the same in all processes
	Services []int      // ports of this machine to which nothing is ever relayed; its own is one
	Clock    clinic.Clock
	TLS      *tls.Config // nil: no TLS
	TLSName  string      // the host name that the certificate is for
	Limits   Limits
	Log      *slog.Logger
}

// Limits bound what is given to anybody. Zero means the default.
type Limits struct {
	Allocations    int // relays of one role in one room at once; 64: a browser takes one for each network, transport and kind of media
	AllAllocations int // relays of all; 4,000
	Permissions    int // peers of one relay at once; 100
	Bandwidth      int // bytes a second for one role in one room, each way; 1,250,000 (10 Mbit/s)
	Burst          int // bytes at once; 1 MiB
	Streams        int // TCP connections from one address; 200
	AllStreams     int // TCP connections of all; 8,000
}

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		value     *int
		otherwise int
	}{
		{&l.Allocations, 64}, {&l.AllAllocations, 4000}, {&l.Permissions, 100}, {&l.Bandwidth, 1_250_000}, {&l.Burst, 1 << 20},
		{&l.Streams, 200}, {&l.AllStreams, 8000},
	} {
		if *f.value == 0 {
			*f.value = f.otherwise
		}
	}
	return l
}

// realm is what a credential is for. Nobody reads it.
const realm = "vetroom"

// How often Run looks at the machine's addresses, and how often it tries to listen while it cannot.
const (
	lookEvery  = 15 * time.Second
	retryEvery = 2 * time.Second
)

var errNotYet = errors.New("not started yet")

// Server is a TURN server. Its methods are safe for concurrent use.
type Server struct {
	cfg   Config
	place place
	users *users
	stats counters
	peers struct {
		mu sync.Mutex     // guards by
		by map[string]int // permissions that stand, by the client's address
	}
	port atomic.Int32                        // that it listens on
	own  atomic.Pointer[map[netip.Addr]bool] // this machine's addresses

	mu     sync.Mutex // guards what follows
	server *pion.Server
	err    error // why it does not listen; nil while it does
}

// New makes a server; Start or Run have it listen. It returns an error for a configuration that cannot be.
func New(cfg Config) (*Server, error) {
	if len(cfg.Key) < 32 {
		return nil, errors.New("turn: Config.Key has fewer than 32 bytes")
	}
	at, err := findPlace(cfg.Addr, cfg.PublicIP)
	if err != nil {
		return nil, err
	}
	cfg.Limits = cfg.Limits.withDefaults()
	s := &Server{cfg: cfg, place: at, err: errNotYet}
	s.users = newUsers(cfg.Limits, &s.stats)
	s.peers.by = map[string]int{}
	s.lookAround()
	return s, nil
}

// Start listens, if it does not already. Its error says what to do; the log is told of each other one.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return nil
	}
	udp, tcp, err := listen(s.place, s.cfg.Spare)
	if err == nil {
		s.port.Store(int32(udp.LocalAddr().(*net.UDPAddr).Port))
		if s.server, err = pion.NewServer(s.serverConfig(udp, newListener(tcp, s.cfg.TLS, s.cfg.Limits))); err != nil {
			err = errors.Join(err, udp.Close(), tcp.Close()) // or the next try finds the port taken, by this one
		}
	}
	switch {
	case err == nil:
		s.cfg.Log.Info("relaying calls", "at", netip.AddrPortFrom(s.place.public, uint16(s.port.Load())))
	case s.err == nil || s.err.Error() != err.Error():
		s.cfg.Log.Error("there is no relay for calls", "error", err)
	}
	s.err = err
	return err
}

func (s *Server) serverConfig(udp net.PacketConn, tcp net.Listener) pion.ServerConfig {
	return pion.ServerConfig{
		PacketConnConfigs: []pion.PacketConnConfig{{PacketConn: udp, RelayAddressGenerator: s, PermissionHandler: s.admit}},
		ListenerConfigs:   []pion.ListenerConfig{{Listener: tcp, RelayAddressGenerator: s, PermissionHandler: s.admit}},
		LoggerFactory:     pionlog.Factory{Log: s.cfg.Log}, Realm: realm, AuthHandler: s.authenticate,
		QuotaHandler: func(username, _ string, _ net.Addr) bool { return s.users.hasRoom(username) },
		EventHandler: pion.EventHandler{
			OnAuth: func(_, _ net.Addr, _, _, _, _ string, good bool) {
				if !good {
					s.stats.badCredential.Add(1)
				}
			},
			OnPermissionCreated: func(client, _ net.Addr, _, _, _ string, _ net.Addr, _ net.IP) { s.countPeer(client, 1) },
			OnPermissionDeleted: func(client, _ net.Addr, _, _, _ string, _ net.Addr, _ net.IP) { s.countPeer(client, -1) },
		},
	}
}

// Run serves until ctx ends, and then ends every relay. While it cannot listen it tries again.
func (s *Server) Run(ctx context.Context) error {
	defer s.close()
	for {
		wait := lookEvery
		if s.Start() != nil {
			wait = retryEvery
		}
		s.lookAround()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (s *Server) close() {
	s.mu.Lock()
	server := s.server
	s.server, s.err = nil, errors.New("ended")
	s.mu.Unlock()
	if server == nil {
		return
	}
	if err := server.Close(); err != nil {
		s.cfg.Log.Debug("close the TURN server", "error", err)
	}
	s.users.endAll()
}

// Ready says why it does not listen, or nil.
func (s *Server) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Addr is where it is reached from outside. It is the zero AddrPort while it does not listen.
func (s *Server) Addr() netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(s.place.public, uint16(s.port.Load()))
}

// ICE gives a role in a room its servers, with a credential until closesAt: [signaling.Config].ICE. A relay that the role
// has already lives until then too. There are none while the server does not listen.
func (s *Server) ICE(room string, role clinic.Role, closesAt time.Time) []signaling.ICEServer {
	at := s.Addr()
	if !at.IsValid() {
		return []signaling.ICEServer{}
	}
	c := newCredential(room, role, closesAt)
	s.users.renew(c.user(), c.expires)
	urls := []string{fmt.Sprintf("turn:%s?transport=udp", at), fmt.Sprintf("turn:%s?transport=tcp", at)}
	if s.cfg.TLS != nil {
		urls = append(urls, fmt.Sprintf("turns:%s:%d?transport=tcp", s.cfg.TLSName, at.Port()))
	}
	return []signaling.ICEServer{
		{URLs: []string{fmt.Sprintf("stun:%s", at)}},
		{URLs: urls, Username: c.username(), Credential: c.password(s.cfg.Key)},
	}
}

// Place is where relays stand: the address that they are bound to, which may be unspecified, and the one by which browsers
// know them. Whatever else shall be reached by way of a relay of this machine stands there too, within the relays' ports.
func (s *Server) Place() (bound, public netip.Addr) { return s.place.relays, s.place.public }

// Local says whether only this machine can reach it.
func (s *Server) Local() bool { return s.place.public.IsLoopback() }
