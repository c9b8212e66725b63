package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"slices"
	"sync/atomic"

	"vetroom/events"
	"vetroom/events/jetstream"
	"vetroom/signaling"
)

// publisher is the broker as the scheduler asks for it.
type publisher struct{ *jetstream.Conn }

// Missing says which of the rows their stream does not hold any more.
func (p publisher) Missing(ctx context.Context, stream string, rows []events.Marked) ([]int, error) {
	stored := make([]jetstream.Stored, len(rows))
	for i, r := range rows {
		stored[i] = jetstream.Stored{ID: r.ID, Seq: r.Seq}
	}
	return p.Conn.Missing(ctx, stream, stored)
}

// announcer tells the signaling processes of openings.
type announcer struct {
	conn   *jetstream.Conn
	node   string
	serial atomic.Uint64
}

func (a *announcer) announce(ctx context.Context, unlocks []events.Unlock) error {
	var messages []events.Message
	for part := range slices.Chunk(unlocks, events.UnlocksAMessage) {
		id := fmt.Sprintf("%s.%d", a.node, a.serial.Add(1))
		messages = append(messages, events.EncodeUnlocks(id, part))
	}
	for _, ack := range a.conn.PublishAll(ctx, messages) {
		if ack.Err != nil {
			return ack.Err
		}
	}
	return nil
}

// feed is the broker as signaling hears it.
type feed struct{ conn *jetstream.Conn }

// Follow follows a stream from now on.
func (f feed) Follow(ctx context.Context, stream string, attached func(), fn func(events.Message)) error {
	cfg := jetstream.FollowConfig{Stream: stream, From: jetstream.FromNew(), OnAttached: attached, OnGap: attached}
	return f.conn.Follow(ctx, cfg, func(d jetstream.Delivered) { fn(d.Message) })
}

// wire is the bus as signaling speaks on it.
type wire struct{ bus *jetstream.Bus }

var _ signaling.Bus = wire{}

func (w wire) Publish(subject string, data []byte) error { return w.bus.Publish(subject, data) }

func (w wire) Subscribe(subject string, fn func(subject string, data []byte)) (cancel func(), err error) {
	return w.bus.Subscribe(subject, func(m jetstream.BusMessage) { fn(m.Subject, m.Data) })
}

// httpErrors is where net/http says what went wrong with a connection.
func httpErrors(l *slog.Logger) *log.Logger { return slog.NewLogLogger(l.Handler(), slog.LevelDebug) }
