package signaling_test

import (
	"context"
	"errors"
	"fmt"
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

// fakeSocket is a socket without a network, for tests in which time is not the machine's.
type fakeSocket struct {
	mu     sync.Mutex // guards what follows
	frames []signalingtest.Frame
	status websocket.StatusCode
	stuck  bool          // writes never end
	slow   time.Duration // what each KiB takes to be written
	dead   bool          // pings are not answered
	closed chan struct{}
	once   sync.Once
}

func newFakeSocket() *fakeSocket { return &fakeSocket{closed: make(chan struct{})} }

func (f *fakeSocket) Write(frames [][]byte) error {
	f.mu.Lock()
	stuck, slow := f.stuck, f.slow
	f.mu.Unlock()
	if stuck {
		<-f.closed
		return errors.New("closed")
	}
	for _, b := range frames {
		select {
		case <-f.closed:
			return errors.New("closed")
		case <-time.After(slow * time.Duration(len(b)) / 1024):
		}
		frame, err := signalingtest.Parse(b)
		if err != nil {
			panic(fmt.Sprintf("%q: %v", b, err))
		}
		f.mu.Lock()
		f.frames = append(f.frames, frame)
		f.mu.Unlock()
	}
	return nil
}

func (f *fakeSocket) Ping(ctx context.Context) error {
	f.mu.Lock()
	dead := f.dead
	f.mu.Unlock()
	if !dead {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (f *fakeSocket) Close(status websocket.StatusCode, _ string) error {
	f.mu.Lock()
	f.status = status
	f.mu.Unlock()
	return f.CloseNow()
}

func (f *fakeSocket) CloseNow() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

// core is one server of a world, without a network.
type core struct {
	*signaling.Server
	stop func()
}

// guest is a socket of a core.
type guest struct {
	*signaling.Peer
	*fakeSocket
	reader chan struct{} // taken by whoever does what the one reader of a real socket does
}

// inBubble runs a test on a clock of its own, with a world in it.
func inBubble(t *testing.T, test func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) { test(t, newWorld()) })
}

func (w *world) core(t *testing.T, node string, with ...func(*signaling.Config)) *core {
	t.Helper()
	cfg := w.config(node)
	for _, change := range with {
		change(&cfg)
	}
	server, err := signaling.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		if err := server.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	synctest.Wait()
	return &core{server, sync.OnceFunc(func() { cancel(); <-over })}
}

func (c *core) visit(t *testing.T, who clinic.Who) *guest {
	t.Helper()
	socket := newFakeSocket()
	p, ok := c.Attach(socket, who)
	if !ok {
		t.Fatal("the server lets nobody in")
	}
	g := &guest{Peer: p, fakeSocket: socket, reader: make(chan struct{}, 1)}
	go func() { // what the reader of a real socket does, when it has handled its last message
		<-socket.closed
		g.reader <- struct{}{}
		g.Gone()
		<-g.reader
	}()
	return g
}

func (c *core) owner(t *testing.T, room string) *guest {
	return c.visit(t, clinic.Who{Session: "s-" + room})
}
func (c *core) vet(t *testing.T, room string) *guest {
	return c.visit(t, clinic.Who{VetID: "v-" + room})
}

// say has the guest send a message, and waits until everything that follows from it has happened.
func (g *guest) say(format string, args ...any) {
	g.reader <- struct{}{}
	g.Receive(fmt.Sprintf(format, args...))
	<-g.reader
	synctest.Wait()
}

func (g *guest) join(room string) signalingtest.Frame {
	g.say(`{"type":"join","room":%q}`, room)
	return g.last()
}

// leave breaks the connection.
func (g *guest) leave() {
	g.CloseNow()
	synctest.Wait()
}

func (g *guest) all() []signalingtest.Frame {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]signalingtest.Frame(nil), g.frames...)
}

// last is the newest frame that the guest was sent.
func (g *guest) last() (f signalingtest.Frame) {
	if all := g.all(); len(all) > 0 {
		f = all[len(all)-1]
	}
	return f
}

// told counts the frames of a type that fulfil the conditions.
func (g *guest) told(typ string, conditions ...func(signalingtest.Frame) bool) (n int) {
	for _, f := range g.all() {
		ok := f.Type == typ
		for _, condition := range conditions {
			ok = ok && condition(f)
		}
		if ok {
			n++
		}
	}
	return n
}

// TestASlowLineIsNotStuck: what waited for it takes longer than a write may, and none of it does.
func TestASlowLineIsNotStuck(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.book("room", -time.Minute)
		c := w.core(t, "a")
		defer c.stop()
		owner, vet := c.owner(t, "room"), c.vet(t, "room")
		owner.join("room")
		vet.join("room")
		vet.mu.Lock()
		vet.slow = 200 * time.Millisecond
		vet.mu.Unlock()
		const many = 30
		for range many {
			owner.Receive(`{"type":"signal","data":{"x":"` + strings.Repeat("x", 5000) + `"}}`)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := vet.told("signal"); n != many {
			t.Errorf("%d of %d signals came", n, many)
		}
		owner.leave()
		vet.leave()
	})
}
