package store

import (
	"slices"
	"sync"

	"vetroom/clinic"
)

// maxKnown bounds how many vets are remembered.
const maxKnown = 10_000

// known remembers vets as they were read last, for who finds out whether they still are, by Rev: in its transaction, or
// by a read that begins after it was asked. Every change of a vet's row or permits gives it a new Rev.
type known struct {
	mu   sync.Mutex             // guards vets
	vets map[string]*clinic.Vet // which nobody changes
}

// at gives the vet as it is remembered, which nobody may change, nil if it is not or was another then.
func (k *known) at(id string, rev int64) *clinic.Vet {
	if v := k.any(id); v != nil && v.Rev == rev {
		return v
	}
	return nil
}

// any gives the vet as it is remembered, which nobody may change, or nil.
func (k *known) any(id string) *clinic.Vet {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.vets[id]
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

// put remembers a copy of a vet, and gives it.
func (k *known) put(v *clinic.Vet) *clinic.Vet {
	v = copyVet(v)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.vets == nil || len(k.vets) >= maxKnown {
		k.vets = map[string]*clinic.Vet{}
	}
	k.vets[v.ID] = v
	return v
}

func (k *known) drop(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.vets, id)
}
