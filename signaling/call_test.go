package signaling_test

import (
	"fmt"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/signaling"
	"vetroom/signaling/signalingtest"
)

// Two peers that are no browsers wait at a door, it opens, and they see and hear each other: over one server and over
// two.
func TestTwoPeersExchangeMedia(t *testing.T) {
	for servers := 1; servers <= 2; servers++ {
		t.Run(fmt.Sprintf("servers=%d", servers), func(t *testing.T) {
			noRelay := func(c *signaling.Config) {
				c.ICE = func(string, clinic.Role, time.Time) []signaling.ICEServer { return nil }
			}
			w := newWorld()
			w.book("room", time.Hour)
			a := w.start(t, "a", noRelay)
			b := a
			if servers == 2 {
				b = w.start(t, "b", noRelay)
			}
			owner := signalingtest.StartCall(t, a.owner(t, "room"), "room")
			vet := signalingtest.StartCall(t, b.vet(t, "room"), "room")
			eventually(t, "both wait", func() bool { return a.Stats().Seats+b.Stats().Seats >= 2 })
			w.advance(time.Hour)
			w.publish(t, w.ahead(t, "room", clinic.RoomOpen))
			for name, c := range map[string]*signalingtest.Call{"owner": owner, "vet": vet} {
				select {
				case <-c.Connected:
				case <-time.After(signalingtest.Patience):
					t.Fatalf("the %s is not connected", name)
				}
				eventually(t, name+" sees and hears", func() bool {
					video, audio := c.Received()
					return video > 20 && audio > 20
				})
			}
			for _, what := range []clinic.What{clinic.WhatOwnerTold, clinic.WhatVetTold, clinic.WhatConnected} {
				eventually(t, string(what), func() bool { return w.times("room", what) == 1 })
			}
		})
	}
}
