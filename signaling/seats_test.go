package signaling_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
	"vetroom/signaling"
)

// inOpenRoom has an owner and a vet in an open room, on one server or on two.
func inOpenRoom(t *testing.T, servers int, test func(t *testing.T, w *world, at [2]*core, owner, vet *guest)) {
	inBubble(t, func(t *testing.T, w *world) {
		a := w.core(t, "a")
		defer a.stop()
		at := [2]*core{a, a}
		if servers == 2 {
			at[1] = w.core(t, "b")
			defer at[1].stop()
		}
		w.book("room", 3*time.Second)
		owner, vet := at[0].owner(t, "room"), at[1].vet(t, "room")
		owner.join("room")
		vet.join("room")
		sleep(3 * time.Second)
		w.publish(t, w.ahead(t, "room", clinic.RoomOpen))
		synctest.Wait()
		for _, g := range []*guest{owner, vet} {
			if f := g.last(); f.State != "open" || f.Peer != "present" {
				t.Fatalf("got %s", f.Raw)
			}
		}
		test(t, w, at, owner, vet)
	})
}

func onOneAndTwo(t *testing.T, test func(t *testing.T, w *world, at [2]*core, owner, vet *guest)) {
	for servers := 1; servers <= 2; servers++ {
		t.Run(fmt.Sprintf("servers=%d", servers), func(t *testing.T) { inOpenRoom(t, servers, test) })
	}
}

func TestRelaysSignalsUntouched(t *testing.T) {
	onOneAndTwo(t, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		const data = `{"description":{"type":"offer","sdp":"v=0\r\n<&>\u2028 é"},  "x":1e3}`
		owner.say(`{"type":"signal","data":%s}`, data)
		if f := vet.last(); f.Type != "signal" || string(f.Data) != data {
			t.Fatalf("got %s", f.Raw)
		}
		vet.say(`{"type":"signal","data":{"candidate":null}}`)
		if f := owner.last(); f.Type != "signal" || string(f.Data) != `{"candidate":null}` {
			t.Fatalf("got %s", f.Raw)
		}
		owner.say(`{"type":"chat","text":"안녕하세요"}`)
		if f := vet.last(); f.Type != "chat" || f.Text != "안녕하세요" || f.From != "owner" || f.At == "" {
			t.Fatalf("got %s", f.Raw)
		}
		for i, f := range vet.all() {
			if f.N != uint64(i+1) {
				t.Fatalf("message %d is numbered %d", i+1, f.N)
			}
		}
		here, far := at[0].Stats().RelayedHere, at[0].Stats().RelayedFar
		if one := at[0] == at[1]; one && (here != 3 || far != 0) || !one && (here != 0 || far != 2) {
			t.Fatalf("relayed %d here and %d far", here, far)
		}
	})
}

func TestASignalFitsIntoAFrameOnTheOtherSide(t *testing.T) {
	onOneAndTwo(t, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		data := func(n int) string { return `{"x":"` + strings.Repeat("x", n-len(`{"x":""}`)) + `"}` }
		owner.say(`{"type":"signal","data":%s}`, data(signaling.MaxSignal+1))
		if f := owner.last(); f.Code != "too_large" || owner.status != 0 || vet.told("signal") != 0 {
			t.Fatalf("got %.200s", f.Raw)
		}
		owner.say(`{"type":"signal","data":%s}`, data(signaling.MaxSignal))
		if f := vet.last(); f.Type != "signal" || len(f.Raw) > signaling.MaxFrame {
			t.Fatalf("%d bytes came: %.100s", len(f.Raw), f.Raw)
		}
	})
}

