package main

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// relayPlan is what the client process of the relay is to do, as one line of JSON on its standard input.
type relayPlan struct {
	Sockets []relayPlanned `json:"sockets"`
	Window  int            `json:"window"` // signals that each sends before it waits
	Warm    time.Duration  `json:"warm"`
	For     time.Duration  `json:"for"`
}

type relayPlanned struct {
	URL    string `json:"url"` // of its server
	Cookie string `json:"cookie"`
	Room   string `json:"room"`
}

// relayCounted is what the client process says in the end, after "begun" at the beginning of what is measured and "ended"
// at its end.
type relayCounted struct {
	Relayed int64         `json:"relayed"` // signals that arrived while it was measured
	Took    time.Duration `json:"took"`
	CPU     time.Duration `json:"cpu"`   // of this process, meanwhile
	Sent    int64         `json:"sent"`  // in all
	Lost    int64         `json:"lost"`  // of those, that never arrived
	Wrong   int64         `json:"wrong"` // that came out of order, changed, or with a number out of turn
	Closed  int           `json:"closed"`
}

// relayClientsCmd is the client process of the relay, the same for product and floor. In each room both sides send each
// other signals as our own page does: a signal is one text frame, and every numbered message that comes is acknowledged
// with a seen of its own once it was looked at. A side sends a window of signals ahead and then one for each that comes:
// as many are under way as the window allows, never more. What one read brought is answered with one write, so that
// the clients, who share the processors with the server, cost as little as they can.
type relayClientsCmd struct {
	Profile bool `help:"Serve profiles."`
}

// Run reads the plan and follows it.
func (c relayClientsCmd) Run(ctx context.Context) error {
	p, err := childPlan[relayPlan](c.Profile)
	if err != nil {
		return err
	}
	all, err := joinRelay(ctx, p)
	if err != nil {
		return err
	}
	say("joined", len(all))
	return all.measure(ctx, p)
}

type relayClients []*relayClient

// joinRelay brings every socket into its open room, with somebody across.
func joinRelay(ctx context.Context, p relayPlan) (relayClients, error) {
	all := make(relayClients, len(p.Sockets))
	errs := make([]error, len(all))
	var dials sync.WaitGroup
	places := make(chan struct{}, dialsAtOnce)
	for i, s := range p.Sockets {
		c := &relayClient{window: p.Window, ready: make(chan struct{})}
		c.planned = planned{Cookie: s.Cookie, Room: s.Room}
		c.crowd = &crowd{addr: strings.TrimPrefix(s.URL, "http://")}
		all[i] = c
		places <- struct{}{}
		dials.Go(func() {
			defer func() { <-places }()
			errs[i] = c.open(ctx)
			go c.read(errs[i])
		})
	}
	dials.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	timeout := time.After(time.Minute)
	for _, c := range all {
		select {
		case <-c.ready:
		case <-timeout:
			return nil, errors.New("the rooms did not open, with both sides there, within a minute")
		}
	}
	return all, nil
}

// measure lets all send, and counts what arrives.
func (all relayClients) measure(ctx context.Context, p relayPlan) error {
	for _, c := range all {
		c.begin()
	}
	if err := sleep(ctx, p.Warm); err != nil {
		return err
	}
	say("begun", 0)
	cpu, at, arrived := ownCPU(), time.Now(), all.sum((*relayClient).arrived)
	if err := sleep(ctx, p.For); err != nil {
		return err
	}
	n := relayCounted{Relayed: all.sum((*relayClient).arrived) - arrived, Took: time.Since(at), CPU: ownCPU() - cpu}
	say("ended", 0)
	all.stop(ctx)
	n.Sent, n.Wrong = all.sum((*relayClient).sent), all.sum((*relayClient).faults)
	n.Lost = n.Sent - all.sum((*relayClient).arrived)
	for _, c := range all {
		if c.closed.Load() {
			n.Closed++
		}
	}
	say("counted", n)
	return nil
}

func (all relayClients) sum(of func(*relayClient) int64) (n int64) {
	for _, c := range all {
		n += of(c)
	}
	return n
}

// stop lets nobody send any more, and waits until what is under way has arrived, or will not any more.
func (all relayClients) stop(ctx context.Context) {
	for _, c := range all {
		c.mu.Lock()
		c.sending = false
		c.mu.Unlock()
	}
	for before := int64(-1); ; {
		now := all.sum((*relayClient).arrived)
		if now == before || sleep(ctx, 500*time.Millisecond) != nil {
			return
		}
		before = now
	}
}

// relayClient is one socket. Its reader is the only one to touch the fields of the reader.
type relayClient struct {
	client
	window int
	ready  chan struct{} // closed once the room is open and somebody across
	got    atomic.Int64
	wrong  atomic.Int64

	// Of the reader.
	open1, across bool
	n             uint64 // of the last numbered message

	mu      sync.Mutex // guards what follows, and writing
	sending bool
	out     []byte
	next    int64 // signal to send
}

func (c *relayClient) arrived() int64 { return c.got.Load() }
func (c *relayClient) faults() int64  { return c.wrong.Load() }

func (c *relayClient) sent() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next
}

// A signal is a session description of 1 KB, as data, behind which a number tells which it is.
const (
	signalHead   = `{"type":"signal","data":{"k":"`
	signalSerial = 12
	signalSize   = 1024 // bytes of the data
)

// signalRest is what follows the serial, up to the end of the data.
var signalRest = makeSignalRest()

