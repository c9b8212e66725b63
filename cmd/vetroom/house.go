package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"vetroom"
	"vetroom/clinic"
	"vetroom/configs"
	"vetroom/events/jetstream"
	"vetroom/handlers"
	"vetroom/scheduler"
	"vetroom/screening"
	"vetroom/signaling"
	"vetroom/signaling/echo"
	"vetroom/signaling/turn"
	"vetroom/store"
	"vetroom/web"
)

// house is the running whole: every part, made in the order in which each needs the last.
type house struct {
	cfg     configs.Config
	log     *slog.Logger
	baseURL string
	at      net.Addr // where it listens for HTTP
	node    string   // names this process to the others
	key     string   // the session key
	metrics *metrics

	store     *store.Store
	desk      *clinic.Desk
	broker    *jetstream.Server // nil with a broker outside
	conn      *jetstream.Conn
	bus       *jetstream.Bus
	sessions  *handlers.Sessions
	scheduler *scheduler.Scheduler // nil without its role
	rings     *scheduler.Rings     // likewise
	signaling *signaling.Server    // nil without its role
	turn      *turn.Server         // likewise, or where none is configured
	echo      *echo.Server         // nil without turn
	web       *web.Web
	mailbox   http.Handler      // nil but in a demo without a mail server
	worker    *screening.Worker // nil without its role
	ai        *screening.AI     // nil without a server that looks at photos
	handler   http.Handler

	runs     []func(context.Context) error // what goes on until the end
	cancels  []func()                      // what is not listened to any more at the end
	draining atomic.Bool
}

// openHouse makes the parts that the configured roles need. On an error it closes what it had opened.
func openHouse(a *app, at net.Addr) (*house, error) {
	h := &house{cfg: a.cfg, log: a.log, node: newID(), baseURL: a.cfg.PublicURL(at), at: at, metrics: newMetrics()}
	for _, open := range []func(*app) error{
		h.openStore, h.openBroker, h.openScheduler, h.openWorker, h.openSessions, h.openTURN, h.openEcho, h.openSignaling, h.openWeb, h.openMail, h.openHandlers,
	} {
		if err := open(a); err != nil {
			return nil, errors.Join(err, h.close())
		}
	}
	h.metrics.watch(h)
	return h, nil
}

func (h *house) openStore(a *app) error {
	key, err := sessionKey(h.cfg)
	if err != nil {
		return err
	}
	h.key = key.Reveal()
	if h.store, err = openStore(a.ctx, h.cfg, h.log, h.due); err != nil {
		return a.opening(err)
	}
	if err := awaitDatabase(a, h.store); err != nil {
		return err
	}
	// Nothing is decided by a clock that was never compared.
	if err := h.store.SyncClock(a.ctx); err != nil {
		return err
	}
	h.desk = openDesk(h.cfg, h.store)
	h.desk.InstantChanged = h.instantChanged
	h.desk.RecordSaved = h.recordSaved
	h.desk.StillChanged = h.stillChanged
	h.desk.Queued = h.photoQueued
	h.runs = append(h.runs, h.store.RunClock)
	return nil
}

func (h *house) openBroker(a *app) (err error) {
	if h.cfg.NATSURL == "" {
		h.broker, err = jetstream.StartServer(a.ctx, jetstream.ServerConfig{
			Dir: natsDir(h.cfg), ConfigFile: h.cfg.NATSConfig, BuiltIn: vetroom.NATSConfig, Addr: h.cfg.NATSAddr,
			Log: h.log.With("part", "nats"),
		})
		if err != nil {
			return err
		}
	}
	h.conn, err = jetstream.Connect(a.ctx, jetstream.ConnectConfig{
		URL: h.cfg.NATSURL.Reveal(), Server: h.broker, Name: "vetroom " + h.node, Log: h.log.With("part", "broker"),
		Streams: &jetstream.StreamsConfig{Replicas: h.cfg.NATSReplicas, MaxAge: h.cfg.NATSMaxAge},
	})
	if err != nil {
		return err
	}
	h.bus, err = jetstream.NewBus(h.conn, jetstream.BusConfig{Key: busKey(h.key)})
	return err
}

// due hears of each saved change that leaves something to publish. It tells the scheduler, wherever that leads, of what
// its memory may lack.
func (h *house) due(earliest time.Time) {
	if h.bus == nil || earliest.Sub(h.store.Now()) > nudgeHorizon {
		return
	}
	if h.scheduler != nil && h.scheduler.Status().Leader {
		h.nudged()
		return
	}
	if err := h.bus.Publish(nudgeSubject, nil); err != nil {
		h.log.Debug("nudge the scheduler", "error", err) // its own look, each second, finds the row
	}
}

// nudgeHorizon is how far ahead the scheduler's memory reaches: what is due later it reads in time by itself.
const nudgeHorizon = 3 * time.Minute

