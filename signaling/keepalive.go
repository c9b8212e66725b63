package signaling

import (
	"context"
	"time"
)

// A socket from which nothing came for a whole round is asked, and closed if it does not answer: one that is dead is
// found within two rounds and the time to answer. The sockets are spread over the round.
const (
	keepaliveSlots = 10
	keepaliveTick  = time.Second // a slot each: a round takes 10 s
	answerWithin   = 15 * time.Second
)

func (s *Server) keepAlive(ctx context.Context) {
	tick := time.NewTicker(keepaliveTick)
	defer tick.Stop()
	for slot := 0; ; slot = (slot + 1) % keepaliveSlots {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, p := range s.silent(slot) {
			s.ask(p)
		}
	}
}

// silent gives the sockets of a slot from which nothing came since the last look.
func (s *Server) silent(slot int) (silent []*peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.peers[slot] {
		if !p.heard.Swap(false) {
			silent = append(silent, p)
		}
	}
	return silent
}

// ask pings a socket beside everything else.
func (s *Server) ask(p *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.socket != nil && !p.done && !p.asked {
		p.asked = true
		s.running.Go(p.ask)
	}
}
