package handlers

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress tells where a request comes from: the nearest hop that is no trusted proxy. What stands further left
// in X-Forwarded-For anybody can write.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	at := hop(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, text := range slices.Backward(hops) {
		if !isTrusted(at, trusted) {
			return at
		}
		next := hop(strings.TrimSpace(text))
		if !next.IsValid() {
			return at
		}
		at = next
	}
	return at
}

// hop reads an address with or without a port. It is not valid where there is none, as on a Unix socket.
func hop(s string) netip.Addr {
	if p, err := netip.ParseAddrPort(s); err == nil {
		return p.Addr().Unmap().WithZone("")
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	return a.IsValid() && slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}

// neighbourhood is what the brakes count an address as: one of IPv6 stands for the /64 that its holder has.
func neighbourhood(a netip.Addr) string {
	if !a.IsValid() {
		return "unknown"
	}
	if a.Is6() {
		p, _ := a.Prefix(64) // 64 is always a length of IPv6
		return p.String()
	}
	return a.String()
}

// isLocal tells whether a request was made on this machine, and not handed on by a proxy on it.
func isLocal(r *http.Request, trusted []netip.Prefix) bool {
	at := hop(r.RemoteAddr)
	forwarded := r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != ""
	if forwarded && isTrusted(at, trusted) {
		at = clientAddress(r, trusted)
	} else if forwarded {
		return false
	}
	return at.IsLoopback()
}

// Neighbourhood gives what a client's address counts as, for who counts sockets as these handlers count calls.
func Neighbourhood(trusted []netip.Prefix) func(*http.Request) string {
	return func(r *http.Request) string { return neighbourhood(clientAddress(r, trusted)) }
}
