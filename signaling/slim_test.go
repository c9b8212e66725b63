package signaling_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"vetroom/signaling"
)

// pair gives both ends of a connection.
func pair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if far, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if near, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// numbers is a text in which every place is another.
func numbers(size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return b.Bytes()[:size]
}

// plainConn is a connection that cannot be polled.
type plainConn struct{ net.Conn }

func TestAConnectionGivesAllThatComes(t *testing.T) {
	want := numbers(200_000)
	for _, size := range []int{7, 128, 5000, 32 << 10, 100_000} {
		for _, polled := range []bool{true, false} {
			near, far := pair(t)
			if !polled {
				near = plainConn{near}
			}
			go func() {
				for rest := want[10:]; len(rest) > 0; {
					n := min(len(rest), 1+len(rest)%9000)
					far.Write(rest[:n])
					rest = rest[n:]
				}
				far.Close()
			}()
			got, err := readBy(signaling.NewSlimConn(near, want[:10], func() {}), size)
			if err != io.EOF || !bytes.Equal(got, want) {
				t.Errorf("by %d, polled %t: got %d bytes, %v", size, polled, len(got), err)
			}
		}
	}
}

func readBy(r io.Reader, size int) (all []byte, err error) {
	for buf := make([]byte, size); err == nil; {
		var n int
		n, err = r.Read(buf)
		all = append(all, buf[:n]...)
	}
	return all, err
}

func TestAClosedConnectionWaitsNoMore(t *testing.T) {
	near, _ := pair(t)
	waits := make(chan struct{}, 10)
	c := signaling.NewSlimConn(near, nil, func() { waits <- struct{}{} })
	ended := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 10))
		ended <- err
	}()
	<-waits
	c.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestAHeldConnectionKeepsTheOrder(t *testing.T) {
	near, far := pair(t)
	c := signaling.NewSlimConn(near, nil, func() {})
	want := numbers(1 << 20)
	go func() {
		for rest, i := want, 0; len(rest) > 0; i++ {
			n := min(len(rest), 1+i*i%70_000)
			if i%5 == 0 {
				c.Hold()
			}
			c.Write(rest[:n])
			if i%5 == 3 {
				c.Release()
			}
			rest = rest[n:]
			if len(rest) == 0 && i%5 < 3 {
				c.Release()
			}
		}
		near.Close()
	}()
	if got, err := io.ReadAll(far); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

func TestAHeldConnectionSaysNothing(t *testing.T) {
	near, far := pair(t)
	c := signaling.NewSlimConn(near, nil, func() {})
	c.Hold()
	for _, text := range []string{"held ", "and ", "released"} {
		if n, err := c.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	io.WriteString(near, "first ")
	if err := c.Release(); err != nil {
		t.Fatal(err)
	}
	near.Close()
	if got, _ := io.ReadAll(far); string(got) != "first held and released" {
		t.Errorf("got %q", got)
	}
}

// TestABurstIsAnsweredWhole sends many messages in one piece, cut anywhere.
func TestABurstIsAnsweredWhole(t *testing.T) {
	p := newWorld().start(t, "a", func(c *signaling.Config) { c.Limits = signaling.Limits{Queue: 1000} }) // the reader may be far ahead
	conn := rawSocket(t, p, "s-room")
	var burst strings.Builder
	for i := range 400 {
		burst.WriteString(masked(fmt.Sprintf(`{"type":"ping","t":%d.5}`, i)))
	}
	text := burst.String()
	for cut := range []int{0, 1, 2} {
		at := len(text) * (cut + 1) / 3
		io.WriteString(conn, text[len(text)*cut/3:at])
	}
	for i := range 400 {
		want := fmt.Sprintf(`"t":%d.5`, i)
		if frame := readRaw(t, conn); !strings.Contains(frame, want) {
			t.Fatalf("got %q instead of %s", frame, want)
		}
	}
}

// readRaw reads a short text frame of the server; a pong that the handshake of rawSocket left is passed over.
func readRaw(t *testing.T, conn net.Conn) string {
	t.Helper()
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(conn, head); err != nil {
			t.Fatal(err)
		}
		body := make([]byte, head[1])
		if _, err := io.ReadFull(conn, body); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(body), `"t":1,`) {
			return string(body)
		}
	}
}
