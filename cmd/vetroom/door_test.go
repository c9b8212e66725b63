package main

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// waiter is a browser's socket at a room's door: it joins, acknowledges everything, and notes each state of the door.
type waiter struct {
	t      testing.TB
	conn   *websocket.Conn
	closed chan struct{} // the server ended it
	mu     sync.Mutex    // guards what follows
	rooms  []told
	types  map[string]bool
}

// told is one `room` message and when it came.
type told struct {
	state string
	at    time.Time
}

// wait joins a room and stays until the test ends.
func (b *browser) wait(room string) *waiter {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	conn, _, err := websocket.Dial(ctx, strings.Replace(b.base, "http", "ws", 1)+"/ws", &websocket.DialOptions{
		HTTPHeader: b.cookieHeader(), Subprotocols: []string{"vetroom.v1"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	w := &waiter{t: b.t, conn: conn, closed: make(chan struct{}), types: map[string]bool{}}
	var reading sync.WaitGroup
	reading.Go(func() { w.read(ctx, conn) })
	b.t.Cleanup(func() { cancel(); reading.Wait(); conn.CloseNow() })
	w.say(object{"type": "join", "room": room})
	return w
}

// say sends a message.
func (w *waiter) say(m object) {
	w.t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.conn.Write(w.t.Context(), websocket.MessageText, text); err != nil {
		w.t.Fatal(err)
	}
}

func (w *waiter) read(ctx context.Context, conn *websocket.Conn) {
	defer close(w.closed)
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return
		}
		at := time.Now()
		var m struct {
			Type, State string
			N           int
		}
		if err := json.Unmarshal(text, &m); err != nil {
			w.t.Errorf("the server sent %q: %v", text, err)
			return
		}
		w.note(m.Type, told{m.State, at})
		seen, _ := json.Marshal(object{"type": "seen", "n": m.N})
		if m.N > 0 && conn.Write(ctx, websocket.MessageText, seen) != nil {
			return
		}
	}
}

func (w *waiter) note(kind string, room told) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.types[kind] = true
	if kind == "room" {
		w.rooms = append(w.rooms, room)
	}
}

// heard tells whether a message of this type came.
func (w *waiter) heard(kind string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.types[kind]
}

// until waits for a state of the door, and gives when it was first told.
func (w *waiter) until(within time.Duration, state string) time.Time {
	w.t.Helper()
	var at time.Time
	eventually(w.t, within, "the door is "+state, func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, r := range w.rooms {
			if r.state == state {
				at = r.at
				return nil
			}
		}
		return errNotYet
	})
	return at
}
