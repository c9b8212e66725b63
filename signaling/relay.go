package signaling

import (
	"bytes"
	"encoding/json"
	"sync"
	"time"

	"vetroom/clinic"
)

// Between processes two kinds of messages pass, none of them in a stream.
//
// Who sits where is announced to all on one subject, and heard with one subscription a process; a process that does not
// hold the room drops it. It is announced when a seat is taken or left, and all seats again after a break of the bus.
//
// A signal goes to the one process that has the seat, on a subject of that process. A subject a room would be one
// subscription, and one goroutine, for each of the thousands who wait.
const (
	subjectSeats   = "_vr.room.seats"
	subjectNode    = "_vr.room.node."
	subjectSession = "_vr.session"
)

const (
	beatEvery = 5 * time.Second // a process says that it lives
	deadAfter = Patience        // one that was not heard for this long lost its seats
	atOnce    = 200             // seats in one message
	maxEarly  = 64              // signals that wait for a seat's own process to open
)

// busSeats says who sits at a process. Without seats it is a sign of life.
type busSeats struct {
	Node  string    `json:"node"`
	Hello bool      `json:"hello,omitempty"` // the sender may have missed something: all say again who sits with them
	Again bool      `json:"again,omitempty"` // no news, and not to be answered
	Seats []busSeat `json:"seats,omitempty"`
	Ask   []string  `json:"ask,omitempty"` // rooms of which the sender is to be told who sits there
}

type busSeat struct {
	Room  string      `json:"room"`
	Role  clinic.Role `json:"role"`
	Epoch int64       `json:"epoch"`
	Gone  bool        `json:"gone,omitempty"`  // left for good
	Fresh bool        `json:"fresh,omitempty"` // another browser than before
}

// relayed is a frame for a seat of another process.
type relayed struct {
	Room  string
	To    clinic.Role
	Mark  mark
	Frame []byte
}

// toNode is a message to one process: frames, which follow it, or seats that answer an announcement.
type toNode struct {
	Frames int       `json:"frames,omitempty"`
	Seats  *busSeats `json:"seats,omitempty"`
}

// nodes knows when each other process was last heard.
type nodes struct {
	mu    sync.Mutex // guards heard
	heard map[string]time.Time
}

func (n *nodes) hear(node string, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heard[node] = now
}

// dead removes and gives the processes that are silent while self is not: then it is not the bus that is away.
func (n *nodes) dead(self string, now time.Time) map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Sub(n.heard[self]) > 2*beatEvery {
		return nil
	}
	dead := map[string]bool{}
	for node, at := range n.heard {
		if now.Sub(at) > deadAfter {
			dead[node] = true
			delete(n.heard, node)
		}
	}
	return dead
}

// publish sends a message, one JSON object in a line, over the bus. What is lost heals: seats with the next break, signals
// by their browser.
func (s *Server) publish(subject string, v any) {
	if s.cfg.Bus == nil {
		return
	}
	s.send(subject, append(encode(v), '\n'))
}

// send publishes a whole message.
func (s *Server) send(subject string, data []byte) {
	if err := s.cfg.Bus.Publish(subject, data); err != nil {
		s.cfg.Log.Debug("publish on the bus", "subject", subject, "error", err)
	}
}

func (s *Server) announce(seats ...busSeat) {
	s.publish(subjectSeats, busSeats{Node: s.cfg.Node, Seats: seats})
}

// askWhoSits asks the other processes who sits in rooms that are only watched here.
func (s *Server) askWhoSits(rooms []string) {
	if len(rooms) > 0 {
		s.publish(subjectSeats, busSeats{Node: s.cfg.Node, Again: true, Ask: rooms})
	}
}

// listen subscribes to all that concerns this process.
func (s *Server) listen() (cancel func(), err error) {
	if s.cfg.Bus == nil {
		return func() {}, nil
	}
	var cancels []func()
	cancel = func() {
		for _, c := range cancels {
			c()
		}
	}
	for subject, fn := range map[string]func([]byte){
		subjectSeats:             s.hearSeats,
		subjectNode + s.cfg.Node: s.hearNode,
		subjectSession:           s.hearSession,
		subjectInstant:           s.hearInstants,
		subjectRecord:            s.hearRecord,
		subjectStill:             s.hearStill,
	} {
		c, err := s.cfg.Bus.Subscribe(subject, func(_ string, data []byte) { fn(data) })
		if err != nil {
			cancel()
			return nil, err
		}
		cancels = append(cancels, c)
	}
	return cancel, nil
}

// unpack reads a message of the bus and gives what follows it. One that cannot be read is of another version, and
// skipped.
func (s *Server) unpack(data []byte, v any) (follows []byte, ok bool) {
	message, follows, _ := bytes.Cut(data, []byte("\n"))
	if err := json.Unmarshal(message, v); err != nil {
		s.cfg.Log.Warn("a message on the bus cannot be read", "error", err)
		return nil, false
	}
	return follows, true
}

func (s *Server) hearSeats(data []byte) {
	var m busSeats
	if _, ok := s.unpack(data, &m); ok {
		s.hearOf(m)
	}
}

func (s *Server) hearNode(data []byte) {
	var m toNode
	follows, ok := s.unpack(data, &m)
	switch {
	case !ok:
	case m.Seats != nil:
		s.hearOf(*m.Seats)
	default:
		s.hearFrames(m.Frames, follows)
	}
}

