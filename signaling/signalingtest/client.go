// Package signalingtest is a client of the contract's §3 for tests: of a Server, or of a running vetroom.
package signalingtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"vetroom/signaling"
)

// Patience is how long Expect waits for a frame.
const Patience = 25 * time.Second

// Options say who dials.
type Options struct {
	Origin  string         // default: that of the URL
	Cookies []*http.Cookie // vetroom_owner or vetroom_vet
	Header  http.Header    // further headers
}

// Frame is one message of the server. The keys of every kind are in it; those of another kind are zero.
type Frame struct {
	signaling.RoomFrame
	signaling.SeatFrame
	N       uint64          `json:"n"`
	Data    json.RawMessage `json:"data"`
	From    string          `json:"from"`
	Text    string          `json:"text"`
	At      string          `json:"at"`
	ID      string          `json:"id"`
	Vet     string          `json:"vet"`
	Online  bool            `json:"online"`
	Start   string          `json:"start"`
	RetryMS int64           `json:"retry_ms"`
	Code    string          `json:"code"`
	Detail  string          `json:"detail"`
	T       json.Number     `json:"t"`

	Position      int    `json:"position"`
	ReservationID string `json:"reservation_id"`

	Raw  json.RawMessage `json:"-"` // the message as it came
	Came time.Time       `json:"-"` // when, by the local clock
}

// Check looks at each message that comes, where a test wants that; set it before the first.
var Check = func(message []byte) error { return nil }

// Parse reads a message of the server.
func Parse(message []byte) (f Frame, err error) {
	if err := Check(message); err != nil {
		return f, err
	}
	err = json.Unmarshal(message, &f)
	f.Raw = message
	return f, err
}

// Has tells whether the message has the key at all.
func (f Frame) Has(key string) bool {
	var keys map[string]json.RawMessage
	return json.Unmarshal(f.Raw, &keys) == nil && keys[key] != nil
}

// Client is one socket. Frames are read as they come and kept until they are asked for.
type Client struct {
	conn  *websocket.Conn
	ended chan struct{}

	mu     sync.Mutex // guards what follows
	frames []Frame
	more   chan struct{}
	err    error
	pings  int64
}

// Dial opens GET /ws at a base URL like http://127.0.0.1:8080. When the server answers otherwise, the error is a *Refused.
func Dial(ctx context.Context, base string, o Options) (*Client, error) {
	header := o.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if o.Origin == "" {
		o.Origin = base
	}
	if header["Origin"] == nil {
		header.Set("Origin", o.Origin)
	}
	for _, c := range o.Cookies {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	conn, answer, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(base, "http")+"/ws", &websocket.DialOptions{
		HTTPHeader: header, Subprotocols: []string{signaling.Subprotocol},
	})
	if err != nil {
		if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols {
			return nil, &Refused{Status: answer.StatusCode, Header: answer.Header}
		}
		return nil, fmt.Errorf("dial %s: %w", base, err)
	}
	conn.SetReadLimit(-1)
	c := &Client{conn: conn, ended: make(chan struct{}), more: make(chan struct{})}
	go c.read()
	return c, nil
}

// Refused is an HTTP answer instead of a socket.
type Refused struct {
	Status int
	Header http.Header
}

func (r *Refused) Error() string { return fmt.Sprintf("the server answered %d", r.Status) }

func (c *Client) read() {
	defer close(c.ended)
	for {
		_, b, err := c.conn.Read(context.Background())
		var f Frame
		if err == nil {
			f, err = Parse(b)
		}
		f.Came = time.Now()
		c.mu.Lock()
		if err != nil {
			c.err = err
		} else {
			c.frames = append(c.frames, f)
		}
		close(c.more)
		c.more = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			c.conn.CloseNow()
			return
		}
	}
}

// Subprotocol is the one agreed on.
func (c *Client) Subprotocol() string { return c.conn.Subprotocol() }

