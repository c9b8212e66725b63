package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/coder/websocket"
	"github.com/nats-io/nats.go"

	"vetroom/signaling"
)

// floorRelayCmd is the floor of the relay: a bare coder/websocket server that passes each frame on, as it came, to the
// other socket of its room, which it finds in a map, or over core NATS on that socket's own subject. It has the product's
// library, reads and writes the same frames in number, and the same bytes but for the number that the product gives each.
// It reads what its clients acknowledge, as the product must, and drops it. It does nothing else: it asks nobody who comes
// nor whether the door is open, does not look whether a message is JSON, counts and limits nothing, and keeps nothing to
// send again. A socket that is slow would hold up the one across.
type floorRelayCmd struct {
	NATS    string `help:"The broker by which it meets its like; without it both sockets of a room are here."`
	Profile bool   `help:"Serve profiles."`
}

// Run serves until the process is ended.
func (c floorRelayCmd) Run(ctx context.Context) error {
	if err := raiseFileLimit(); err != nil {
		return err
	}
	if c.Profile {
		if err := serveProfiles(); err != nil {
			return err
		}
	}
	f := &relayFloor{rooms: map[string]*[2]*websocket.Conn{}}
	if c.NATS != "" {
		nc, err := nats.Connect(c.NATS)
		if err != nil {
			return fmt.Errorf("connect to the broker: %w", err)
		}
		defer nc.Close()
		f.nc = nc
	}
	return f.serve(ctx)
}

type relayFloor struct {
	nc *nats.Conn // nil for a process that is alone

	mu    sync.RWMutex // guards rooms
	rooms map[string]*[2]*websocket.Conn
}

func (f *relayFloor) serve(ctx context.Context) error {
	return serveFloor(ctx, http.HandlerFunc(f.socket))
}

// socket takes one client, who joins with the first message. Its cookie says which of the two it is.
func (f *relayFloor) socket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{signaling.Subprotocol}, InsecureSkipVerify: true,
	})
	if err != nil {
		return
	}
	side := 0
	if _, err := r.Cookie("vetroom_vet"); err == nil {
		side = 1
	}
	go f.read(conn, side)
}

var isSeen = []byte(`{"type":"seen"`)

func (f *relayFloor) read(conn *websocket.Conn, side int) {
	defer conn.CloseNow()
	ctx := context.Background()
	_, message, err := conn.Read(ctx)
	if err != nil {
		return
	}
	room, err := f.join(conn, message, side)
	for err == nil {
		_, message, err = conn.Read(ctx)
		if err == nil && !bytes.HasPrefix(message, isSeen) {
			f.pass(room, 1-side, message)
		}
	}
}

// join notes the socket and shows it an open door, with somebody across: the clients begin once all have joined.
func (f *relayFloor) join(conn *websocket.Conn, message []byte, side int) (room string, err error) {
	var m struct {
		Room string `json:"room"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return "", err
	}
	if f.nc != nil {
		err = f.subscribe(conn, m.Room, side)
	} else {
		f.note(conn, m.Room, side)
	}
	if err != nil {
		return "", err
	}
	frame := fmt.Appendf(nil, `{"type":"room","room":"%s","state":"open","peer":"present","resume":"%s","n":1}`, m.Room, floorToken)
	return m.Room, conn.Write(context.Background(), websocket.MessageText, frame)
}

func (f *relayFloor) note(conn *websocket.Conn, room string, side int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	both := f.rooms[room]
	if both == nil {
		both = new([2]*websocket.Conn)
		f.rooms[room] = both
	}
	both[side] = conn
}

func (f *relayFloor) subscribe(conn *websocket.Conn, room string, side int) error {
	_, err := f.nc.Subscribe(floorSocket(room, side), func(m *nats.Msg) {
		conn.Write(context.Background(), websocket.MessageText, m.Data) // a client that is gone is not told
	})
	if err != nil {
		return err
	}
	return f.nc.Flush()
}

// floorSocket is the subject of a socket.
func floorSocket(room string, side int) string { return "_vr.floor." + room + "." + "ov"[side:side+1] }

// pass gives a frame to a side of a room.
func (f *relayFloor) pass(room string, to int, frame []byte) {
	if f.nc != nil {
		f.nc.Publish(floorSocket(room, to), frame)
		return
	}
	f.mu.RLock()
	conn := f.rooms[room][to]
	f.mu.RUnlock()
	if conn != nil {
		conn.Write(context.Background(), websocket.MessageText, frame)
	}
}
