package signaling

import (
	"context"
	"errors"
	"maps"
	"slices"

	"vetroom/clinic"
	"vetroom/events"
)

// watch follows the given doors and vets in place of those that the socket watched before.
func (p *peer) watch(m Watch) {
	if len(m.Rooms)+len(m.Vets) > MaxWatched {
		p.refuse(refuse(CodeTooManyWatched, "At most %d rooms and vets are watched.", MaxWatched))
		return
	}
	if !p.mayLookUp(1 + len(m.Rooms)) {
		return
	}
	ctx, cancel := context.WithTimeout(p.srv.ctx, lookupWait)
	defer cancel()
	p.watchRooms(p.allowed(ctx, m.Rooms))
	p.watchVets(ctx, m.Vets)
}

// watched is a door that a peer watches, and by whose right.
type watched struct {
	*door
	role clinic.Role
}

// allowed holds the rooms that the peer has a right to now and refuses the others one by one. What it watches already it
// keeps while nobody can say.
func (p *peer) allowed(ctx context.Context, ids []string) map[string]watched {
	s := p.srv
	rooms := map[string]watched{}
	for _, id := range ids {
		d := s.hub.hold(id)
		role, err := s.right(ctx, p.who, d)
		if err != nil && !errors.Is(err, clinic.ErrNotFound) && d.watchedBy(p) {
			role, err = p.rooms[id].role, nil
		}
		if err != nil {
			s.hub.release(d)
			r := refusalOf(err)
			p.refuse(refuse(r.code, "%s (%s)", r.detail, id))
			continue
		}
		rooms[id] = watched{d, role}
	}
	return rooms
}

func (d *door) watchedBy(p *peer) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.watchers[p]
	return ok
}

// watchRooms takes the held doors in place of those watched before, and shows each as it is.
func (p *peer) watchRooms(rooms map[string]watched) {
	for id, w := range p.rooms {
		w.mu.Lock()
		if _, ok := rooms[id]; !ok {
			delete(w.watchers, p)
		}
		w.mu.Unlock()
		p.srv.hub.release(w.door)
	}
	p.rooms = rooms
	var asVet []string
	for _, id := range slices.Sorted(maps.Keys(rooms)) {
		if rooms[id].show(p); rooms[id].role == clinic.RoleVet {
			asVet = append(asVet, id)
		}
	}
	p.srv.askWhoSits(asVet)
}

// show makes the peer a watcher and sends it the room, unless this went over to another vet since it was allowed.
func (d watched) show(p *peer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.role == clinic.RoleVet && d.room.VetID != p.who.VetID {
		p.refuse(refuse(CodeForbidden, "%s (%s)", errForbidden.detail, d.id))
		return
	}
	if d.watchers == nil {
		d.watchers = map[*peer]clinic.Role{}
	}
	d.watchers[p] = d.role
	now := d.srv.now()
	p.send(d.frameFor(d.role, d.frame(now), d.stateAt(now)))
}

// watchVets follows the given vets in place of those watched before. It registers first and reads after.
func (p *peer) watchVets(ctx context.Context, ids []string) {
	s := p.srv
	s.vets.leave(p, p.vets)
	p.vets = nil
	if len(ids) == 0 {
		return
	}
	p.vets = make(map[string]bool, len(ids))
	for _, id := range ids {
		p.vets[id] = true
	}
	s.vets.enter(p, ids)
	found, err := s.cfg.Vets.VetsByID(ctx, ids)
	if err != nil {
		s.vets.leave(p, p.vets)
		p.vets = nil
		p.refuse(errUnavailable)
		return
	}
	for _, id := range ids {
		if found[id] == nil {
			p.refuse(refuse(CodeNotFound, "There is no vet %s.", id))
			s.vets.leave(p, map[string]bool{id: true})
			delete(p.vets, id)
		}
	}
	s.vets.learn(found)
	s.vets.show(p, found)
}

// refresh reads all watched vets again.
func (v *vetWatch) refresh(ctx context.Context, vets Vets) error {
	for chunk := range slices.Chunk(v.ids(), sweepChunk) {
		found, err := vets.VetsByID(ctx, chunk)
		if err != nil {
			return err
		}
		v.learn(found)
	}
	return nil
}

// hearVet takes an event of the stream VET.
func (s *Server) hearVet(m events.Message) {
	e, err := events.Decode(m.Body)
	if err != nil || e.Vet == nil {
		s.skipped(m, err)
		return
	}
	s.vets.change(e.Vet.VetID, e.Vet.Version, e.Kind == clinic.VetOnline)
}

func (s *Server) skipped(m events.Message, err error) {
	if errors.Is(err, events.ErrMalformed) {
		s.cfg.Log.Warn("an event cannot be read; skipped", "subject", m.Subject, "error", err)
	}
}
