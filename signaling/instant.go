package signaling

import (
	"context"
	"slices"
	"sync"
	"time"

	"vetroom/clinic"
)

// subjectInstant carries which requests for a consultation now have changed: their ids and nothing else. It only nudges
// the others to read; who is told what, each process finds out from the rows.
const subjectInstant = "_vr.instant"

// SubjectInstant is where every change of such a request is told between processes, for whoever looks after them.
const SubjectInstant = subjectInstant

// instantKept is how long a settled request is remembered for a socket that comes back.
const instantKept = time.Minute

// instantsChanged is what passes on _vr.instant.
type instantsChanged struct {
	IDs []string `json:"ids"`
}

// instantWatch knows the requests that stand, and what each of their owners and vets was told last.
type instantWatch struct {
	news chan struct{} // something changed

	mu   sync.Mutex // guards what follows; taken before the server's, and before a line's
	ask  map[string]bool
	held map[string]*heldInstant
}

type heldInstant struct {
	told map[string]string // the frame, by whose sockets: a key of Server.owned
	over time.Time         // when it was settled, by the own clock; zero while it stands
}

func newInstantWatch() *instantWatch {
	return &instantWatch{news: make(chan struct{}, 1), ask: map[string]bool{}, held: map[string]*heldInstant{}}
}

// TellInstants tells owners and vets of requests that changed, at all processes.
func (s *Server) TellInstants(ids ...string) {
	s.instants.changed(ids)
	s.publish(subjectInstant, instantsChanged{ids})
}

// TellInstants does the same from a process that has no sockets itself.
func TellInstants(bus Bus, ids ...string) error {
	return bus.Publish(subjectInstant, append(encode(instantsChanged{ids}), '\n'))
}

func (s *Server) hearInstants(data []byte) {
	var m instantsChanged
	if _, ok := s.unpack(data, &m); ok {
		s.instants.changed(m.IDs)
	}
}

// changed has the given requests read, and all that stand.
func (i *instantWatch) changed(ids []string) {
	i.mu.Lock()
	for _, id := range ids {
		i.ask[id] = true
	}
	i.mu.Unlock()
	select {
	case i.news <- struct{}{}:
	default:
	}
}

// keepInstants reads the requests at each change, and every 5 s, whatever was heard: so one that nobody told of, or that
// was told while the broker was away, is told within that.
func (s *Server) keepInstants(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.readInstants(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("read the instant requests; trying again", "error", err)
			pause(ctx, lookEvery)
			s.instants.changed(nil)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.instants.news:
		case <-tick.C:
		}
	}
}

// readInstants reads the requests that stand, those that were said to have changed, and those that stood the last time.
func (s *Server) readInstants(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookupWait)
	defer cancel()
	ids := s.instants.toRead()
	views, err := s.cfg.Instants.InstantNews(ctx, ids)
	if err != nil {
		s.instants.changed(ids)
		return err
	}
	s.instants.tell(s, views)
	return nil
}

// toRead gives whose rows are wanted beside those that stand.
func (i *instantWatch) toRead() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	ids := make([]string, 0, len(i.ask)+len(i.held))
	for id := range i.ask {
		ids = append(ids, id)
	}
	clear(i.ask)
	for id, h := range i.held {
		if h.over.IsZero() && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// tell sends to each owner and vet what is new to them.
func (i *instantWatch) tell(s *Server, views []*clinic.InstantView) {
	now := s.now()
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, v := range views {
		h := i.held[v.ID]
		if h == nil {
			h = &heldInstant{told: map[string]string{}}
			i.held[v.ID] = h
		}
		for key, frame := range framesOf(v, h.told) {
			if h.told[key] != frame {
				h.told[key] = frame
				s.sendOwned(key, []byte(frame))
			}
		}
		if !v.Standing() && h.over.IsZero() {
			h.over = now
		}
	}
	for id, h := range i.held {
		if !h.over.IsZero() && now.Sub(h.over) > instantKept {
			delete(i.held, id)
		}
	}
}

// framesOf gives what the request is to its owner, to the vet whom it rings or who accepted, and to those who were told
// of it before: for them it waits, or is over.
func framesOf(v *clinic.InstantView, told map[string]string) map[string]string {
	frames := make(map[string]string, len(told)+2)
	for key := range told {
		frames[key] = string(encode(InstantFrame{Type: "instant", ID: v.ID, State: v.StateFor("")}))
	}
	if v.VetID != "" {
		frames[ownedByVet(v.VetID)] = string(encode(InstantFrame{"instant", v.ID, v.State, 0, v.ReservationID}))
	}
	frames[ownedBySession(v.Session)] = string(encode(InstantFrame{"instant", v.ID, v.State, v.Position, v.ReservationID}))
	return frames
}

// show sends a new socket what its owner's requests are, and what rings for its vet.
func (i *instantWatch) show(p *peer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.held) == 0 {
		return
	}
	for _, h := range i.held {
		if frame, ok := h.told[ownedBySession(p.who.Session)]; ok && p.who.Session != "" {
			p.send([]byte(frame))
		}
		if frame, ok := h.told[ownedByVet(p.who.VetID)]; ok && p.who.VetID != "" && h.over.IsZero() {
			p.send([]byte(frame))
		}
	}
}

// standing counts the requests that are known to stand.
func (i *instantWatch) standing() (n int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, h := range i.held {
		if h.over.IsZero() {
			n++
		}
	}
	return n
}

// sendOwned sends a frame to the sockets of a session or vet.
func (s *Server) sendOwned(key string, frame []byte) {
	s.mu.Lock()
	peers := slices.Clone(s.owned[key])
	s.mu.Unlock()
	for _, p := range peers {
		p.send(frame)
	}
}
