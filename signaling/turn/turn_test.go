package turn

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	pion "github.com/pion/turn/v5"

	"vetroom/clinic"
	"vetroom/configs/configstest"
	"vetroom/signaling"
)

// handClock stands until it is set.
type handClock struct{ ms atomic.Int64 }

func (c *handClock) Now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *handClock) forward(d time.Duration) { c.ms.Add(d.Milliseconds()) }

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// world is a server on this machine that listens until the test ends.
type world struct {
	*Server
	clock *handClock
}

func start(t *testing.T, edits ...func(*Config)) world {
	t.Helper()
	w := world{clock: new(handClock)}
	w.clock.ms.Store(noon.UnixMilli())
	cfg := Config{Addr: "127.0.0.1:0", Key: []byte(strings.Repeat("k", 32)), Clock: w.clock, Log: slog.New(slog.DiscardHandler)}
	for _, edit := range edits {
		edit(&cfg)
	}
	var err error
	if w.Server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
		if n := w.Stats().Allocations; n != 0 {
			t.Errorf("%d relays outlived the server", n)
		}
	})
	return w
}

func limits(l Limits) func(*Config) { return func(c *Config) { c.Limits = l } }

// right is what a role is given for a room that closes in an hour.
func (w world) right(room string, role clinic.Role) signaling.ICEServer {
	servers := w.ICE(room, role, w.clock.Now().Add(time.Hour))
	return servers[len(servers)-1]
}

// client is a TURN client with one relay.
type client struct {
	*pion.Client
	relay net.PacketConn
}

// dial gives a client's way to the server.
func (w world) dial(t *testing.T, network string) net.PacketConn {
	t.Helper()
	to := netip.AddrPortFrom(w.place.inside, w.Addr().Port()).String()
	var conn net.Conn
	var err error
	switch network {
	case "udp":
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { packets.Close() })
		return packets
	case "tcp":
		conn, err = net.Dial("tcp", to)
	case "tls":
		conn, err = tls.Dial("tcp", to, &tls.Config{InsecureSkipVerify: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return pion.NewSTUNConn(conn)
}

// allocate takes a relay.
func (w world) allocate(t *testing.T, network string, right signaling.ICEServer) (*client, error) {
	t.Helper()
	to := netip.AddrPortFrom(w.place.inside, w.Addr().Port()).String()
	c, err := pion.NewClient(&pion.ClientConfig{
		Conn: w.dial(t, network), STUNServerAddr: to, TURNServerAddr: to, Username: right.Username, Password: right.Credential, Realm: realm,
		RTO: 10 * time.Second, // what is asked again is counted again, and on one machine nothing is lost
	})
	if err == nil {
		err = c.Listen()
	}
	if err != nil {
		t.Fatal(err)
	}
	relay, err := c.Allocate()
	if err != nil {
		c.Close()
		return nil, err
	}
	t.Cleanup(func() { relay.Close(); c.Close() })
	return &client{c, relay}, nil
}

func (w world) relayed(t *testing.T, network string, right signaling.ICEServer) *client {
	t.Helper()
	c, err := w.allocate(t, network, right)
	if err != nil {
		t.Fatalf("no relay by %s: %v", network, err)
	}
	return c
}

// mustPass sends a packet from one relay to the other, again until it comes: the network may lose it.
func mustPass(t *testing.T, from, to *client) {
	t.Helper()
	text := []byte("a packet from " + from.relay.LocalAddr().String())
	if err := to.CreatePermission(from.relay.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := from.relay.WriteTo(text, to.relay.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 1500)
		_ = to.relay.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		n, peer, err := to.relay.ReadFrom(got)
		if err != nil {
			continue
		}
		if string(got[:n]) != string(text) || peer.String() != from.relay.LocalAddr().String() {
			t.Fatalf("got %q from %v, want %q from %v", got[:n], peer, text, from.relay.LocalAddr())
		}
		return
	}
	t.Fatal("nothing came")
}

// eventually waits for what other goroutines do.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 4000 {
		if holds() {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatal("never: ", what)
}

func TestRelaysBothWays(t *testing.T) {
	cert, key := makeCertificate(t, t.TempDir(), "turn.example", 1)
	config, name, err := LoadTLS(cert, key, "vetroom.example")
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, func(c *Config) { c.TLS, c.TLSName = config, name })
	for _, by := range [][2]string{{"udp", "udp"}, {"tcp", "tcp"}, {"udp", "tcp"}, {"tls", "udp"}} {
		t.Run(by[0]+" to "+by[1], func(t *testing.T) {
			a := w.relayed(t, by[0], w.right("room", clinic.RoleOwner))
			b := w.relayed(t, by[1], w.right("room", clinic.RoleVet))
			mustPass(t, a, b)
			mustPass(t, b, a)
		})
	}
	eventually(t, "the relays are given back", func() bool { return w.Stats().Allocations == 0 })
	if st := w.Stats(); st.Allocated != 8 || st.BytesToPeers == 0 || st.BytesFromPeers == 0 || st.BadCredential+st.BadPeer+st.OverQuota != 0 {
		t.Errorf("counted %+v", st)
	}
}

// TestBehindNAT: clients know the relays by an address that the machine itself does not have.
func TestBehindNAT(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "0.0.0.0:0", ":0"} {
		w := start(t, func(c *Config) { c.Addr, c.PublicIP = addr, netip.MustParseAddr("192.0.2.7") })
		a, b := w.relayed(t, "udp", w.right("room", clinic.RoleOwner)), w.relayed(t, "tcp", w.right("room", clinic.RoleVet))
		if at := a.relay.LocalAddr().(*net.UDPAddr); at.IP.String() != "192.0.2.7" || at.Port < firstRelayPort {
			t.Errorf("%s: the relay is told to be %v", addr, at)
		}
		mustPass(t, a, b)
		mustPass(t, b, a)
	}
}

