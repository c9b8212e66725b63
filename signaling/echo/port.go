package echo

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/ice/v4"
	"golang.org/x/time/rate"

	"vetroom/clinic"
	"vetroom/signaling/pionlog"
)

// The ports of relays (RFC 8656 §7.2), of which the echo's is one.
const (
	firstPort = 49152
	lastPort  = 65535
)

// port is the UDP port of all echoes. Which of them a packet is for pion tells by the name in the first connectivity check
// from an address.
type port struct {
	*ice.UDPMuxDefault
	number uint16
}

// close gives the port up; there may be none.
func (p *port) close() {
	if p != nil {
		_ = p.UDPMuxDefault.Close() // gives nil always
	}
}

// openPort takes any port that is free.
func openPort(cfg Config) (*port, error) {
	network := "udp4"
	if cfg.Public.Is6() {
		network = "udp6"
	}
	var conn *net.UDPConn
	var err error
	for range 32 {
		try := firstPort + rand.IntN(lastPort-firstPort+1)
		if conn, err = net.ListenUDP(network, &net.UDPAddr{IP: cfg.Bind.AsSlice(), Port: try}); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	_ = conn.SetReadBuffer(1 << 20) // as far as the system lets it
	number := conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	return &port{ice.NewUDPMuxDefault(ice.UDPMuxParams{
		Logger:  pionlog.Factory{Log: cfg.Log}.NewLogger("ice"),
		UDPConn: newTold(conn, cfg, number),
	}), number}, nil
}

// gate is the port for one echo. It lets through only as much as a check needs.
type gate struct {
	*port
	clock   clinic.Clock
	bytes   *rate.Limiter
	checks  *rate.Limiter
	reports *rate.Limiter

	// What was let through; of the one reader of the echo's packets.
	origins []netip.AddrPort
	streams []uint32
}

// What passes a gate. pion keeps something for each address and each stream (SSRC) that it ever heard of, and looks through
// all addresses for each packet; of what comes on a stream that is not sent back it keeps a megabyte. A report may name
// many streams.
const (
	maxOrigins   = 24 // a browser has a few networks, and on each its own address and those of relays
	maxStreams   = 4
	checkRate    = 100 // connectivity checks a second; browsers make up to 50
	checksBurst  = 200
	maxReport    = 400 // bytes of an RTCP packet
	reportRate   = 10  // RTCP packets a second
	reportsBurst = 30
	leastCharge  = 100 // bytes that a packet counts at least
)

func newGate(p *port, cfg Config) *gate {
	return &gate{
		port: p, clock: cfg.Clock,
		bytes:   rate.NewLimiter(rate.Limit(cfg.Limits.Bandwidth), cfg.Limits.Bandwidth/2),
		checks:  rate.NewLimiter(checkRate, checksBurst),
		reports: rate.NewLimiter(reportRate, reportsBurst),
	}
}

// GetConn implements ice.UDPMux.
func (g *gate) GetConn(ufrag string, at net.Addr) (net.PacketConn, error) {
	conn, err := g.port.GetConn(ufrag, at)
	if err != nil {
		return nil, err
	}
	return gated{conn, g}, nil
}

type gated struct {
	net.PacketConn
	gate *gate
}

// ReadFrom implements net.PacketConn: it waits for the next packet that may pass.
func (c gated) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err != nil || c.gate.passes(b[:n], from) {
			return n, from, err
		}
	}
}

// passes tells packets apart as RFC 7983 and RFC 5761 do.
func (g *gate) passes(packet []byte, from net.Addr) bool {
	now := g.clock.Now()
	if !g.bytes.AllowN(now, max(len(packet), leastCharge)) || !g.knows(from) {
		return false
	}
	switch {
	case len(packet) > 0 && packet[0] <= 3: // STUN
		return g.checks.AllowN(now, 1)
	case len(packet) < 12 || packet[0] < 128 || packet[0] > 191: // DTLS
		return true
	case packet[1] >= 192 && packet[1] <= 223: // RTCP
		return len(packet) <= maxReport && g.reports.AllowN(now, 1)
	}
	return isOneOf(&g.streams, binary.BigEndian.Uint32(packet[8:]), maxStreams)
}

// knows tells whether a packet comes from one of the first addresses.
func (g *gate) knows(from net.Addr) bool {
	at, ok := from.(*net.UDPAddr)
	return ok && isOneOf(&g.origins, at.AddrPort(), maxOrigins)
}

// isOneOf tells whether v is among the first few that came.
func isOneOf[T comparable](few *[]T, v T, most int) bool {
	if slices.Contains(*few, v) {
		return true
	}
	if len(*few) == most {
		return false
	}
	*few = append(*few, v)
	return true
}
