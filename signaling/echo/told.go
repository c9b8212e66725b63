package echo

import (
	"net"
	"net/netip"
	"sync"
)

// told is the port as browsers know it, which is what pion names in the answer. What it is bound to may be any address, or
// one behind a NAT.
//
// A relay of this machine comes by way of an address inside (see turn.relay): it is spoken of by the one that its browser
// knows it by. Otherwise the browser would take that for a translation on the way, and not for its relay.
type told struct {
	*net.UDPConn
	at             *net.UDPAddr
	public, inside netip.Addr

	mu     sync.Mutex // guards relays
	relays map[uint16]bool
}

func newTold(conn *net.UDPConn, cfg Config, port uint16) *told {
	inside := cfg.Bind
	if inside.IsUnspecified() {
		inside = netip.MustParseAddr("127.0.0.1")
		if cfg.Public.Is6() {
			inside = netip.IPv6Loopback()
		}
	}
	at := net.UDPAddrFromAddrPort(netip.AddrPortFrom(cfg.Public, port))
	return &told{UDPConn: conn, at: at, public: cfg.Public, inside: inside, relays: map[uint16]bool{}}
}

// LocalAddr implements net.PacketConn.
func (c *told) LocalAddr() net.Addr { return c.at }

// ReadFrom implements net.PacketConn.
func (c *told) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	ip, port := from.Addr().Unmap(), from.Port()
	if ip == c.inside && port >= firstPort {
		c.mu.Lock()
		c.relays[port] = true
		c.mu.Unlock()
		ip = c.public
	}
	return n, net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port)), nil
}

// WriteTo implements net.PacketConn.
func (c *told) WriteTo(b []byte, to net.Addr) (int, error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not of UDP")
	}
	ip, port := udp.AddrPort().Addr().Unmap(), uint16(udp.Port)
	if ip == c.public {
		c.mu.Lock()
		if c.relays[port] {
			ip = c.inside
		}
		c.mu.Unlock()
	}
	return c.WriteToUDPAddrPort(b, netip.AddrPortFrom(ip, port))
}
