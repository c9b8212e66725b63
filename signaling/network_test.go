package signaling_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"vetroom/clinic"
	"vetroom/signaling"
	"vetroom/signaling/signalingtest"
)

func refusedWith(t *testing.T, p *process, status int, o signalingtest.Options) {
	t.Helper()
	c, err := signalingtest.Dial(context.Background(), p.url, o)
	var refused *signalingtest.Refused
	if !errors.As(err, &refused) || refused.Status != status {
		t.Errorf("%+v: got %v, want %d", o, err, status)
	}
	if c != nil {
		c.Break()
	}
}

func TestChecksTheOriginBeforeTheUpgrade(t *testing.T) {
	p := newWorld().start(t, "a")
	foreign := []string{
		"https://elsewhere.example", "http://vetroom.example", "https://vetroom.example:8443", "https://vetroom.example.elsewhere.example",
		"null", "https://", p.url, "https://vetroom.example@elsewhere.example", "https://vetroom.example/x?y",
	}
	for _, o := range foreign {
		refusedWith(t, p, http.StatusForbidden, signalingtest.Options{Origin: o})
	}
	refusedWith(t, p, http.StatusForbidden, signalingtest.Options{Header: http.Header{"Origin": {}}})
	for _, o := range []string{"https://vetroom.example", "HTTPS://VETROOM.example", "https://vetroom.example:443"} {
		c, err := signalingtest.Dial(context.Background(), p.url, signalingtest.Options{Origin: o})
		if err != nil {
			t.Errorf("%s: %v", o, err)
			continue
		}
		if c.Subprotocol() != signaling.Subprotocol {
			t.Errorf("the subprotocol is %q", c.Subprotocol())
		}
		c.Break()
	}
}

func TestAnswersWhatIsNoWebSocket(t *testing.T) {
	p := newWorld().start(t, "a")
	r, err := http.NewRequest(http.MethodGet, p.url+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://vetroom.example")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if h := answer.Header; answer.StatusCode != http.StatusUpgradeRequired || h.Get("Content-Type") != "application/problem+json" || h.Get("Upgrade") != "websocket" {
		t.Errorf("got %d with %v", answer.StatusCode, h)
	}
}

