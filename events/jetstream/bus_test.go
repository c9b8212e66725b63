package jetstream

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go"
)

func newBus(t *testing.T, c *Conn) *Bus {
	t.Helper()
	b, err := NewBus(c, BusConfig{Key: "the-key"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBus(t *testing.T) {
	s := start(t, ServerConfig{})
	one, two := newBus(t, ready(t, ConnectConfig{Server: s})), newBus(t, ready(t, ConnectConfig{URL: s.URL()}))
	got := make(chan string, 10)
	cancel, err := two.Subscribe("_vr.room.>", func(m BusMessage) {
		got <- m.Subject + " " + string(m.Data)
		if string(m.Data) == "ask" {
			if err := m.Respond([]byte("answer")); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := two.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := one.Publish("_vr.room.7.owner", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, "the message", got); m != "_vr.room.7.owner hello" {
		t.Errorf("got %q", m)
	}
	answer, err := one.Request(t.Context(), "_vr.room.7.vet", []byte("ask"))
	if err != nil || string(answer) != "answer" {
		t.Errorf("answered %q, %v", answer, err)
	}
	receive(t, "the request", got)
	cancel()
	cancel()
	if err := two.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Request(t.Context(), "_vr.room.7.vet", nil); !errors.Is(err, ErrNobody) {
		t.Errorf("after cancel: %v", err)
	}
}

func TestBusTrustsOnlyTheKey(t *testing.T) {
	c := ready(t, ConnectConfig{Server: start(t, ServerConfig{})})
	b := newBus(t, c)
	got := make(chan string, 10)
	if _, err := b.Subscribe("_vr.nudge", func(m BusMessage) { got <- string(m.Data) }); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"", "the-ke", "the-key x", "THE-KEY", "the-keyy"} {
		m := &nats.Msg{Subject: "_vr.nudge", Data: []byte("forged with " + key), Header: nats.Header{}}
		if key != "" {
			m.Header.Set(keyHeader, key)
		}
		if err := c.nc.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Publish("_vr.nudge", []byte("real")); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, "the real message", got); m != "real" {
		t.Errorf("got %q", m)
	}
	if n := c.Stats().BusDropped; n != 5 {
		t.Errorf("%d dropped, want 5", n)
	}
	if _, err := c.nc.Subscribe("_vr.forger", func(m *nats.Msg) { m.Respond([]byte("forged")) }); err != nil {
		t.Fatal(err)
	}
	if answer, err := b.Request(t.Context(), "_vr.forger", nil); err == nil {
		t.Errorf("a forged answer was taken: %s", answer)
	}
}

func TestBusRefuses(t *testing.T) {
	s := start(t, ServerConfig{})
	c := ready(t, ConnectConfig{URL: s.URL()})
	for _, key := range []string{"", "a\r\nb", " a"} {
		if _, err := NewBus(c, BusConfig{Key: key}); err == nil {
			t.Errorf("key %q was taken", key)
		}
	}
	b := newBus(t, c)
	for _, subject := range []string{"", "vetroom.room.open.x", "_vr", "_vrx", "_vr.a b"} {
		_, subErr := b.Subscribe(subject, func(BusMessage) {})
		_, reqErr := b.Request(t.Context(), subject, nil)
		for _, err := range []error{b.Publish(subject, nil), subErr, reqErr} {
			if !errors.Is(err, ErrSubject) {
				t.Errorf("%q: %v", subject, err)
			}
		}
	}
	stop(t, s)
	eventually(t, "the bus says that the broker is away", func() error {
		if err := b.Publish("_vr.nudge", nil); !errors.Is(err, ErrAway) {
			return errors.Join(errors.New("not away"), err)
		}
		return nil
	})
	if _, err := b.Request(t.Context(), "_vr.nudge", nil); !errors.Is(err, ErrAway) {
		t.Errorf("request: %v", err)
	}
}
