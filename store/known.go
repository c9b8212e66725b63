package store

import (
	"slices"
	"sync"

	"vetroom/clinic"
)

// maxKnown bounds how many vets are remembered.
const maxKnown = 10_000

// known remembers vets as they were read last, for who finds out in its transaction whether they still are: by Rev.
type known struct {
	mu   sync.Mutex // guards vets
	vets map[string]*clinic.Vet
}

// get gives a copy of a vet that is remembered.
func (k *known) get(id string) (*clinic.Vet, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.vets[id]
	if !ok {
		return nil, false
	}
	return copyVet(v), true
}

// copyVet gives a vet whose hours and permits may be changed.
func copyVet(v *clinic.Vet) *clinic.Vet {
	c := *v
	c.Hours, c.Permits = copyHours(v.Hours), slices.Clone(v.Permits)
	for i := range c.Permits {
		c.Permits[i].Areas = slices.Clone(c.Permits[i].Areas)
	}
	return &c
}

func (k *known) put(v *clinic.Vet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.vets == nil || len(k.vets) >= maxKnown {
		k.vets = map[string]*clinic.Vet{}
	}
	k.vets[v.ID] = copyVet(v)
}

func (k *known) drop(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.vets, id)
}