func TestNothingPassesADoorThatIsNotOpen(t *testing.T) {
	for servers := 1; servers <= 2; servers++ {
		t.Run(fmt.Sprintf("servers=%d", servers), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				a := w.core(t, "a")
				defer a.stop()
				b := a
				if servers == 2 {
					b = w.core(t, "b")
					defer b.stop()
				}
				w.book("room", 3*time.Second)
				owner, vet := a.owner(t, "room"), b.vet(t, "room")
				for _, message := range []string{`{"type":"signal","data":{}}`, `{"type":"chat","text":"x"}`} {
					owner.say("%s", message)
					if f := owner.last(); f.Code != "not_joined" {
						t.Fatalf("got %s", f.Raw)
					}
				}
				owner.join("room")
				vet.join("room")
				refused := func(code string) {
					t.Helper()
					before := len(vet.all())
					for _, message := range []string{`{"type":"signal","data":{}}`, `{"type":"chat","text":"x"}`} {
						owner.say("%s", message)
						if f := owner.last(); f.Type != "error" || f.Code != code {
							t.Fatalf("got %s, want %s", f.Raw, code)
						}
					}
					if len(vet.all()) != before {
						t.Fatalf("passed: %s", vet.last().Raw)
					}
				}
				refused("room_locked")
				sleep(3 * time.Second)
				refused("room_locked") // the clock alone opens nothing
				w.publish(t, w.ahead(t, "room", clinic.RoomOpen))
				synctest.Wait()
				owner.say(`{"type":"signal","data":{}}`)
				if vet.last().Type != "signal" {
					t.Fatalf("got %s", vet.last().Raw)
				}
				sleep(25 * time.Minute)
				refused("room_closed") // the clock alone closes
				w.publish(t, w.ahead(t, "room", clinic.RoomClosed))
				synctest.Wait()
				refused("room_closed")
			})
		})
	}
}

// A process that heard of the opening first may relay before the other has heard.
func TestASignalThatIsFasterThanTheNewsWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.core(t, "a"), w.core(t, "b")
		defer a.stop()
		defer b.stop()
		w.book("room", 1500*time.Millisecond)
		owner, vet := a.owner(t, "room"), b.vet(t, "room")
		owner.join("room")
		vet.join("room")
		sleep(1500 * time.Millisecond)
		w.mu.Lock()
		deaf := w.feeds["ROOM"][1]
		w.feeds["ROOM"] = w.feeds["ROOM"][:1]
		w.mu.Unlock()
		w.publish(t, w.ahead(t, "room", clinic.RoomOpen))
		synctest.Wait()
		owner.say(`{"type":"signal","data":{"first":1}}`)
		owner.say(`{"type":"signal","data":{"second":2}}`)
		if vet.told("signal") != 0 {
			t.Fatal("a signal passed a door that is not open")
		}
		w.mu.Lock()
		w.feeds["ROOM"] = []*feed{deaf}
		w.mu.Unlock()
		w.publish(t, w.ahead(t, "room", clinic.RoomOpen))
		synctest.Wait()
		all := vet.all()
		if n := len(all); vet.told("signal") != 2 || string(all[n-2].Data) != `{"first":1}` || all[n-3].State != "open" {
			t.Fatalf("got %s", vet.last().Raw)
		}
	})
}

func TestResumesWhatWasMissedInOrder(t *testing.T) {
	onOneAndTwo(t, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		open := vet.last()
		vet.say(`{"type":"seen","n":%d}`, open.N)
		quiet := len(owner.all())
		vet.leave()
		for i := range 3 {
			owner.say(`{"type":"signal","data":{"i":%d}}`, i)
		}
		sleep(signaling.Patience - time.Second)
		back := at[1].visit(t, clinic.Who{}) // no cookie: the token is enough
		back.say(`{"type":"join","room":"room","resume":%q,"seen":%d}`, open.Resume, open.N)
		got := back.all()
		if len(got) != 4 {
			t.Fatalf("%d messages came: %v", len(got), got)
		}
		for i, f := range got[:3] {
			if f.Type != "signal" || f.N != open.N+uint64(i)+1 || string(f.Data) != fmt.Sprintf(`{"i":%d}`, i) {
				t.Fatalf("message %d is %s", i, f.Raw)
			}
		}
		if f := got[3]; f.Type != "room" || !f.Resumed || f.N != open.N+4 || f.Peer != "present" || f.Role != "vet" {
			t.Fatalf("got %s", f.Raw)
		}
		sleep(2 * signaling.Patience)
		if len(owner.all()) != quiet {
			t.Fatalf("the peer was told: %s", owner.last().Raw)
		}
		if n := w.times("room", clinic.WhatVetJoined); n != 1 || w.times("room", clinic.WhatLeft) != 0 {
			t.Fatalf("the timeline says %v", w.whats("room"))
		}
		owner.say(`{"type":"signal","data":{}}`)
		if back.last().Type != "signal" {
			t.Fatal("the resumed seat is deaf")
		}
	})
}