func (s *Server) hearFrames(count int, b []byte) {
	now := s.now()
	for range count {
		r, rest, ok := nextRelayed(b)
		if !ok {
			s.cfg.Log.Warn("a frame on the bus cannot be read")
			return
		}
		s.passOn(r, now)
		b = rest
	}
}

// hearOf takes who sits at a process, and answers with those who sit across from them here.
func (s *Server) hearOf(m busSeats) {
	s.nodes.hear(m.Node, s.now())
	if m.Node == s.cfg.Node {
		return
	}
	if m.Hello {
		s.announceAll(false)
	}
	answer := s.sitting(m.Ask)
	for _, b := range m.Seats {
		if d := s.hub.find(b.Room); d != nil {
			answer = append(answer, s.hearSeat(d, m.Node, b, m.Again)...)
		}
	}
	if len(answer) > 0 {
		s.publish(subjectNode+m.Node, toNode{Seats: &busSeats{Node: s.cfg.Node, Again: true, Seats: answer}})
	}
}

// hearSeat takes one seat of another process. The highest epoch has the role: a lower one here is told that it was
// replaced, a lower one there is answered.
func (s *Server) hearSeat(d *door, node string, b busSeat, again bool) (answer []busSeat) {
	i := seatIndex(b.Role)
	d.mu.Lock()
	mine, evicted := d.seats[i], false
	switch {
	case mine != nil && mine.epoch > b.Epoch:
		if !b.Gone {
			answer = append(answer, d.busSeat(i))
		}
	case b.Gone:
		if d.far[i].epoch <= b.Epoch {
			d.far[i] = farSeat{}
			d.tellPeer(b.Role, false)
		}
	case b.Epoch >= d.far[i].epoch:
		if evicted = mine != nil; evicted {
			d.evict(i)
		}
		d.far[i] = farSeat{node, b.Epoch}
		d.connected = d.connected && !b.Fresh
		d.tellPeer(b.Role, b.Fresh)
	}
	if across := seatIndex(b.Role.Other()); !again && !b.Gone && d.seats[across] != nil {
		answer = append(answer, d.busSeat(across))
	}
	d.mu.Unlock()
	if evicted {
		s.stats.seats.Add(-1)
		s.hub.release(d)
	}
	return answer
}

// sitting gives who sits here in some rooms.
func (s *Server) sitting(rooms []string) (seats []busSeat) {
	for _, id := range rooms {
		if d := s.hub.find(id); d != nil {
			seats = append(seats, d.sitting()...)
		}
	}
	return seats
}

func (d *door) sitting() (seats []busSeat) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, t := range d.seats {
		if t != nil {
			seats = append(seats, d.busSeat(i))
		}
	}
	return seats
}

func (d *door) busSeat(i int) busSeat {
	return busSeat{Room: d.id, Role: roles[i], Epoch: d.seats[i].epoch}
}

// announceAll says again who sits here; with hello all others do as well.
func (s *Server) announceAll(hello bool) {
	var seats []busSeat
	for _, d := range s.hub.all() {
		seats = append(seats, d.sitting()...)
	}
	m := busSeats{Node: s.cfg.Node, Hello: hello, Again: true}
	for {
		n := min(len(seats), atOnce)
		m.Seats, seats = seats[:n], seats[n:]
		s.publish(subjectSeats, m)
		if m.Hello = false; len(seats) == 0 {
			return
		}
	}
}

// passOn gives a frame of another process to the seat here. The door over there was open; where it is not yet open
// here, because the news is still on its way, the frame waits for it.
func (s *Server) passOn(r relayed, now time.Time) {
	d := s.hub.find(r.Room)
	if d == nil || len(r.Frame) < 2 || r.Frame[0] != '{' {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	i := seatIndex(r.To)
	t := d.seats[i]
	switch refused := d.passable(now); {
	case t == nil || refused == errRoomClosed:
	case refused == errRoomLocked:
		if len(d.early[i]) < maxEarly {
			d.early[i] = append(d.early[i], r)
		}
	default:
		t.line.sendOwn(r.Frame, r.Mark)
	}
}

// passEarly gives the seats what waited for the opening.
func (d *door) passEarly() {
	for i, t := range d.seats {
		for _, r := range d.early[i] {
			if t != nil {
				t.line.sendOwn(r.Frame, r.Mark)
			}
		}
		d.early[i] = nil
	}
}

// beat says that this process lives, and gives up the seats of those that do not.
func (s *Server) beat() {
	s.announce()
	dead := s.nodes.dead(s.cfg.Node, s.now())
	if len(dead) == 0 {
		return
	}
	for _, d := range s.hub.all() {
		s.giveUp(d, dead)
	}
}

// giveUp tells who sits across from a dead process's seat that its browser is gone: it had time to come back elsewhere.
func (s *Server) giveUp(d *door, dead map[string]bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, f := range d.far {
		if f.epoch == 0 || !dead[f.node] {
			continue
		}
		d.far[i] = farSeat{}
		d.early[1-i] = nil
		if d.seats[1-i] == nil {
			d.tellPeer(roles[i], false) // only watched here
			continue
		}
		d.tellPeer(roles[i], false)
		s.diary.note(clinic.Entry{ReservationID: d.room.ReservationID, At: clinic.Millis(s.now()), What: clinic.WhatLeft, By: party(roles[i])})
	}
}
