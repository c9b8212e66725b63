package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"vetroom/events/jetstream"
	"vetroom/signaling"
)

// nudgeWait bounds what a command spends on a nudge: the scheduler's own look, each second, is not much later.
const nudgeWait = time.Second

// dueNote remembers whether a command saved something that is to be published.
type dueNote struct{ any atomic.Bool }

func (d *dueNote) note(time.Time) { d.any.Store(true) }

// nudge tells a running scheduler what the command saved. Nobody there is no error: what is due is found anyway.
func (a *app) nudge() {
	if !a.due.any.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(a.ctx, nudgeWait)
	defer cancel()
	if err := a.sendNudge(ctx); err != nil {
		a.log.Debug("nudge the scheduler", "error", err)
	}
}

// signOut closes a vet's sockets in a running vetroom. Nobody there is no error: then there are none.
func (a *app) signOut(vetID string) {
	ctx, cancel := context.WithTimeout(a.ctx, nudgeWait)
	defer cancel()
	err := a.onBus(ctx, func(bus *jetstream.Bus) error { return signaling.CloseSession(wire{bus}, vetID) })
	if err != nil {
		a.log.Debug("close a vet's sockets", "error", err)
	}
}

func (a *app) sendNudge(ctx context.Context) error {
	return a.onBus(ctx, func(bus *jetstream.Bus) error { return bus.Publish(nudgeSubject, nil) })
}

// onBus says something to the processes of a running vetroom.
func (a *app) onBus(ctx context.Context, say func(*jetstream.Bus) error) error {
	key, err := sessionKey(a.cfg)
	if err != nil {
		return err
	}
	conn, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	bus, err := jetstream.NewBus(conn, jetstream.BusConfig{Key: busKey(key.Reveal())})
	if err != nil {
		return err
	}
	if err := say(bus); err != nil {
		return err
	}
	return bus.Flush(ctx)
}

// connect reaches the installation's broker, the server of a running vetroom or the one outside, before ctx ends.
func (a *app) connect(ctx context.Context) (*jetstream.Conn, error) {
	url, err := brokerURL(a.cfg)
	if err != nil {
		return nil, err
	}
	conn, err := jetstream.Connect(a.ctx, jetstream.ConnectConfig{URL: url, Name: "vetroom command", Log: a.log})
	if err != nil {
		return nil, err
	}
	if err := awaitBroker(ctx, conn); err != nil {
		conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// awaitBroker looks until the broker is there: its connection is made in the background.
func awaitBroker(ctx context.Context, conn *jetstream.Conn) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := conn.Ready()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("reach the broker: %w", err)
		case <-tick.C:
		}
	}
}
