package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vetroom/clinic"
	"vetroom/configs"
	"vetroom/signaling"
	"vetroom/signaling/turn"
)

// openTURN makes the relay for calls and has it listen, so that the first door that opens can name it. If it cannot, the
// rest goes on: calls find direct ways, /readyz tells, and it is tried again.
func (h *house) openTURN(*app) error {
	if !h.cfg.Has(configs.Signaling) || !h.cfg.TURN() {
		return nil
	}
	config := turn.Config{
		Addr: h.cfg.TURNAddr, Spare: h.cfg.TURNAddr == configs.DefaultTURNAddr, PublicIP: h.cfg.TURNPublicIP,
		Key: deriveKey(h.key, "turn"), Services: servicePorts(h.cfg, h.at), Clock: h.store, Log: h.log.With("part", "turn"),
	}
	base, err := url.Parse(h.baseURL)
	if err != nil {
		return fmt.Errorf("read the public URL: %w", err)
	}
	if h.cfg.TURNTLSCert != "" {
		if config.TLS, config.TLSName, err = turn.LoadTLS(h.cfg.TURNTLSCert, h.cfg.TURNTLSKey, base.Hostname()); err != nil {
			return usageError{err}
		}
	}
	server, err := turn.New(config)
	if err != nil {
		return usageError{err}
	}
	if server.Local() && !h.cfg.TURNPublicIP.IsValid() && !isLoopback(base.Hostname()) {
		config.Log.Warn("there is no relay for calls: VETROOM_TURN_ADDR is this machine's own loopback address, which no browser elsewhere reaches; "+
			"set it, and VETROOM_TURN_PUBLIC_IP if the machine stands behind a NAT", "turn_addr", h.cfg.TURNAddr)
		return nil
	}
	h.turn = server
	h.runs = append(h.runs, server.Run)
	_ = server.Start() // Run tries again
	return nil
}

// iceServers gives a seat the relay, if there is one.
func (h *house) iceServers(room string, role clinic.Role, closesAt time.Time) []signaling.ICEServer {
	if h.turn == nil {
		return []signaling.ICEServer{}
	}
	return h.turn.ICE(room, role, closesAt)
}

// servicePorts are those of this installation's own services, as far as they stand here.
func servicePorts(cfg configs.Config, listening net.Addr) (ports []int) {
	for _, addr := range []string{listening.String(), cfg.NATSAddr} {
		if at, err := netip.ParseAddrPort(addr); err == nil {
			ports = append(ports, int(at.Port()))
		}
	}
	return ports
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.IsLoopback()
}

// watchTURN adds what the relay counts.
func (m *metrics) watchTURN(server *turn.Server) {
	if server == nil {
		return
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "vetroom_turn_allocations", Help: "Relays of calls that there are now.",
	}, func() float64 { return float64(server.Stats().Allocations) }))
	counter := func(name, help string, labels prometheus.Labels, read func(turn.Stats) uint64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels},
			func() float64 { return float64(read(server.Stats())) }))
	}
	counter("vetroom_turn_allocated_total", "Relays of calls that there ever were.", nil,
		func(s turn.Stats) uint64 { return s.Allocated })
	for why, read := range map[string]func(turn.Stats) uint64{
		"credential": func(s turn.Stats) uint64 { return s.BadCredential },
		"quota":      func(s turn.Stats) uint64 { return s.OverQuota },
		"peer":       func(s turn.Stats) uint64 { return s.BadPeer },
	} {
		counter("vetroom_turn_refused_total", "What the relay refused, by what was wrong: a credential, a quota, or the address of a peer.",
			prometheus.Labels{"why": why}, read)
	}
	for way, read := range map[string]func(turn.Stats) uint64{
		"to_peers":   func(s turn.Stats) uint64 { return s.BytesToPeers },
		"from_peers": func(s turn.Stats) uint64 { return s.BytesFromPeers },
	} {
		counter("vetroom_turn_bytes_total", "Bytes relayed between relays and peers.", prometheus.Labels{"way": way}, read)
	}
	counter("vetroom_turn_dropped_bytes_total", "Bytes over a participant's bandwidth.", nil,
		func(s turn.Stats) uint64 { return s.BytesDropped })
}
