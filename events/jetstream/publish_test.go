package jetstream

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	njs "github.com/nats-io/nats.go/jetstream"

	"vetroom/configs/configstest"
	"vetroom/events"
)

func TestPublishAll(t *testing.T) {
	s := start(t, ServerConfig{})
	for name, cfg := range map[string]ConnectConfig{"in_process": {Server: s}, "by_socket": {URL: s.URL()}} {
		t.Run(name, func(t *testing.T) {
			c := ready(t, cfg)
			const n = 10_000
			messages := some(name, n)
			begun := time.Now()
			acks := c.PublishAll(t.Context(), messages)
			took := time.Since(begun)
			t.Logf("%d messages in %v", n, took)
			if took > 10*time.Second { // a tenth of a second on two idle cores
				t.Errorf("took %v", took)
			}
			seen := make(map[uint64]bool)
			for i, a := range acks {
				if a.Err != nil || a.Stream != "ROOM" || a.Duplicate || a.Seq == 0 || seen[a.Seq] {
					t.Fatalf("ack %d: %+v", i, a)
				}
				seen[a.Seq] = true
			}
			held, err := c.Held(t.Context(), "ROOM")
			if err != nil {
				t.Fatal(err)
			}
			for i, a := range acks {
				if held[messages[i].ID] != a.Seq {
					t.Fatalf("message %d was acknowledged at %d, is at %d", i, a.Seq, held[messages[i].ID])
				}
			}
			again := c.PublishAll(t.Context(), messages[:10])
			for i, a := range again {
				if a.Err != nil || !a.Duplicate || a.Seq != acks[i].Seq {
					t.Errorf("repeat %d: %+v", i, a)
				}
			}
			if got := c.Stats(); got.Published != n+10 || got.Duplicates != 10 || got.Failed != 0 {
				t.Errorf("counted %+v", got)
			}
		})
	}
}

func TestPublishKeepsBytes(t *testing.T) {
	c := ready(t, ConnectConfig{Server: start(t, ServerConfig{})})
	body := []byte("{\"a\": \"\\u0000 개\" ,\n\t\"b\":1}  ")
	mustPublish(t, c, []events.Message{{ID: "one", Subject: "vetroom.vet.online.x", Body: body}})
	stream, err := c.js.Stream(t.Context(), "VET")
	if err != nil {
		t.Fatal(err)
	}
	msg, err := stream.GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if string(msg.Data) != string(body) || msg.Subject != "vetroom.vet.online.x" ||
		msg.Header.Get("Nats-Msg-Id") != "one" || msg.Header.Get("Content-Type") != "application/cloudevents+json" {
		t.Errorf("stored %s %v %q", msg.Subject, msg.Header, msg.Data)
	}
}

