package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	njs "github.com/nats-io/nats.go/jetstream"

	"vetroom/configs/configstest"
	"vetroom/events"
)

// follow runs Follow until the test ends.
func follow(t *testing.T, c *Conn, cfg FollowConfig, got chan<- Delivered) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Follow(ctx, cfg, func(d Delivered) { got <- d }) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil && !errors.Is(err, ErrClosed) {
				t.Errorf("follow: %v", err)
			}
		case <-time.After(patience):
			t.Error("Follow did not end")
		}
	})
}

// attach follows and waits until it is attached.
func attach(t *testing.T, c *Conn, cfg FollowConfig) chan Delivered {
	t.Helper()
	got, attached := make(chan Delivered, 100_000), make(chan struct{}, 100)
	cfg.OnAttached = func() { attached <- struct{}{} }
	follow(t, c, cfg, got)
	receive(t, "the follower attaches", attached)
	return got
}

// expect receives messages, in any number of copies, until all ids came.
func expect(t *testing.T, got <-chan Delivered, want []events.Message) {
	t.Helper()
	left := make(map[string]bool)
	for _, m := range want {
		left[m.ID] = true
	}
	deadline := time.After(patience)
	for len(left) > 0 {
		select {
		case d := <-got:
			delete(left, d.ID)
		case <-deadline:
			t.Fatalf("%d of %d messages never came", len(left), len(want))
		}
	}
}

func TestFollow(t *testing.T) {
	c := ready(t, ConnectConfig{Server: start(t, ServerConfig{})})
	before := some("before", 5)
	mustPublish(t, c, before)
	_, _, last, err := c.StreamState(t.Context(), "ROOM")
	if err != nil || last != 5 {
		t.Fatal(last, err)
	}
	stream, err := c.js.Stream(t.Context(), "ROOM")
	if err != nil {
		t.Fatal(err)
	}
	fourth, err := stream.GetMsg(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	after := some("after", 3000)
	for _, test := range []struct {
		name  string
		cfg   FollowConfig
		first uint64
	}{
		{"new", FollowConfig{}, 6},
		{"all", FollowConfig{From: FromAll()}, 1},
		{"after 2", FollowConfig{From: FromAfter(2)}, 3},
		{"after 0", FollowConfig{From: FromAfter(0)}, 1},
		{"time", FollowConfig{From: FromTime(fourth.Time)}, 4},
		{"one subject", FollowConfig{From: FromAll(), Subjects: []string{"vetroom.room.open.before-3"}}, 4},
		{"two subjects", FollowConfig{From: FromAll(), Subjects: []string{"vetroom.room.open.before-1", "vetroom.room.open.before-2"}}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.cfg.Stream = "ROOM"
			got := attach(t, c, test.cfg)
			if test.name == "new" {
				mustPublish(t, c, after)
				for i, want := range after {
					d := receive(t, "a message", got)
					if d.Seq != uint64(6+i) || d.Stream != "ROOM" || d.ID != want.ID || d.Subject != want.Subject || string(d.Body) != string(want.Body) || d.At.IsZero() {
						t.Fatalf("message %d: %+v", i, d)
					}
				}
				return
			}
			if d := receive(t, "the first message", got); d.Seq != test.first {
				t.Errorf("begins at %d, want %d", d.Seq, test.first)
			}
		})
	}
}

