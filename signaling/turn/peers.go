package turn

import (
	"net"
	"net/netip"
	"slices"
)

// What a relay may reach. A relay stands inside the operator's network, so whoever may use one would otherwise speak to
// everything there:
//
//   - The relays of this machine, at the address that they are told by: two browsers that both need a relay meet there.
//     On a machine's own loopback, where a developer's programs meet, other ports of it too.
//   - Any other address of the public Internet.
//   - Nothing else: no private, loopback, link-local, shared, multicast, documentation or reserved address, none in
//     another one's clothes (IPv4 in IPv6, NAT64, 6to4, Teredo), no other address of this machine, no service of the
//     installation, and no port under 1024, which no browser's media comes from.

// The ports that relays have (RFC 8656 §7.2).
const (
	firstRelayPort = 49152
	lastRelayPort  = 65535
	firstPeerPort  = 1024
)

// forbidden are the networks of IPv4 that are not the public Internet (IANA's special-purpose registry).
var forbidden = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	// And of what is given out of IPv6's public space.
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")

// publicIPv6 is all that IPv6 has of public addresses.
var publicIPv6 = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// isPublic says whether an address is one of the public Internet. An IPv4 address in IPv6's form is none.
func isPublic(ip netip.Addr) bool {
	if !ip.IsValid() || ip.Zone() != "" || ip.Is6() && !publicIPv6.Contains(ip) {
		return false
	}
	return !slices.ContainsFunc(forbidden, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// mayReach says whether a relay may have an address for a peer.
func (s *Server) mayReach(ip netip.Addr) bool {
	return ip == s.place.public || isPublic(ip) && !(*s.own.Load())[ip]
}

// mayReachPort says the same of the port, for an address that it may reach.
func (s *Server) mayReachPort(at netip.AddrPort) bool {
	port := int(at.Port())
	switch {
	case at.Addr() != s.place.public:
		return port >= firstPeerPort
	case slices.Contains(s.cfg.Services, port) || port == int(s.port.Load()):
		return false
	case s.place.public.IsLoopback():
		return port >= firstPeerPort
	}
	return port >= firstRelayPort
}

// admit is asked for each peer that a client wants to reach: pion's PermissionHandler.
func (s *Server) admit(client net.Addr, ip net.IP) bool {
	peer, ok := netip.AddrFromSlice(ip) // of 4 bytes if it came as IPv4
	s.peers.mu.Lock()
	many := s.peers.by[client.String()] >= s.cfg.Limits.Permissions
	s.peers.mu.Unlock()
	if !ok || many || !s.mayReach(peer) {
		s.stats.badPeer.Add(1)
		return false
	}
	return true
}

// countPeer notes that a permission was made, or is gone. One that pion tells to be gone twice counts once too often, to
// the client's good.
func (s *Server) countPeer(client net.Addr, change int) {
	s.peers.mu.Lock()
	defer s.peers.mu.Unlock()
	key := client.String()
	if s.peers.by[key] += change; s.peers.by[key] <= 0 {
		delete(s.peers.by, key)
	}
}

// lookAround learns the addresses of this machine, which may change.
func (s *Server) lookAround() {
	own := map[netip.Addr]bool{}
	addrs, err := net.InterfaceAddrs()
	if err != nil && s.own.Load() != nil {
		s.cfg.Log.Warn("read this machine's addresses", "error", err)
		return
	}
	for _, a := range addrs {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			own[prefix.Addr().Unmap()] = true
		}
	}
	s.own.Store(&own)
}
