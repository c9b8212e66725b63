package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"vetroom/signaling/signalingtest"
)

// socket opens a browser's socket at a process.
func (b *browser) socket(at string) *signalingtest.Client {
	b.t.Helper()
	header := b.cookieHeader()
	header.Del("Origin")
	c, err := signalingtest.Dial(context.Background(), at, signalingtest.Options{Header: header})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(c.Break)
	return c
}

func (b *browser) goOnline() {
	b.t.Helper()
	b.want(200, "PUT", "/api/v1/vet/online", object{"online": true})
}

// askNow asks for a vet in a browser of its own.
func askNow(t testing.TB, base, phone string) (*browser, object) {
	t.Helper()
	owner := newBrowser(t, base)
	return owner, owner.want(202, "POST", "/api/v1/instant", object{
		"owner": object{"name": "보호자", "phone": phone}, "pet": object{"name": "초코"}, "visit": object{"area": "skin"}, "symptoms": "긁어요",
	})
}

// tells waits until a socket is told a state of a request, and gives the message.
func tells(t testing.TB, c *signalingtest.Client, id, state string) signalingtest.Frame {
	t.Helper()
	return c.Expect(t, "instant", func(f signalingtest.Frame) bool { return f.ID == id && string(f.State) == state })
}

func (b *browser) rings() string {
	b.t.Helper()
	return fmt.Sprint(b.want(200, "GET", "/api/v1/vet/instant", nil)["requests"])
}

// TestInstantOutlivesARestart rings two vets, with a restart of the only process between a ring and its answer.
func TestInstantOutlivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	first, second := addVet(t, p, dir, nil, "first"), addVet(t, p, dir, nil, "second")
	first.goOnline()
	second.goOnline()
	ears := []*signalingtest.Client{first.socket(p.url), second.socket(p.url)}
	owner, asked := askNow(t, p.url, "010-1111-2222")
	id := asked.at("id")
	if asked.at("state") != "ringing" || asked.at("vet.name") == "" {
		t.Fatalf("asked: %v", asked)
	}
	tells(t, ears[0], id, "ringing")
	tells(t, owner.socket(p.url), id, "ringing")
	if got := first.rings(); !strings.Contains(got, id) {
		t.Errorf("a page that is loaded again shows %s", got)
	}
	first.want(200, "POST", "/api/v1/vet/instant/"+id+"/decline", nil)
	tells(t, ears[0], id, "queued")
	tells(t, ears[1], id, "ringing")

	p.kill()
	p = serve(t, dir, nil)
	for _, b := range []*browser{first, second, owner} {
		b.base = p.url
	}
	if got := owner.want(200, "GET", "/api/v1/instant/"+id, nil); got.at("state") != "ringing" || !strings.Contains(second.rings(), id) {
		t.Fatalf("after the restart: %v", got)
	}
	ears = []*signalingtest.Client{owner.socket(p.url), second.socket(p.url)}
	for _, ear := range ears {
		tells(t, ear, id, "ringing")
	}
	visit := second.want(200, "POST", "/api/v1/vet/instant/"+id+"/accept", nil)
	if visit.at("room.state") != "open" || visit.at("kind") != "instant" || visit.at("link") != "" {
		t.Errorf("accepted: %v", visit)
	}
	for _, ear := range ears {
		if f := tells(t, ear, id, "accepted"); f.ReservationID != visit.at("id") {
			t.Errorf("told %s", f.Raw)
		}
	}
	if status, got := first.call("POST", "/api/v1/vet/instant/"+id+"/accept", nil); status != 409 || got.at("code") != "taken" {
		t.Errorf("the slower one: %d, %v", status, got)
	}
	if f := ears[0].Join(t, visit.at("room.id")); f.State != "open" || f.Role != "owner" {
		t.Errorf("the owner is at the door: %s", f.Raw)
	}
	if f := ears[1].Join(t, visit.at("room.id")); f.State != "open" || f.Peer != "present" {
		t.Errorf("the vet is at the door: %s", f.Raw)
	}
	wantInOrder(t, owner, visit.at("id"), "asked rung declined rung accepted booked opened emitted")
}

