package signaling

import "vetroom/clinic"

// What the tests see of the inside.

var Decode = decode

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

func (p *Peer) Receive(frame string) { p.p.receive([]byte(frame)) }

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
