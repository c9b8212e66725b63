package signaling_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/signaling"
)

// fakeEcho answers every offer but "bad", and knows which echoes go on.
type fakeEcho struct {
	mu      sync.Mutex // guards what follows
	err     error
	begun   []string // the addresses
	running int
}

func (e *fakeEcho) Answer(ctx context.Context, address, offer string) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if offer == "bad" {
		return "", fmt.Errorf("%w: it has no Opus", signaling.ErrBadOffer)
	}
	if e.err != nil {
		return "", e.err
	}
	e.begun = append(e.begun, address)
	e.running++
	context.AfterFunc(ctx, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.running--
	})
	return "answer to " + offer, nil
}

func (e *fakeEcho) now() (running, begun int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.running, len(e.begun)
}

func withEcho(e signaling.Echo) func(*signaling.Config) {
	return func(cfg *signaling.Config) { cfg.Echo = e }
}

const (
	askCheck   = `{"type":"check","room":"room"}`
	offerCheck = `{"type":"check","room":"room","description":{"type":"offer","sdp":"an offer"}}`
	saidGood   = `{"type":"checked","room":"room","result":{"verdict":"good","way":"relay_tcp","rtt_ms":31.5,"loss":0,"camera":"ok"}}`
)

// TestACheck: it names the relay for two minutes, answers the offer, and the result is in the timeline; all long before
// the door opens, and without a seat.
func TestACheck(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		echo := &fakeEcho{}
		var until time.Time
		var told []string
		c := w.core(t, "a", withEcho(echo), func(cfg *signaling.Config) {
			named := cfg.ICE
			cfg.ICE = func(room string, role clinic.Role, closesAt time.Time) []signaling.ICEServer {
				until = closesAt
				return named(room, role, closesAt)
			}
			cfg.OnChecked = func(v signaling.CheckVerdict, way signaling.CheckWay) { told = append(told, string(v)+" "+string(way)) }
		})
		defer c.stop()
		w.book("room", 24*time.Hour)
		owner := c.owner(t, "room")
		owner.say(askCheck)
		f := owner.last()
		if f.Type != "check" || f.Room != "room" || len(f.ICEServers) != 1 || f.ICEServers[0].Username != "room/owner" || f.N != 0 || f.Has("description") {
			t.Fatalf("the relay: %s", f.Raw)
		}
		if ahead := until.Sub(w.Now()); ahead != 2*time.Minute {
			t.Errorf("its credential is good for %v", ahead)
		}
		owner.say(offerCheck)
		if f := owner.last(); f.Type != "check" || !strings.Contains(string(f.Raw), `"description":{"type":"answer","sdp":"answer to an offer"}`) || f.Has("ice_servers") {
			t.Fatalf("the answer: %s", f.Raw)
		}
		owner.say(saidGood)
		if f := owner.last(); f.Type != "checked" || f.Room != "room" {
			t.Fatalf("the result: %s", f.Raw)
		}
		if running, begun := echo.now(); running != 1 || begun != 1 {
			t.Errorf("%d of %d echoes go on", running, begun)
		}
		sleep(time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.timeline) != 1 {
			t.Fatalf("the timeline is %+v", w.timeline)
		}
		e := w.timeline[0]
		if e.ReservationID != "r-room" || e.What != clinic.WhatChecked || e.By != clinic.ByOwner || e.Detail != "good relay_tcp" || e.At.IsZero() {
			t.Errorf("the timeline says %+v", e)
		}
		if len(told) != 1 || told[0] != "good relay_tcp" {
			t.Errorf("told of %v", told)
		}
	})
}

// TestACheckBesideASeat: its messages are numbered like all that a seat is sent, and the door goes on as it was.
func TestACheckBesideASeat(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		echo := &fakeEcho{}
		c := w.core(t, "a", withEcho(echo))
		defer c.stop()
		w.book("room", time.Minute)
		vet := c.vet(t, "room")
		vet.say(`{"type":"join","room":"room"}`)
		for i, say := range []string{askCheck, offerCheck, saidGood} {
			vet.say("%s", say)
			if f := vet.last(); f.N != uint64(i+2) {
				t.Errorf("%s is not number %d", f.Raw, i+2)
			}
		}
		sleep(time.Minute)
		if f := vet.last(); f.Type != "room" || f.State != clinic.RoomOpened {
			t.Errorf("the door: %s", f.Raw)
		}
	})
}

// TestAnEchoGoesWithItsSocket: one at a time, and none after the socket.
func TestAnEchoGoesWithItsSocket(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		echo := &fakeEcho{}
		c := w.core(t, "a", withEcho(echo))
		defer c.stop()
		w.book("room", time.Hour)
		owner := c.owner(t, "room")
		is := func(what string, running int) {
			t.Helper()
			sleep(time.Millisecond)
			if now, _ := echo.now(); now != running {
				t.Errorf("%s: %d echoes", what, now)
			}
		}
		owner.say(offerCheck)
		is("one", 1)
		owner.say(offerCheck)
		is("again", 1)
		owner.say(askCheck)
		is("about to begin anew", 0)
		owner.say(offerCheck)
		owner.CloseNow()
		is("the socket is gone", 0)
		c.owner(t, "room").say(offerCheck)
		is("another's", 1)
		c.stop()
		is("the server is gone", 0)
	})
}

