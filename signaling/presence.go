package signaling

import (
	"context"
	"sync"
	"time"
)

// attendEvery is how often the vets with a socket here are noted: offline is 60 s after the last note (contract §2).
const attendEvery = 10 * time.Second

// attendance counts the sockets of each vet here, and notes in the database who has one.
type attendance struct {
	news chan struct{} // somebody came, or went for good

	mu      sync.Mutex // guards what follows
	sockets map[string]int
	changed map[string]bool // to be noted at once
}

func newAttendance() *attendance {
	return &attendance{news: make(chan struct{}, 1), sockets: map[string]int{}, changed: map[string]bool{}}
}

func (a *attendance) arrive(vet string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sockets[vet]++; a.sockets[vet] == 1 {
		a.nudge(vet)
	}
}

func (a *attendance) depart(vet string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sockets[vet]--; a.sockets[vet] == 0 {
		delete(a.sockets, vet)
		a.nudge(vet)
	}
}

func (a *attendance) nudge(vet string) {
	a.changed[vet] = true
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// due gives who is to be noted: those who changed, and with all set everybody who has a socket.
func (a *attendance) due(all bool) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	vets := make([]string, 0, len(a.changed))
	for vet := range a.changed {
		vets = append(vets, vet)
	}
	for vet := range a.sockets {
		if all && !a.changed[vet] {
			vets = append(vets, vet)
		}
	}
	clear(a.changed)
	return vets
}

// attend notes the vets' presence until ctx ends, and then once more.
func (s *Server) attend(ctx context.Context) {
	tick := time.NewTicker(attendEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			s.attendOnce(ctx, true)
		case <-s.attendance.news:
			s.attendOnce(ctx, false)
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
	defer cancel()
	s.attendOnce(last, true)
}

func (s *Server) attendOnce(ctx context.Context, all bool) {
	vets := s.attendance.due(all)
	if len(vets) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookupWait)
	defer cancel()
	if err := s.cfg.Presence.Attend(ctx, vets); err != nil {
		s.cfg.Log.Warn("note which vets are present; the next beat tries again", "vets", len(vets), "error", err)
	}
}
