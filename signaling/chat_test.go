package signaling_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
	"vetroom/signaling"
	"vetroom/signaling/signalingtest"
)

// KeepChat does what the store does.
func (w *world) KeepChat(_ context.Context, messages []clinic.ChatMessage) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.read(); err != nil {
		return err
	}
	w.chats = append(w.chats, messages...)
	return nil
}

func (w *world) kept() []clinic.ChatMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]clinic.ChatMessage(nil), w.chats...)
}

func TestChatIsKept(t *testing.T) {
	onOneAndTwo(t, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		owner.say(`{"type":"chat","text":"안녕하세요","id":"c1"}`)
		if f := vet.last(); f.Type != "chat" || f.ID != "c1" || f.Text != "안녕하세요" {
			t.Fatalf("passed on: %s", f.Raw)
		}
		sleep(100 * time.Millisecond)
		kept := owner.last()
		if kept.Type != "kept" || kept.ID != "c1" || kept.At != vet.last().At || kept.N == 0 {
			t.Fatalf("the sender was told: %s", kept.Raw)
		}
		vet.say(`{"type":"chat","text":"네"}`)
		sleep(100 * time.Millisecond)
		if f := vet.last(); f.Type == "kept" {
			t.Fatalf("nobody asked: %s", f.Raw)
		}
		got := w.kept()
		if len(got) != 2 || got[0].ReservationID != "r-room" || got[0].From != clinic.RoleOwner || got[0].ID != "c1" ||
			got[1].From != clinic.RoleVet || got[1].Text != "네" || got[1].At.IsZero() {
			t.Fatalf("kept: %+v", got)
		}
		vet.leave()
		owner.say(`{"type":"chat","text":"still there?"}`)
		sleep(100 * time.Millisecond)
		if got := w.kept(); len(got) != 3 {
			t.Fatalf("to nobody, kept: %+v", got)
		}
	})
}

func TestChatWaitsForTheDatabase(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		w.setAway(true)
		owner.say(`{"type":"chat","text":"1","id":"c1"}`)
		owner.say(`{"type":"chat","text":"2","id":"c2"}`)
		sleep(3 * time.Second)
		if vet.told("chat") != 2 || owner.told("kept") != 0 || len(w.kept()) != 0 {
			t.Fatalf("while it is away: %d passed, %d told", vet.told("chat"), owner.told("kept"))
		}
		w.setAway(false)
		sleep(time.Second)
		if got := w.kept(); len(got) != 2 || got[0].Text != "1" || owner.told("kept") != 2 {
			t.Fatalf("back: %+v, %d told", got, owner.told("kept"))
		}
		owner.say(`{"type":"chat","text":"last"}`)
		at[0].stop() // what was said in the last moment is written, too
		if got := w.kept(); len(got) != 3 {
			t.Fatalf("at the end: %+v", got)
		}
	})
}

func TestChatIsBounded(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, _ [2]*core, owner, vet *guest) {
		for i := range 30 {
			owner.say(`{"type":"chat","text":"%d"}`, i)
		}
		if n := vet.told("chat"); n != 20 {
			t.Errorf("%d of a flood passed", n)
		}
		if f := owner.last(); f.Code != "rate_limited" {
			t.Errorf("got %s", f.Raw)
		}
		sleep(time.Second)
		owner.say(`{"type":"chat","text":"again"}`)
		if f := vet.last(); f.Text != "again" || len(w.kept()) > 21 {
			t.Errorf("got %s", f.Raw)
		}
	})
}

func TestWhatDoesNotPassIsNotKept(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.core(t, "a")
		defer a.stop()
		w.book("room", time.Hour)
		owner := a.owner(t, "room")
		owner.join("room")
		for _, message := range []string{`{"type":"chat","text":"x"}`, `{"type":"chat","text":"x","id":"a b"}`, `{"type":"chat","text":"x","id":1}`} {
			owner.say("%s", message)
		}
		sleep(time.Second)
		if got := w.kept(); len(got) != 0 || owner.told("error") != 3 {
			t.Errorf("kept %+v, told %d errors", got, owner.told("error"))
		}
	})
}

