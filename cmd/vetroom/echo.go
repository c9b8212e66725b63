package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"vetroom/signaling"
	"vetroom/signaling/echo"
)

// openEcho makes what browsers try their connection against. It stands with the relays, and where there are none, none is.
func (h *house) openEcho(*app) error {
	if h.turn == nil {
		return nil
	}
	bound, public := h.turn.Place()
	h.echo = echo.New(echo.Config{Bind: bound, Public: public, Clock: h.store, Log: h.log.With("part", "echo")})
	h.runs = append(h.runs, func(ctx context.Context) error { return h.echo.Run(ctx) })
	return nil
}

// echoes is the echo as signaling asks for it: nil where there is none.
func (h *house) echoes() signaling.Echo {
	if h.echo == nil {
		return nil
	}
	return h.echo
}

// checked counts how a check went.
func (m *metrics) checked(verdict signaling.CheckVerdict, way signaling.CheckWay) {
	m.checks.WithLabelValues(string(verdict), string(way)).Inc()
}

// watchEcho adds what the echo counts.
func (m *metrics) watchEcho(server *echo.Server) {
	if server == nil {
		return
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "vetroom_echo_running", Help: "Browsers that try their connection now.",
	}, func() float64 { return float64(server.Stats().Running) }))
	counter := func(name, help string, labels prometheus.Labels, read func(echo.Stats) uint64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels},
			func() float64 { return float64(read(server.Stats())) }))
	}
	counter("vetroom_echo_begun_total", "Browsers that ever did.", nil, func(s echo.Stats) uint64 { return s.Begun })
	for why, read := range map[string]func(echo.Stats) uint64{
		"busy":  func(s echo.Stats) uint64 { return s.Busy },
		"offer": func(s echo.Stats) uint64 { return s.BadOffers },
	} {
		counter("vetroom_echo_refused_total", "Tries that were refused: one too many at once, or an offer that cannot be answered.",
			prometheus.Labels{"why": why}, read)
	}
}