func TestPublishResultsBelongToTheirMessages(t *testing.T) {
	c := ready(t, ConnectConfig{Server: start(t, ServerConfig{})})
	good := some("a", 2)
	nowhere := events.Message{ID: "n", Subject: "elsewhere.x", Body: []byte("{}")}
	huge := events.Message{ID: "h", Subject: "vetroom.room.open.h", Body: make([]byte, 2<<20)}
	acks := c.PublishAll(t.Context(), []events.Message{good[0], nowhere, huge, good[1]})
	if acks[0].Err != nil || acks[0].Seq != 1 || acks[3].Err != nil || acks[3].Seq != 2 {
		t.Errorf("the good ones: %+v, %+v", acks[0], acks[3])
	}
	if !errors.Is(acks[1].Err, ErrNoStream) {
		t.Errorf("without a stream: %v", acks[1].Err)
	}
	if acks[2].Err == nil {
		t.Error("a message over the limit was acknowledged")
	}
	if acks := c.PublishAll(t.Context(), nil); len(acks) != 0 {
		t.Errorf("acks for nothing: %v", acks)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, a := range c.PublishAll(ctx, some("b", 3)) {
		if !errors.Is(a.Err, context.Canceled) {
			t.Errorf("cancelled: %+v", a)
		}
	}
}

func TestPublishMakesLostStreams(t *testing.T) {
	c := ready(t, ConnectConfig{Server: start(t, ServerConfig{})})
	stored := mustPublish(t, c, some("a", 3))
	if err := c.js.DeleteStream(t.Context(), "ROOM"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Missing(t.Context(), "VET", nil); err != nil {
		t.Fatal(err)
	}
	if a := c.PublishAll(t.Context(), some("b", 1))[0]; !errors.Is(a.Err, ErrNoStream) {
		t.Errorf("published into nothing: %+v", a)
	}
	eventually(t, "the stream is there again", func() error {
		return c.PublishAll(t.Context(), some("b", 1))[0].Err
	})
	var missing []int
	eventually(t, "it can be read", func() (err error) { // the server has it take messages before it finds it by name
		missing, err = c.Missing(t.Context(), "ROOM", stored)
		return err
	})
	if len(missing) != 3 {
		t.Errorf("missing %v", missing)
	}
}

func TestBrokerAwayAndBack(t *testing.T) {
	dir, addr := t.TempDir(), configstest.FreeAddr(t)
	broker := startChild(t, dir, addr)
	c := ready(t, ConnectConfig{URL: broker.url})
	mustPublish(t, c, some("a", 10))
	back := make(chan struct{}, 10)
	c.OnReconnect(func() { back <- struct{}{} })

	broker.kill()
	eventually(t, "the connection says that the broker is away", func() error {
		if err := c.Ready(); !errors.Is(err, ErrAway) {
			return errors.Join(errors.New("not away"), err)
		}
		return nil
	})
	begun := time.Now()
	for i, a := range c.PublishAll(t.Context(), some("b", 5000)) {
		if !errors.Is(a.Err, ErrAway) {
			t.Fatalf("message %d to nobody: %+v", i, a)
		}
	}
	if took := time.Since(begun); took > callWait {
		t.Errorf("failing took %v, as if somebody could acknowledge", took)
	}
	startChild(t, dir, addr)
	receive(t, "the broker is back", back)
	if err := c.Ready(); err != nil {
		t.Errorf("ready: %v", err)
	}
	mustPublish(t, c, some("b", 5000))
	if got := c.Stats(); got.Reconnects == 0 || got.Disconnects == 0 || got.Failed != 5000 {
		t.Errorf("counted %+v", got)
	}
}

// A broker that does not answer (stopped, swapping, cut off) must not hold its callers.
func TestBrokerStalls(t *testing.T) {
	broker := startChild(t, t.TempDir(), configstest.FreeAddr(t))
	c := ready(t, ConnectConfig{URL: broker.url})
	broker.signal(syscall.SIGSTOP)
	messages := some("a", 20_000)
	for i := range messages {
		messages[i].Body = make([]byte, 2000) // more than sockets buffer
	}
	begun := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	for i, a := range c.PublishAll(ctx, messages) {
		if a.Err == nil {
			t.Fatalf("message %d was acknowledged: %+v", i, a)
		}
	}
	if took := time.Since(begun); took > 14*time.Second {
		t.Errorf("gave up after %v", took)
	}
	broker.signal(syscall.SIGCONT)
	eventually(t, "the broker answers again", func() error { return c.PublishAll(t.Context(), some("b", 1))[0].Err })
	for i := range messages {
		messages[i].Body = []byte("{}")
	}
	eventually(t, "all can be published", func() error {
		for _, a := range c.PublishAll(t.Context(), messages) {
			if a.Err != nil {
				return a.Err
			}
		}
		return nil
	})
}

func TestConnectToBrokerThatComesLater(t *testing.T) {
	dir, addr := t.TempDir(), configstest.FreeAddr(t)
	s := start(t, ServerConfig{Dir: dir, Addr: addr}) // makes the passwords
	url := s.URL()
	stop(t, s)
	begun := time.Now()
	c := connect(t, ConnectConfig{URL: url})
	if took := time.Since(begun); took > patience {
		t.Errorf("connecting took %v", took)
	}
	if err := c.Ready(); !errors.Is(err, ErrAway) {
		t.Errorf("ready: %v", err)
	}
	attached, got := make(chan struct{}, 9), make(chan Delivered, 9)
	follow(t, c, FollowConfig{Stream: "ROOM", OnAttached: func() { attached <- struct{}{} }}, got)
	start(t, ServerConfig{Dir: dir, Addr: addr})
	receive(t, "the follower attaches", attached)
	eventually(t, "ready", c.Ready)
	mustPublish(t, c, some("a", 1))
	receive(t, "a message", got)
}

// A connection that is refused says why, and goes on trying: nats.go by itself would give up at the second refusal.
func TestConnectWithRefusedPassword(t *testing.T) {
	dir, addr := t.TempDir(), configstest.FreeAddr(t)
	right := start(t, ServerConfig{Dir: dir, Addr: addr})
	url := right.URL()
	stop(t, right)
	wrong := start(t, ServerConfig{Addr: addr})
	c := connect(t, ConnectConfig{URL: url})
	eventually(t, "five tries", func() error {
		v, err := wrong.nats.Varz(nil)
		if err == nil && v.TotalConnections < 6 { // with the gate's
			err = fmt.Errorf("%d connections", v.TotalConnections)
		}
		return err
	})
	if err := c.Ready(); !errors.Is(err, ErrAway) || !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("ready: %v", err)
	}
	stop(t, wrong)
	start(t, ServerConfig{Dir: dir, Addr: addr})
	eventually(t, "ready", c.Ready)
}

func TestConnectRefusesBadURL(t *testing.T) {
	if c, err := Connect(t.Context(), ConnectConfig{URL: "nats://:a:b:c"}); err == nil {
		t.Error("connected")
		c.Close(t.Context())
	}
}

func TestCloseEnds(t *testing.T) {
	s := start(t, ServerConfig{})
	c := ready(t, ConnectConfig{Server: s})
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := c.Ready(); !errors.Is(err, ErrClosed) {
		t.Errorf("ready: %v", err)
	}
	if a := c.PublishAll(t.Context(), some("a", 1))[0]; !errors.Is(a.Err, ErrClosed) {
		t.Errorf("publish: %v", a.Err)
	}
	if err := c.Follow(t.Context(), FollowConfig{Stream: "ROOM"}, func(Delivered) {}); !errors.Is(err, ErrClosed) {
		t.Errorf("follow: %v", err)
	}
	away := connect(t, ConnectConfig{URL: "nats://a:b@" + configstest.FreeAddr(t)})
	begun := time.Now()
	if err := away.Close(t.Context()); err != nil || time.Since(begun) > drainWait {
		t.Errorf("close without a broker: %v after %v", err, time.Since(begun))
	}
}

func TestEnsureStreams(t *testing.T) {
	c := ready(t, ConnectConfig{Server: start(t, ServerConfig{})})
	mustPublish(t, c, some("a", 5))
	if err := c.EnsureStreams(t.Context(), StreamsConfig{}); err != nil {
		t.Fatal(err)
	}
	if n, want := c.Stats().StreamsMade, uint64(len(events.Streams)+1); n != want {
		t.Errorf("%d streams made, want %d, once", n, want)
	}
	check := func(age time.Duration) {
		t.Helper()
		for name, subject := range events.Streams {
			s, err := c.js.Stream(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			got := s.CachedInfo().Config
			if got.MaxAge != age || got.Duplicates != 2*time.Minute || got.Storage != njs.FileStorage ||
				got.Retention != njs.LimitsPolicy || len(got.Subjects) != 1 || got.Subjects[0] != subject || !got.AllowDirect {
				t.Errorf("stream %s: %+v", name, got)
			}
		}
	}
	check(7 * 24 * time.Hour)
	if err := c.EnsureStreams(t.Context(), StreamsConfig{MaxAge: time.Hour}); err != nil {
		t.Fatal(err)
	}
	check(time.Hour)
	if _, _, last, err := c.StreamState(t.Context(), "ROOM"); err != nil || last != 5 {
		t.Errorf("the stream ends at %d, %v", last, err)
	}
	if err := c.EnsureStreams(t.Context(), StreamsConfig{Replicas: 3}); err == nil {
		t.Error("three replicas on one server")
	}
	if _, _, _, err := c.StreamState(t.Context(), "NONE"); !errors.Is(err, ErrNoStream) {
		t.Errorf("state of no stream: %v", err)
	}
}
