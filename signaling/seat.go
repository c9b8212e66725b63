package signaling

import (
	"time"

	"vetroom/clinic"
)

// seat is a role that somebody here took in a room. It outlives its socket by Patience. The door's mutex guards it, but
// for the line, which guards itself.
type seat struct {
	role     clinic.Role
	id       seatID
	epoch    int64 // over all processes the highest has the role
	line     *line
	resumed  bool      // its socket went on where another had stopped
	peerTold PeerState // what it last heard of the seat across
	went     course    // how its call went

	resume  string // the token, for resumeAt
	expires time.Time
	breaks  int         // how often its socket went: an older timer means nothing
	patient *time.Timer // while away
}

// token gives the seat's resume token, made anew only when the room's end moved.
func (s *seat) token(d *door) string {
	if s.resume == "" || !s.expires.Equal(d.room.ClosesAt) {
		s.expires = d.room.ClosesAt
		s.resume = claim{d.id, s.role, s.id, holderOf(s.role, d.room.VetID), s.expires}.token(d.srv.cfg.Key)
	}
	return s.resume
}

// entrance is somebody at the door who may take a seat.
type entrance struct {
	peer  *peer
	role  clinic.Role
	epoch int64
	as    holder  // by whose right
	seat  seatID  // to be resumed, if it is still there; zero for none
	seen  *uint64 // up to where
}

// sit gives the entrant the seat: the one that was left a moment ago, or a new one in place of whoever has it. It
// returns nil if another process gave the role to somebody newer. fresh is false for a seat that was resumed.
func (d *door) sit(e entrance, now time.Time) (s *seat, fresh bool, told acks) {
	i := seatIndex(e.role)
	if d.far[i].epoch > e.epoch {
		return nil, false, acks{}
	}
	d.far[i] = farSeat{}
	old := d.seats[i]
	if old != nil && old.id == e.seat && e.seen != nil {
		var ok bool
		if told, ok = old.line.resume(e.peer, *e.seen); ok {
			old.epoch, old.resumed = e.epoch, true
			old.wake()
			d.tellSeat(old, d.frame(now), d.stateAt(now))
			return old, false, told
		}
	}
	if old != nil {
		old.wake()
		old.line.replace(errReplaced)
	}
	s = &seat{role: e.role, id: newSeatID(), epoch: e.epoch, line: newLine(d.srv.cfg.Limits)}
	d.seats[i], d.connected = s, false
	s.line.attach(e.peer)
	d.tellSeat(s, d.frame(now), d.stateAt(now))
	d.tellPeer(e.role, true)
	return s, true, acks{}
}

// wake ends the wait for the seat's socket.
func (s *seat) wake() {
	s.breaks++
	if s.patient != nil {
		s.patient.Stop()
		s.patient = nil
	}
}

// vacate takes the seat away, and tells whether it was still there.
func (d *door) vacate(s *seat) bool {
	i := seatIndex(s.role)
	if d.seats[i] != s {
		return false
	}
	s.wake()
	d.seats[i] = nil
	d.early[i] = nil
	d.connected = false
	d.tellPeer(s.role, false)
	return true
}

// leave gives a seat up for good: the seat across is told, the timeline and the other processes too. It does nothing if
// may, which is asked under the door's lock, says no.
func (s *Server) leave(d *door, t *seat, may func() bool) {
	d.mu.Lock()
	there := may() && d.vacate(t)
	entry := clinic.Entry{ReservationID: d.room.ReservationID, At: clinic.Millis(s.now()), What: clinic.WhatLeft, By: party(t.role)}
	d.mu.Unlock()
	if !there {
		return
	}
	s.diary.note(entry)
	s.announce(busSeat{Room: d.id, Role: t.role, Epoch: t.epoch, Gone: true})
	s.stats.seats.Add(-1)
	s.hub.release(d)
}

// await keeps the seat for a socket that may come back; without one it is left after Patience.
func (s *Server) await(d *door, t *seat) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.ctx.Err() != nil || d.seats[seatIndex(t.role)] != t || !t.line.away() {
		return
	}
	t.wake()
	breaks := t.breaks
	t.patient = time.AfterFunc(Patience, func() {
		s.leave(d, t, func() bool { return t.breaks == breaks })
	})
}

// evict ends a seat whose role somebody took at another process. d.mu is held; the door is given back by the caller.
func (d *door) evict(i int) {
	s := d.seats[i]
	s.wake()
	d.seats[i] = nil
	d.early[i] = nil
	s.line.replace(errReplaced)
}

func party(r clinic.Role) clinic.Party {
	if r == clinic.RoleVet {
		return clinic.ByVet
	}
	return clinic.ByOwner
}

func joined(r clinic.Role) clinic.What {
	if r == clinic.RoleVet {
		return clinic.WhatVetJoined
	}
	return clinic.WhatOwnerJoined
}

func toldOf(r clinic.Role) clinic.What {
	if r == clinic.RoleVet {
		return clinic.WhatVetTold
	}
	return clinic.WhatOwnerTold
}
