package turn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	pion "github.com/pion/turn/v5"
)

var (
	errFamily = errors.New("turn: relays are of the other family of addresses")
	errOnlyUD = errors.New("turn: relays are UDP")
	errPort   = errors.New("turn: no such port for a relay")
)

// leastCharge is what a packet counts of the bandwidth at least, in bytes: many small ones are work too.
const leastCharge = 200

// relay is a UDP port that stands for a client. It passes to and from it what peers.go allows, as far as the user's
// bandwidth goes. What it may not pass it drops, as the network would.
type relay struct {
	*net.UDPConn
	srv  *Server
	user *user
	end  *time.Timer
	once sync.Once
}

// Validate implements pion.RelayAddressGenerator.
func (s *Server) Validate() error { return nil }

// AllocatePacketConn implements pion.RelayAddressGenerator: it makes a relay for who proved to be c.UserID. Without a
// name it only tries a port, for one that asked for an even one.
func (s *Server) AllocatePacketConn(c pion.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	if strings.HasSuffix(c.Network, "4") != s.place.public.Is4() {
		return nil, nil, errFamily
	}
	conn, err := s.bindRelay(c.Network, c.RequestedPort)
	if err != nil {
		return nil, nil, err
	}
	told := &net.UDPAddr{IP: s.place.public.AsSlice(), Port: conn.LocalAddr().(*net.UDPAddr).Port}
	if c.UserID == "" {
		return conn, told, nil
	}
	r := &relay{UDPConn: conn, srv: s}
	if err := s.users.add(c.UserID, r); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return r, told, nil
}

// AllocateListener implements pion.RelayAddressGenerator: nothing is relayed by TCP (RFC 6062), which browsers do not use.
func (s *Server) AllocateListener(pion.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errOnlyUD
}

// AllocateConn implements pion.RelayAddressGenerator, likewise.
func (s *Server) AllocateConn(pion.AllocateConnConfig) (net.Conn, error) { return nil, errOnlyUD }

// bindRelay takes a port for a relay: a given one, or any that is free.
func (s *Server) bindRelay(network string, port int) (conn *net.UDPConn, err error) {
	if port != 0 && (port < firstRelayPort || port > lastRelayPort) {
		return nil, errPort
	}
	for range 32 {
		try := port
		if try == 0 {
			try = firstRelayPort + rand.IntN(lastRelayPort-firstRelayPort+1)
		}
		conn, err = net.ListenUDP(network, &net.UDPAddr{IP: s.place.relays.AsSlice(), Port: try})
		if err == nil || port != 0 {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("turn: take a port for a relay: %w", err)
	}
	return conn, nil
}

func (r *relay) now() time.Time { return r.srv.cfg.Clock.Now() }

// expire ends the relay when its user's right has ended, and not before.
func (r *relay) expire() {
	if r.srv.users.left(r) <= 0 {
		_ = r.Close() // pion hears of it by its next read
	}
}

// Close ends the relay.
func (r *relay) Close() error {
	r.once.Do(func() { r.srv.users.remove(r) })
	return r.UDPConn.Close()
}

// WriteTo sends to a peer.
func (r *relay) WriteTo(p []byte, to net.Addr) (int, error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, errOnlyUD
	}
	peer := plain(udp.AddrPort())
	stats := &r.srv.stats
	switch {
	case !r.srv.mayReach(peer.Addr()) || !r.srv.mayReachPort(peer):
		stats.badPeer.Add(1)
		return len(p), nil
	case !r.user.out.AllowN(r.now(), max(len(p), leastCharge)):
		stats.dropped.Add(uint64(len(p)))
		return len(p), nil
	}
	if peer.Addr() == r.srv.place.public {
		// A neighbour: not around by way of whatever translates the public address to this machine's.
		peer = netip.AddrPortFrom(r.srv.place.inside, peer.Port())
	}
	stats.toPeers.Add(uint64(len(p)))
	return r.WriteToUDPAddrPort(p, peer)
}

// ReadFrom waits for the next packet of a peer, by the address under which the client knows it. Whether the client wants
// to hear of that peer, pion knows.
func (r *relay) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := r.ReadFromUDPAddrPort(p)
		if err != nil {
			return 0, nil, err
		}
		from = plain(from)
		neighbour := from.Addr() == r.srv.place.inside
		if neighbour {
			from = netip.AddrPortFrom(r.srv.place.public, from.Port())
		}
		switch {
		case neighbour && !r.srv.mayReachPort(from):
			r.srv.stats.badPeer.Add(1)
		case !r.user.in.AllowN(r.now(), max(n, leastCharge)):
			r.srv.stats.dropped.Add(uint64(n))
		default:
			r.srv.stats.fromPeers.Add(uint64(n))
			return n, net.UDPAddrFromAddrPort(from), nil
		}
	}
}

// plain is an address without IPv6's clothes.
func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