// TestChecksThatAreRefused: by whom, for what, where and how often.
func TestChecksThatAreRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		echo := &fakeEcho{}
		c, off := w.core(t, "a", withEcho(echo)), w.core(t, "b")
		defer c.stop()
		defer off.stop()
		w.book("room", time.Hour)
		w.book("other", time.Hour)
		w.book("over", -time.Hour)
		wants := func(g *guest, want signaling.Code, says ...string) {
			t.Helper()
			for _, say := range says {
				g.say("%s", say)
				if f := g.last(); f.Type != "error" || f.Code != want.String() {
					t.Errorf("%s: %s, want %s", say, f.Raw, want)
				}
			}
		}
		at := func(room, say string) string { return strings.Replace(say, `"room":"room"`, `"room":"`+room+`"`, 1) }
		bad := strings.Replace(offerCheck, "an offer", "bad", 1)
		all := []string{askCheck, offerCheck, saidGood}
		wants(c.owner(t, "other"), signaling.CodeForbidden, all...)
		wants(c.visit(t, clinic.Who{}), signaling.CodeForbidden, all...)
		wants(c.owner(t, "room"), signaling.CodeForbidden, at("nowhere", askCheck), at("nowhere", saidGood))
		wants(c.owner(t, "over"), signaling.CodeRoomClosed, at("over", askCheck), at("over", offerCheck), at("over", saidGood))
		wants(off.owner(t, "room"), signaling.CodeNoEcho, askCheck, offerCheck)
		wants(c.owner(t, "room"), signaling.CodeBadOffer, bad)
		echo.err = signaling.ErrEchoBusy
		wants(c.owner(t, "room"), signaling.CodeBusy, offerCheck)
		echo.err = context.DeadlineExceeded
		wants(c.owner(t, "room"), signaling.CodeNoEcho, offerCheck)
		w.setAway(true)
		wants(c.owner(t, "room"), signaling.CodeUnavailable, all...)
		w.setAway(false)
		echo.err = nil
		eager := c.owner(t, "room")
		for range 15 {
			eager.say(offerCheck)
		}
		wants(eager, signaling.CodeRateLimited, all...)
		if _, begun := echo.now(); begun != 15 {
			t.Errorf("%d echoes were begun", begun)
		}
		sleep(time.Second)
		if n := w.times("room", clinic.WhatChecked) + w.times("other", clinic.WhatChecked) + w.times("over", clinic.WhatChecked); n != 0 {
			t.Errorf("%d results are in timelines", n)
		}
	})
}

// TestResultsOfManySocketsAreBounded: whoever has many sockets fills no timeline, and takes nothing from the other side.
func TestResultsOfManySocketsAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a", withEcho(&fakeEcho{}))
		defer c.stop()
		v := w.book("room", time.Hour)
		said := func(g *guest, n, want int) {
			t.Helper()
			for range n {
				g.say(saidGood)
			}
			sleep(time.Second)
			if got := w.times("room", clinic.WhatChecked); got != want {
				t.Errorf("%d results are in the timeline, want %d", got, want)
			}
		}
		said(c.owner(t, "room"), 4, 4)
		said(c.owner(t, "room"), 4, 6)
		said(c.owner(t, "room"), 4, 6)
		said(c.visit(t, clinic.Who{VetID: v.Reservation.VetID}), 1, 7)
		sleep(time.Minute)
		said(c.owner(t, "room"), 4, 9)
	})
}

// TestResultsThatAreMalformed changes nothing, and says why.
func TestResultsThatAreMalformed(t *testing.T) {
	for _, result := range []string{
		`null`, `[]`, `"good"`, `{}`, `{"verdict":"good"}`, `{"way":"udp"}`, `{"verdict":"superb","way":"udp"}`, `{"verdict":"good","way":"carrier pigeon"}`,
		`{"verdict":"good","way":"udp","rtt_ms":-1}`, `{"verdict":"good","way":"udp","rtt_ms":60001}`, `{"verdict":"good","way":"udp","rtt_ms":"3"}`,
		`{"verdict":"good","way":"udp","rtt_ms":null}`, `{"verdict":"good","way":"udp","loss":1.1}`, `{"verdict":"good","way":"udp","jitter_ms":1e9}`,
		`{"verdict":"good","way":"udp","camera":"blue"}`, `{"verdict":"good","way":"udp","speaker":""}`, `{"verdict":"good","way":"udp","note":"x"}`,
		`{"verdict":1,"way":"udp"}`,
	} {
		_, err := signaling.Decode([]byte(`{"type":"checked","room":"r","result":` + result + `}`))
		if err == nil || signaling.CodeOf(err) != signaling.CodeMalformed {
			t.Errorf("%s: %v", result, err)
		}
	}
	for _, description := range []string{
		`null`, `"x"`, `{}`, `{"type":"offer"}`, `{"sdp":"x"}`, `{"type":"answer","sdp":"x"}`, `{"type":"offer","sdp":""}`,
		`{"type":"offer","sdp":"x","more":1}`, `{"type":"offer","sdp":"` + strings.Repeat("x", signaling.MaxOffer+1) + `"}`,
	} {
		_, err := signaling.Decode([]byte(`{"type":"check","room":"r","description":` + description + `}`))
		if err == nil || signaling.CodeOf(err) != signaling.CodeMalformed {
			t.Errorf("%.60s: %v", description, err)
		}
	}
}
