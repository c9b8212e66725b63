package echo

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestARelayIsSpokenOfByItsPublicAddress, and reached inside; who comes otherwise is reached where it came from.
func TestARelayIsSpokenOfByItsPublicAddress(t *testing.T) {
	loopback, public := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("198.51.100.7")
	bound, err := net.ListenUDP("udp4", &net.UDPAddr{})
	if err != nil {
		t.Fatal(err)
	}
	defer bound.Close()
	port := bound.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	c := newTold(bound, Config{Bind: netip.IPv4Unspecified(), Public: public}, port)
	if got := c.LocalAddr().(*net.UDPAddr).AddrPort(); got != netip.AddrPortFrom(public, port) {
		t.Errorf("it names itself %v", got)
	}
	speak := func(from netip.Addr, at int) (*net.UDPConn, net.Addr) {
		t.Helper()
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, uint16(at))))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := conn.WriteToUDPAddrPort([]byte("hello"), netip.AddrPortFrom(loopback, port)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 10)
		_, came, err := c.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		return conn, came
	}
	relayPort := 0
	for relayPort = firstPort; ; relayPort++ { // one that is free
		if try, err := net.ListenUDP("udp4", &net.UDPAddr{IP: loopback.AsSlice(), Port: relayPort}); err == nil {
			try.Close()
			break
		}
	}
	relay, came := speak(loopback, relayPort)
	if came.String() != netip.AddrPortFrom(public, uint16(relayPort)).String() {
		t.Errorf("the relay is %v", came)
	}
	other, elsewhere := speak(netip.MustParseAddr("127.0.0.2"), 0)
	if elsewhere.String() != other.LocalAddr().String() {
		t.Errorf("another is %v", elsewhere)
	}
	for conn, to := range map[*net.UDPConn]net.Addr{relay: came, other: elsewhere} {
		if _, err := c.WriteTo([]byte("back"), to); err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		b := make([]byte, 10)
		if n, _, err := conn.ReadFrom(b); err != nil || string(b[:n]) != "back" {
			t.Errorf("to %v came %q, %v", to, b[:n], err)
		}
	}
}
