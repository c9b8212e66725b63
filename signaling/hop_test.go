package signaling_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"vetroom/clinic"
	"vetroom/signaling"
	"vetroom/signaling/signalingtest"
)

func TestWhatGathersGoesInOneMessage(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		var got []string
		cancel, err := w.Subscribe("_vr.room.node.x", func(_ string, data []byte) { got = append(got, string(data)) })
		if err != nil {
			t.Fatal(err)
		}
		defer cancel()
		for range 2 {
			c.Relay("x", "room", `{"a":1}`, "{\"b\":\n2}")
			synctest.Wait()
		}
		const want = `{"frames":         2}` + "\nroom vet 0 7\n" + `{"a":1}` + "room vet 0 8\n{\"b\":\n2}"
		if !slices.Equal(got, []string{want, want}) {
			t.Fatalf("got %q", got)
		}
	})
}

// gate is a bus whose publishers wait while it is shut.
type gate struct {
	*world
	shut chan struct{}
}

func (g gate) Publish(subject string, data []byte) error {
	if strings.HasPrefix(subject, "_vr.room.node.") {
		<-g.shut
	}
	return g.world.Publish(subject, data)
}

// TestABrokerThatIsSlow holds whoever sends more than may wait, and loses and reorders nothing.
func TestABrokerThatIsSlow(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		shut := make(chan struct{})
		c := w.core(t, "a", func(cfg *signaling.Config) { cfg.Bus = gate{w, shut} })
		defer c.stop()
		var got []string
		cancel, err := w.Subscribe("_vr.room.node.x", func(_ string, data []byte) {
			_, rest, _ := bytes.Cut(data, []byte("\n"))
			frames, ok := signaling.Unpack(rest)
			if !ok || len(data) > signaling.HopBytes {
				t.Errorf("a message of %d bytes cannot be read", len(data))
			}
			got = append(got, frames...)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer cancel()
		const senders, each = 4, 60
		var sending sync.WaitGroup
		for i := range senders {
			sending.Go(func() {
				for j := range each {
					c.Relay("x", "room", fmt.Sprintf(`{"%d":%d,"x":%q}`, i, j, strings.Repeat("x", 4000)))
				}
			})
		}
		synctest.Wait()
		if n := c.Stats().RelayedFar; n >= senders*each {
			t.Fatalf("%d frames wait", n)
		}
		close(shut)
		sending.Wait()
		synctest.Wait()
		next := [senders]int{}
		for _, frame := range got {
			var i, j int
			if _, err := fmt.Sscanf(frame, `{"%d":%d`, &i, &j); err != nil || next[i] != j {
				t.Fatalf("after %v: got %.20s, %v", next, frame, err)
			}
			next[i]++
		}
		if next != [senders]int{each, each, each, each} {
			t.Fatalf("got %v", next)
		}
	})
}

// TestWhoClosesReadsOn: a closing handshake reads the connection, and so rests, while the reader is busy with a message.
func TestWhoClosesReadsOn(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.book("room", -time.Minute)
		a, b := w.core(t, "a"), w.core(t, "b")
		defer a.stop()
		defer b.stop()
		owner, vet := a.owner(t, "room"), b.vet(t, "room")
		owner.join("room")
		vet.join("room")
		const many = 200
		var both sync.WaitGroup
		both.Go(func() {
			for range many {
				owner.Receive(`{"type":"signal","data":{}}`)
			}
		})
		both.Go(func() {
			for range many {
				owner.Rest()
			}
		})
		both.Wait()
		synctest.Wait()
		if n := vet.told("signal"); n != many {
			t.Fatalf("%d of %d signals came", n, many)
		}
		owner.leave()
		vet.leave()
	})
}

// FuzzHop: whatever comes from the bus is frames, or is not.
func FuzzHop(f *testing.F) {
	f.Add([]byte("room vet 0 7\n{\"a\":1}room owner 2 2\n{}"))
	f.Add([]byte("room vet 0 -7\n{\"a\":1}"))
	f.Add([]byte("room vet 0 99999999999999999999\n"))
	f.Add([]byte("\n\n   \n"))
	f.Fuzz(func(t *testing.T, data []byte) { signaling.Unpack(data) })
}

// TestManySignalsKeepTheirOrder has both sides send each other signals of all sizes as fast as they can, on one process
// and on two.
func TestManySignalsKeepTheirOrder(t *testing.T) {
	for servers := 1; servers <= 2; servers++ {
		t.Run(fmt.Sprintf("servers=%d", servers), func(t *testing.T) {
			owner, vet := openCall(t, servers)
			var all sync.WaitGroup
			for _, pair := range [][2]*signalingtest.Client{{owner, vet}, {vet, owner}} {
				all.Go(func() { sendSignals(t, pair[0]) })
				all.Go(func() { wantSignals(t, pair[1]) })
			}
			all.Wait()
		})
	}
}

const manySignals = 1000

func aSignal(i int) string {
	return fmt.Sprintf(`{"k":%d,"x":"%s"}`, i, strings.Repeat("x\\n", i*i%(1+i%7*300)))
}

func sendSignals(t *testing.T, c *signalingtest.Client) {
	for i := range manySignals {
		c.SendRaw(t, websocket.MessageText, []byte(`{"type":"signal","data":`+aSignal(i)+`}`))
	}
}

func wantSignals(t *testing.T, c *signalingtest.Client) {
	for i := range manySignals {
		if f := c.Expect(t, "signal"); string(f.Data) != aSignal(i) {
			t.Errorf("got %.60s as signal %d", f.Raw, i)
			return
		}
	}
}

// openCall has both sides in an open room, at one process or at two, whose limits are no matter.
func openCall(t *testing.T, servers int) (owner, vet *signalingtest.Client) {
	w := newWorld()
	w.book("room", -time.Minute)
	lifted := func(c *signaling.Config) {
		c.Limits = signaling.Limits{Messages: 1e6, Burst: 1e6, Queue: 10 * manySignals, QueueBytes: 64 << 20}
	}
	at := w.start(t, "a", lifted)
	owner = at.owner(t, "room")
	owner.Join(t, "room")
	if servers == 2 {
		at = w.start(t, "b", lifted)
	}
	vet = at.vet(t, "room")
	vet.Join(t, "room")
	for _, c := range []*signalingtest.Client{owner, vet} {
		c.Send(t, object{"type": "join", "room": "room"})
		eventually(t, "the other side is there", func() bool {
			c.Send(t, object{"type": "join", "room": "room"})
			return c.Expect(t, "room", inState(string(clinic.RoomOpened))).Peer == signaling.PeerPresent
		})
	}
	return owner, vet
}