func makeSignalRest() []byte {
	var b strings.Builder
	b.WriteString(`","description":{"type":"offer","sdp":"v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n`)
	const end = `"}}`
	size := signalSize - len(`{"k":"`) - signalSerial - len(end)
	for i := 96; ; i++ {
		line := fmt.Sprintf(`a=rtpmap:%d VP8/90000\r\na=rtcp-fb:%d goog-remb\r\na=rtcp-fb:%d nack pli\r\n`, i, i, i)
		if b.Len()+len(line) > size {
			break
		}
		b.WriteString(line)
	}
	b.WriteString(strings.Repeat("x", size-b.Len()))
	return []byte(b.String() + end)
}

// begin sends the window.
func (c *relayClient) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sending = true
	for range c.window {
		c.addSignal()
	}
	c.flush()
}

// addSignal puts a signal behind what is to be written. c.mu is held.
func (c *relayClient) addSignal() {
	if !c.sending {
		return
	}
	var serial [signalSerial]byte
	text := strconv.AppendInt(serial[:0], c.next, 10)
	c.next++
	at := c.head(len(signalHead) + signalSerial + len(signalRest) + 1)
	c.out = append(c.out, signalHead...)
	c.out = append(c.out, "000000000000"[len(text):]...)
	c.out = append(c.out, text...)
	c.out = append(c.out, signalRest...)
	c.out = append(c.out, '}')
	c.mask(at)
}

// head begins a text frame of a size, and gives where its payload begins. c.mu is held.
func (c *relayClient) head(size int) int {
	if size < 126 {
		c.out = append(c.out, 0x81, 0x80|byte(size))
	} else {
		c.out = append(c.out, 0x81, 0x80|126, byte(size>>8), byte(size))
	}
	c.out = append(c.out, relayMask[:4]...)
	return len(c.out)
}

// relayMask is every client's mask, again and again, so that a payload is masked by whole pieces.
var relayMask = bytes.Repeat([]byte{0x5a, 0xc3, 0x17, 0x88}, 1024)

// mask masks the payload that begins at a place.
func (c *relayClient) mask(at int) {
	subtle.XORBytes(c.out[at:], c.out[at:], relayMask)
}

// flush writes what is to be written, in one piece. c.mu is held.
func (c *relayClient) flush() {
	if len(c.out) > 0 {
		c.conn.Write(c.out) // a broken socket is seen by its reader
	}
	c.out = c.out[:0]
}

// read handles frames until the socket ends.
func (c *relayClient) read(err error) {
	if err == nil {
		c.buf = slices.Grow(c.buf, 128<<10)
		err = c.handleAll()
	}
	for err == nil {
		if err = c.more(); err == nil {
			err = c.handleAll()
		}
	}
	c.closed.Store(true)
	if c.conn != nil {
		c.conn.Close()
	}
}

// handleAll handles the whole frames that are there, and answers them with one write.
func (c *relayClient) handleAll() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := 0
	for {
		op, payload, size := parseFrame(c.buf[at:])
		if size == 0 {
			break
		}
		if op == 0x8 {
			return errors.New("the server closed the socket")
		}
		at += size
		if op == 0x9 {
			c.out = append(c.out, 0x8a, 0x80|byte(len(payload)))
			c.out = append(append(c.out, 0, 0, 0, 0), payload...)
		}
		if op == 0x1 {
			c.text(payload)
		}
	}
	c.buf = c.buf[:copy(c.buf, c.buf[at:])]
	c.flush()
	return nil
}

// text takes one message. c.mu is held.
func (c *relayClient) text(m []byte) {
	if !bytes.HasPrefix(m, []byte(signalHead)) {
		c.state(m)
		return
	}
	rest := m[len(signalHead):]
	fits := len(rest) > signalSerial+len(signalRest) && bytes.HasPrefix(rest[signalSerial:], signalRest)
	if !fits {
		c.wrong.Add(1)
		return
	}
	if serial, _ := strconv.ParseInt(string(rest[:signalSerial]), 10, 64); serial != c.got.Load() {
		c.wrong.Add(1)
	}
	c.got.Add(1)
	c.seen(rest[signalSerial+len(signalRest):])
	c.addSignal()
}

// seen acknowledges a message by its number, which stands in the given part of it. The floor gives none: its messages
// are counted here. c.mu is held.
func (c *relayClient) seen(m []byte) {
	c.n++
	if text := digits(m, `"n":`); len(text) > 1 || text[0] != '0' {
		n, _ := strconv.ParseUint(string(text), 10, 64)
		if n != c.n {
			c.wrong.Add(1)
		}
		c.n = n
	}
	var ack [40]byte
	text := strconv.AppendUint(append(ack[:0], `{"type":"seen","n":`...), c.n, 10)
	text = append(text, '}')
	at := c.head(len(text))
	c.out = append(c.out, text...)
	c.mask(at)
}

// state takes a message that is no signal. c.mu is held.
func (c *relayClient) state(m []byte) {
	if bytes.Contains(m, []byte(`"type":"error"`)) {
		c.wrong.Add(1)
	}
	if bytes.Contains(m, isRoom) && bytes.Contains(m, isOpen) {
		c.open1 = true
	}
	if bytes.Contains(m, []byte(`"peer":"`)) {
		c.across = !bytes.Contains(m, []byte(`"peer":"absent"`))
	}
	c.seen(m)
	if c.open1 && c.across {
		select {
		case <-c.ready:
		default:
			close(c.ready)
		}
	}
}