// giveAway gives the room's reservation to another vet, as the store and the relay do.
func (w *world) giveAway(t *testing.T, room, to string) {
	t.Helper()
	w.change(t, room, true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) {
		return v.Transfer(&clinic.Vet{ID: to}, now)
	})
	synctest.Wait()
}

func TestAFormerVetLosesTheRoomAtOnce(t *testing.T) {
	onOneAndTwo(t, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		token := lastRoom(vet).Resume
		watching := at[1].vet(t, "room")
		watching.say(`{"type":"watch","rooms":["room"]}`)
		w.giveAway(t, "room", "v-new")
		if f := vet.last(); f.Code != "forbidden" || vet.status != 4001 {
			t.Fatalf("the former vet got %s, closed with %d", f.Raw, vet.status)
		}
		if f := watching.last(); f.Code != "forbidden" {
			t.Errorf("who only watched got %s", f.Raw)
		}
		sleep(time.Second)
		if f := owner.last(); f.Type != "peer" && f.Type != "room" || f.Peer != "absent" {
			t.Errorf("the owner got %s", f.Raw)
		}
		before := len(owner.all())
		back := at[0].vet(t, "room")
		back.say(`{"type":"join","room":"room","resume":%q,"seen":1}`, token)
		if f := back.last(); f.Code != "forbidden" {
			t.Errorf("by the token: %s", f.Raw)
		}
		if f := at[1].vet(t, "room").join("room"); f.Code != "forbidden" {
			t.Errorf("by the cookie: %s", f.Raw)
		}
		if n := len(owner.all()); n != before {
			t.Errorf("the owner heard of it: %s", owner.last().Raw)
		}
		fresh := at[0].visit(t, clinic.Who{VetID: "v-new"})
		if f := fresh.join("room"); f.State != "open" || f.Role != "vet" || f.Peer != "present" {
			t.Errorf("the new vet got %s", f.Raw)
		}
		owner.say(`{"type":"chat","text":"hello"}`)
		if f := fresh.last(); f.Text != "hello" {
			t.Errorf("the new vet got %s", f.Raw)
		}
		if w.times("room", clinic.WhatLeft) != 1 {
			t.Errorf("the timeline tells %q", w.whats("room"))
		}
	})
}

func lastRoom(g *guest) (f signalingtest.Frame) {
	for _, frame := range g.all() {
		if frame.Type == "room" {
			f = frame
		}
	}
	return f
}

// TestARightThatWentOverMeanwhile has the vet find the right to the room before, and take the seat after, it was given
// away.
func TestARightThatWentOverMeanwhile(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.core(t, "a")
		defer a.stop()
		w.book("room", -time.Minute)
		owner := a.owner(t, "room")
		owner.join("room")
		var once bool
		w.onRead = func() {
			if !once {
				once = true
				w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) {
					return v.Transfer(&clinic.Vet{ID: "v-new"}, now)
				})
			}
		}
		vet := a.vet(t, "room")
		if f := vet.join("room"); f.Type == "room" && f.Role == "vet" && vet.status == 0 {
			t.Errorf("sits: %s", f.Raw)
		}
		if f := lastRoom(owner); f.Peer == "present" {
			t.Errorf("the owner sees %s", f.Raw)
		}
	})
}

func TestChatOverSockets(t *testing.T) {
	w := newWorld()
	p := w.start(t, "a")
	w.book("room", -time.Second)
	owner, vet := p.owner(t, "room"), p.vet(t, "room")
	for _, c := range []*signalingtest.Client{owner, vet} {
		c.Join(t, "room")
	}
	for i := range 3 {
		owner.Send(t, signalingtest.Object{"type": "chat", "text": fmt.Sprint("word ", i), "id": fmt.Sprint("c", i)})
	}
	vet.Expect(t, "chat", func(f signalingtest.Frame) bool { return f.Text == "word 2" })
	owner.Expect(t, "kept", func(f signalingtest.Frame) bool { return f.ID == "c2" })
	if got := w.kept(); len(got) != 3 || got[2].Text != "word 2" {
		t.Errorf("kept %+v", got)
	}
}

var _ signaling.Chats = (*world)(nil)