func TestASocketThatResumesReplacesADeadOne(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		open := vet.last()
		back := at[0].visit(t, clinic.Who{})
		back.say(`{"type":"join","room":"room","resume":%q,"seen":%d}`, open.Resume, open.N)
		if f := back.last(); !f.Resumed {
			t.Fatalf("got %s", f.Raw)
		}
		if f := vet.last(); f.Code != "replaced" || f.N != open.N+1 || vet.status != signaling.StatusReplaced {
			t.Fatalf("got %s, status %d", f.Raw, vet.status)
		}
		sleep(2 * signaling.Patience)
		if owner.told("peer", withPeer("absent")) != 0 {
			t.Fatal("the peer was told that the vet left")
		}
	})
}

func TestWhatCannotBeResumedBeginsAnew(t *testing.T) {
	cases := map[string]func(t *testing.T, w *world, vet *guest) (token string, seen string){
		"too late": func(t *testing.T, w *world, vet *guest) (string, string) {
			sleep(signaling.Patience + time.Second)
			return vet.last().Resume, fmt.Sprintf(`,"seen":%d`, vet.last().N)
		},
		"no seen": func(t *testing.T, w *world, vet *guest) (string, string) { return vet.last().Resume, "" },
		"seen what was never sent": func(t *testing.T, w *world, vet *guest) (string, string) {
			return vet.last().Resume, `,"seen":99`
		},
		"seen less than acknowledged": func(t *testing.T, w *world, vet *guest) (string, string) {
			return vet.last().Resume, `,"seen":0`
		},
	}
	for name, breakOff := range cases {
		t.Run(name, func(t *testing.T) {
			inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
				vet.say(`{"type":"seen","n":%d}`, vet.last().N)
				vet.leave()
				token, seen := breakOff(t, w, vet)
				back := at[0].visit(t, clinic.Who{})
				told := owner.told("peer", withPeer("present"))
				back.say(`{"type":"join","room":"room","resume":%q%s}`, token, seen)
				if f := back.last(); f.Type != "room" || f.Resumed || f.N != 1 || len(back.all()) != 1 {
					t.Fatalf("got %s", f.Raw)
				}
				if owner.told("peer", withPeer("present")) != told+1 {
					t.Fatal("the peer does not learn that it has another browser across")
				}
			})
		})
	}
}

func TestAReplayThatOverflowedIsNotResumed(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		open := vet.last()
		vet.leave()
		for range 300 {
			owner.say(`{"type":"signal","data":{}}`)
			sleep(20 * time.Millisecond)
		}
		back := at[0].visit(t, clinic.Who{})
		back.say(`{"type":"join","room":"room","resume":%q,"seen":%d}`, open.Resume, open.N)
		if f := back.last(); f.Resumed || f.N != 1 {
			t.Fatalf("got %s", f.Raw)
		}
	})
}

func TestAForeignTokenIsNoKey(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		w.book("other", time.Hour)
		token := vet.last().Resume
		forged := []byte(token)
		forged[3] ^= 1
		for _, c := range []struct{ room, token string }{{"other", token}, {"room", string(forged)}, {"room", "x"}, {"room", token[:40]}} {
			stranger := at[0].visit(t, clinic.Who{})
			stranger.say(`{"type":"join","room":%q,"resume":%q,"seen":0}`, c.room, c.token)
			if f := stranger.last(); f.Code != "forbidden" {
				t.Fatalf("%+v: got %s", c, f.Raw)
			}
		}
		sleep(25 * time.Minute) // closes_at
		late := at[0].visit(t, clinic.Who{})
		late.say(`{"type":"join","room":"room","resume":%q,"seen":0}`, token)
		if f := late.last(); f.Code != "forbidden" {
			t.Fatalf("a token of a closed room: %s", f.Raw)
		}
	})
}

