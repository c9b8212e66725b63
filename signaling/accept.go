package signaling

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// ServeHTTP is GET /ws. Before the upgrade it answers 403 to an absent or foreign Origin (the upgrade is a GET, which
// cross-origin protection lets pass), 426 to what is no WebSocket, 429 to a session or address with too many sockets,
// 400 to a client that asks for other subprotocols only, and 503 while draining. It returns once the socket stands,
// which has a goroutine of its own, so that nothing of the request is kept.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !slices.Contains(s.origins, origin(r.Header.Get("Origin"))) {
		problem(w, http.StatusForbidden, "cross_origin", "This page may not connect here.")
		return
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		problem(w, http.StatusUpgradeRequired, "upgrade_required", "Open this as a WebSocket.")
		return
	}
	if !speaks(r) {
		problem(w, http.StatusBadRequest, "subprotocol", "The subprotocol is "+Subprotocol+".")
		return
	}
	p := newPeer(s, s.cfg.Identify(r), s.cfg.Address(r))
	if err := s.admit(p); err != nil {
		w.Header().Set("Retry-After", "5")
		problem(w, err.status, err.code, err.detail)
		return
	}
	slim := &slimWriter{ResponseWriter: w, heard: &p.heard, rest: p.carry}
	conn, err := websocket.Accept(slim, r, &websocket.AcceptOptions{
		Subprotocols:       []string{Subprotocol},
		InsecureSkipVerify: true, // checked above, against an explicit list
	})
	if err != nil { // Accept has answered
		s.dismiss(p)
		s.running.Done()
		return
	}
	conn.SetReadLimit(-1) // read applies our own, to say too_large before it closes
	p.open(wireSocket{conn, slim.conn})
	go func() {
		defer s.running.Done()
		p.read(conn)
	}()
}

// speaks tells whether the client offers our subprotocol, or none at all.
func speaks(r *http.Request) bool {
	offered := strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ",")
	for name := range strings.SplitSeq(offered, ",") {
		if strings.TrimSpace(name) == Subprotocol {
			return true
		}
	}
	return strings.TrimSpace(offered) == ""
}

// problem answers in the manner of RFC 9457, as the rest of the HTTP interface does.
func problem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code, "detail": detail,
	})
}

// read takes messages until the socket ends, then gives back all that it held.
func (p *peer) read(conn *websocket.Conn) {
	defer p.gone()
	for {
		typ, r, err := conn.Reader(context.Background()) // ends when the socket is closed
		if err != nil {
			return
		}
		var wrong *refusal
		if err := p.readOne(typ, r); errors.As(err, &wrong) {
			p.refuse(wrong)
			return
		} else if err != nil {
			return
		}
	}
}

func (p *peer) readOne(typ websocket.MessageType, r io.Reader) error {
	m := incoming.Get().(*inMessage)
	defer incoming.Put(m)
	if err := m.read(typ, r); err != nil {
		return err
	}
	switch {
	case p.over():
	case p.seat == nil:
		aside(func() { p.receive(m.Bytes()) })
	default:
		p.receive(m.Bytes())
	}
	return nil
}

// aside runs f on a stack of its own, and waits for it. Before a socket has its seat it asks the database, and a stack
// that grew for that is kept: on the reader's, it would be twice what all else of a waiting socket's stack needs.
func aside(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// inMessage is a message that is being read. The buffer holds most messages from the start, so that one read is enough.
type inMessage struct {
	bytes.Buffer
	limited io.LimitedReader
}

const inMessageSize = 2 << 10

// incoming are the buffers into which messages are read: a socket that waits has none.
var incoming = sync.Pool{New: func() any {
	m := new(inMessage)
	m.Grow(inMessageSize)
	return m
}}

// read reads one message. Its refusals end the socket: what follows cannot be made sense of.
func (m *inMessage) read(typ websocket.MessageType, r io.Reader) error {
	if typ != websocket.MessageText {
		return refuse(CodeMalformed, "messages are text frames").closing(websocket.StatusUnsupportedData)
	}
	m.Reset()
	m.limited = io.LimitedReader{R: r, N: MaxFrame + 1}
	_, err := m.ReadFrom(&m.limited)
	m.limited.R = nil
	if err != nil {
		return fmt.Errorf("read a message: %w", err)
	}
	if m.Len() > MaxFrame {
		return refuse(CodeTooLarge, "a message has at most 64 KiB").closing(websocket.StatusMessageTooBig)
	}
	return nil
}

// rejection is an answer instead of a socket.
type rejection struct {
	status       int
	code, detail string
}

// admit counts the peer in, and the goroutine that will read it.
func (s *Server) admit(p *peer) *rejection {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return &rejection{http.StatusServiceUnavailable, "unavailable", "This server stops. Try again."}
	}
	for key, limit := range s.counted(p) {
		if len(s.owned[key]) >= limit {
			return &rejection{http.StatusTooManyRequests, "rate_limited", "There are too many sockets already."}
		}
	}
	s.lastPeer++
	p.id = s.lastPeer
	s.peers[p.id%keepaliveSlots][p] = struct{}{}
	for key := range s.counted(p) {
		s.owned[key] = append(s.owned[key], p)
	}
	if p.who.VetID != "" {
		s.attendance.arrive(p.who.VetID)
	}
	s.stats.sockets.Add(1)
	s.running.Add(1)
	return nil
}

// dismiss is the opposite of admit, but for the goroutine.
func (s *Server) dismiss(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.peers[p.id%keepaliveSlots], p)
	for key := range s.counted(p) {
		s.owned[key] = slices.DeleteFunc(s.owned[key], func(o *peer) bool { return o == p })
		if len(s.owned[key]) == 0 {
			delete(s.owned, key)
		}
	}
	if p.who.VetID != "" {
		s.attendance.depart(p.who.VetID)
	}
	s.stats.sockets.Add(-1)
}

// counted gives whose sockets the peer is one of, and how many those may be.
func (s *Server) counted(p *peer) map[string]int {
	l := s.cfg.Limits
	if !p.who.Known() {
		return map[string]int{"address:" + p.address: l.PerAddress}
	}
	keys := map[string]int{}
	if p.who.Session != "" {
		keys[ownedBySession(p.who.Session)] = l.PerSession
	}
	if p.who.VetID != "" {
		keys[ownedByVet(p.who.VetID)] = l.PerSession
	}
	if p.who.VetSession != "" {
		keys[ownedBySession(p.who.VetSession)] = l.PerSession
	}
	return keys
}

func ownedBySession(id string) string { return "session:" + id }
func ownedByVet(id string) string     { return "vet:" + id }
