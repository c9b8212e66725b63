package jetstream

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

const (
	busPrefix = "_vr."
	keyHeader = "Vr-Key"
)

// BusConfig is what the processes of one installation share.
type BusConfig struct {
	Key string // derived from the session key; not empty
}

// Bus carries what passes between the processes of one installation over core NATS, in no stream: at most once, and
// only to who listens. A message without the key is dropped, whoever was able to send it.
type Bus struct {
	conn *Conn
	key  string
}

// BusMessage is one message of the bus.
type BusMessage struct {
	Subject string
	Data    []byte
	respond func([]byte) error
}

// Respond answers a request; on what is not one it returns ErrNobody.
func (m BusMessage) Respond(data []byte) error { return m.respond(data) }

// NewBus makes the bus on a connection. An empty key is refused: everybody would know it.
func NewBus(conn *Conn, cfg BusConfig) (*Bus, error) {
	if cfg.Key == "" || strings.ContainsAny(cfg.Key, "\r\n") || strings.TrimSpace(cfg.Key) != cfg.Key {
		return nil, errors.New("make the bus: the key is empty or not one line of text")
	}
	return &Bus{conn: conn, key: cfg.Key}, nil
}

// Publish sends to all who listen to the subject now. It returns ErrAway when the broker is, ErrSubject for a subject
// that does not begin with "_vr.".
func (b *Bus) Publish(subject string, data []byte) error {
	if err := checkSubject(subject); err != nil {
		return err
	}
	if err := b.conn.nc.PublishMsg(b.message(subject, data)); err != nil {
		return fmt.Errorf("publish on the bus: %w", translate(err))
	}
	return nil
}

// Subscribe calls fn for each message, one after the other, until cancel is called; wildcards are NATS's. After cancel
// fn does not begin again; a call that runs goes on. The subscription outlives breaks of the connection; what was sent
// meanwhile is lost.
func (b *Bus) Subscribe(subject string, fn func(BusMessage)) (cancel func(), err error) {
	if err := checkSubject(subject); err != nil {
		return nil, err
	}
	var ended atomic.Bool
	sub, err := b.conn.nc.Subscribe(subject, func(m *nats.Msg) {
		if !ended.Load() && b.ours(m) {
			fn(b.received(m))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("subscribe on the bus: %w", translate(err))
	}
	return func() {
		if !ended.CompareAndSwap(false, true) {
			return
		}
		if err := sub.Unsubscribe(); err != nil {
			b.conn.log.Debug("unsubscribe from the bus", "error", err)
		}
	}, nil
}

// Request sends to one subject and waits for the first answer until ctx ends; a context without a deadline gets 5 s. It
// returns ErrNobody when nobody listens.
func (b *Bus) Request(ctx context.Context, subject string, data []byte) ([]byte, error) {
	if err := checkSubject(subject); err != nil {
		return nil, err
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callWait)
		defer cancel()
	}
	answer, err := b.conn.nc.RequestMsgWithContext(ctx, b.message(subject, data))
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil, ErrNobody
	case err != nil:
		return nil, fmt.Errorf("request on the bus: %w", translate(err))
	case !b.ours(answer):
		return nil, errors.New("request on the bus: the answer came without the key")
	}
	return answer.Data, nil
}

// Flush waits until the broker has heard of everything done before, a Subscribe say.
func (b *Bus) Flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	if err := b.conn.nc.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("flush the bus: %w", translate(err))
	}
	return nil
}

func (b *Bus) message(subject string, data []byte) *nats.Msg {
	return &nats.Msg{Subject: subject, Data: data, Header: nats.Header{keyHeader: {b.key}}}
}

func (b *Bus) received(m *nats.Msg) BusMessage {
	return BusMessage{Subject: m.Subject, Data: m.Data, respond: func(data []byte) error {
		if m.Reply == "" {
			return ErrNobody
		}
		if err := m.RespondMsg(b.message(m.Reply, data)); err != nil {
			return fmt.Errorf("respond on the bus: %w", translate(err))
		}
		return nil
	}}
}

// ours says whether the message carries the key, in a time that does not tell how much of it was right.
func (b *Bus) ours(m *nats.Msg) bool {
	if subtle.ConstantTimeCompare([]byte(m.Header.Get(keyHeader)), []byte(b.key)) == 1 {
		return true
	}
	b.conn.counted.busDropped.Add(1)
	return false
}

func checkSubject(subject string) error {
	if !strings.HasPrefix(subject, busPrefix) || strings.ContainsAny(subject, " \t\r\n") {
		return fmt.Errorf("%w: %q", ErrSubject, subject)
	}
	return nil
}