func TestSpeaksOneSubprotocol(t *testing.T) {
	p := newWorld().start(t, "a")
	for offered, want := range map[string]int{
		"vetroom.v1": 101, "other, vetroom.v1": 101, "": 101, "vetroom.v2": 400, "other,another": 400,
	} {
		r, err := http.NewRequest(http.MethodGet, p.url+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{
			"Origin": {"https://vetroom.example"}, "Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
		}
		if offered != "" {
			r.Header.Set("Sec-WebSocket-Protocol", offered)
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%q: got %d, want %d", offered, answer.StatusCode, want)
		}
	}
}

func TestAnswersBadInputOverTheWire(t *testing.T) {
	w := newWorld()
	w.book("room", time.Hour)
	p := w.start(t, "a")
	c := p.owner(t, "room")
	c.Join(t, "room")
	for _, text := range malformed[:10] {
		c.SendRaw(t, websocket.MessageText, []byte(text))
		if f := c.Expect(t, "error"); f.Code != "malformed" || f.N == 0 {
			t.Fatalf("%q: got %s", text, f.Raw)
		}
	}
	c.Send(t, object{"type": "dance"})
	c.Expect(t, "error", withCode("unknown_type"))
	c.Send(t, object{"type": "watch", "rooms": []string{"elsewhere"}})
	c.Expect(t, "error", withCode("forbidden"))
	if f := c.Join(t, "room"); f.State != "locked" {
		t.Fatalf("the socket did not survive: %s", f.Raw)
	}
}

func TestWhatEndsTheSocket(t *testing.T) {
	w := newWorld()
	p := w.start(t, "a")
	large := []byte(`{"type":"chat","text":"` + strings.Repeat("x", signaling.MaxFrame) + `"}`)
	for name, c := range map[string]struct {
		typ    websocket.MessageType
		frame  []byte
		code   string
		status websocket.StatusCode
	}{
		"binary":    {websocket.MessageBinary, []byte(`{"type":"leave"}`), "malformed", websocket.StatusUnsupportedData},
		"not UTF-8": {websocket.MessageText, []byte("{\"type\":\"\xff\"}"), "malformed", websocket.StatusInvalidFramePayloadData},
		"too large": {websocket.MessageText, large, "too_large", websocket.StatusMessageTooBig},
	} {
		t.Run(name, func(t *testing.T) {
			g := p.dial(t)
			g.SendRaw(t, c.typ, c.frame)
			g.Expect(t, "error", withCode(c.code))
			g.ExpectClosed(t, c.status)
		})
	}
	g := p.dial(t)
	g.SendRaw(t, websocket.MessageText, []byte(`{"type":"chat","text":"`+strings.Repeat("x", signaling.MaxFrame-25)+`"}`))
	g.Expect(t, "error", withCode("malformed")) // 64 KiB are read, and their text is too long
}

func TestPongCarriesTheClock(t *testing.T) {
	w := newWorld()
	w.book("room", time.Hour)
	p := w.start(t, "a")
	c := p.owner(t, "room")
	c.Join(t, "room")
	w.advance(time.Minute)
	c.Send(t, object{"type": "ping", "t": 123.5})
	f := c.Expect(t, "pong")
	if f.T != "123.5" || f.Has("n") || time.Until(f.Now.Time) < 50*time.Second {
		t.Fatalf("got %s", f.Raw)
	}
	if !strings.HasSuffix(f.Now.Format("2006-01-02T15:04:05.000Z"), "Z") || !strings.Contains(string(f.Raw), f.Now.UTC().Format("2006-01-02T15:04:05.000Z")) {
		t.Fatalf("the time is not written as the contract says: %s", f.Raw)
	}
}

func TestSocketsOfOneSessionAreLimited(t *testing.T) {
	p := newWorld().start(t, "a", func(c *signaling.Config) { c.Limits.PerSession, c.Limits.PerAddress = 3, 2 })
	const origin = "https://vetroom.example"
	owner := []*http.Cookie{{Name: "vetroom_owner", Value: "s"}}
	first := p.dial(t, owner...)
	p.dial(t, owner...)
	p.dial(t, owner...)
	refusedWith(t, p, http.StatusTooManyRequests, signalingtest.Options{Origin: origin, Cookies: owner})
	p.dial(t, &http.Cookie{Name: "vetroom_owner", Value: "other"})
	p.dial(t)
	p.dial(t)
	refusedWith(t, p, http.StatusTooManyRequests, signalingtest.Options{Origin: origin})
	first.Break()
	eventually(t, "the socket is counted out", func() bool { return p.Stats().Sockets == 5 })
	p.dial(t, owner...)
}

func TestDrainTellsEverybody(t *testing.T) {
	w := newWorld()
	w.book("room", time.Hour)
	p := w.start(t, "a")
	owner, watcher := p.owner(t, "room"), p.owner(t, "room")
	owner.Join(t, "room")
	watcher.Send(t, object{"type": "watch", "rooms": []string{"room"}})
	watcher.Expect(t, "room")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	p.Drain(ctx)
	for _, c := range []*signalingtest.Client{owner, watcher} {
		f := c.Expect(t, "going_away")
		if f.RetryMS < 100 || f.RetryMS > 10_000 || (f.N != 0) != (c == owner) {
			t.Fatalf("got %s", f.Raw)
		}
		c.ExpectClosed(t, websocket.StatusGoingAway)
	}
	if ctx.Err() != nil || p.Stats().Sockets != 0 {
		t.Fatalf("%v, %+v", ctx.Err(), p.Stats())
	}
	refusedWith(t, p, http.StatusServiceUnavailable, signalingtest.Options{Origin: "https://vetroom.example"})
	if n := w.times("room", clinic.WhatLeft); n != 0 {
		t.Fatal("a drained seat is not left: its browser comes back elsewhere")
	}
}

func TestDrainDoesNotWaitForASocketThatIsStuck(t *testing.T) {
	w := newWorld()
	w.book("room", time.Hour)
	p := w.start(t, "a")
	conn := rawSocket(t, p, "s-room")
	fmt.Fprint(conn, masked(`{"type":"join","room":"room"}`))
	eventually(t, "it joined", func() bool { return p.Stats().Seats == 1 })
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	p.Drain(ctx)                                         // the client never answers the close frame
	if took := time.Since(began); took > 5*time.Second { // what the library waits for a close frame
		t.Fatalf("took %v", took)
	}
}

// rawSocket opens a socket by hand: it answers nothing by itself.
func rawSocket(t *testing.T, p *process, session string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	// The first message comes together with the request: it must not be lost.
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://vetroom.example\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: vetroom.v1\r\n"+
		"Cookie: vetroom_owner=%s\r\n\r\n%s", session, masked(`{"type":"ping","t":1}`))
	r := bufio.NewReader(conn)
	answer, err := http.ReadResponse(r, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v", answer, err)
	}
	head, err := r.Peek(12)
	if err != nil || !strings.Contains(string(head), "type") {
		t.Fatalf("no pong came: %q, %v", head, err)
	}
	return conn
}

