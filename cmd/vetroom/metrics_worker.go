package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"vetroom/screening"
)

// watchWorker adds what became of photos, and of asking an AI server.
func (m *metrics) watchWorker(h *house) {
	count := func(name, help, label, value string, read func() int64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(
			prometheus.CounterOpts{Name: name, Help: help, ConstLabels: prometheus.Labels{label: value}},
			func() float64 { return float64(read()) }))
	}
	if w := h.worker; w != nil {
		for outcome, read := range map[string]func(screening.WorkerStats) int64{
			"done":       func(s screening.WorkerStats) int64 { return s.Done },
			"failed":     func(s screening.WorkerStats) int64 { return s.Failed },
			"dropped":    func(s screening.WorkerStats) int64 { return s.Dropped },
			"given_back": func(s screening.WorkerStats) int64 { return s.GivenBack },
		} {
			count("vetroom_screenings_total", "Photos that this process took on, by what became of them here.", "outcome", outcome,
				func() int64 { return read(w.Stats()) })
		}
	}
	if ai := h.ai; ai != nil {
		for outcome, read := range map[string]func(screening.AIStats) int64{
			"ok":          func(s screening.AIStats) int64 { return s.OK },
			"failed":      func(s screening.AIStats) int64 { return s.Failed },
			"timed_out":   func(s screening.AIStats) int64 { return s.TimedOut },
			"unreachable": func(s screening.AIStats) int64 { return s.Unreachable },
			"refused":     func(s screening.AIStats) int64 { return s.Refused },
			"invalid":     func(s screening.AIStats) int64 { return s.Invalid },
		} {
			count("vetroom_ai_tries_total", "Tries to have the AI server look at a photo, by how they ended.", "outcome", outcome,
				func() int64 { return read(ai.Stats()) })
		}
		for _, state := range []string{"closed", "half-open", "open"} {
			m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "vetroom_ai_breaker", Help: "1 for the state of the breaker before the AI server.",
				ConstLabels: prometheus.Labels{"state": state},
			}, func() float64 {
				if ai.Breaker() == state {
					return 1
				}
				return 0
			}))
		}
	}
}
