package turn

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"vetroom/clinic"
)

func TestPublicAddresses(t *testing.T) {
	for _, text := range []string{"8.8.8.8", "1.1.1.1", "211.234.1.1", "2606:4700::1111", "2400:cb00::1"} {
		if !isPublic(netip.MustParseAddr(text)) {
			t.Errorf("%s is refused", text)
		}
	}
	for _, text := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
		"255.255.255.255", "::", "::1", "::8.8.8.8", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1",
		"2001::1", "2001:db8::1", "2002:a00:1::1", "3fff::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
		"2606:4700::1111%eth0",
	} {
		if isPublic(netip.MustParseAddr(text)) {
			t.Errorf("%s is let through", text)
		}
	}
}

func TestMayReach(t *testing.T) {
	public, other := netip.MustParseAddr("8.8.4.4"), netip.MustParseAddr("8.8.8.8")
	s := &Server{cfg: Config{Services: []int{50000}}, place: place{public: public}}
	s.port.Store(51000)
	s.own.Store(&map[netip.Addr]bool{public: true, other: true})
	for text, want := range map[string]bool{
		"8.8.4.4:49152": true, "8.8.4.4:65535": true, "8.8.4.4:50000": false, "8.8.4.4:51000": false, "8.8.4.4:49151": false,
		"8.8.4.4:3478": false, "8.8.8.8:50001": false, "9.9.9.9:1024": true, "9.9.9.9:1023": false, "9.9.9.9:53": false,
		"9.9.9.9:50000": true, "127.0.0.1:50001": false, "10.0.0.1:50001": false,
	} {
		at := netip.MustParseAddrPort(text)
		if got := s.mayReach(at.Addr()) && s.mayReachPort(at); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestForbiddenPeerRefused(t *testing.T) {
	w := start(t)
	c := w.relayed(t, "udp", w.right("room", clinic.RoleOwner))
	for _, ip := range []string{"10.0.0.1", "169.254.169.254", "192.168.0.1", "224.0.0.1", "0.0.0.0", "127.0.0.2"} {
		before := w.Stats().BadPeer
		err := c.CreatePermission(&net.UDPAddr{IP: net.ParseIP(ip), Port: 5000})
		if err == nil || !strings.Contains(err.Error(), "403") || w.Stats().BadPeer != before+1 {
			t.Errorf("%s: %v, and %d were counted", ip, err, w.Stats().BadPeer-before)
		}
	}
}

// TestServicesNotReached: the installation's own ports hear nothing of a relay, another of this machine does.
func TestServicesNotReached(t *testing.T) {
	service, other := hear(t), hear(t)
	w := start(t, func(c *Config) { c.Services = []int{service.LocalAddr().(*net.UDPAddr).Port} })
	c := w.relayed(t, "udp", w.right("room", clinic.RoleOwner))
	for _, to := range []net.Addr{service.LocalAddr(), net.UDPAddrFromAddrPort(w.Addr())} {
		before := w.Stats().BadPeer
		if _, err := c.relay.WriteTo([]byte("knock"), to); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the packet is refused", func() bool { return w.Stats().BadPeer == before+1 })
	}
	if _, err := c.relay.WriteTo([]byte("hello"), other.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 10)
	if n, _, err := other.ReadFrom(got); err != nil || string(got[:n]) != "hello" {
		t.Errorf("got %q, %v", got[:n], err)
	}
}

func hear(t *testing.T) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestPermissionsBounded(t *testing.T) {
	w := start(t, limits(Limits{Permissions: 3}))
	c := w.relayed(t, "udp", w.right("room", clinic.RoleOwner))
	for i, ip := range []string{"8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9"} {
		err := c.CreatePermission(&net.UDPAddr{IP: net.ParseIP(ip), Port: 5000})
		if (err == nil) != (i < 3) {
			t.Errorf("peer %d: %v", i+1, err)
		}
	}
	w.relayed(t, "udp", w.right("room", clinic.RoleVet)).CreatePermission(&net.UDPAddr{IP: net.IPv4(9, 9, 9, 9), Port: 5000})
	w.peers.mu.Lock()
	defer w.peers.mu.Unlock()
	if n := len(w.peers.by); n != 2 {
		t.Errorf("permissions of %d clients are counted", n)
	}
}
