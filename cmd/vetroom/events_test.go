package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"vetroom"
	"vetroom/clinic"
	"vetroom/configs"
	"vetroom/events"
	"vetroom/events/jetstream"
)

// startBroker runs the in-process NATS server where the commands look for it.
func startBroker(t *testing.T, dir string) (*jetstream.Server, *jetstream.Conn) {
	t.Helper()
	server, err := jetstream.StartServer(t.Context(), jetstream.ServerConfig{
		Dir: natsDir(configs.Config{DataDir: dir}), BuiltIn: vetroom.NATSConfig, Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	conn, err := jetstream.Connect(t.Context(), jetstream.ConnectConfig{Server: server, Name: "test", Streams: &jetstream.StreamsConfig{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	eventually(t, 20*time.Second, "the broker is ready", conn.Ready)
	return server, conn
}

// publish puts an event of the vet's into its stream and gives its id.
func publish(t *testing.T, conn *jetstream.Conn, kind clinic.EventKind) string {
	t.Helper()
	now := time.Now()
	vet := &clinic.Vet{ID: newID(), OnlineSince: now}
	e := clinic.Event{Kind: kind, ID: newID(), Version: 1, Due: now, Vet: vet}
	if strings.HasPrefix(string(kind), "room.") {
		e.Vet, e.Visit = nil, &clinic.Visit{Room: clinic.Room{ID: newID()}}
	}
	m, err := events.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	if ack := conn.PublishAll(t.Context(), []events.Message{m})[0]; ack.Err != nil {
		t.Fatal(ack.Err)
	}
	return m.ID
}

// tailing is an "events tail" that runs in this process.
type tailing struct {
	t     *testing.T
	lines chan string
	said  *lockedBuffer
	stop  context.CancelFunc
	code  chan int
}

func startTail(t *testing.T, dir string, args ...string) *tailing {
	t.Helper()
	clearEnvironment(t)
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	tail := &tailing{t: t, lines: make(chan string, 100), said: &lockedBuffer{}, stop: stop, code: make(chan int, 1)}
	args = append([]string{"--data-dir", dir, "--log-level", "debug", "events", "tail"}, args...)
	go func() {
		tail.code <- run(ctx, args, strings.NewReader(""), in, tail.said)
		in.Close()
	}()
	go func() {
		defer close(tail.lines)
		for text := bufio.NewScanner(out); text.Scan(); {
			tail.lines <- text.Text()
		}
	}()
	t.Cleanup(tail.end)
	return tail
}

// awaitFollowing waits until so many streams are followed.
func (tail *tailing) awaitFollowing(streams int) *tailing {
	tail.t.Helper()
	eventually(tail.t, 20*time.Second, "the streams are followed", func() error {
		if n := strings.Count(tail.said.String(), "msg=following"); n < streams {
			return io.ErrNoProgress
		}
		return nil
	})
	return tail
}

// next gives the id of the next event.
func (tail *tailing) next() string {
	tail.t.Helper()
	select {
	case line := <-tail.lines:
		var e struct{ ID string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			tail.t.Fatalf("%q is no JSON: %v", line, err)
		}
		return e.ID
	case <-time.After(20 * time.Second):
		tail.t.Fatalf("no event was printed; said: %s", tail.said)
		return ""
	}
}

// end interrupts the command, which is no failure.
func (tail *tailing) end() {
	tail.t.Helper()
	if tail.stop == nil {
		return
	}
	tail.stop()
	tail.stop = nil
	select {
	case code := <-tail.code:
		if code != exitDone {
			tail.t.Errorf("interrupted, it ended with %d: %s", code, tail.said)
		}
	case <-time.After(20 * time.Second):
		tail.t.Errorf("interrupted, it goes on")
	}
}

func assertNext(t *testing.T, tail *tailing, want ...string) {
	t.Helper()
	for _, id := range want {
		if got := tail.next(); got != id {
			t.Errorf("printed event %s, want %s", got, id)
		}
	}
}

func TestTailFromStartAndOn(t *testing.T) {
	dir := t.TempDir()
	_, conn := startBroker(t, dir)
	first := publish(t, conn, clinic.VetOnline)
	tail := startTail(t, dir, "--from", "start").awaitFollowing(len(events.Streams))
	assertNext(t, tail, first)
	for _, kind := range []clinic.EventKind{clinic.VetOffline, clinic.RoomOpen} { // of two streams: neither waits for the other
		assertNext(t, tail, publish(t, conn, kind))
	}
	tail.end()
	if line, more := <-tail.lines; more {
		t.Errorf("printed more: %s", line)
	}
}

func TestTailFromNow(t *testing.T) {
	dir := t.TempDir()
	_, conn := startBroker(t, dir)
	publish(t, conn, clinic.VetOnline)
	tail := startTail(t, dir).awaitFollowing(len(events.Streams))
	assertNext(t, tail, publish(t, conn, clinic.VetOffline))
}

func TestTailFromATime(t *testing.T) {
	dir := t.TempDir()
	_, conn := startBroker(t, dir)
	publish(t, conn, clinic.VetOnline)
	pause(5 * time.Millisecond) // the stream's times part the two
	between := time.Now().UTC()
	pause(5 * time.Millisecond)
	second := publish(t, conn, clinic.VetOffline)
	tail := startTail(t, dir, "--from", between.Format(time.RFC3339Nano))
	assertNext(t, tail, second)
}

func TestTailOfAType(t *testing.T) {
	dir := t.TempDir()
	_, conn := startBroker(t, dir)
	var ids []string
	for _, kind := range []clinic.EventKind{clinic.VetOnline, clinic.VetOffline, clinic.RoomOpen, clinic.VetOnline, clinic.VetOffline} {
		ids = append(ids, publish(t, conn, kind))
	}
	for _, test := range []struct {
		eventType string
		want      []int
	}{
		{"vet", []int{0, 1, 3, 4}},
		{"vet.offline", []int{1, 4}},
		{"vetroom.vet.offline", []int{1, 4}},
		{"room", []int{2}},
	} {
		tail := startTail(t, dir, "--from", "start", "--type", test.eventType)
		for _, i := range test.want {
			assertNext(t, tail, ids[i])
		}
		tail.end()
		if line, more := <-tail.lines; more {
			t.Errorf("--type %s printed more: %s", test.eventType, line)
		}
	}
}

// TestBrokerThatStopped holds what the commands say where a server ran, but does not run.
func TestBrokerThatStopped(t *testing.T) {
	dir := t.TempDir()
	server, _ := startBroker(t, dir)
	server.Close()
	for _, args := range [][]string{{"events", "tail"}, {"events", "url"}} {
		if _, errText, code := cliRun(t, dir, "", args...); code != exitFail || !strings.Contains(errText, "is not running") {
			t.Errorf("%v: exit %d, said %q", args, code, errText)
		}
	}
}

func TestEventsURL(t *testing.T) {
	dir := t.TempDir()
	server, _ := startBroker(t, dir)
	if out := cliDone(t, dir, "", "events", "url"); out != server.SubscriberURL()+"\n" {
		t.Errorf("printed %q", out)
	}
	const outside = "nats://vetroom:pass@nats.example:4222"
	out, errText, code := cliRun(t, dir, "", "--nats-url", outside, "events", "url")
	if code != exitDone || out != outside+"\n" || !strings.Contains(errText, "one of its own") {
		t.Errorf("an outside server: exit %d, printed %q, said %q", code, out, errText)
	}
}

// TestNudge holds that a command which cancels something tells the running scheduler, over the bus that serve uses.
func TestNudge(t *testing.T) {
	dir := t.TempDir()
	_, conn := startBroker(t, dir)
	key, err := sessionKey(configs.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	bus, err := jetstream.NewBus(conn, jetstream.BusConfig{Key: busKey(key.Reveal())})
	if err != nil {
		t.Fatal(err)
	}
	nudged := make(chan struct{}, 10)
	cancel, err := bus.Subscribe(nudgeSubject, func(jetstream.BusMessage) { nudged <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	if err := bus.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	addKim(t, dir, validPermit("P-1", "skin")...)
	bookFollowUp(t, deskOf(t, dir), clinic.AreaSkin, 3*time.Hour)
	cliDone(t, dir, "", "vet", "permit", "kim", "--remove", "P-1", "--yes")
	select {
	case <-nudged:
	case <-time.After(20 * time.Second):
		t.Error("nobody nudged")
	}
}