func TestFollowHealsLostConsumer(t *testing.T) {
	c := ready(t, ConnectConfig{Server: start(t, ServerConfig{})})
	gaps := make(chan struct{}, 10)
	got := attach(t, c, FollowConfig{Stream: "ROOM", OnGap: func() { gaps <- struct{}{} }})
	sent := 0
	for round := range 3 {
		messages := some(fmt.Sprint("round", round), 10)
		mustPublish(t, c, messages)
		for range messages {
			d := receive(t, "a message", got)
			if sent++; d.Seq != uint64(sent) {
				t.Fatalf("message %d came as number %d", d.Seq, sent)
			}
		}
		stream, err := c.js.Stream(t.Context(), "ROOM")
		if err != nil {
			t.Fatal(err)
		}
		for name := range stream.ConsumerNames(t.Context()).Name() {
			if err := c.js.DeleteConsumer(t.Context(), "ROOM", name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(gaps) > 0 {
		t.Error("a lost consumer is no gap")
	}
	if n := c.Stats().Attached; n < 3 {
		t.Errorf("attached %d times", n)
	}
}

// Nothing that is published while the broker restarts between two messages is lost, nor told twice.
func TestFollowThroughRestart(t *testing.T) {
	dir, addr := t.TempDir(), configstest.FreeAddr(t)
	s := start(t, ServerConfig{Dir: dir, Addr: addr})
	reader, writer := ready(t, ConnectConfig{URL: s.URL()}), ready(t, ConnectConfig{URL: s.URL()})
	gaps := make(chan struct{}, 10)
	fresh := attach(t, reader, FollowConfig{Stream: "ROOM", OnGap: func() { gaps <- struct{}{} }})
	for round := range 2 {
		stop(t, s)
		s = start(t, ServerConfig{Dir: dir, Addr: addr})
		messages := some(fmt.Sprint("round", round), 100)
		eventually(t, "the writer is back", func() error {
			probe := []events.Message{{ID: fmt.Sprint("probe", round), Subject: "vetroom.vet.online.probe"}}
			return writer.PublishAll(t.Context(), probe)[0].Err
		})
		mustPublish(t, writer, messages)
		for i, m := range messages {
			if d := receive(t, "a message", fresh); d.ID != m.ID {
				t.Fatalf("message %d is %s, want %s", i, d.ID, m.ID)
			}
		}
	}
	if len(gaps) > 0 {
		t.Error("a restart is no gap")
	}
}

// The wiped store: an ordered consumer of nats.go hears nothing of the new stream until it has outgrown the old one.
func TestFollowThroughWipe(t *testing.T) {
	dir, addr := t.TempDir(), configstest.FreeAddr(t)
	s := start(t, ServerConfig{Dir: dir, Addr: addr})
	c := ready(t, ConnectConfig{URL: s.URL()})
	gaps, back := make(chan struct{}, 10), make(chan struct{}, 10)
	c.OnReconnect(func() { back <- struct{}{} })
	got := attach(t, c, FollowConfig{Stream: "ROOM", OnGap: func() { gaps <- struct{}{} }})
	old := some("old", 200)
	stored := mustPublish(t, c, old)
	expect(t, got, old)

	stop(t, s)
	wipe(t, dir)
	start(t, ServerConfig{Dir: dir, Addr: addr})
	receive(t, "the broker is back", back)
	fresh := some("fresh", 50) // fewer than before: their sequences were used already
	mustPublish(t, c, fresh)
	expect(t, got, fresh)
	receive(t, "the gap", gaps)

	missing, err := c.Missing(t.Context(), "ROOM", stored)
	if err != nil || len(missing) != len(old) {
		t.Fatalf("missing %d of %d, %v", len(missing), len(old), err)
	}
	mustPublish(t, c, old[:150])
	missing, err = c.Missing(t.Context(), "ROOM", stored)
	if want := []int{150, 199}; err != nil || len(missing) != 50 || missing[0] != want[0] || missing[49] != want[1] {
		t.Errorf("missing %v, %v", missing, err)
	}
	held, err := c.Held(t.Context(), "ROOM")
	if err != nil || len(held) != 200 || held["fresh-0"] != 1 || held["old-0"] != 51 {
		t.Errorf("held %d, %v", len(held), err)
	}
	expect(t, got, old[:150])
}

// The same without a break of the connection.
func TestFollowThroughStreamMadeAnew(t *testing.T) {
	c := ready(t, ConnectConfig{Server: start(t, ServerConfig{})})
	gaps := make(chan struct{}, 10)
	got := attach(t, c, FollowConfig{Stream: "ROOM", OnGap: func() { gaps <- struct{}{} }})
	old := some("old", 200)
	mustPublish(t, c, old)
	expect(t, got, old)
	if err := c.js.DeleteStream(t.Context(), "ROOM"); err != nil {
		t.Fatal(err)
	}
	if err := c.EnsureStreams(t.Context(), StreamsConfig{}); err != nil {
		t.Fatal(err)
	}
	fresh := some("fresh", 300)
	mustPublish(t, c, fresh)
	expect(t, got, fresh)
	receive(t, "the gap", gaps)
}

// A follower that was given nothing yet has no message to compare. Where it would begin may lie in the middle of a
// stream made anew; only the time at which the stream was made tells.
func TestFollowThroughStreamMadeAnewBeforeTheFirstMessage(t *testing.T) {
	c := ready(t, ConnectConfig{Server: start(t, ServerConfig{})})
	mustPublish(t, c, some("old", 5))
	gaps := 0
	f := &follower{conn: c, cfg: FollowConfig{Stream: "ROOM", OnGap: func() { gaps++ }, Log: c.log}}
	find := func(begin uint64, gap int) {
		t.Helper()
		if err := f.find(t.Context()); err != nil || f.begin.seq != begin || gaps != gap {
			t.Fatalf("begins at %d after %d gaps, want %d and %d; %v", f.begin.seq, gaps, begin, gap, err)
		}
	}
	find(6, 0)
	find(6, 0) // the stream is the same
	if err := c.js.DeleteStream(t.Context(), "ROOM"); err != nil {
		t.Fatal(err)
	}
	if err := c.EnsureStreams(t.Context(), StreamsConfig{}); err != nil {
		t.Fatal(err)
	}
	mustPublish(t, c, some("fresh", 10)) // longer than the old one was
	find(1, 1)
	find(1, 1)
}

// Whatever else keeps a consumer silent on a stream that is not the one it was made for, the periodic look ends it.
func TestWatchNoticesAnotherStream(t *testing.T) {
	c := ready(t, ConnectConfig{Server: start(t, ServerConfig{})})
	mustPublish(t, c, some("a", 5))
	made, _, _, err := c.StreamState(t.Context(), "ROOM")
	if err != nil {
		t.Fatal(err)
	}
	for name, known := range map[string]struct {
		made  time.Time
		least uint64
	}{
		"made at another time": {made.Add(-time.Second), 5},
		"shorter than it was":  {made, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &follower{conn: c, cfg: FollowConfig{Stream: "ROOM"}}
			ctx, stop := context.WithCancelCause(context.Background())
			f.watch(ctx, known.made, known.least, make(chan struct{}), stop)
			if err := context.Cause(ctx); !errors.Is(err, errChanged) {
				t.Error(err)
			}
		})
	}
}

// A crash may take the newest messages with it; others then get their sequences.
func TestFollowThroughLostTail(t *testing.T) {
	dir, addr := t.TempDir(), configstest.FreeAddr(t)
	s := start(t, ServerConfig{Dir: dir, Addr: addr})
	c := ready(t, ConnectConfig{URL: s.URL()})
	gaps := make(chan struct{}, 10)
	head, tail := some("head", 20), some("tail", 20)
	mustPublish(t, c, head)
	stop(t, s)
	backup := t.TempDir()
	copyStore(t, dir, backup)
	s = start(t, ServerConfig{Dir: dir, Addr: addr})
	eventually(t, "ready", c.Ready)
	got := attach(t, c, FollowConfig{Stream: "ROOM", From: FromAll(), OnGap: func() { gaps <- struct{}{} }})
	eventually(t, "published", func() error { return c.PublishAll(t.Context(), tail[:1])[0].Err })
	mustPublish(t, c, tail[1:])
	expect(t, got, slices.Concat(head, tail))

	stop(t, s)
	wipe(t, dir)
	copyStore(t, backup, dir)
	start(t, ServerConfig{Dir: dir, Addr: addr})
	writer := ready(t, ConnectConfig{URL: s.URL()})
	other := some("other", 40) // beyond where the lost tail ended
	mustPublish(t, writer, other)
	expect(t, got, other)
	receive(t, "the gap", gaps)
}

func TestMissingAfterPurge(t *testing.T) {
	c := ready(t, ConnectConfig{Server: start(t, ServerConfig{})})
	stored := mustPublish(t, c, some("a", 30))
	if missing, err := c.Missing(t.Context(), "ROOM", stored[10:]); err != nil || len(missing) != 0 {
		t.Fatalf("missing %v, %v", missing, err)
	}
	stream, err := c.js.Stream(t.Context(), "ROOM")
	if err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{15, 30} {
		if err := stream.DeleteMsg(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
	}
	missing, err := c.Missing(t.Context(), "ROOM", stored[10:])
	if err != nil || !slices.Equal(missing, []int{4, 19}) {
		t.Errorf("missing %v, %v", missing, err)
	}
	if err := stream.Purge(t.Context(), njs.WithPurgeKeep(0)); err != nil {
		t.Fatal(err)
	}
	if missing, err = c.Missing(t.Context(), "ROOM", stored); err != nil || len(missing) != 30 {
		t.Errorf("missing %v, %v", missing, err)
	}
	if held, err := c.Held(t.Context(), "ROOM"); err != nil || len(held) != 0 {
		t.Errorf("held %v, %v", held, err)
	}
	if err := c.js.DeleteStream(t.Context(), "ROOM"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Missing(t.Context(), "ROOM", stored); !errors.Is(err, ErrNoStream) { // and has it made again
		t.Errorf("missing of no stream: %v", err)
	}
	if _, err := c.Held(t.Context(), "NONE"); !errors.Is(err, ErrNoStream) {
		t.Errorf("held by no stream: %v", err)
	}
}

func TestFollowEndsWhileTheBrokerIsAway(t *testing.T) {
	s := start(t, ServerConfig{})
	c := ready(t, ConnectConfig{URL: s.URL()})
	ctx, cancel := context.WithCancel(t.Context())
	attached, done := make(chan struct{}, 9), make(chan error, 1)
	go func() {
		done <- c.Follow(ctx, FollowConfig{Stream: "ROOM", OnAttached: func() { attached <- struct{}{} }}, func(Delivered) {})
	}()
	receive(t, "attached", attached)
	stop(t, s)
	cancel()
	begun := time.Now()
	if err := receive(t, "Follow ends", done); err != nil || time.Since(begun) > callWait {
		t.Errorf("ended with %v after %v", err, time.Since(begun))
	}
}
