package signaling

import (
	"context"
	"time"

	"github.com/coder/websocket"

	"vetroom/clinic"
	"vetroom/events"
)

// receive handles one text frame. The peer's reader waits for it: a lookup that takes its time delays nobody else.
func (p *peer) receive(frame []byte) {
	now := p.srv.now()
	if !p.messages.AllowN(now, 1) {
		p.dropped()
		return
	}
	if m, ok := plainSignal(frame); ok {
		p.signal(m, frame, now) // as it is
		return
	}
	if m, ok := plainSeen(frame); ok {
		p.acknowledge(m.N)
		return
	}
	message, err := decodeAny(frame)
	if err != nil {
		p.refuse(refusalOf(err))
		p.tolerate(now)
		return
	}
	p.handle(message, now)
}

// dropped refuses a message that was one too many. It says so once a second; who goes on is closed.
func (p *peer) dropped() {
	now := p.srv.now()
	if now.Sub(p.complained) >= time.Second {
		p.complained = now
		p.refuse(errRateLimited)
	}
	p.tolerate(now)
}

// tolerate counts what was refused, and ends the socket that does not stop.
func (p *peer) tolerate(now time.Time) {
	if !p.refused.AllowN(now, 1) {
		p.end(websocket.StatusPolicyViolation, string(CodeRateLimited))
	}
}

func (p *peer) handle(message any, now time.Time) {
	p.carry() // what comes now may have to wait for the database
	switch m := message.(type) {
	case Join:
		if p.mayLookUp(1) {
			p.join(m)
		}
	case Watch:
		p.watch(m)
	case Signal:
		p.signal(m, signalFrame(m.Data), now)
	case Chat:
		p.chat(m)
	case Check:
		p.check(m)
	case Checked:
		p.checked(m)
	case Quality:
		p.quality(m)
	case Seen:
		p.acknowledge(m.N)
	case Leave:
		p.leaveSeat()
	case Ping:
		p.push(encode(PongFrame{"pong", m.T, events.Time{Time: now}}))
	}
}

// mayLookUp limits what a socket asks of the database. Each refusal is told: somebody waits for the answer.
func (p *peer) mayLookUp(n int) bool {
	now := p.srv.now()
	if p.lookups.AllowN(now, n) {
		return true
	}
	p.refuse(errRateLimited)
	p.tolerate(now)
	return false
}

// signal passes a signal on, in a frame that stays the caller's.
func (p *peer) signal(m Signal, frame []byte, now time.Time) {
	if len(m.Data) > MaxSignal {
		p.refuse(refuse(CodeTooLarge, "The data of a signal has at most %d bytes.", MaxSignal))
		return
	}
	mark := plain
	if isAnswer(m.Data) {
		mark = anAnswer
	}
	p.pass(frame, mark, now)
}

// pass gives a frame, which stays the caller's, to the seat across, here or at another process, if the door is open now:
// else it refuses, and is false.
func (p *peer) pass(frame []byte, m mark, now time.Time) bool {
	if p.seat == nil {
		p.refuse(errNotJoined)
		return false
	}
	d, to := p.at, seatIndex(p.seat.role.Other())
	d.mu.Lock()
	refused := d.passable(now)
	far := d.far[to]
	if t := d.seats[to]; refused == nil && t != nil {
		t.line.send(frame, m)
		far = farSeat{}
		p.srv.stats.relayedHere.Add(1)
	}
	d.mu.Unlock()
	switch {
	case refused != nil:
		p.refuse(refused)
	case far.epoch != 0:
		h := p.srv.relay(far.node, relayed{Room: d.id, To: roles[to], Frame: frame, Mark: m})
		if old := p.hop.Swap(h); old != nil && old != h {
			p.srv.carry(old) // the seat across went from one process to another
		}
	}
	return refused == nil
}

// carry sends to another process what waits for that. Who reads the socket calls it before waiting for anything: that is
// the reader, and in a closing handshake the writer, which may begin while the reader is still busy with a message.
func (p *peer) carry() {
	if p.hop.Load() == nil { // mostly
		return
	}
	if h := p.hop.Swap(nil); h != nil {
		p.srv.carry(h)
	}
}

// acknowledge notes that the browser handled everything up to n.
func (p *peer) acknowledge(n uint64) {
	l := p.line.Load()
	if p.seat == nil || l == nil || l != p.seat.line {
		return // the seat was left or taken meanwhile
	}
	told, ok := l.ack(n)
	if !ok {
		p.refuse(refuse(CodeMalformed, "n was never sent"))
		return
	}
	p.srv.acknowledged(p.at, p.seat, told)
}

// acknowledged notes in the timeline what an acknowledgement proves: that the browser showed the open door, and that
// the two are connected. The latter is when an answer was handled: there is none without an offer that arrived, so with
// it both have reached their peer.
func (s *Server) acknowledged(d *door, t *seat, told acks) {
	if !told.open && !told.answer {
		return
	}
	now := s.now()
	d.mu.Lock()
	reservation, opensAt := d.room.ReservationID, d.room.OpensAt
	connected := told.answer && !d.connected && d.passable(now) == nil
	d.connected = d.connected || connected
	d.mu.Unlock()
	if told.open {
		s.diary.note(clinic.Entry{ReservationID: reservation, At: clinic.Millis(now), What: toldOf(t.role), By: party(t.role)})
		if s.cfg.OnTold != nil {
			s.cfg.OnTold(now.Sub(opensAt))
		}
	}
	if connected {
		s.diary.note(clinic.Entry{ReservationID: reservation, At: clinic.Millis(now), What: clinic.WhatConnected})
	}
}

// leaveSeat gives up the seat of this socket, if it has one.
func (p *peer) leaveSeat() {
	t, d := p.seat, p.at
	if t == nil {
		return
	}
	p.seat, p.at = nil, nil
	if t.line.detach(p) {
		p.srv.leave(d, t, func() bool { return true })
	}
}

// gone gives back all that the socket held. Its seat waits for it.
func (p *peer) gone() {
	p.carry()
	p.leave()
	p.endEcho()
	s := p.srv
	s.dismiss(p)
	p.watchRooms(nil)
	p.watchVets(context.Background(), nil)
	if t, d := p.seat, p.at; t != nil && t.line.detach(p) {
		s.await(d, t)
	}
}
