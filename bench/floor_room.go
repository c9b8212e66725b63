package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	njs "github.com/nats-io/nats.go/jetstream"

	"vetroom/signaling"
)

// floorPlan is what a floor is to do, as one line of JSON on its standard input.
type floorPlan struct {
	Rooms      []floorDue `json:"rooms"` // in order of At
	NATSConfig string     `json:"nats_config"`
	Dir        string     `json:"dir"`    // of the stream; "" for no broker: sockets that only wait
	Inside     bool       `json:"inside"` // sockets are read inside their handler, which then does not return
}

type floorDue struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// floorRoomCmd is the floor of the sockets: ids in memory, one timer, a stream, one consumer, 16 writers, the sockets.
// It shows a door at join and tells it open, in messages of the product's kind and size. It asks nobody who comes, has
// no database, reads what clients acknowledge without looking at it, keeps nothing to send again, and would lose every
// room if it were killed.
type floorRoomCmd struct {
	Profile bool `help:"Serve profiles."`
}

// Run serves until the process is ended.
func (c floorRoomCmd) Run(ctx context.Context) error {
	p, err := childPlan[floorPlan](c.Profile)
	if err != nil {
		return err
	}
	f := newFloor(p)
	if p.Dir != "" {
		stop, err := f.startStream(ctx)
		if err != nil {
			return err
		}
		defer stop()
	}
	return f.serve(ctx)
}

const (
	floorWriters = 16
	floorSubject = "room.open."
)

// floor is the server.
type floor struct {
	plan    floorPlan
	mu      sync.RWMutex // guards doors
	doors   map[string]*floorDoor
	writers [floorWriters]chan floorWrite
	js      njs.JetStream
}

type floorDoor struct {
	at      time.Time
	sockets []*websocket.Conn
	writer  int // who tells them
}

type floorWrite struct {
	conn  *websocket.Conn
	frame []byte
}

func newFloor(p floorPlan) *floor {
	f := &floor{plan: p, doors: make(map[string]*floorDoor, len(p.Rooms))}
	for i, r := range p.Rooms {
		f.doors[r.ID] = &floorDoor{at: r.At, writer: i % floorWriters}
	}
	for i := range f.writers {
		f.writers[i] = make(chan floorWrite, 2048)
		go write(f.writers[i])
	}
	return f
}

func write(queue <-chan floorWrite) {
	for w := range queue {
		w.conn.Write(context.Background(), websocket.MessageText, w.frame) // a client that is gone is not told
	}
}

// startStream starts the broker, with the settings of the product's, makes the stream and its one consumer, and sets
// the timer.
func (f *floor) startStream(ctx context.Context) (stop func(), err error) {
	opts := &server.Options{}
	if err := opts.ProcessConfigFile(f.plan.NATSConfig); err != nil {
		return nil, fmt.Errorf("read the broker's configuration: %w", err)
	}
	opts.Host, opts.Port, opts.StoreDir, opts.JetStream, opts.NoSigs, opts.NoLog = "127.0.0.1", -1, f.plan.Dir, true, true, true
	broker, err := server.NewServer(opts)
	if err != nil {
		return nil, err
	}
	broker.Start()
	if !broker.ReadyForConnections(20 * time.Second) {
		return nil, errors.New("the broker does not start")
	}
	if err := f.attach(ctx, broker); err != nil {
		return nil, err
	}
	go f.keepTime(ctx)
	return func() { broker.Shutdown(); broker.WaitForShutdown() }, nil
}

func (f *floor) attach(ctx context.Context, broker *server.Server) error {
	nc, err := nats.Connect("", nats.InProcessServer(broker))
	if err != nil {
		return err
	}
	if f.js, err = njs.New(nc, njs.WithPublishAsyncMaxPending(20_000)); err != nil {
		return err
	}
	_, err = f.js.CreateStream(ctx, njs.StreamConfig{Name: "ROOM", Subjects: []string{floorSubject + ">"}, Storage: njs.FileStorage})
	if err != nil {
		return err
	}
	// A second connection, as a process that only listens would have.
	listener, err := nats.Connect("", nats.InProcessServer(broker))
	if err != nil {
		return err
	}
	js, err := njs.New(listener)
	if err != nil {
		return err
	}
	consumer, err := js.OrderedConsumer(ctx, "ROOM", njs.OrderedConsumerConfig{DeliverPolicy: njs.DeliverNewPolicy})
	if err != nil {
		return err
	}
	_, err = consumer.Consume(f.hear, njs.PullMaxMessages(10_000))
	return err
}

// keepTime is the one timer: it publishes each room at its instant.
func (f *floor) keepTime(ctx context.Context) {
	body := bytes.Repeat([]byte("x"), floorBody)
	for rooms := f.plan.Rooms; len(rooms) > 0; {
		if sleep(ctx, time.Until(rooms[0].At)) != nil {
			return
		}
		for len(rooms) > 0 && !time.Now().Before(rooms[0].At) {
			if _, err := f.js.PublishAsync(floorSubject+rooms[0].ID, body); err != nil {
				fmt.Fprintln(os.Stderr, "publish:", err)
			}
			rooms = rooms[1:]
		}
	}
}

// floorBody is about how many bytes the product's event has.
const floorBody = 600

// hear gives the open door to the writer of its sockets.
func (f *floor) hear(m njs.Msg) {
	id := strings.TrimPrefix(m.Subject(), floorSubject)
	f.mu.RLock()
	defer f.mu.RUnlock()
	d := f.doors[id]
	if d == nil {
		return
	}
	frame := d.frame(id, "open", 2)
	for _, conn := range d.sockets {
		f.writers[d.writer] <- floorWrite{conn, frame}
	}
}

// floorToken stands for what else the product's message holds.
var floorToken = strings.Repeat("t", 200)

func (d *floorDoor) frame(id, state string, n int) []byte {
	return fmt.Appendf(nil, `{"type":"room","room":"%s","state":"%s","opens_at":"%s","now":"%s","version":%d,"resume":"%s","n":%d}`,
		id, state, d.at.UTC().Format(floorTime), time.Now().UTC().Format(floorTime), n, floorToken, n)
}

const floorTime = "2006-01-02T15:04:05.000Z"

func (f *floor) serve(ctx context.Context) error {
	return serveFloor(ctx, http.HandlerFunc(f.socket))
}

// socket takes one client, who joins with the first message and is read from then on.
func (f *floor) socket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{signaling.Subprotocol}, InsecureSkipVerify: true,
	})
	if err != nil {
		return
	}
	if f.plan.Inside {
		f.read(conn)
		return
	}
	go f.read(conn)
}

func (f *floor) read(conn *websocket.Conn) {
	ctx := context.Background()
	_, message, err := conn.Read(ctx)
	if err != nil || !f.join(conn, message) {
		conn.CloseNow()
		return
	}
	for err == nil {
		_, _, err = conn.Read(ctx)
	}
	conn.CloseNow()
}

// join notes the socket and shows it the door.
func (f *floor) join(conn *websocket.Conn, message []byte) bool {
	var m struct {
		Room string `json:"room"`
	}
	if json.Unmarshal(message, &m) != nil {
		return false
	}
	f.mu.Lock()
	d := f.doors[m.Room]
	if d != nil {
		d.sockets = slices.Grow(d.sockets, 2)
		d.sockets = append(d.sockets, conn)
	}
	f.mu.Unlock()
	return d != nil && conn.Write(context.Background(), websocket.MessageText, d.frame(m.Room, "locked", 1)) == nil
}
