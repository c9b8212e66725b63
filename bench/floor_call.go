package main

import (
	"context"
	_ "embed"
	"net/http"
	"sync"

	"github.com/coder/websocket"
)

// floorCallCmd is the floor of the call: two bare pages with hand-written WebRTC, and a server that gives them out,
// passes what one says to the other, and says "open" to both when it is told to. It asks nobody who comes, and keeps
// nothing. The pages have the product's camera and microphone settings, and do what they can before the word: the media
// is there, and the connection is made with it. One side offers, so that there is no glare.
type floorCallCmd struct{}

//go:embed floor_call.html
var floorCallPage []byte

// Run serves until the process is ended.
func (floorCallCmd) Run(ctx context.Context) error {
	f := &callFloor{rooms: map[string]*[2]*websocket.Conn{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /room", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(floorCallPage)
	})
	mux.HandleFunc("GET /ws", f.socket)
	mux.HandleFunc("POST /open", f.open)
	return serveFloor(ctx, mux)
}

type callFloor struct {
	mu    sync.Mutex // guards rooms
	rooms map[string]*[2]*websocket.Conn
}

// both gives the sockets of a room, with one more if there is one.
func (f *callFloor) both(room string, side int, conn *websocket.Conn) [2]*websocket.Conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	both := f.rooms[room]
	if both == nil {
		both = new([2]*websocket.Conn)
		f.rooms[room] = both
	}
	if conn != nil {
		both[side] = conn
	}
	return *both
}

func (f *callFloor) socket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	room, side := r.FormValue("id"), 0
	if r.FormValue("side") == "1" {
		side = 1
	}
	f.both(room, side, conn)
	for {
		typ, message, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if across := f.both(room, side, nil)[1-side]; across != nil {
			across.Write(r.Context(), typ, message)
		}
	}
}

func (f *callFloor) open(_ http.ResponseWriter, r *http.Request) {
	for _, conn := range f.both(r.FormValue("id"), 0, nil) {
		if conn != nil {
			conn.Write(r.Context(), websocket.MessageText, []byte(`{"type":"room","state":"open"}`))
		}
	}
}
