package clinic

import "time"

// Grace is how long a room stays open past the end of its reservation (contract §2).
const Grace = 5 * time.Minute

// Room is the door of one reservation.
type Room struct {
	ID             string
	ReservationID  string
	VetID          string
	OpensAt        time.Time  // UTC, the first instant at which a peer may enter
	ClosesAt       time.Time  // UTC, the first instant at which none may any more
	OpenedBy       Party      // ByVet if opened early, else BySchedule
	ClosedAt       time.Time  // zero unless closed before ClosesAt
	CloseReason    ReasonCode // why it was
	DelayedMinutes int        // as the vet announced; moves nothing
	Rev            int64      // compare-and-set

	Version      int64 // of the newest event that a change gave
	OpenVersion  int64 // of the opening ahead of that change, or 0
	CloseVersion int64 // of the closing ahead of that change, or 0
}

// RoomState is what a room is at an instant.
type RoomState string

// The states of a room.
const (
	RoomLocked RoomState = "locked"
	RoomOpened RoomState = "open"
	RoomShut   RoomState = "closed"
)

// StateAt computes the room's state: open if and only if it was not closed and OpensAt ≤ now < ClosesAt.
// A reservation that no longer stands has closed its room, so the room alone is enough.
func (r *Room) StateAt(now time.Time) RoomState {
	switch {
	case !r.ClosedAt.IsZero() || !now.Before(r.ClosesAt):
		return RoomShut
	case now.Before(r.OpensAt):
		return RoomLocked
	default:
		return RoomOpened
	}
}

// VersionAt gives the version of the room's newest event that is due by now: what a snapshot at now is worth.
func (r *Room) VersionAt(now time.Time) int64 {
	v := r.Version
	if !now.Before(r.OpensAt) {
		v = max(v, r.OpenVersion)
	}
	if !now.Before(r.ClosesAt) {
		v = max(v, r.CloseVersion)
	}
	return v
}

// Reason gives why the room is closed at now, or "".
func (r *Room) Reason(now time.Time) ReasonCode {
	switch {
	case !r.ClosedAt.IsZero():
		return r.CloseReason
	case !now.Before(r.ClosesAt):
		return ReasonEnded
	}
	return ""
}

// NextChange gives the next instant after now at which the state changes by itself, and false if there is none.
func (r *Room) NextChange(now time.Time) (time.Time, bool) {
	switch r.StateAt(now) {
	case RoomLocked:
		return r.OpensAt, true
	case RoomOpened:
		return r.ClosesAt, true
	}
	return time.Time{}, false
}

// closesAt gives when a visit's room closes: Grace after its end, but never past the vet's next start.
func closesAt(end, next time.Time) time.Time {
	if c := end.Add(Grace); next.IsZero() || next.After(c) {
		return c
	}
	if next.Before(end) {
		return end
	}
	return next
}

func (r *Room) close(reason ReasonCode, now time.Time) {
	r.ClosedAt, r.CloseReason = Millis(now), reason
}
