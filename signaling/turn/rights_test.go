package turn

import (
	"strings"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/signaling"
)

func TestCredentialRefused(t *testing.T) {
	w := start(t)
	good := w.right("room", clinic.RoleOwner)
	w.relayed(t, "udp", good)
	over := w.ICE("room", clinic.RoleVet, noon.Add(-time.Second))
	for what, bad := range map[string]signaling.ICEServer{
		"none":             {},
		"another password": {Username: good.Username, Credential: good.Credential + "x"},
		"another room":     {Username: strings.Replace(good.Username, "room", "other", 1), Credential: good.Credential},
		"another role":     {Username: strings.Replace(good.Username, "owner", "vet", 1), Credential: good.Credential},
		"a longer time":    {Username: "9" + good.Username, Credential: good.Credential},
		"no role":          {Username: strings.TrimSuffix(good.Username, ":owner"), Credential: good.Credential},
		"expired":          over[len(over)-1],
	} {
		before := w.Stats().BadCredential
		if _, err := w.allocate(t, "udp", bad); err == nil {
			t.Errorf("%s: was given a relay", what)
		} else if what != "none" && (!strings.Contains(err.Error(), "401") || w.Stats().BadCredential == before) {
			t.Errorf("%s: %v, and %d were counted", what, err, w.Stats().BadCredential-before)
		}
	}
}

// TestRelayEndsWithTheRoom: at the end of the right to it, and not before.
func TestRelayEndsWithTheRoom(t *testing.T) {
	w := start(t)
	soon := w.ICE("room", clinic.RoleOwner, noon.Add(time.Second))
	w.relayed(t, "udp", soon[1])
	w.clock.forward(999 * time.Millisecond)
	w.relayed(t, "udp", soon[1])
	if n := w.Stats().Allocations; n != 2 {
		t.Fatalf("%d relays just before the end", n)
	}
	w.clock.forward(time.Millisecond)
	eventually(t, "the relays end", func() bool { return w.Stats().Allocations == 0 })
	if _, err := w.allocate(t, "udp", soon[1]); err == nil {
		t.Error("a relay after the end")
	}
}

// TestExtensionRenews: a browser keeps its first credential for the relays that it has, and is given another.
func TestExtensionRenews(t *testing.T) {
	w := start(t)
	soon := w.ICE("room", clinic.RoleOwner, noon.Add(time.Second))
	a := w.relayed(t, "udp", soon[1])
	later := w.ICE("room", clinic.RoleOwner, noon.Add(2*time.Second))
	if later[1].Username == soon[1].Username {
		t.Fatal("the credential is the same")
	}
	w.clock.forward(1500 * time.Millisecond)
	b := w.relayed(t, "udp", later[1])
	mustPass(t, a, b) // asks for a permission by the first credential
	w.clock.forward(500 * time.Millisecond)
	eventually(t, "the relays end", func() bool { return w.Stats().Allocations == 0 })
}

func TestQuota(t *testing.T) {
	w := start(t, limits(Limits{Allocations: 2, AllAllocations: 4}))
	owner, vet := w.right("room", clinic.RoleOwner), w.right("room", clinic.RoleVet)
	first := w.relayed(t, "udp", owner)
	w.relayed(t, "tcp", owner)
	if _, err := w.allocate(t, "udp", owner); err == nil || !strings.Contains(err.Error(), "486") {
		t.Errorf("a third relay: %v", err)
	}
	w.relayed(t, "udp", vet)
	w.relayed(t, "udp", w.right("other", clinic.RoleOwner))
	if _, err := w.allocate(t, "udp", w.right("third", clinic.RoleOwner)); err == nil || !strings.Contains(err.Error(), "508") {
		t.Errorf("a relay more than all may have: %v", err)
	}
	if n := w.Stats().OverQuota; n != 2 {
		t.Errorf("%d were counted", n)
	}
	first.relay.Close()
	eventually(t, "the first is given back", func() bool { return w.Stats().Allocations == 3 })
	w.relayed(t, "udp", owner)
}

func TestBandwidth(t *testing.T) {
	w := start(t, limits(Limits{Bandwidth: 1, Burst: 1000}))
	a, b := w.relayed(t, "udp", w.right("room", clinic.RoleOwner)), w.relayed(t, "udp", w.right("room", clinic.RoleVet))
	mustPass(t, a, b)
	for range 10 {
		if _, err := a.relay.WriteTo(make([]byte, 200), b.relay.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "what is too much is dropped", func() bool { return w.Stats().BytesDropped >= 10*200-1000 })
	if st := w.Stats(); st.BytesToPeers > 1000 {
		t.Errorf("%d bytes went out of a burst of 1000", st.BytesToPeers)
	}
}