func (h *house) openScheduler(*app) (err error) {
	if !h.cfg.Has(configs.Scheduler) {
		return nil
	}
	h.scheduler, err = scheduler.New(scheduler.Config{
		Outbox: h.store, Leases: h.store, Publisher: publisher{h.conn}, Clock: h.store, Owner: h.schedulerName(),
		Announce: (&announcer{conn: h.conn, node: h.node}).announce,
		Log:      h.log.With("part", "scheduler"), Keep: h.cfg.NATSMaxAge, Lateness: h.metrics.lateness,
		Sweeps: []scheduler.Sweep{
			{Name: "check the permits of what opens next", Spec: "@every 30s", Run: func(ctx context.Context) error {
				return h.desk.SweepPermits(ctx, nudgeHorizon)
			}},
			{Name: "set absent vets offline", Spec: "@every 2s", Run: h.desk.SweepAbsent},
			{Name: "prune what was kept long enough", Spec: "@every 10m", Run: func(ctx context.Context) error {
				return h.store.Prune(ctx, h.cfg.NATSMaxAge)
			}},
			{Name: "forget photos that no reservation has", Spec: "@every 10m", Run: h.desk.SweepScreenings},
		},
	})
	if err != nil {
		return err
	}
	h.runs = append(h.runs, h.scheduler.Run)
	return errors.Join(h.openRings(), h.listen(nudgeSubject, func([]byte) { h.nudged() }))
}

// schedulerName is by what the lease knows this process. An installation that is one process on one folder, which the
// broker's lock makes sure of, keeps its name: after a crash it takes its own lease again at once.
func (h *house) schedulerName() string {
	if h.cfg.DatabaseURL == "" && h.cfg.NATSURL == "" {
		return "embedded"
	}
	return h.node
}

// listen hears a subject of the bus until the end.
func (h *house) listen(subject string, fn func([]byte)) error {
	cancel, err := h.bus.Subscribe(subject, func(m jetstream.BusMessage) { fn(m.Data) })
	if err != nil {
		return err
	}
	h.cancels = append(h.cancels, cancel)
	return nil
}

func (h *house) openSessions(*app) (err error) {
	h.sessions, err = handlers.NewSessions(handlers.SessionsConfig{
		Key: deriveKey(h.key, "sessions"), Secure: strings.HasPrefix(h.baseURL, "https://"), Clock: h.store,
		Random: rand.Reader, Revoked: h.store,
	})
	return err
}

func (h *house) openSignaling(a *app) (err error) {
	if !h.cfg.Has(configs.Signaling) {
		return nil
	}
	h.signaling, err = signaling.New(signaling.Config{
		Origins: origins(h.cfg, h.baseURL), Identify: h.sessions.Identify,
		Address: handlers.Neighbourhood(h.trustedProxies()),
		Rights:  h.desk, Rooms: h.store, Seats: h.store, Timeline: h.store, Chats: h.store, Presence: h.store, Vets: h.store,
		Slots: h.desk, Instants: h.desk, Screenings: h.store, Bus: wire{h.bus}, Feed: feed{h.conn}, Clock: h.store, Key: deriveKey(h.key, "resume"), ICE: h.iceServers, Echo: h.echoes(),
		Limits: signaling.Limits{Messages: a.socketMessages, Burst: int(2 * a.socketMessages)},
		Node:   h.node, OnTold: h.metrics.told, OnChecked: h.metrics.checked, Log: h.log.With("part", "signaling"),
	})
	if err != nil {
		return err
	}
	h.runs = append(h.runs, h.signaling.Run)
	return nil
}

func (h *house) openWeb(*app) (err error) {
	h.web, err = web.New()
	return err
}

func (h *house) openHandlers(*app) (err error) {
	config := handlers.Config{
		Desk: h.desk, Web: h.web, DevMail: h.mailbox, OpsOnly: !h.cfg.Has(configs.Web), Pictures: h.store, Intake: screening.NewIntake(), Sessions: h.sessions,
		Clock: h.store, Random: rand.Reader, Log: h.log.With("part", "http"), BaseURL: h.baseURL, TrustedProxies: h.trustedProxies(), Version: version, OpsToken: h.cfg.OpsToken.Reveal(),
		Metrics: h.metrics.handler(), Ready: h.ready, Observe: h.metrics.answered, Unavailable: unavailable,
		CloseSockets: h.closeSockets, AsyncAPI: signaling.AsyncAPI(version, h.baseURL),
	}
	if h.signaling != nil {
		config.Socket = h.signaling
	}
	h.handler, err = handlers.New(config)
	return err
}

func (h *house) trustedProxies() []netip.Prefix { return h.cfg.TrustedProxies }

// closeSockets ends a session's sockets, here and at every other process.
func (h *house) closeSockets(_ context.Context, session, _ string) {
	if h.signaling != nil {
		h.signaling.CloseSession(session)
		return
	}
	if err := signaling.CloseSession(wire{h.bus}, session); err != nil {
		h.log.Warn("close a session's sockets", "error", err)
	}
}

func unavailable(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrBusy)
}

// close ends the parts in the reverse order of their making.
func (h *house) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWait)
	defer cancel()
	for _, cancel := range h.cancels {
		cancel()
	}
	var errs []error
	if h.conn != nil {
		errs = append(errs, h.conn.Close(ctx))
	}
	if h.broker != nil {
		errs = append(errs, h.broker.Close())
	}
	if h.store != nil {
		errs = append(errs, h.store.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
