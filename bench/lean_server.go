package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// leanServerCmd is one of the servers that "lean" compares.
type leanServerCmd struct {
	Way string `arg:"" help:"Which way."`
}

// Run serves until the process is ended.
func (c leanServerCmd) Run(ctx context.Context) error {
	if err := raiseFileLimit(); err != nil {
		return err
	}
	h := &hall{}
	for _, way := range leanWays {
		if way.name != c.Way {
			continue
		}
		handler, err := way.handler(h)
		if err != nil {
			return err
		}
		if err := serveControl(h); err != nil {
			return err
		}
		return serveFloor(ctx, handler)
	}
	return fmt.Errorf("there is no way %q", c.Way)
}

// serveControl serves what the benchmark asks beside the sockets, on a port of its own, and says where.
func serveControl(h *hall) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/tell", func(http.ResponseWriter, *http.Request) { h.tell() })
	mux.HandleFunc("/memory", func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(readMemory()) })
	go http.Serve(listener, mux)
	fmt.Printf("profile on http://%s\n", listener.Addr())
	return nil
}

// ownMemory is what a server knows of its own memory, in bytes.
type ownMemory struct {
	Objects int64 `json:"objects"` // live ones
	Stacks  int64 `json:"stacks"`
}

// readMemory collects first, and gives back what can be.
func readMemory() ownMemory {
	debug.FreeOSMemory()
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"},
	}
	metrics.Read(samples)
	return ownMemory{int64(samples[0].Value.Uint64()), int64(samples[1].Value.Uint64())}
}

// teller is a socket to which a text message can be sent.
type teller interface{ tell(message []byte) error }

// hall holds every socket that joined.
type hall struct {
	mu      sync.Mutex // guards sockets
	sockets []teller
}

// hear takes a message of a socket. It notes one that joins and shows it the door; what else comes is of no account here.
func (h *hall) hear(t teller, message []byte) error {
	var m struct {
		Type string `json:"type"`
		Room string `json:"room"`
	}
	if err := json.Unmarshal(message, &m); err != nil || m.Type != "join" {
		return err
	}
	h.mu.Lock()
	h.sockets = append(h.sockets, t)
	h.mu.Unlock()
	return t.tell(leanDoor.frame(m.Room, "locked", 1))
}

// leanDoor is every room's door; its time matters to nobody.
var leanDoor = &floorDoor{at: time.Date(2026, 12, 1, 5, 30, 0, 0, time.UTC)}

// tell tells every socket that its door is open.
func (h *hall) tell() {
	h.mu.Lock()
	sockets := h.sockets
	h.mu.Unlock()
	frame := leanDoor.frame("any", "open", 2)
	for _, t := range sockets {
		t.tell(frame) // a client that is gone is not told
	}
}
