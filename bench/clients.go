package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"vetroom/signaling"
)

// plan is what the client process is to do, as JSON on its standard input.
type plan struct {
	URL     string    `json:"url"`     // of the server
	Sockets []planned `json:"sockets"` // in order of At, one at least
}

// planned is one socket: who it is, where it waits, and when that door opens.
type planned struct {
	Cookie string    `json:"cookie"` // name=value
	Room   string    `json:"room"`
	At     time.Time `json:"at"`
}

// The lines that the client process says on its standard output: "joined {JSON of joined}" when every socket waits at
// its door, "told {JSON of told}" when every door opened, or 30 s after the last should have, and "held {JSON of held}"
// when its standard input ended, after which it goes.
type (
	joined struct {
		Seconds float64 `json:"seconds"`
		Sockets int     `json:"sockets"` // that wait at their door
		Wrong   string  `json:"wrong"`   // what the first that does not wait met
	}
	told struct {
		LateMicros []int64       `json:"late_us"` // from each socket's At to its open door, in the plan's order; lost for none
		CPU        time.Duration `json:"cpu"`     // that this process took from shortly before the first At on
	}
	held struct {
		Twice  int `json:"twice"`  // doors that opened again in the same version
		Closed int `json:"closed"` // sockets that the server closed
		Early  int `json:"early"`  // that heard "open" before the instant, by this machine's clock
	}
)

const lost = math.MaxInt64

const (
	dialsAtOnce = 64
	lostAfter   = 30 * time.Second
)

// clientsCmd is the client process. Its sockets do what a waiting browser does: join, acknowledge each room message,
// answer pings. It is the same for product and floor, and as light as it can be without a library of its own: a raw
// connection, one goroutine, no allocation a message.
type clientsCmd struct {
	Profile bool `help:"Serve profiles."`
}

// Run reads the plan and follows it.
func (c clientsCmd) Run(ctx context.Context) error {
	if err := raiseFileLimit(); err != nil {
		return err
	}
	if c.Profile {
		if err := serveProfiles(); err != nil {
			return err
		}
	}
	in := bufio.NewReader(os.Stdin)
	var p plan
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &p)
	}
	if err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	h := newCrowd(p)
	begun := time.Now()
	say("joined", h.join(ctx, begun))
	sleep(ctx, time.Until(h.first())-100*time.Millisecond)
	before := ownCPU()
	h.awaitOpen(ctx)
	say("told", told{h.late(), ownCPU() - before})
	io.Copy(io.Discard, in) // until whoever started it has seen enough
	say("held", h.count())
	return nil
}

func say(word string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s %s\n", word, b)
}

func ownCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// crowd is all sockets of the process.
type crowd struct {
	sockets []*client
	addr    string
	missing atomic.Int64  // sockets whose door did not open yet
	opened  chan struct{} // closed when there is none
	mu      sync.Mutex    // guards wrong
	wrong   string
}

func newCrowd(p plan) *crowd {
	h := &crowd{addr: strings.TrimPrefix(p.URL, "http://"), opened: make(chan struct{})}
	for _, s := range p.Sockets {
		c := &client{crowd: h, planned: s, waits: make(chan struct{})}
		c.late.Store(lost)
		h.sockets = append(h.sockets, c)
	}
	h.missing.Store(int64(len(h.sockets)))
	return h
}

// join brings every socket to its door, some at a time.
func (h *crowd) join(ctx context.Context, begun time.Time) joined {
	var dials sync.WaitGroup
	places := make(chan struct{}, dialsAtOnce)
	var waiting atomic.Int64
	for _, c := range h.sockets {
		places <- struct{}{}
		dials.Go(func() {
			defer func() { <-places }()
			if err := c.join(ctx); err != nil {
				h.note(err)
				return
			}
			waiting.Add(1)
		})
	}
	dials.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return joined{time.Since(begun).Seconds(), int(waiting.Load()), h.wrong}
}

func (h *crowd) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wrong == "" {
		h.wrong = err.Error()
	}
}

// first and last are when the doors open; the plan is in that order.
func (h *crowd) first() time.Time { return h.sockets[0].At }
func (h *crowd) last() time.Time  { return h.sockets[len(h.sockets)-1].At }

