package signaling

import (
	"sync"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// overdueAfter is how long past the instant of its opening or closing a door waits for the event before it asks.
const overdueAfter = 2 * time.Second

// door is what this process knows of one room that somebody here joined or watches.
type door struct {
	srv  *Server
	id   string
	refs int // guarded by the hub's mutex

	mu sync.Mutex // guards what follows; taken before a line's
	// room is the row as last read, or as an event told it. asOf is the instant up to which it is vouched for; zero
	// while nothing is known.
	room     clinic.Room
	asOf     time.Time
	told     shown
	seats    [2]*seat // here; by seatIndex
	far      [2]farSeat
	watchers map[*peer]clinic.Role // by whose right
	early    [2][]relayed          // signals for a seat here, from a process that opened before this one
	// connected is whether the timeline heard that these two were.
	connected bool
}

// shown is what of a room its watchers were last told.
type shown struct {
	state         clinic.RoomState
	version       int64
	opens, closes int64 // Unix milliseconds
	reason        clinic.ReasonCode
}

// farSeat is a seat that another process has; epoch 0 is none.
type farSeat struct {
	node  string
	epoch int64
}

func seatIndex(r clinic.Role) int {
	if r == clinic.RoleVet {
		return 1
	}
	return 0
}

var roles = [2]clinic.Role{clinic.RoleOwner, clinic.RoleVet}

// stateAt is the room at the last vouched instant, and never later than now: the own clock has the last word.
func (d *door) stateAt(now time.Time) clinic.RoomState {
	return d.room.StateAt(earlier(d.asOf, now))
}

// passable says whether a signal may pass now, or why not. It closes by the own clock alone, which is the safe side.
func (d *door) passable(now time.Time) *refusal {
	switch {
	case d.stateAt(now) == clinic.RoomShut || d.room.StateAt(now) == clinic.RoomShut:
		return errRoomClosed
	case d.stateAt(now) == clinic.RoomLocked:
		return errRoomLocked
	}
	return nil
}

// version is that of what the door shows.
func (d *door) version() int64 { return d.room.VersionAt(d.asOf) }

func (d *door) known() bool { return !d.asOf.IsZero() }

// learn takes a row that was read at an instant, unless something newer is known. It gives a seat that this took away.
func (d *door) learn(room *clinic.Room, at time.Time) (gone *seat) {
	if d.known() && room.VersionAt(at) < d.version() {
		return nil
	}
	former := d.room.VetID
	d.room = *room
	d.asOf = later(d.asOf, at)
	return d.goOver(former)
}

// hear takes an event whose instant has come, unless it is old. It gives a seat that this took away.
func (d *door) hear(e *events.Decoded) (gone *seat) {
	at := dueOf(e)
	switch {
	case d.known() && e.Room.Version <= d.version():
	case d.known() && d.foretold(e.Room, at):
		d.asOf = later(d.asOf, at)
	default:
		former := d.room.VetID
		d.room = roomOf(e, d.room)
		d.asOf = later(d.asOf, at)
		return d.goOver(former)
	}
	return nil
}

// foretold tells whether the event is the one that the row had ahead for this instant: then the row stands as it is.
func (d *door) foretold(e *events.Room, at time.Time) bool {
	return e.Version == d.room.VersionAt(at) && e.OpensAt.Equal(d.room.OpensAt) && e.ClosesAt.Equal(d.room.ClosesAt)
}

// roomOf makes the room that an event tells of. Its Rev is unknown, so that the next sweep reads the row.
func roomOf(e *events.Decoded, before clinic.Room) clinic.Room {
	r := clinic.Room{
		ID: e.Room.RoomID, ReservationID: e.Room.ReservationID, VetID: e.Room.VetID,
		OpensAt: e.Room.OpensAt.Time, ClosesAt: e.Room.ClosesAt.Time,
		OpenedBy: before.OpenedBy, DelayedMinutes: e.Room.DelayedMinutes, Version: e.Room.Version,
		Rev: unknownRev,
	}
	switch {
	case e.Kind == clinic.RoomOpen:
		r.OpenedBy = e.Room.OpenedBy
	case e.Kind == clinic.RoomClosed && e.Time.Before(r.ClosesAt):
		r.ClosedAt, r.CloseReason = e.Time, e.Room.Reason
	}
	return r
}

const unknownRev = -1

// dueOf is the instant from which an event is true. An opening is never before its opens_at, whenever it is told.
func dueOf(e *events.Decoded) time.Time {
	if e.Kind == clinic.RoomOpen {
		return later(e.Time, e.Room.OpensAt.Time)
	}
	return e.Time
}

// overdue tells whether the clock should have changed the door by the given time before now, and nobody vouched for it.
func (d *door) overdue(now time.Time, by time.Duration) bool {
	if !d.known() {
		return true
	}
	change, ok := d.room.NextChange(d.asOf)
	return ok && !now.Before(change.Add(by))
}

// tell sends everybody here what has changed since they were told, if anything.
func (d *door) tell(now time.Time) {
	is := d.shows(now)
	if !d.known() || is == d.told {
		return
	}
	opened := is.state == clinic.RoomOpened && d.told.state != clinic.RoomOpened
	d.told = is
	shared := d.frame(now)
	for p, role := range d.watchers {
		p.send(d.frameFor(role, shared, is.state))
	}
	for _, s := range d.seats {
		if s != nil {
			d.tellSeat(s, shared, is.state)
		}
	}
	if opened {
		d.srv.stats.opened.Add(1)
		d.passEarly()
	}
}

func (d *door) shows(now time.Time) shown {
	return shown{
		state: d.stateAt(now), version: d.version(), reason: d.room.Reason(earlier(d.asOf, now)),
		opens: d.room.OpensAt.UnixMilli(), closes: d.room.ClosesAt.UnixMilli(),
	}
}

// frame is what everybody is told alike: encoded once, however many they are.
func (d *door) frame(now time.Time) []byte {
	is := d.shows(now)
	f := RoomFrame{
		Type: "room", Room: d.id, State: is.state, Version: is.version, Reason: is.reason,
		OpensAt: events.Time{Time: d.room.OpensAt}, ClosesAt: events.Time{Time: d.room.ClosesAt}, Now: events.Time{Time: now},
	}
	return f.encode()
}

// frameFor is the frame for who watches by the right of a role: a vet's tells where the owner is, since a vet sees from
// the own page who waits at which door.
func (d *door) frameFor(role clinic.Role, shared []byte, state clinic.RoomState) []byte {
	if role != clinic.RoleVet {
		return shared
	}
	return withPeer(shared, d.peerOf(role, state))
}

// tellWatching tells the vet who watches the door that the owner came or went.
func (d *door) tellWatching(now time.Time) {
	var frame []byte
	for p, role := range d.watchers {
		if role != clinic.RoleVet {
			continue
		}
		if frame == nil {
			frame = d.frameFor(role, d.frame(now), d.stateAt(now))
		}
		p.send(frame)
	}
}

// tellSeat sends a seat the room, with what is its own.
func (d *door) tellSeat(s *seat, shared []byte, state clinic.RoomState) {
	own := SeatFrame{
		Role: s.role, Peer: d.peerOf(s.role, state), Polite: s.role == clinic.RoleOwner,
		Resume: s.token(d), Resumed: s.resumed,
	}
	m := plain
	if state == clinic.RoomOpened {
		m = opening
		if own.ICEServers = d.srv.cfg.ICE(d.id, s.role, d.room.ClosesAt); own.ICEServers == nil {
			own.ICEServers = []ICEServer{}
		}
	}
	s.peerTold = own.Peer
	s.line.send(own.with(shared), m)
}

// peerOf is what the seat across is to the role.
func (d *door) peerOf(role clinic.Role, state clinic.RoomState) PeerState {
	across := seatIndex(role.Other())
	switch {
	case d.seats[across] == nil && d.far[across].epoch == 0:
		return PeerAbsent
	case state == clinic.RoomOpened:
		return PeerPresent
	default:
		return PeerWaiting
	}
}

// tellPeer tells the seat across from role that role came or went; again, if it is another browser that came.
func (d *door) tellPeer(role clinic.Role, again bool) {
	if role == clinic.RoleOwner {
		d.tellWatching(d.srv.now())
	}
	s := d.seats[seatIndex(role.Other())]
	if s == nil {
		return
	}
	state := d.peerOf(s.role, d.stateAt(d.srv.now()))
	if state == s.peerTold && !again {
		return
	}
	s.peerTold = state
	s.line.send(encode(PeerFrame{"peer", state}), plain)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
