package turn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// place is where a server stands.
type place struct {
	suffix string     // of the networks that it listens on: "4", "6" or "" for both
	listen netip.Addr // the zero Addr: any
	port   int
	public netip.Addr // what clients are told of server and relays
	relays netip.Addr // what relays are bound to
	inside netip.Addr // what one relay of this machine reaches another by
}

// findPlace makes sense of what was configured.
func findPlace(addr string, public netip.Addr) (place, error) {
	at, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return place{}, fmt.Errorf("read the address of the TURN server: %w", err)
	}
	listen, specific := netip.AddrFromSlice(at.IP)
	listen = listen.Unmap()
	p := place{listen: listen, port: at.Port, public: public.Unmap()}
	if specific {
		p.suffix = suffixOf(listen)
	}
	specific = specific && !listen.IsUnspecified()
	if !p.public.IsValid() {
		if p.public = listen; !specific {
			p.public = ownAddress(p.suffix)
		}
	}
	if p.suffix != "" && p.suffix != suffixOf(p.public) {
		return place{}, fmt.Errorf("the TURN server listens on %s and cannot be reached at %s: one is IPv4, the other IPv6", addr, p.public)
	}
	if specific {
		p.relays, p.inside = listen, listen
	} else if p.relays, p.inside = netip.IPv4Unspecified(), netip.MustParseAddr("127.0.0.1"); p.public.Is6() {
		p.relays, p.inside = netip.IPv6Unspecified(), netip.IPv6Loopback()
	}
	return p, nil
}

func suffixOf(ip netip.Addr) string {
	if ip.Is4() {
		return "4"
	}
	return "6"
}

// ownAddress is the address by which this machine speaks to the Internet, as far as it can tell; failing that, loopback.
func ownAddress(suffix string) netip.Addr {
	for _, far := range []struct{ suffix, addr string }{{"4", "192.0.2.1:9"}, {"6", "[2001:db8::1]:9"}} {
		if suffix != "" && suffix != far.suffix {
			continue
		}
		conn, err := net.Dial("udp"+far.suffix, far.addr) // asks for a route, and sends nothing
		if err != nil {
			continue
		}
		defer conn.Close()
		if ip, ok := netip.AddrFromSlice(conn.LocalAddr().(*net.UDPAddr).IP); ok {
			return ip.Unmap()
		}
	}
	if suffix == "6" {
		return netip.IPv6Loopback()
	}
	return netip.MustParseAddr("127.0.0.1")
}

// listen takes the port of a place, for UDP and TCP.
func listen(at place, spare bool) (*net.UDPConn, net.Listener, error) {
	udp, tcp, err := listenOn(at, at.port)
	if spare && errors.Is(err, syscall.EADDRINUSE) {
		return listenAnywhere(at)
	}
	if at.port == 0 && errors.Is(err, syscall.EADDRINUSE) { // free for UDP, and not for TCP
		return listenAnywhere(at)
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("%w: another program has that port; set VETROOM_TURN_ADDR to a free one, or to \"off\" to have calls without a relay", err)
	}
	return udp, tcp, err
}

// listenAnywhere takes a port that is free for both.
func listenAnywhere(at place) (udp *net.UDPConn, tcp net.Listener, err error) {
	for range 16 {
		if udp, tcp, err = listenOn(at, 0); err == nil {
			break
		}
	}
	return udp, tcp, err
}

func listenOn(at place, port int) (*net.UDPConn, net.Listener, error) {
	udp, err := net.ListenUDP("udp"+at.suffix, &net.UDPAddr{IP: at.listen.AsSlice(), Port: port})
	if err != nil {
		return nil, nil, fmt.Errorf("listen for TURN: %w", err)
	}
	host := ""
	if at.listen.IsValid() {
		host = at.listen.String()
	}
	_ = udp.SetReadBuffer(4 << 20) // as far as the system lets it: one socket hears all calls
	port = udp.LocalAddr().(*net.UDPAddr).Port
	tcp, err := net.Listen("tcp"+at.suffix, net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("listen for TURN: %w", err), udp.Close())
	}
	return udp, tcp, nil
}
