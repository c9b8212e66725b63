package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"vetroom/configs"
	"vetroom/store"
)

// How long the end may take: 20 s in all (contract §1).
const (
	stopWait   = 18 * time.Second
	goAwayWait = 2 * time.Second // for sockets to hear that they shall go
	answerWait = 5 * time.Second // for calls in hand
)

type serveCmd struct {
	Demo           bool    `help:"On an empty database add a handful of demo vets, and print their logins once."`
	SocketMessages float64 `hidden:"" placeholder:"N" help:"Messages that a socket may send a second, for measurements; 0: what a person's browser needs."`
}

// Run serves until SIGINT or SIGTERM, then drains and ends.
func (c serveCmd) Run(a *app) error {
	if err := a.cfg.CheckServe(); err != nil {
		return usageError{err}
	}
	listener, err := net.Listen("tcp", a.cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen for HTTP: %w", err)
	}
	defer listener.Close()
	a.demo, a.socketMessages = c.Demo, c.SocketMessages
	h, err := openHouse(a, listener.Addr())
	if err != nil {
		return err
	}
	if c.Demo {
		err = addDemo(a, h.desk)
	}
	if err == nil {
		err = h.serve(a, listener)
	}
	return errors.Join(err, h.close())
}

// serve runs every part until a signal, or until one fails.
func (h *house) serve(a *app, listener net.Listener) error {
	server := &http.Server{
		Handler: h.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: httpErrors(h.log),
	}
	// The parts live until the drain is over, which begins when the signal comes.
	parts, stop := context.WithCancel(context.WithoutCancel(a.ctx))
	defer stop()
	group, parts := errgroup.WithContext(parts)
	group.Go(func() error { return ignoreClosed(server.Serve(listener)) })
	for _, run := range h.runs {
		group.Go(func() error { return ignoreEnd(parts, run(parts)) })
	}
	if err := a.say("ready on %s", h.baseURL); err != nil {
		h.log.Warn("say that it is ready", "error", err)
	}
	select {
	case <-a.ctx.Done():
		h.log.Info("draining")
	case <-parts.Done():
	}
	err := h.drain(a.ctx, server)
	stop()
	return errors.Join(err, group.Wait())
}

// drain lets nobody in any more, tells sockets to go, and finishes the calls in hand.
func (h *house) drain(ctx context.Context, server *http.Server) error {
	h.draining.Store(true)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goAwayWait+answerWait)
	defer cancel()
	if h.signaling != nil {
		away, cancel := context.WithTimeout(ctx, goAwayWait)
		h.signaling.Drain(away)
		cancel()
	}
	if err := server.Shutdown(ctx); err != nil {
		h.log.Warn("calls were cut off", "error", err)
		return server.Close()
	}
	return nil
}

// ignoreEnd drops the error of a part that ended because it was told to.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve HTTP: %w", err)
}

// awaitDatabase waits until the database is there, and refuses one whose schema is older than the program.
func awaitDatabase(a *app, s *store.Store) error {
	said := false
	for {
		err := s.SchemaState(a.ctx)
		if !errors.Is(err, store.ErrUnavailable) {
			return err
		}
		if !said {
			a.log.Warn("waiting for the database", "error", err)
			said = true
		}
		select {
		case <-a.ctx.Done():
			return a.opening(err)
		case <-time.After(time.Second):
		}
	}
}

// origins are the pages that may open a socket: those of the public URL and, where that is this machine's own loopback
// address, of its other name too.
func origins(cfg configs.Config, base string) []string {
	if cfg.BaseURL != "" {
		return []string{base}
	}
	_, port, err := net.SplitHostPort(base[len("http://"):])
	if err != nil {
		return []string{base}
	}
	return []string{base, "http://localhost:" + port}
}
