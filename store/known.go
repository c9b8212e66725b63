package store

import (
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
	return ptr(*v), true
}

func (k *known) put(v *clinic.Vet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.vets == nil || len(k.vets) >= maxKnown {
		k.vets = map[string]*clinic.Vet{}
	}
	k.vets[v.ID] = v
}

func (k *known) drop(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.vets, id)
}