func TestResumesWhileTheDatabaseIsAway(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		open := vet.last()
		vet.leave()
		w.setAway(true)
		back := at[0].visit(t, clinic.Who{})
		back.say(`{"type":"join","room":"room","resume":%q,"seen":%d}`, open.Resume, open.N)
		if f := back.last(); !f.Resumed {
			t.Fatalf("got %s", f.Raw)
		}
		other := at[0].owner(t, "room")
		other.say(`{"type":"join","room":"room"}`)
		if f := other.last(); f.Code != "unavailable" {
			t.Fatalf("got %s", f.Raw)
		}
		w.setAway(false)
		other.say(`{"type":"join","room":"room"}`)
		if f := other.last(); f.Type != "room" || f.State != "open" {
			t.Fatalf("got %s", f.Raw)
		}
	})
}

func TestASecondSocketTakesTheSeat(t *testing.T) {
	onOneAndTwo(t, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		n := owner.last().N
		second := at[1].owner(t, "room") // with two servers, at the other one
		second.join("room")
		if f := second.last(); f.Type != "room" || f.Peer != "present" || f.N > 2 {
			t.Fatalf("got %s", f.Raw)
		}
		if f := owner.last(); f.Code != "replaced" || f.N != n+1 || owner.status != signaling.StatusReplaced {
			t.Fatalf("got %s, status %d", f.Raw, owner.status)
		}
		sleep(2 * signaling.Patience)
		if vet.told("peer", withPeer("absent")) != 0 || w.times("room", clinic.WhatLeft) != 0 {
			t.Fatalf("the vet was told that the owner left; the timeline says %v", w.whats("room"))
		}
		vet.say(`{"type":"signal","data":{"to":"second"}}`)
		if second.last().Type != "signal" {
			t.Fatal("the signal did not reach the second socket")
		}
		second.say(`{"type":"signal","data":{"from":"second"}}`)
		if string(vet.last().Data) != `{"from":"second"}` {
			t.Fatalf("got %s", vet.last().Raw)
		}
		if s := at[0].Stats(); at[0] != at[1] && (s.Seats != 0 || s.Doors != 0) {
			t.Fatalf("the first server holds what it lost: %+v", s)
		}
	})
}

func TestTheHighestEpochWinsAfterTheBusWasAway(t *testing.T) {
	inOpenRoom(t, 2, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		w.setBusAway(true)
		second := at[1].owner(t, "room")
		second.join("room")
		if owner.told("error") != 0 {
			t.Fatal("nobody can have told the first socket")
		}
		w.setBusAway(false)
		w.breakFeeds()
		synctest.Wait()
		if owner.last().Code != "replaced" || second.told("error") != 0 {
			t.Fatalf("first %s, second %s", owner.last().Raw, second.last().Raw)
		}
	})
}

func TestAProcessThatWasDeafAsksWhoSitsWhere(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a, b := w.core(t, "a"), w.core(t, "b")
		defer a.stop()
		defer b.stop()
		w.book("room", time.Hour)
		owner, vet := a.owner(t, "room"), b.vet(t, "room")
		owner.join("room")
		w.setBusAway(true)
		vet.join("room")
		w.setBusAway(false)
		w.mu.Lock()
		w.feeds["ROOM"][0].breaks <- struct{}{} // only the first one notices
		w.mu.Unlock()
		synctest.Wait()
		if f := owner.last(); f.Type != "peer" || f.Peer != "waiting" {
			t.Fatalf("got %s", f.Raw)
		}
	})
}