// Write sends a message as JSON, from any goroutine.
func (c *Client) Write(message any) error {
	b, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("encode %v: %w", message, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	return c.conn.Write(ctx, websocket.MessageText, b)
}

// Send sends a message as JSON, or fails the test.
func (c *Client) Send(t testing.TB, message any) {
	t.Helper()
	if err := c.Write(message); err != nil {
		t.Fatalf("send %v: %v", message, err)
	}
}

// SendRaw sends a frame as it is.
func (c *Client) SendRaw(t testing.TB, typ websocket.MessageType, frame []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if err := c.conn.Write(ctx, typ, frame); err != nil {
		t.Fatalf("send %.80q: %v", frame, err)
	}
}

// Object is a message to send.
type Object map[string]any

// Join takes a seat and gives the first room message.
func (c *Client) Join(t testing.TB, room string) Frame {
	t.Helper()
	c.Send(t, Object{"type": "join", "room": room})
	return c.Expect(t, "room", OfRoom(room))
}

// Resume takes a seat up again.
func (c *Client) Resume(t testing.TB, room, token string, seen uint64) {
	t.Helper()
	c.Send(t, Object{"type": "join", "room": room, "resume": token, "seen": seen})
}

// Seen acknowledges a frame and all before it.
func (c *Client) Seen(t testing.TB, f Frame) {
	t.Helper()
	c.Send(t, Object{"type": "seen", "n": f.N})
}

// Signal sends data to the peer.
func (c *Client) Signal(t testing.TB, data any) {
	t.Helper()
	c.Send(t, Object{"type": "signal", "data": data})
}

// Next takes the next frame of any type.
func (c *Client) Next(ctx context.Context) (Frame, error) {
	for {
		c.mu.Lock()
		if len(c.frames) > 0 {
			f := c.frames[0]
			c.frames = c.frames[1:]
			c.mu.Unlock()
			return f, nil
		}
		more, err := c.more, c.err
		c.mu.Unlock()
		if err != nil {
			return Frame{}, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return Frame{}, ctx.Err()
		}
	}
}

// Expect takes frames until one has the type and fulfils every condition, and gives that; what came before it is
// dropped. It fails the test after Patience.
func (c *Client) Expect(t testing.TB, typ string, conditions ...func(Frame) bool) Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	var passed []string
	for {
		f, err := c.Next(ctx)
		if err != nil {
			t.Fatalf("no %q message came: %v; before that came %s", typ, err, strings.Join(passed, " "))
		}
		if f.Type == typ && all(f, conditions) {
			return f
		}
		passed = append(passed, string(f.Raw))
	}
}

func all(f Frame, conditions []func(Frame) bool) bool {
	for _, ok := range conditions {
		if !ok(f) {
			return false
		}
	}
	return true
}

// OfRoom is a condition of Expect.
func OfRoom(id string) func(Frame) bool { return func(f Frame) bool { return f.Room == id } }

// InState is a condition of Expect: locked, open, closed.
func InState(state string) func(Frame) bool {
	return func(f Frame) bool { return string(f.State) == state }
}

// WithPeer is a condition of Expect: absent, waiting, present.
func WithPeer(state string) func(Frame) bool {
	return func(f Frame) bool { return string(f.Peer) == state }
}

// WithCode is a condition of Expect.
func WithCode(code string) func(Frame) bool { return func(f Frame) bool { return f.Code == code } }

// Settle asks the server something and gives all that came before the answer: what is not in it was not sent before.
func (c *Client) Settle(t testing.TB) (before []Frame) {
	t.Helper()
	c.mu.Lock()
	c.pings++
	id := json.Number(fmt.Sprint(c.pings))
	c.mu.Unlock()
	c.Send(t, Object{"type": "ping", "t": id})
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	for {
		f, err := c.Next(ctx)
		if err != nil {
			t.Fatalf("no pong came: %v", err)
		}
		if f.Type == "pong" && f.T == id {
			return before
		}
		before = append(before, f)
	}
}

// ExpectClosed waits until the server closed the socket with the status. -1 is without one.
func (c *Client) ExpectClosed(t testing.TB, status websocket.StatusCode) {
	t.Helper()
	select {
	case <-c.ended:
	case <-time.After(Patience):
		t.Fatalf("the socket was not closed")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := websocket.CloseStatus(c.err); got != status {
		t.Fatalf("the socket was closed with %d (%v), want %d", got, c.err, status)
	}
}

// Ended is closed when the socket is.
func (c *Client) Ended() <-chan struct{} { return c.ended }

// Break cuts the connection without a word, as a lost network does.
func (c *Client) Break() {
	c.conn.CloseNow()
	<-c.ended
}

// Close closes the socket as a page that goes does.
func (c *Client) Close() {
	c.conn.Close(websocket.StatusNormalClosure, "")
	<-c.ended
}