// awaitOpen waits until every door opened, or none more will.
func (h *crowd) awaitOpen(ctx context.Context) {
	timer := time.NewTimer(time.Until(h.last()) + lostAfter)
	defer timer.Stop()
	select {
	case <-h.opened:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (h *crowd) late() []int64 {
	all := make([]int64, len(h.sockets))
	for i, c := range h.sockets {
		all[i] = c.late.Load()
	}
	return all
}

func (h *crowd) count() (n held) {
	for _, c := range h.sockets {
		n.Twice += int(c.twice.Load())
		if c.closed.Load() {
			n.Closed++
		}
		if c.late.Load() < 0 {
			n.Early++
		}
	}
	return n
}

// client is one socket. Its reader is the only one to write.
type client struct {
	planned
	crowd  *crowd
	conn   net.Conn
	waits  chan struct{} // closed when the door was shown to it
	late   atomic.Int64  // microseconds; lost until the door opened
	twice  atomic.Int64
	closed atomic.Bool

	shown   bool
	version string // in which the door opened
	buf     []byte
}

// join opens the socket and waits until the server shows the door.
func (c *client) join(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := c.open(ctx); err != nil {
		return err
	}
	go c.read()
	select {
	case <-c.waits:
		if c.closed.Load() {
			return errors.New("the server closed the socket instead of showing the door")
		}
		return nil
	case <-ctx.Done():
		return errors.New("the server did not show the door within 30 s")
	}
}

func (c *client) open(ctx context.Context) (err error) {
	var d net.Dialer
	if c.conn, err = d.DialContext(ctx, "tcp", c.crowd.addr); err != nil {
		return err
	}
	deadline, _ := ctx.Deadline()
	c.conn.SetDeadline(deadline)
	fmt.Fprintf(c.conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\nCookie: %s\r\n\r\n",
		c.crowd.addr, c.crowd.addr, signaling.Subprotocol, c.Cookie)
	c.buf = make([]byte, 0, 1024)
	head, err := c.readHead()
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		return fmt.Errorf("the server answered %.300q instead of %d", head, http.StatusSwitchingProtocols)
	}
	c.conn.SetDeadline(time.Time{})
	return c.write(0x1, []byte(`{"type":"join","room":"`+c.Room+`"}`))
}

// readHead takes the answer's head; what follows stays in the buffer.
func (c *client) readHead() ([]byte, error) {
	for {
		if at := bytes.Index(c.buf, []byte("\r\n\r\n")); at >= 0 {
			head := slices.Clone(c.buf[:at])
			c.buf = c.buf[:copy(c.buf, c.buf[at+4:])]
			return head, nil
		}
		if err := c.more(); err != nil {
			return nil, fmt.Errorf("read the answer to the handshake: %w", err)
		}
	}
}

// more reads what is there behind what is in the buffer.
func (c *client) more() error {
	if len(c.buf) == cap(c.buf) {
		c.buf = slices.Grow(c.buf, cap(c.buf))
	}
	n, err := c.conn.Read(c.buf[len(c.buf):cap(c.buf)])
	c.buf = c.buf[:len(c.buf)+n]
	if n > 0 {
		return nil
	}
	return err
}

// read handles frames until the socket ends.
func (c *client) read() {
	defer c.end()
	for {
		at := time.Now()
		for {
			op, payload, size := parseFrame(c.buf)
			if size == 0 {
				break
			}
			if c.handle(op, payload, at) != nil {
				return
			}
			c.buf = c.buf[:copy(c.buf, c.buf[size:])]
		}
		if c.more() != nil {
			return
		}
	}
}

func (c *client) end() {
	c.closed.Store(true)
	c.conn.Close()
	if !c.shown {
		c.shown = true
		close(c.waits)
	}
}

// parseFrame takes the first whole frame of b, which a server does not mask. size is 0 if there is none yet.
func parseFrame(b []byte) (op byte, payload []byte, size int) {
	if len(b) < 2 {
		return 0, nil, 0
	}
	n, head := int(b[1]&0x7f), 2
	switch {
	case n == 126 && len(b) >= 4:
		n, head = int(binary.BigEndian.Uint16(b[2:])), 4
	case n == 127 && len(b) >= 10:
		n, head = int(binary.BigEndian.Uint64(b[2:])), 10
	case n >= 126:
		return 0, nil, 0
	}
	if len(b) < head+n {
		return 0, nil, 0
	}
	return b[0] & 0x0f, b[head : head+n], head + n
}

func (c *client) handle(op byte, payload []byte, at time.Time) error {
	switch op {
	case 0x1:
		return c.message(payload, at)
	case 0x8:
		return net.ErrClosed
	case 0x9:
		return c.write(0xa, payload)
	}
	return nil
}

var (
	isRoom = []byte(`"type":"room"`)
	isOpen = []byte(`"state":"open"`)
)

// message notes an open door, and acknowledges every room message.
func (c *client) message(m []byte, at time.Time) error {
	if !bytes.Contains(m, isRoom) {
		return nil
	}
	if bytes.Contains(m, isOpen) {
		c.note(string(digits(m, `"version":`)), at)
	}
	if !c.shown {
		c.shown = true
		close(c.waits)
	}
	var ack [64]byte
	text := append(ack[:0], `{"type":"seen","n":`...)
	text = append(text, digits(m, `"n":`)...)
	return c.write(0x1, append(text, '}'))
}

// note keeps when the door opened, and that it did again.
func (c *client) note(version string, at time.Time) {
	switch {
	case c.late.Load() == lost:
		c.version = version
		c.late.Store(at.Sub(c.At).Microseconds())
		if c.crowd.missing.Add(-1) == 0 {
			close(c.crowd.opened)
		}
	case c.version == version:
		c.twice.Add(1)
	}
}

// digits gives the number that follows a key.
func digits(m []byte, key string) []byte {
	at := bytes.Index(m, []byte(key))
	if at < 0 {
		return []byte("0")
	}
	rest := m[at+len(key):]
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	return rest[:end]
}

// write sends one small frame, masked as a client's must be.
func (c *client) write(op byte, payload []byte) error {
	if len(payload) > 125 {
		return errors.New("too long a frame: " + strconv.Itoa(len(payload)))
	}
	var frame [2 + 4 + 125]byte
	mask := [4]byte{0x5a, 0xc3, 0x17, 0x88}
	frame[0], frame[1] = 0x80|op, 0x80|byte(len(payload))
	copy(frame[2:], mask[:])
	for i, b := range payload {
		frame[6+i] = b ^ mask[i%4]
	}
	_, err := c.conn.Write(frame[:6+len(payload)])
	return err
}