func TestALowerEpochElsewhereIsAnswered(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		var got []string
		cancel, err := w.Subscribe("_vr.room.node.x", func(_ string, data []byte) { got = append(got, string(data)) })
		if err != nil {
			t.Fatal(err)
		}
		defer cancel()
		for _, message := range []string{
			`{"node":"x","again":true,"seats":[{"room":"room","role":"owner","epoch":0}]}`,
			`{"node":"x","again":true,"seats":[{"room":"room","role":"owner","epoch":0,"gone":true}]}`,
			`nonsense`,
		} {
			if err := w.Publish("_vr.room.seats", []byte(message)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		const want = `{"seats":{"node":"a","again":true,"seats":[{"room":"room","role":"owner","epoch":1}]}}` + "\n"
		if owner.told("error") != 0 || len(got) != 1 || got[0] != want {
			t.Fatalf("got %q", got)
		}
	})
}

func TestLeavingIsTold(t *testing.T) {
	onOneAndTwo(t, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		owner.say(`{"type":"leave"}`)
		if f := vet.last(); f.Type != "peer" || f.Peer != "absent" {
			t.Fatalf("got %s", f.Raw)
		}
		sleep(time.Second)
		if w.times("room", clinic.WhatLeft) != 1 {
			t.Fatalf("the timeline says %v", w.whats("room"))
		}
		owner.say(`{"type":"signal","data":{}}`)
		if owner.last().Code != "not_joined" {
			t.Fatalf("got %s", owner.last().Raw)
		}
		owner.join("room")
		if f := owner.last(); f.Type != "room" && f.Type != "peer" {
			t.Fatalf("got %s", f.Raw)
		}
		if f := vet.last(); f.Peer != "present" {
			t.Fatalf("got %s", f.Raw)
		}
	})
}

func TestASilentSocketIsGivenUp(t *testing.T) {
	onOneAndTwo(t, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		owner.leave()
		sleep(signaling.Patience - time.Millisecond)
		if vet.told("peer", withPeer("absent")) != 0 {
			t.Fatal("told too early")
		}
		sleep(time.Second)
		if f := vet.last(); f.Peer != "absent" || w.times("room", clinic.WhatLeft) != 1 {
			t.Fatalf("got %s, and the timeline %v", f.Raw, w.whats("room"))
		}
	})
}

func TestTheSeatsOfADeadProcessAreGivenUp(t *testing.T) {
	inOpenRoom(t, 2, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		at[1].stop() // and with it the vet's socket, without a word
		sleep(signaling.Patience / 2)
		if owner.told("peer", withPeer("absent")) != 0 {
			t.Fatal("told too early: the vet may come back to another process")
		}
		sleep(signaling.Patience)
		if f := owner.last(); f.Peer != "absent" || w.times("room", clinic.WhatLeft) != 1 {
			t.Fatalf("got %s, and the timeline %v", f.Raw, w.whats("room"))
		}
	})
}

func TestComesBackToAnotherProcess(t *testing.T) {
	inOpenRoom(t, 2, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		open := vet.last()
		at[1].stop()
		sleep(5 * time.Second)
		back := at[0].visit(t, clinic.Who{})
		back.say(`{"type":"join","room":"room","resume":%q,"seen":%d}`, open.Resume, open.N)
		if f := back.last(); f.Resumed || f.Role != "vet" || f.Peer != "present" || f.N != 1 {
			t.Fatalf("got %s", f.Raw)
		}
		if owner.last().Peer != "present" {
			t.Fatalf("got %s", owner.last().Raw)
		}
		sleep(2 * signaling.Patience)
		if owner.told("peer", withPeer("absent")) != 0 {
			t.Fatal("the owner was told that the vet left")
		}
	})
}