// TestListensEverywhere: told nothing of its address, it tells browsers the one by which this machine speaks to others.
func TestListensEverywhere(t *testing.T) {
	w := start(t, func(c *Config) { c.Addr = "0.0.0.0:0" })
	if at := w.Addr().Addr(); !at.Is4() || at.IsUnspecified() || !(*w.own.Load())[at] {
		t.Errorf("it is told to be at %v, which this machine is not", at)
	}
	a, b := w.relayed(t, "udp", w.right("room", clinic.RoleOwner)), w.relayed(t, "udp", w.right("room", clinic.RoleVet))
	mustPass(t, a, b)
	mustPass(t, b, a)
}

// TestNonsense: what is no STUN ends its own connection at most.
func TestNonsense(t *testing.T) {
	w := start(t)
	a, b := w.relayed(t, "udp", w.right("room", clinic.RoleOwner)), w.relayed(t, "tcp", w.right("room", clinic.RoleVet))
	for _, network := range []string{"udp", "tcp"} {
		for _, text := range []string{"\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n", "\x40\x00\xff\xff", strings.Repeat("\x00", 2000),
			"\x00\x03\xff\xff\x21\x12\xa4\x42" + strings.Repeat("x", 3000)} {
			conn, err := net.Dial(network, w.Addr().String())
			if err == nil {
				_, err = conn.Write([]byte(text))
			}
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
		}
	}
	mustPass(t, a, b)
	mustPass(t, b, a)
}

func TestServersNamed(t *testing.T) {
	w := start(t, func(c *Config) {
		c.PublicIP, c.TLS, c.TLSName = netip.MustParseAddr("192.0.2.7"), &tls.Config{}, "vetroom.example"
	})
	port := w.Addr().String()[len("192.0.2.7:"):]
	got := w.ICE("room", clinic.RoleVet, noon.Add(time.Hour+time.Millisecond))
	if len(got) != 2 || len(got[0].URLs) != 1 || got[0].URLs[0] != "stun:192.0.2.7:"+port || got[0].Username != "" {
		t.Errorf("got %+v", got)
	}
	want := "turn:192.0.2.7:" + port + "?transport=udp turn:192.0.2.7:" + port + "?transport=tcp turns:vetroom.example:" + port + "?transport=tcp"
	if urls := strings.Join(got[1].URLs, " "); urls != want {
		t.Errorf("named %s\nwant  %s", urls, want)
	}
	if got[1].Username != "1796130001:room:vet" || len(got[1].Credential) != 43 {
		t.Errorf("the credential is %q, %q", got[1].Username, got[1].Credential)
	}
}

func TestAnswersSTUN(t *testing.T) {
	w := start(t)
	for _, network := range []string{"udp", "tcp"} {
		conn := w.dial(t, network)
		c, err := pion.NewClient(&pion.ClientConfig{Conn: conn, STUNServerAddr: w.Addr().String()})
		if err == nil {
			err = c.Listen()
		}
		if err != nil {
			t.Fatal(err)
		}
		at, err := c.SendBindingRequest()
		if err != nil || at.String() != conn.LocalAddr().String() {
			t.Errorf("by %s: mapped to %v, %v; want %v", network, at, err, conn.LocalAddr())
		}
		c.Close()
	}
}

func TestPortInUse(t *testing.T) {
	at := configstest.FreeAddr(t)
	busy, err := net.ListenPacket("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Addr: at, Key: make([]byte, 32), Clock: new(handClock), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	err = s.Start()
	if err == nil || !strings.Contains(err.Error(), "VETROOM_TURN_ADDR") || !strings.Contains(err.Error(), at) || s.Ready() == nil {
		t.Errorf("the port is taken, and Start says %v, Ready %v", err, s.Ready())
	}
	if got := s.ICE("room", clinic.RoleOwner, noon); len(got) != 0 || got == nil {
		t.Errorf("without a port it names %v", got)
	}
	busy.Close()
	if err := s.Start(); err != nil || s.Ready() != nil || s.Addr().String() != at {
		t.Errorf("the port is free, and Start says %v, Ready %v, Addr %v", err, s.Ready(), s.Addr())
	}

	other := start(t, func(c *Config) { c.Addr, c.Spare = at, true })
	if got := other.Addr(); got.Port() == s.Addr().Port() || got.Port() == 0 {
		t.Errorf("another port would do, and it listens on %v", got)
	}
}

func TestEndClosesStreams(t *testing.T) {
	s, err := New(Config{Addr: "127.0.0.1:0", Key: make([]byte, 32), Clock: new(handClock), Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.close()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the connection stayed: %v", err)
	}
	if _, err := net.Dial("tcp", conn.RemoteAddr().String()); err == nil {
		t.Error("it listens still")
	}
}

func TestStreamsBounded(t *testing.T) {
	w := start(t, limits(Limits{Streams: 1}))
	first := w.relayed(t, "tcp", w.right("room", clinic.RoleOwner))
	second, err := net.Dial("tcp", w.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	_ = second.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := second.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("a second connection of one address: %v", err)
	}
	mustPass(t, first, w.relayed(t, "udp", w.right("room", clinic.RoleVet)))
}

func TestConfigRefused(t *testing.T) {
	for what, cfg := range map[string]Config{
		"a short key":    {Addr: "127.0.0.1:0", Key: []byte("short")},
		"no such host":   {Addr: "no such host:1", Key: make([]byte, 32)},
		"other families": {Addr: "127.0.0.1:0", PublicIP: netip.MustParseAddr("2001:db8::1"), Key: make([]byte, 32)},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}
