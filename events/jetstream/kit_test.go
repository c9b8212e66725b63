package jetstream

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vetroom"
	"vetroom/events"
)

const patience = 20 * time.Second // how long a test waits for what comes within milliseconds on an idle machine

func start(t *testing.T, cfg ServerConfig) *Server {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	if cfg.BuiltIn == nil {
		cfg.BuiltIn = vetroom.NATSConfig
	}
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	s, err := StartServer(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func connect(t *testing.T, cfg ConnectConfig) *Conn {
	t.Helper()
	if cfg.Streams == nil {
		cfg.Streams = &StreamsConfig{}
	}
	c, err := Connect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		c.Close(ctx)
	})
	return c
}

// ready connects and waits until the streams are there.
func ready(t *testing.T, cfg ConnectConfig) *Conn {
	t.Helper()
	c := connect(t, cfg)
	eventually(t, "the broker is ready", func() error { return c.Ready() })
	return c
}

func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	t.Fatalf("%s: never: %v", what, err)
}

func receive[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: nothing came", what)
		panic("unreachable")
	}
}

// some makes n messages for the stream ROOM with ids that begin with prefix.
func some(prefix string, n int) []events.Message {
	messages := make([]events.Message, n)
	for i := range messages {
		id := fmt.Sprintf("%s-%d", prefix, i)
		messages[i] = events.Message{ID: id, Subject: "vetroom.room.open." + id, Body: []byte(`{"id":"` + id + `"}`)}
	}
	return messages
}

func mustPublish(t *testing.T, c *Conn, messages []events.Message) []Stored {
	t.Helper()
	stored := make([]Stored, len(messages))
	for i, ack := range c.PublishAll(t.Context(), messages) {
		if ack.Err != nil {
			t.Fatalf("message %d: %v", i, ack.Err)
		}
		stored[i] = Stored{ID: messages[i].ID, Seq: ack.Seq}
	}
	return stored
}

// wipe takes away what JetStream keeps in a stopped server's folder.
func wipe(t *testing.T, dir string) {
	t.Helper()
	store := filepath.Join(dir, "jetstream")
	if _, err := os.Stat(store); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(store); err != nil {
		t.Fatal(err)
	}
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// copyStore copies what JetStream keeps from one stopped server's folder to another.
func copyStore(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(filepath.Join(to, "jetstream"), os.DirFS(filepath.Join(from, "jetstream"))); err != nil {
		t.Fatal(err)
	}
}