func TestTheTimelineProvesWhatWasSeen(t *testing.T) {
	onOneAndTwo(t, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		owner.say(`{"type":"seen","n":1}`) // the locked door
		sleep(time.Second)
		if w.times("room", clinic.WhatOwnerTold) != 0 {
			t.Fatal("an acknowledgement of the locked door is none of the open one")
		}
		for _, g := range []*guest{owner, vet} {
			g.say(`{"type":"seen","n":%d}`, g.last().N)
			g.say(`{"type":"seen","n":%d}`, g.last().N)
		}
		owner.say(`{"type":"signal","data":{"description":{"type":"offer","sdp":"answer"}}}`)
		vet.say(`{"type":"seen","n":%d}`, vet.last().N)
		sleep(time.Second)
		if w.times("room", clinic.WhatConnected) != 0 {
			t.Fatal("an offer alone connects nobody")
		}
		vet.say(`{"type":"signal","data":{"description":{"type":"answer","sdp":""}}}`)
		sleep(time.Second)
		if w.times("room", clinic.WhatConnected) != 0 {
			t.Fatal("an answer that nobody acknowledged connects nobody")
		}
		owner.say(`{"type":"seen","n":%d}`, owner.last().N)
		owner.say(`{"type":"seen","n":1000}`)
		if owner.last().Code != "malformed" {
			t.Fatalf("got %s", owner.last().Raw)
		}
		sleep(time.Second)
		for _, what := range []clinic.What{clinic.WhatOwnerTold, clinic.WhatVetTold, clinic.WhatConnected} {
			if n := w.times("room", what); n != 1 {
				t.Fatalf("%s is told %d times: %v", what, n, w.whats("room"))
			}
		}
	})
}

// What was shown before a break counts when the seat is resumed.
func TestSeenInAResumeIsAnAcknowledgement(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		open := owner.last()
		owner.leave()
		back := at[0].owner(t, "room")
		back.say(`{"type":"join","room":"room","resume":%q,"seen":%d}`, open.Resume, open.N)
		sleep(time.Second)
		if !back.last().Resumed || w.times("room", clinic.WhatOwnerTold) != 1 {
			t.Fatalf("got %s, and the timeline %v", back.last().Raw, w.whats("room"))
		}
	})
}

func TestTheTimelineIsWrittenWhenTheDatabaseIsBack(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		sleep(time.Second)
		w.setAway(true)
		owner.say(`{"type":"seen","n":%d}`, owner.last().N)
		before := clinic.Millis(w.Now())
		sleep(time.Minute)
		w.setAway(false)
		sleep(time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		i := slices.IndexFunc(w.timeline, func(e clinic.Entry) bool { return e.What == clinic.WhatOwnerTold })
		if i < 0 || !w.timeline[i].At.Equal(before) {
			t.Fatalf("the timeline says %v", w.timeline)
		}
	})
}

func TestJoiningAnotherRoomLeavesTheFirst(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		w.book("other", time.Hour)
		w.mu.Lock()
		w.granted["s-roomother"] = true
		w.mu.Unlock()
		owner.join("room") // once more: nothing happens but that the state is told again
		if f := owner.last(); f.Type != "room" || !f.Resumed || vet.told("peer") > 1 {
			t.Fatalf("got %s", f.Raw)
		}
		if f := owner.join("other"); f.Room != "other" || f.N != 1 {
			t.Fatalf("got %s", f.Raw)
		}
		if vet.last().Peer != "absent" {
			t.Fatalf("got %s", vet.last().Raw)
		}
	})
}

func TestTheTokenFollowsTheEnd(t *testing.T) {
	inOpenRoom(t, 1, func(t *testing.T, w *world, at [2]*core, owner, vet *guest) {
		before := vet.last()
		w.change(t, "room", true, func(v *clinic.Visit, now time.Time) ([]clinic.Event, error) { return v.Extend(30, now) })
		synctest.Wait()
		after := vet.last()
		if after.Resumed {
			t.Fatalf("nobody resumed: %s", after.Raw)
		}
		if after.Resume == before.Resume || !after.ClosesAt.After(before.ClosesAt.Time) {
			t.Fatalf("got %s", after.Raw)
		}
		sleep(26 * time.Minute) // past the old end
		vet.leave()
		back := at[0].visit(t, clinic.Who{})
		back.say(`{"type":"join","room":"room","resume":%q,"seen":%d}`, after.Resume, after.N)
		if !back.last().Resumed {
			t.Fatalf("got %s", back.last().Raw)
		}
	})
}
