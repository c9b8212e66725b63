package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"vetroom/clinic"
	"vetroom/configs"
	"vetroom/store/storetest"
)

// overtaken is a store on which another comes first.
type overtaken struct {
	clinic.Store
	other func()
}

// AddVets implements clinic.VetStore.
func (o overtaken) AddVets(ctx context.Context, vets []*clinic.Vet) error {
	o.other()
	return o.Store.AddVets(ctx, vets)
}

// TestTwoDemosAtOnce holds that of two processes which find no vet both go on, and that one tells the logins: those
// that count.
func TestTwoDemosAtOnce(t *testing.T) {
	s := storetest.SQLite(t)
	first, second := openDesk(configs.Config{}, s), openDesk(configs.Config{}, s)
	var said, saidFirst bytes.Buffer
	second.Store = overtaken{s, func() {
		if err := addDemo(&app{ctx: t.Context(), stdout: &saidFirst}, first); err != nil {
			t.Error(err)
		}
	}}
	if err := addDemo(&app{ctx: t.Context(), stdout: &said}, second); err != nil || said.Len() > 0 {
		t.Errorf("the second: %v, said %q", err, said.String())
	}
	vets, _, err := first.Vets(t.Context(), clinic.VetQuery{Limit: 20})
	if logins := strings.Count(saidFirst.String(), "  login "); err != nil || len(vets) != len(demoVets) || logins != len(vets) {
		t.Errorf("%d vets (%v), told of %d", len(vets), err, logins)
	}
}
