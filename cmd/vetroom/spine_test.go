package main

import (
	"testing"
	"time"
)

// The spine across processes: what one does, the others know.

func TestProcessesTogether(t *testing.T) {
	f := newFleet(t)
	f.leader()
	sockets := f.member("signaling")
	elsewhere := *f.vet // the same browser, with its cookies, at the other process
	elsewhere.base = sockets.url
	start := soon(3 * time.Second)
	visit := followUp(f.vet, start, 5)
	owner := ownerOf(f.vet, visit)
	room := visit.at("room.id")
	here, there := owner.wait(room), elsewhere.wait(room)
	for name, w := range map[string]*waiter{"owner": here, "vet": there} {
		w.until(2*time.Second, "locked")
		if late := w.until(10*time.Second, "open").Sub(start); late < 0 || late > 2*time.Second {
			t.Errorf("the %s's door opened %v after the start", name, late)
		}
	}
	here.say(object{"type": "signal", "data": object{"from": "owner"}})
	eventually(t, 3*time.Second, "the vet gets the owner's signal from the other process", func() error {
		if !there.heard("signal") {
			return errNotYet
		}
		return nil
	})
	f.vet.want(204, "POST", "/api/v1/vet/logout", nil)
	await(t, 3*time.Second, "the signed-out vet's socket at the other process is closed", there.closed)
	f.heard.checkInvariants(t)
}

func TestVetOnlineIsPublishedAndEndsByItself(t *testing.T) {
	f := newFleet(t)
	f.leader()
	id := f.vet.want(200, "GET", "/api/v1/vet/me", nil).at("id")
	if got := f.vet.want(200, "PUT", "/api/v1/vet/online", object{"online": true}); got.at("online") != "true" {
		t.Errorf("online: %v", got)
	}
	f.heard.once(t, 3*time.Second, "vetroom.vet.online", id)
	f.vet.want(200, "PUT", "/api/v1/vet/online", object{"online": true})
	if got := f.heard.of("vetroom.vet.online", id); len(got) != 1 {
		t.Errorf("online twice was published %d times", len(got))
	}
	began := time.Now()
	f.heard.once(t, 75*time.Second, "vetroom.vet.offline", id) // no socket ever came
	if after := time.Since(began); after < 58*time.Second {
		t.Errorf("offline after %v", after)
	}
}
