package web

import (
	"slices"
	"time"
)

// noShowGrace is how long after the start a vet waits before the page offers to mark the owner as missing.
const noShowGrace = 5 * time.Minute

// NoShowFrom is the first instant at which the page offers to mark the visit as missed.
func (r Reservation) NoShowFrom() time.Time { return r.Start.Add(noShowGrace) }

// May says what the page offers of the vet's buttons; js/deskacts.js makes the same choice.
//
//	locked              open, delay, cancel
//	open                close, delay, extend, complete, cancel; no-show after a grace
//	closed, undecided   complete, no-show
func (r Reservation) May(act string, now time.Time) bool {
	if r.State != "confirmed" {
		return false
	}
	state := r.Door.State
	switch act {
	case "open":
		return state == "locked"
	case "close", "extend":
		return state == "open"
	case "delay", "cancel":
		return state != "closed"
	case "complete":
		return state != "locked"
	case "no-show":
		return state != "locked" && !now.Before(r.NoShowFrom())
	}
	return false
}

// First is the one act that the page puts in front; empty where there is none.
func (r Reservation) First() string {
	if r.State != "confirmed" {
		return ""
	}
	return map[string]string{"locked": "open", "open": "close", "closed": "complete"}[r.Door.State]
}

// Undecided says that a visit is over and nobody has said yet whether it took place.
func (r Reservation) Undecided() bool { return r.State == "confirmed" && r.Door.State == "closed" }

// chooseAddress is the day with this visit beside it.
func (r Reservation) chooseAddress() string { return "/vet?visit=" + r.ID }

// Chose says that this visit is the one beside the list.
func (p VetDayPage) Chose(r Reservation) bool {
	return p.Chosen != nil && p.Chosen.Reservation.ID == r.ID
}

// firstActs may stand in front, minuteActs take a number of minutes.
var firstActs, minuteActs = []string{"open", "close", "complete"}, []string{"delay", "extend"}

// Empty says that the row is only there to be filled in where no script can add one.
func (r HoursRow) Empty() bool { return r.From == "" && r.To == "" }

// Empty says that the row is only there to be filled in where no script can add one.
func (e HoursException) Empty() bool { return e.Date == "" && e.From == "" && e.To == "" }

// Works says that a weekday has times.
func (h Hours) Works(day string) bool {
	return slices.ContainsFunc(h.Weekly, func(r HoursRow) bool { return r.Day == day })
}
