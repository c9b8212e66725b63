package signaling_test

import (
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/signaling/signalingtest"
)

// alias, to keep the tests readable
type object = signalingtest.Object

var (
	ofRoom   = signalingtest.OfRoom
	inState  = signalingtest.InState
	withPeer = signalingtest.WithPeer
	withCode = signalingtest.WithCode
)

func TestJoinShowsTheWholeRoom(t *testing.T) {
	w := newWorld()
	visit := w.book("room", time.Hour)
	p := w.start(t, "a")
	owner := p.owner(t, "room")
	f := owner.Join(t, "room")
	if f.N != 1 || f.State != "locked" || f.Role != "owner" || !f.Polite || f.Peer != "absent" || f.Resume == "" || f.Resumed {
		t.Fatalf("got %s", f.Raw)
	}
	if f.Has("ice_servers") || f.Has("reason") {
		t.Fatalf("a locked room has no ICE servers and no reason: %s", f.Raw)
	}
	if !f.OpensAt.Equal(visit.Room.OpensAt) || !f.ClosesAt.Equal(visit.Room.ClosesAt) || f.Now.IsZero() {
		t.Fatalf("got %s", f.Raw)
	}
	vet := p.vet(t, "room")
	if f := vet.Join(t, "room"); f.Role != "vet" || f.Polite || f.Peer != "waiting" {
		t.Fatalf("got %s", f.Raw)
	}
	if f := owner.Expect(t, "peer", withPeer("waiting")); f.N != 2 {
		t.Fatalf("got %s", f.Raw)
	}
	eventually(t, "both joined, as the timeline says", func() bool {
		return w.times("room", clinic.WhatOwnerJoined) == 1 && w.times("room", clinic.WhatVetJoined) == 1
	})
}

func TestOpensAndClosesByEvent(t *testing.T) {
	w := newWorld()
	w.book("room", time.Hour)
	p := w.start(t, "a")
	owner, vet, list := p.owner(t, "room"), p.vet(t, "room"), p.owner(t, "room")
	owner.Join(t, "room")
	vet.Join(t, "room")
	list.Send(t, object{"type": "watch", "rooms": []string{"room"}})
	if f := list.Expect(t, "room"); f.State != "locked" || f.N != 0 || f.Has("role") || f.Has("resume") || f.Has("n") {
		t.Fatalf("a watcher has no seat: %s", f.Raw)
	}
	w.advance(time.Hour)
	w.publish(t, w.ahead(t, "room", clinic.RoomOpen))
	for _, c := range []*signalingtest.Client{owner, vet} {
		f := c.Expect(t, "room", inState("open"))
		if f.Peer != "present" || len(f.ICEServers) != 1 || f.Version != 1 {
			t.Fatalf("got %s", f.Raw)
		}
	}
	if f := list.Expect(t, "room", inState("open")); f.Has("ice_servers") || f.Has("n") {
		t.Fatalf("got %s", f.Raw)
	}
	w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.Close(now) })
	for _, c := range []*signalingtest.Client{owner, vet, list} {
		if f := c.Expect(t, "room", inState("closed")); f.Reason != "vet" || f.Has("ice_servers") {
			t.Fatalf("got %s", f.Raw)
		}
	}
}
