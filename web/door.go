package web

import "time"

// soonBefore is how long before its opening a door counts down.
const soonBefore = 10 * time.Minute

// doorView is a Door in words: what the template door draws and what door.js
// finds there and keeps.
type doorView struct {
	Door
	ReservationID string
	View          string // locked, soon, waiting, open, late or closed
	Icon          string
	Words         string
	Left          string // until when it is open; the countdown is the script's
	Starts        string // of the reservation, as on the wire
	Opens, Closes string
	Zone          string // IANA name
	Waiting       bool   // seen from inside the waiting room
}

var doorIcons = map[string]string{
	"locked":  "lock",
	"soon":    "hourglass",
	"waiting": "hourglass",
	"open":    "door-open",
	"late":    "clock-alert",
	"closed":  "circle-check",
}

func (t times) doorOf(r Reservation, now time.Time, waiting bool) doorView {
	d := doorView{
		Door: r.Door, ReservationID: r.ID, Waiting: waiting,
		Starts: iso(r.Start), Opens: iso(r.Door.OpensAt), Closes: iso(r.Door.ClosesAt),
		Zone: zoneName(r.Zone),
	}
	d.View = d.viewAt(now)
	d.Icon = doorIcons[d.View]
	d.Words = t.doorWords(d, in(d.OpensAt, r.Zone), now)
	if d.State == "open" {
		d.Left = t.t("door.until", "time", t.clock(in(d.ClosesAt, r.Zone)))
	}
	return d
}

func (d doorView) viewAt(now time.Time) string {
	switch {
	case d.State == "closed":
		return "closed"
	case d.lateMinutes() > 0:
		return "late"
	case d.State == "open":
		return "open"
	case d.Waiting:
		return "waiting"
	case d.OpensAt.Sub(now) <= soonBefore:
		return "soon"
	}
	return "locked"
}

func (t times) doorWords(d doorView, opens, now time.Time) string {
	switch d.View {
	case "closed":
		return t.first("door.closed_"+d.Reason, "door.closed")
	case "late":
		if d.State == "open" {
			return t.t("door.late_open", "n", d.DelayedMinutes)
		}
		return t.t("door.late", "n", d.DelayedMinutes)
	case "open":
		return t.t("door.open")
	case "waiting":
		return t.t("door.waiting_" + d.Seat + "_absent")
	case "soon":
		return t.t("door.soon", "when", t.when(opens, now))
	}
	if days := daysBetween(now.In(opens.Location()), opens); days >= 2 {
		return t.t("door.locked_days", "n", days, "when", t.when(opens, now))
	}
	return t.t("door.locked", "when", t.when(opens, now))
}