// wantInOrder waits until a reservation's timeline tells these, in this order, among others.
func wantInOrder(t testing.TB, b *browser, id, whats string) {
	t.Helper()
	eventually(t, 5*time.Second, "the timeline tells "+whats, func() error {
		rest := strings.Fields(whats)
		entries, _ := b.want(200, "GET", "/api/v1/reservations/"+id+"/timeline", nil)["entries"].([]any)
		for _, e := range entries {
			if len(rest) > 0 && object(e.(map[string]any)).at("what") == rest[0] {
				rest = rest[1:]
			}
		}
		if len(rest) > 0 {
			return fmt.Errorf("without %v: %v", rest, entries)
		}
		return nil
	})
}

// TestInstantOverProcesses has the owner at one process, the vet at another and the leader a third.
func TestInstantOverProcesses(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	leader := f.leader()
	sockets := f.member("signaling")
	vet := f.vet.socket(sockets.url)
	watcher := newBrowser(t, f.web.url).socket(sockets.url)
	vetID := f.vet.want(200, "GET", "/api/v1/vet/me", nil).at("id")
	watcher.Send(t, object{"type": "watch", "vets": []string{vetID}})
	watcher.Expect(t, "vet")

	owner, asked := askNow(t, f.web.url, "010-1111-2222")
	id := asked.at("id")
	next, behind := askNow(t, f.web.url, "010-3333-4444")
	if asked.at("state") != "queued" || asked.at("position") != "1" || behind.at("position") != "2" {
		t.Fatalf("nobody is online: %v, %v", asked, behind)
	}
	waiting := owner.socket(sockets.url)
	tells(t, waiting, id, "queued")
	began := time.Now()
	f.vet.goOnline() // whoever comes online is rung next: the leader hears of it
	tells(t, waiting, id, "ringing")
	rang := tells(t, vet, id, "ringing")
	t.Logf("online to ringing: %v", rang.Came.Sub(began))
	next.socket(f.web.url).Expect(t, "instant", func(f signalingtest.Frame) bool { return f.ID == behind.at("id") && f.Position == 1 })
	began = time.Now()
	visit := f.vet.want(200, "POST", "/api/v1/vet/instant/"+rang.ID+"/accept", nil)
	accepted := tells(t, waiting, id, "accepted")
	if t.Logf("accept to the owner's socket at another process: %v", accepted.Came.Sub(began)); accepted.ReservationID != visit.at("id") {
		t.Errorf("the owner is told %s", accepted.Raw)
	}
	slot := watcher.Expect(t, "slot")
	if t.Logf("accept to the slot of who watches: %v", slot.Came.Sub(began)); slot.Vet != vetID || slot.Start == "" {
		t.Errorf("who watches is told %s", slot.Raw)
	}
	booked := f.heard.once(t, 3*time.Second, "vetroom.booking.confirmed", visit.at("id"))
	if !strings.Contains(string(booked.Body), `"kind":"instant"`) {
		t.Errorf("the booking says %s", booked.Body)
	}
	opened := f.heard.once(t, 3*time.Second, "vetroom.room.open", visit.at("room.id"))
	if !strings.Contains(string(opened.Body), `"opened_by":"vet"`) {
		t.Errorf("the opening says %s", opened.Body)
	}
	f.vet.want(200, "POST", "/api/v1/vet/rooms/"+visit.at("room.id")+"/close", nil)
	tells(t, vet, behind.at("id"), "ringing") // whoever becomes free, too
	if err := leader.metric("vetroom_rings_failed_total 0"); err != nil {
		t.Error(err)
	}
	if err := sockets.metric("vetroom_instant_standing 1"); err != nil {
		t.Error(err)
	}
	f.heard.checkInvariants(t)
}
