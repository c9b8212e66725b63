package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

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

// ChangePermits implements clinic.VetStore.
func (o overtaken) ChangePermits(ctx context.Context, id string, decide func(*clinic.Vet, []*clinic.Visit, time.Time) (map[*clinic.Visit][]clinic.Event, error)) (*clinic.Vet, error) {
	o.other()
	return o.Store.ChangePermits(ctx, id, decide)
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

// TestTwoPermitsAtOnce holds that of two permits which are added at once none is lost.
func TestTwoPermitsAtOnce(t *testing.T) {
	s := storetest.SQLite(t)
	first, second := &desk{Desk: openDesk(configs.Config{}, s)}, &desk{Desk: openDesk(configs.Config{}, s)}
	a := &app{ctx: t.Context(), stdout: io.Discard, stderr: io.Discard}
	if err := addDemo(a, first.Desk); err != nil {
		t.Fatal(err)
	}
	before, err := first.findVet(a, "namu")
	if err != nil {
		t.Fatal(err)
	}
	add := func(d *desk, number string) error {
		permit := before.Permits[0]
		permit.Number = number
		return vetPermitCmd{Login: "namu"}.change(a, d, &permit)
	}
	second.Store = overtaken{s, func() {
		if err := add(first, "P-1"); err != nil {
			t.Error(err)
		}
	}}
	if err := add(second, "P-2"); !errors.Is(err, clinic.ErrPermitsChanged) {
		t.Errorf("the second: %v", err)
	}
	if err := add(&desk{Desk: first.Desk}, "P-2"); err != nil {
		t.Error(err)
	}
	after, err := first.findVet(a, "namu")
	if err != nil || len(after.Permits) != len(before.Permits)+2 {
		t.Errorf("the permits are %v (%v)", after.Permits, err)
	}
}
