package main

import (
	"context"
	"fmt"
	"time"

	"vetroom/handlers"
)

// maxDoubt is how unsure of the database's clock a ready process may be: what opens by it opens that late at worst.
const maxDoubt = 100 * time.Millisecond

// maxBehind is how late something due may be before a process that leads is not ready.
const maxBehind = 5 * time.Second

// ready answers /readyz: database, broker, schema, clock and, where this process has them, scheduler and TURN server.
func (h *house) ready(ctx context.Context) []handlers.Check {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	checks := []handlers.Check{
		check("database", h.store.Ping(ctx)),
		check("schema", h.store.SchemaState(ctx)),
		check("clock", h.clockReady()),
		check("broker", h.conn.Ready()),
	}
	if h.scheduler != nil {
		checks = append(checks, check("scheduler", h.schedulerReady()))
	}
	if h.turn != nil {
		relay := check("turn", h.turn.Ready())
		relay.Aside = true // most calls find a direct way
		checks = append(checks, relay)
	}
	if h.draining.Load() {
		checks = append(checks, handlers.Check{Name: "draining", Detail: "this process is ending"})
	}
	return checks
}

// check keeps the reason for the log: it may name hosts.
func check(name string, err error) handlers.Check {
	if err == nil {
		return handlers.Check{Name: name, OK: true}
	}
	return handlers.Check{Name: name, Detail: name + " is not available"}
}

func (h *house) clockReady() error {
	if d := h.store.ClockDoubt(); d > maxDoubt {
		return fmt.Errorf("the database's clock is known to %v only", d)
	}
	return nil
}

func (h *house) schedulerReady() error {
	st := h.scheduler.Status()
	if late := h.store.Now().Sub(st.Oldest); !st.Oldest.IsZero() && late > maxBehind {
		return fmt.Errorf("%d events are due and not published, the oldest for %v", st.Behind, late)
	}
	return st.Err
}
