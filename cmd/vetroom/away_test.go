package main

import (
	"testing"
	"time"
)

// TestVetOnlineIsPublishedAndEndsByItself waits out the minute of the contract, beside all that may run beside others: of
// these it comes first.
func TestVetOnlineIsPublishedAndEndsByItself(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.leader()
	id := f.vet.want(200, "GET", "/api/v1/vet/me", nil).at("id")
	if got := f.vet.want(200, "PUT", "/api/v1/vet/online", object{"online": true}); got.at("online") != "true" {
		t.Errorf("online: %v", got)
	}
	f.heard.once(t, 3*time.Second, "vetroom.vet.online", id)
	began := soon(0) // the vet is last heard of after it
	f.vet.want(200, "PUT", "/api/v1/vet/online", object{"online": true})
	if got := f.heard.of("vetroom.vet.online", id); len(got) != 1 {
		t.Errorf("online twice was published %d times", len(got))
	}
	offline := f.heard.once(t, 75*time.Second, "vetroom.vet.offline", id) // no socket ever came
	if after := offline.At.Sub(began); after < 60*time.Second || after > 75*time.Second+busyMachine {
		t.Errorf("offline after %v", after)
	}
}
