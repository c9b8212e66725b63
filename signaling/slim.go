package signaling

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/coder/websocket"
)

// The buffers of a socket, between the library and the connection below it, which has none of its own while it waits.
const (
	readBuffer  = 128
	writeBuffer = 1024
	maxHead     = 10 // bytes before a frame of a server's
)

// lentSize is how much one read of a connection, or one write, takes: some twenty session descriptions.
const lentSize = 32 << 10

// lent are the buffers that connections use between the moment that something is there and the moment that it was taken.
var lent = sync.Pool{New: func() any { return new([lentSize]byte) }}

// slimWriter hands the connection over with small buffers, in place of the server's of 4 KiB each way, and watches for
// signs of life.
type slimWriter struct {
	http.ResponseWriter
	heard *atomic.Bool
	rest  func()    // what to do before waiting for more
	conn  *slimConn // once it was handed over
}

// Hijack implements http.Hijacker.
func (w *slimWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, err := rw.Reader.Peek(rw.Reader.Buffered())
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("take over the connection: %w", err)
	}
	w.conn = newSlimConn(conn, w, slices.Clone(early))
	return w.conn, bufio.NewReadWriter(bufio.NewReaderSize(w.conn, readBuffer), bufio.NewWriterSize(w.conn, writeBuffer)), nil
}

// slimConn is a connection that costs little while nothing passes and few system calls while much does. It reads into a
// buffer that is lent to it once something is there, and what is written while it is held goes out in one piece.
type slimConn struct {
	net.Conn
	heard *atomic.Bool
	rest  func()

	// Of the reader.
	early []byte                // what came together with the request
	raw   syscall.RawConn       // nil where the connection has none
	poll  func(fd uintptr) bool // c.pollOnce, made once
	in    *[lentSize]byte       // nil while nothing is in it
	taken int                   // of it
	end   int                   // of what is in it
	err   error                 // of the last poll

	mu   sync.Mutex      // guards what follows, and one piece that is written from the next
	out  *[lentSize]byte // nil while it is not held
	kept int             // bytes in it
}

func newSlimConn(conn net.Conn, w *slimWriter, early []byte) *slimConn {
	c := &slimConn{Conn: conn, heard: w.heard, rest: w.rest, early: early}
	if s, ok := conn.(syscall.Conn); ok && canPoll {
		if raw, err := s.SyscallConn(); err == nil {
			c.raw, c.poll = raw, c.pollOnce
		}
	}
	return c
}

// Read implements net.Conn.
func (c *slimConn) Read(b []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(b, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	if c.in == nil {
		if c.raw == nil || len(b) >= lentSize {
			c.rest()
			return c.life(c.Conn.Read(b))
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.in[c.taken:c.end])
	if c.taken += n; c.taken == c.end {
		lent.Put(c.in)
		c.in = nil
	}
	return n, nil
}

func (c *slimConn) life(n int, err error) (int, error) {
	if n > 0 {
		c.heard.Store(true)
	}
	return n, err
}

// fill waits until something is there, without a buffer, and reads it into one.
func (c *slimConn) fill() error {
	if err := c.raw.Read(c.poll); err != nil {
		return err
	}
	return c.err
}

// pollOnce reads what is there, and tells whether that was anything: bytes, an end, or an error.
func (c *slimConn) pollOnce(fd uintptr) bool {
	buf := lent.Get().(*[lentSize]byte)
	n, err := readNow(fd, buf[:])
	if n > 0 {
		c.in, c.taken, c.end, c.err = buf, 0, n, nil
		c.heard.Store(true)
		return true
	}
	lent.Put(buf)
	if errors.Is(err, errNothing) {
		c.rest()
		return false
	}
	c.err = err
	return true
}

// Write implements net.Conn. While the connection is held it keeps what fits.
func (c *slimConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out == nil {
		return c.Conn.Write(b)
	}
	if c.kept+len(b) > lentSize {
		if err := c.flush(); err != nil {
			return 0, err
		}
		if len(b) > lentSize {
			return c.Conn.Write(b)
		}
	}
	c.kept += copy(c.out[c.kept:], b)
	return len(b), nil
}

// hold keeps what is written, until release.
func (c *slimConn) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = lent.Get().(*[lentSize]byte)
}

// release writes what was kept.
func (c *slimConn) release() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.flush()
	lent.Put(c.out)
	c.out = nil
	return err
}

// flush writes what is kept. c.mu is held: it is what keeps pieces apart.
func (c *slimConn) flush() error {
	if c.kept == 0 {
		return nil
	}
	_, err := c.Conn.Write(c.out[:c.kept])
	c.kept = 0
	return err
}

// wireSocket is a peer's socket on the network.
type wireSocket struct {
	*websocket.Conn
	raw *slimConn
}

// Write implements socket: all frames in one piece, or in few.
func (s wireSocket) Write(frames [][]byte) (err error) {
	if len(frames) == 1 && len(frames[0])+maxHead <= writeBuffer { // one piece already
		return s.Conn.Write(context.Background(), websocket.MessageText, frames[0])
	}
	s.raw.hold()
	for _, frame := range frames {
		if err = s.Conn.Write(context.Background(), websocket.MessageText, frame); err != nil {
			break
		}
	}
	return errors.Join(err, s.raw.release())
}

// CloseNow implements socket. It also ends a closing handshake that waits for its client.
func (s wireSocket) CloseNow() error {
	s.raw.Close()
	return s.Conn.CloseNow()
}
