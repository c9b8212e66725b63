package signaling

import (
	"net"
	"sync/atomic"

	"vetroom/clinic"
)

// What the tests see of the inside.

var (
	Decode      = decode
	DecodeAny   = decodeAny
	PlainSeen   = plainSeen
	PlainSignal = plainSignal

	SignalFrameOf = signalFrame
)

// Relay has frames wait for a process, and then carries them.
func (s *Server) Relay(node, room string, frames ...string) {
	var h *hop
	for _, f := range frames {
		h = s.relay(node, relayed{Room: room, To: clinic.RoleVet, Frame: []byte(f)})
	}
	s.carry(h)
}

// Unpack reads what Relay carried.
func Unpack(b []byte) (frames []string, ok bool) {
	for len(b) > 0 {
		r, rest, ok := nextRelayed(b)
		if !ok || len(rest) >= len(b) {
			return frames, false
		}
		frames, b = append(frames, string(r.Frame)), rest
	}
	return frames, true
}

const HopBytes = hopBytes

// SlimConn is a connection as a socket has it.
type SlimConn struct{ *slimConn }

func NewSlimConn(conn net.Conn, early []byte, rest func()) SlimConn {
	return SlimConn{newSlimConn(conn, &slimWriter{heard: new(atomic.Bool), rest: rest}, early)}
}

func (c SlimConn) Hold()          { c.hold() }
func (c SlimConn) Release() error { return c.release() }

type Socket = socket

type Peer struct{ p *peer }

// Attach gives the server a socket that is none of the network.
func (s *Server) Attach(conn Socket, who clinic.Who) (*Peer, bool) {
	p := newPeer(s, who, "test")
	if s.admit(p) != nil {
		return nil, false
	}
	p.open(conn)
	return &Peer{p}, true
}

func (p *Peer) Receive(frame string) {
	p.p.receive([]byte(frame))
	p.p.carry()
}

// Rest is what a connection does before it waits for more.
func (p *Peer) Rest() { p.p.carry() }

func (p *Peer) Gone() {
	p.p.gone()
	p.p.srv.running.Done()
}

func (c Code) String() string { return string(c) }

// CodeOf gives the code of a refusal.
func CodeOf(err error) Code { return err.(*refusal).code }

const (
	Overdue    = overdueAfter
	SweepEvery = sweepEvery
	BeatEvery  = beatEvery
)
