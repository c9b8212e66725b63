package signaling

import (
	"context"
	"errors"
	"time"

	"vetroom/clinic"
)

// The refusals that are always the same.
var (
	errReplaced    = refuse(CodeReplaced, "Another window took this seat.").closing(StatusReplaced)
	errGoneOver    = refuse(CodeForbidden, "The reservation went over to another vet.").closing(StatusReplaced)
	errSignedOut   = refuse(CodeSignedOut, "The session ended.").closing(StatusSignedOut)
	errForbidden   = refuse(CodeForbidden, "There is no such room that you may enter.")
	errNotJoined   = refuse(CodeNotJoined, "Join a room first.")
	errRoomLocked  = refuse(CodeRoomLocked, "The room is not open yet.")
	errRoomClosed  = refuse(CodeRoomClosed, "The room is closed.")
	errRateLimited = refuse(CodeRateLimited, "That was too much at once. It was dropped.")
	errUnavailable = refuse(CodeUnavailable, "The database is away. Try again.")
)

// lookupWait bounds what a message may wait for the database.
const lookupWait = 5 * time.Second

// join takes a seat for the peer. It holds the door first and reads the room after, so that no event falls between.
func (p *peer) join(m Join) {
	s := p.srv
	if p.again(m.Room) {
		return
	}
	d := s.hub.hold(m.Room)
	e, err := s.enter(p, d, m)
	if err != nil {
		s.hub.release(d)
		p.refuse(refusalOf(err))
		return
	}
	p.leaveSeat()
	s.seat(d, e)
}

// again answers a second join of the same seat by the socket that has it.
func (p *peer) again(room string) bool {
	l := p.line.Load()
	if p.seat == nil || l == nil || p.at.id != room {
		return false
	}
	d := p.at
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seats[seatIndex(p.seat.role)] == p.seat {
		now := p.srv.now()
		p.seat.resumed = true // it goes on as it was
		d.tellSeat(p.seat, d.frame(now), d.stateAt(now))
	}
	return true
}

// enter finds out who stands at the door and reads the room. It returns clinic.ErrNotFound to who has no right.
func (s *Server) enter(p *peer, d *door, m Join) (entrance, error) {
	ctx, cancel := context.WithTimeout(s.ctx, lookupWait)
	defer cancel()
	e := entrance{peer: p, seen: m.Seen}
	c, ok := readToken(s.cfg.Key, m.Resume, s.now())
	if ok && c.room == m.Room {
		e.role, e.seat, e.as = c.role, c.seat, c.holder
		if err := s.look(ctx, d); err != nil && !d.holds(e) {
			return e, err
		}
	} else {
		role, err := s.right(ctx, p.who, d)
		if err != nil {
			return e, err
		}
		e.role, e.as = role, holderOf(role, p.who.VetID)
	}
	return e, s.number(ctx, d, &e)
}

// number takes a seat's number from the database. A seat that is only resumed keeps its own while the database is away.
func (s *Server) number(ctx context.Context, d *door, e *entrance) (err error) {
	e.epoch, err = s.taker.take(ctx, clinic.Seat{RoomID: d.id, Role: e.role})
	if err == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.seats[seatIndex(e.role)]; t != nil && t.id == e.seat {
		e.epoch = t.epoch
		return nil
	}
	return err
}

// holds tells whether the very seat that the entrant resumes is still kept here.
func (d *door) holds(e entrance) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.seats[seatIndex(e.role)]
	return t != nil && t.id == e.seat
}

// right asks whose seat the room has for who, and takes the room that it reads on the way.
func (s *Server) right(ctx context.Context, who clinic.Who, d *door) (clinic.Role, error) {
	if !who.Known() {
		return "", clinic.ErrNotFound
	}
	at := s.now()
	role, visit, err := s.cfg.Rights.RoleIn(ctx, who, d.id)
	if err != nil {
		return "", err
	}
	s.learn(d, &visit.Room, at)
	return role, nil
}

// look reads the room of a held door.
func (s *Server) look(ctx context.Context, d *door) error {
	at := s.now()
	rooms, err := s.cfg.Rooms.Rooms(ctx, []string{d.id})
	if err != nil {
		return err
	}
	if len(rooms) == 0 {
		return clinic.ErrNotFound
	}
	s.learn(d, rooms[0], at)
	return nil
}

// learn takes a row that was read since the door is held, and tells those who wait.
func (s *Server) learn(d *door, room *clinic.Room, at time.Time) {
	d.mu.Lock()
	gone := d.learn(room, at)
	d.tell(s.now())
	d.mu.Unlock()
	s.wentOver(d, gone)
}

// seat sits the entrant down; the hold on the door goes over to a new seat.
func (s *Server) seat(d *door, e entrance) {
	d.mu.Lock()
	if e.as != holderOf(e.role, d.room.VetID) {
		d.mu.Unlock()
		s.hub.release(d)
		e.peer.refuse(errForbidden) // it went over to another vet
		return
	}
	had := d.seats[seatIndex(e.role)] != nil
	t, fresh, told := d.sit(e, s.now())
	reservation := d.room.ReservationID
	d.mu.Unlock()
	if t == nil {
		s.hub.release(d)
		e.peer.refuse(errReplaced)
		return
	}
	if had {
		s.hub.release(d) // the seat that was there has its own hold, which stays with it or its successor
		s.stats.seats.Add(-1)
	}
	s.stats.seats.Add(1)
	e.peer.seat, e.peer.at = t, d
	s.announce(busSeat{Room: d.id, Role: t.role, Epoch: e.epoch, Fresh: fresh})
	if fresh {
		s.diary.note(clinic.Entry{ReservationID: reservation, At: clinic.Millis(s.now()), What: joined(t.role), By: party(t.role)})
	}
	s.acknowledged(d, t, told)
}

// refusalOf says an error as the client may hear it.
func refusalOf(err error) *refusal {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, clinic.ErrNotFound):
		return errForbidden
	default:
		return errUnavailable
	}
}