// masked is a text frame of a client, at most 125 bytes long, under a mask of zeros.
func masked(text string) string {
	return "\x81" + string(rune(0x80 | len(text)))[1:] + "\x00\x00\x00\x00" + text
}

func TestSigningOutClosesTheSessionsSocketsEverywhere(t *testing.T) {
	w := newWorld()
	a, b := w.start(t, "a"), w.start(t, "b")
	here, there, other := a.owner(t, "room"), b.owner(t, "room"), b.owner(t, "other")
	vet := b.vet(t, "room")
	for _, c := range []*signalingtest.Client{here, there, other, vet} {
		c.Settle(t)
	}
	a.CloseSession("s-room")
	for _, c := range []*signalingtest.Client{here, there} {
		c.Expect(t, "error", withCode("signed_out"))
		c.ExpectClosed(t, signaling.StatusSignedOut)
	}
	a.CloseSession("v-room")
	vet.ExpectClosed(t, signaling.StatusSignedOut)
	if len(other.Settle(t)) != 0 {
		t.Fatal("another session was told")
	}
}

// A vet has a session for each browser: signing out of one leaves the other.
func TestSigningOutOfOneBrowserLeavesTheOther(t *testing.T) {
	w := newWorld()
	w.book("room", time.Hour)
	p := w.start(t, "a")
	browser := func(session string) *signalingtest.Client {
		return p.dial(t, &http.Cookie{Name: "vetroom_vet", Value: "v-room"}, &http.Cookie{Name: "vetroom_vet_session", Value: session})
	}
	one, other := browser("one"), browser("other")
	one.Join(t, "room")
	if err := signaling.CloseSession(w, "one"); err != nil { // by a process without sockets
		t.Fatal(err)
	}
	one.Expect(t, "error", withCode("signed_out"))
	one.ExpectClosed(t, signaling.StatusSignedOut)
	if got := other.Settle(t); len(got) != 0 {
		t.Fatalf("the other browser was told %s", got[0].Raw)
	}
	p.CloseSession("v-room") // every browser of the vet
	other.ExpectClosed(t, signaling.StatusSignedOut)
}

func TestUnlocksManyAtOneInstant(t *testing.T) {
	const rooms = 200
	w := newWorld()
	at := w.Now().Add(time.Hour)
	p := w.start(t, "a")
	clients := make([]*signalingtest.Client, 0, 2*rooms)
	for i := range rooms {
		id := fmt.Sprintf("room-%d", i)
		v := w.book(id, time.Hour)
		w.mu.Lock()
		v.Room.OpensAt = clinic.Millis(at)
		w.mu.Unlock()
		for _, c := range []*signalingtest.Client{p.owner(t, id), p.vet(t, id)} {
			c.Join(t, id)
			clients = append(clients, c)
		}
	}
	w.advance(time.Hour)
	for i := range rooms {
		w.publish(t, w.ahead(t, fmt.Sprintf("room-%d", i), clinic.RoomOpen))
	}
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() {
			if f := c.Expect(t, "room", inState("open")); f.Now.Before(f.OpensAt.Time) {
				t.Errorf("early: %s", f.Raw)
			}
			for _, f := range c.Settle(t) {
				if f.Type == "room" {
					t.Errorf("told twice: %s", f.Raw)
				}
			}
		})
	}
	all.Wait()
	if n := p.Stats().Opened; n != rooms {
		t.Fatalf("%d doors opened", n)
	}
}
