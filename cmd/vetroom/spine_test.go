package main

import (
	"testing"
	"time"
)

// The spine across processes: what one does, the others know.

func TestProcessesTogether(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.leader()
	sockets := f.member("signaling")
	elsewhere := *f.vet // the same browser, with its cookies, at the other process
	elsewhere.base = sockets.url
	start := f.soon()
	visit := followUp(f.vet, start, 5)
	owner := ownerOf(f.vet, visit)
	room := visit.at("room.id")
	here, there := owner.wait(room), elsewhere.wait(room)
	for name, w := range map[string]*waiter{"owner": here, "vet": there} {
		w.until(2*time.Second, "locked")
		if late := w.until(10*time.Second, "open").Sub(start); late < 0 || late > 2*time.Second+busyMachine {
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
