package signaling_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
	"vetroom/signaling"
)

// wantOwner checks where the vet's page was last told that the owner is.
func (g *guest) wantOwner(t *testing.T, peer signaling.PeerState, state clinic.RoomState) {
	t.Helper()
	synctest.Wait()
	if f := g.last(); f.Type != "room" || f.Peer != peer || f.State != state || f.Role != "" || f.Resume != "" {
		t.Fatalf("the vet was told %s, want %s at a door that is %s", f.Raw, peer, state)
	}
}

// Whether one process has both or each its own, whoever came first.
func TestAVetSeesWhoIsAtTheDoor(t *testing.T) {
	for _, nodes := range [][2]string{{"a", "a"}, {"a", "b"}} {
		t.Run(nodes[0]+nodes[1], func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a := w.core(t, nodes[0])
				defer a.stop()
				b := a
				if nodes[1] != nodes[0] {
					b = w.core(t, nodes[1])
					defer b.stop()
				}
				w.book("room", time.Hour)
				page, late, owner := b.vet(t, "room"), b.vet(t, "room"), a.owner(t, "room")
				other := a.owner(t, "room")
				for _, g := range []*guest{page, other} {
					g.say(`{"type":"watch","rooms":["room"]}`)
				}
				page.wantOwner(t, "absent", "locked")
				owner.join("room")
				if f := owner.last(); f.Peer != "absent" {
					t.Fatalf("a watcher was seen: %s", f.Raw)
				}
				page.wantOwner(t, "waiting", "locked")
				late.say(`{"type":"watch","rooms":["room"]}`)
				late.wantOwner(t, "waiting", "locked")
				w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.OpenEarly(now) })
				page.wantOwner(t, "present", "open")
				owner.say(`{"type":"leave"}`)
				page.wantOwner(t, "absent", "open")
				for _, f := range other.all() {
					if f.Has("peer") {
						t.Errorf("who watches as the owner was told %s", f.Raw)
					}
				}
			})
		})
	}
}

// What a process that died had at its doors is given up where it is only watched, too.
func TestAVetSeesThatADeadProcessHasNobodyAtTheDoor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Hour)
		page := c.vet(t, "room")
		page.say(`{"type":"watch","rooms":["room"]}`)
		if err := w.Publish("_vr.room.seats", []byte(`{"node":"x","seats":[{"room":"room","role":"owner","epoch":1}]}`)); err != nil {
			t.Fatal(err)
		}
		page.wantOwner(t, "waiting", "locked")
		sleep(2 * signaling.Patience)
		page.wantOwner(t, "absent", "locked")
	})
}
