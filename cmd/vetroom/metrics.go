package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what /metrics shows. No label holds an id, a name or an address.
type metrics struct {
	registry  *prometheus.Registry
	published prometheus.Histogram
	heard     prometheus.Histogram
	requests  *prometheus.HistogramVec
	instants  *prometheus.CounterVec
	checks    *prometheus.CounterVec
}

// fine are buckets for what should take milliseconds, in seconds.
var fine = []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		published: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "vetroom_event_lateness_seconds", Buckets: fine,
			Help: "From the instant at which an event was due to its acknowledgement by the stream.",
		}),
		heard: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "vetroom_door_lateness_seconds", Buckets: fine,
			Help: "From a door's opening to its acknowledgement by a browser that waited at it.",
		}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vetroom_http_request_seconds", Buckets: fine, Help: "Time to answer a call, by route and status.",
		}, []string{"route", "status"}),
	}
	m.instants = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "vetroom_instant_changes_total", Help: "Changes of requests for a consultation now, by the state that they came to.",
	}, []string{"state"})
	m.checks = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "vetroom_checks_total", Help: "Checks before a call, by how they went and by what way.",
	}, []string{"verdict", "way"})
	m.registry.MustRegister(m.instants, m.checks, m.published, m.heard, m.requests, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) lateness(d time.Duration) { m.published.Observe(d.Seconds()) }
func (m *metrics) told(d time.Duration)     { m.heard.Observe(d.Seconds()) }

func (m *metrics) answered(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// watch adds what the parts count themselves.
func (m *metrics) watch(h *house) {
	gauge := func(name, help string, read func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
	}
	counter := func(name, help string, read func() uint64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help},
			func() float64 { return float64(read()) }))
	}
	truth := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	gauge("vetroom_clock_doubt_seconds", "How far the process's clock may be from the database's.",
		func() float64 { return h.store.ClockDoubt().Seconds() })
	gauge("vetroom_broker_ready", "1 while the broker is there with all streams.",
		func() float64 { return truth(h.conn.Ready() == nil) })
	counter("vetroom_broker_disconnects_total", "Times that the broker went away.",
		func() uint64 { return h.conn.Stats().Disconnects })
	counter("vetroom_follower_gaps_total", "Times that a stream was not the one that had been read.",
		func() uint64 { return h.conn.Stats().Gaps })
	if s := h.signaling; s != nil {
		gauge("vetroom_instant_standing", "Requests for a consultation now that no vet has accepted yet.",
			func() float64 { return float64(s.Stats().Instants) })
	}
	if r := h.rings; r != nil {
		counter("vetroom_rings_looks_total", "Times that this process looked whom to ring.",
			func() uint64 { all, _ := r.Looks(); return all })
		counter("vetroom_rings_failed_total", "Of them, those that failed.",
			func() uint64 { _, failed := r.Looks(); return failed })
	}
	m.watchWorker(h)
	m.watchTURN(h.turn)
	m.watchEcho(h.echo)
	if s := h.scheduler; s != nil {
		gauge("vetroom_scheduler_leader", "1 while this process leads.", func() float64 { return truth(s.Status().Leader) })
		gauge("vetroom_scheduler_behind", "Events that are due and not acknowledged yet.",
			func() float64 { return float64(s.Status().Behind) })
		gauge("vetroom_scheduler_unmarked", "Events that are acknowledged and not marked so in the outbox yet.",
			func() float64 { return float64(s.Status().Unmarked) })
		counter("vetroom_events_published_total", "Events acknowledged by their stream.",
			func() uint64 { return s.Stats().Published })
		counter("vetroom_events_failed_total", "Tries to publish an event that failed.",
			func() uint64 { return s.Stats().Failed })
		counter("vetroom_events_republished_total", "Events published again because their stream had lost them.",
			func() uint64 { return s.Stats().Republished })
	}
}
