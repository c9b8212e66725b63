// Package signaling is the socket of the contract's §3: doors that are watched and waited at, seats in rooms, and the
// way of a description, a candidate or a word from one seat to the other. [Server] is GET /ws; protocol.go is the whole
// protocol on one page.
//
//	events ──▶ follower ──▶ door ──▶ watchers ──▶ peer ──▶ socket
//	database ─▶ sweeps  ──▶  │  ───▶ seat ─▶ line ─▶ peer ─▶ socket
//	                         │                 ▲
//	other processes ◀─ bus ──┴── relay ────────┘
//
// A door is what this process knows of one room that somebody here joined or watches: the row as last read or told,
// and the instant up to which that is vouched for (by a read, or by an event). What a door shows is
// [clinic.Room.StateAt] that instant, and never later than the own clock: so a lost event, a stale one, one that comes
// early and a broker that is dead all end in the same state, some at once and some within the sweep.
//
// A seat is a role taken in a room. Its line numbers what it is told and keeps it until the browser acknowledges it,
// so that a socket that comes back within [Patience] misses nothing. A peer is one socket: one goroutine reads it, and
// one writes to it only while there is something to write.
//
// # Locks
//
// Each guards what its type says, none is held across I/O, and they are taken in this order: hub, door, line, peer.
// To send is to put into a bounded queue; a full one closes its socket.
package signaling
