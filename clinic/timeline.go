package clinic

import (
	"slices"
	"time"
)

// EntryOf gives the timeline entry of a fact that is told as it is saved, and false for those that are not: the
// future ones, and those that only repeat another (a cancelled room, a moved one).
func EntryOf(e Event) (Entry, bool) {
	what := map[EventKind]What{
		BookingConfirmed:   WhatBooked,
		BookingRescheduled: WhatMoved,
		BookingCancelled:   WhatCancelled,
		BookingCompleted:   WhatCompleted,
		BookingNoShow:      WhatNoShow,
		RoomDelayed:        WhatDelayed,
		RoomExtended:       WhatExtended,
		RoomOpen:           WhatOpened,
		RoomClosed:         WhatClosed,
	}[e.Kind]
	if what == "" {
		return Entry{}, false
	}
	return Entry{ReservationID: e.Visit.Reservation.ID, At: e.Due, What: what, By: e.By}, true
}

// withClock adds what the clock alone did: the start came, the time was up. Oldest first.
func (v *View) withClock(entries []Entry) []Entry {
	add := func(at time.Time, what What) {
		entries = append(entries, Entry{ReservationID: v.Reservation.ID, At: at, What: what, By: BySchedule})
	}
	room := &v.Room
	opened := room.OpenedBy == BySchedule && !v.At.Before(room.OpensAt)
	if opened && (room.ClosedAt.IsZero() || !room.ClosedAt.Before(room.OpensAt)) {
		add(room.OpensAt, WhatDue)
	}
	if room.ClosedAt.IsZero() && !v.At.Before(room.ClosesAt) {
		add(room.ClosesAt, WhatClosed)
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.At.Compare(b.At) })
	return entries
}
