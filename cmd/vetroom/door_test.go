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
	t     testing.TB
	mu    sync.Mutex // guards rooms
	rooms []told
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
	w := &waiter{t: b.t}
	var reading sync.WaitGroup
	reading.Go(func() { w.read(ctx, conn) })
	b.t.Cleanup(func() { cancel(); reading.Wait(); conn.CloseNow() })
	join, _ := json.Marshal(object{"type": "join", "room": room})
	if err := conn.Write(ctx, websocket.MessageText, join); err != nil {
		b.t.Fatal(err)
	}
	return w
}

func (w *waiter) read(ctx context.Context, conn *websocket.Conn) {
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
		if json.Unmarshal(text, &m) == nil && m.Type == "room" {
			w.mu.Lock()
			w.rooms = append(w.rooms, told{m.State, at})
			w.mu.Unlock()
		}
		seen, _ := json.Marshal(object{"type": "seen", "n": m.N})
		if m.N > 0 && conn.Write(ctx, websocket.MessageText, seen) != nil {
			return
		}
	}
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
