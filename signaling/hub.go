package signaling

import (
	"sync"
)

// hub holds the doors that somebody here joined or watches, each as often as it is held.
type hub struct {
	srv   *Server
	mu    sync.RWMutex // guards doors and their refs; the first of all locks
	doors map[string]*door
}

// hold finds or makes the door of a room: from here on it hears the room's events. Every hold is given back once.
func (h *hub) hold(id string) *door {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.doors[id]
	if d == nil {
		d = &door{srv: h.srv, id: id}
		h.doors[id] = d
	}
	d.refs++
	return d
}

func (h *hub) release(d *door) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d.refs--; d.refs == 0 {
		delete(h.doors, d.id)
	}
}

// find gives the door of a room if it is held here.
func (h *hub) find(id string) *door {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.doors[id]
}

func (h *hub) count() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.doors)
}

// all gives the doors held now.
func (h *hub) all() []*door {
	h.mu.RLock()
	defer h.mu.RUnlock()
	doors := make([]*door, 0, len(h.doors))
	for _, d := range h.doors {
		doors = append(doors, d)
	}
	return doors
}
