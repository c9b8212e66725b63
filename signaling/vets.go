package signaling

import (
	"maps"
	"slices"
	"sync"

	"vetroom/clinic"
)

// vetWatch knows of each vet that somebody here watches whether it is online: as a row or an event of the greatest
// version said.
type vetWatch struct {
	mu   sync.Mutex // guards what follows; taken before a line's
	vets map[string]*watchedVet
}

type watchedVet struct {
	version  int64
	known    bool
	online   bool
	watchers map[*peer]struct{}
}

func (v *vetWatch) enter(p *peer, ids []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, id := range ids {
		w := v.vets[id]
		if w == nil {
			w = &watchedVet{watchers: map[*peer]struct{}{}}
			v.vets[id] = w
		}
		w.watchers[p] = struct{}{}
	}
}

func (v *vetWatch) leave(p *peer, ids map[string]bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id := range ids {
		w := v.vets[id]
		if w == nil {
			continue
		}
		if delete(w.watchers, p); len(w.watchers) == 0 {
			delete(v.vets, id)
		}
	}
}

func (v *vetWatch) ids() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Collect(maps.Keys(v.vets))
}

// learn takes vets as they were read.
func (v *vetWatch) learn(found map[string]*clinic.Vet) {
	for id, vet := range found {
		v.change(id, vet.Version, vet.Online)
	}
}

// change takes what a row or an event says, unless something newer is known, and tells those who watch.
func (v *vetWatch) change(id string, version int64, online bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	w := v.vets[id]
	if w == nil || (w.known && version <= w.version) {
		return
	}
	changed := w.known && w.online != online
	w.known, w.version, w.online = true, version, online
	if !changed {
		return
	}
	frame := encode(VetFrame{"vet", id, online})
	for p := range w.watchers {
		p.send(frame)
	}
}

// show sends the peer how the vets are now.
func (v *vetWatch) show(p *peer, ids map[string]*clinic.Vet) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if w := v.vets[id]; w != nil && w.known {
			p.send(encode(VetFrame{"vet", id, w.online}))
		}
	}
}
