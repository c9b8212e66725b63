package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Areas are the body areas a visit can be about, in the order the pages offer
// them.
var Areas = []string{"skin", "eye", "teeth", "joint", "other"}

// Filtered says whether any filter is in force.
func (p VetsPage) Filtered() bool {
	return p.Query != "" || p.Online || p.Area != "" || p.Near != ""
}

// With is the address of the same list with one filter set to value; an empty
// value takes it away. The cursor does not survive a changed filter.
func (p VetsPage) With(name, value string) string {
	q := url.Values{}
	for key, v := range map[string]string{"q": p.Query, "area": p.Area, "near": p.Near, "screening": p.Screening} {
		if v != "" {
			q.Set(key, v)
		}
	}
	if p.Online {
		q.Set("online", "true")
	}
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	if len(q) == 0 {
		return "/vets"
	}
	return "/vets?" + q.Encode()
}

// address is a vet's page.
func (v Vet) address() string { return "/vets/" + url.PathEscape(v.ID) }

// carry is what goes along from the list to a vet.
func (p VetsPage) carry() Carry { return Carry{Screening: p.Screening, Near: p.Near} }

// zone is the one in which the reader is told a vet's times: the own where it is known and another.
func (p VetsPage) zone(v Vet) *time.Location { return readersZone(v.Zone, p.Zone, v.NextFree) }

// nextAddress leads to the timetable with the next free time chosen.
func (p VetsPage) nextAddress(v Vet) string {
	return v.timesAddress(p.carry(), in(v.NextFree, p.zone(v)).Format(time.DateOnly), v.NextFree)
}

// timesAddress leads to a vet's timetable from a day on, with a time chosen.
func (v Vet) timesAddress(c Carry, from string, start time.Time) string {
	q := c.values()
	q.Set("from", from)
	q.Set("start", iso(start))
	return v.address() + "?" + q.Encode() + "#times"
}

// roomAddress leads into a room.
func roomAddress(id string) string { return "/room?" + url.Values{"id": {id}}.Encode() }

// address is a reservation's page.
func (r Reservation) address() string { return "/reservations/" + url.PathEscape(r.ID) }

// moveAddress leads to the timetable where another time can be chosen.
func (r Reservation) moveAddress() string {
	return r.Vet.address() + "?" + url.Values{"move": {r.ID}}.Encode() + "#times"
}

// action is where the timetable's form goes.
func (p VetPage) action() string {
	if p.Move != nil {
		return p.Move.address() + "/reschedule"
	}
	return p.Vet.address() + "/book"
}

// method is how the timetable's form goes there: to move is a change, to choose a time is none.
func (p VetPage) method() string {
	if p.Move != nil {
		return "post"
	}
	return "get"
}

// Week is the address of the same vet's timetable from another day, keeping
// the reservation that is being moved.
func (p VetPage) Week(from string) string {
	q := p.Carry.values()
	q.Set("from", from)
	if p.Move != nil {
		q.Set("move", p.Move.ID)
	}
	return p.Vet.address() + "?" + q.Encode() + "#times"
}

// zone is the one in which the week is drawn.
func (p VetPage) zone() *time.Location {
	if p.Zone != nil {
		return p.Zone
	}
	return p.Vet.Zone
}

// Shown counts the slots of the week that are not past, taken ones too.
func (p VetPage) Shown() int {
	n := 0
	for _, day := range p.Days {
		n += len(day.Ahead())
	}
	return n
}

// Free counts the free slots of the week shown.
func (p VetPage) Free() int {
	n := 0
	for _, day := range p.Days {
		n += day.Free()
	}
	return n
}

// Free counts the day's free slots.
func (d Day) Free() int {
	n := 0
	for _, slot := range d.Slots {
		if slot.State == "free" {
			n++
		}
	}
	return n
}

// Ahead are the slots that are not past.
func (d Day) Ahead() []Slot {
	return slices.DeleteFunc(slices.Clone(d.Slots), func(s Slot) bool { return s.State == "past" })
}

// FirstFree is the index of the first day with a free slot, 0 without one: the
// day that is in front on a phone.
func (p VetPage) FirstFree() int {
	for i, day := range p.Days {
		for _, slot := range day.Slots {
			if slot.State == "free" && (p.Form.Value("start") == "" || iso(slot.Start) == p.Form.Value("start")) {
				return i
			}
		}
	}
	return 0
}

// Chosen is the free slot that the form was filled in with, nil without one.
func (p VetPage) Chosen() *Slot {
	for _, day := range p.Days {
		for _, slot := range day.Slots {
			if slot.State == "free" && iso(slot.Start) == p.Form.Value("start") {
				return &slot
			}
		}
	}
	return nil
}

// Weekdays returns the days of an hours document, in order.
func (h Hours) Weekdays() []string {
	return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
}

// At is where the form shows an error of the hours document: weekly[3].from
// with the day of that row, weekly.thu, and exceptions[1].date with all of them.
func (h Hours) At(field string) string {
	list, rest, indexed := strings.Cut(field, "[")
	number, _, _ := strings.Cut(rest, "]")
	row, err := strconv.Atoi(number)
	if !indexed || list != "weekly" || err != nil || row < 0 || row >= len(h.Weekly) {
		return list
	}
	return list + "." + h.Weekly[row].Day
}

// Rows returns the stretches of a weekday and enough empty ones to add to it.
func (h Hours) Rows(day string) []HoursRow {
	var rows []HoursRow
	for _, row := range h.Weekly {
		if row.Day == day {
			rows = append(rows, row)
		}
	}
	rows = append(rows, HoursRow{Day: day})
	for len(rows) < 2 {
		rows = append(rows, HoursRow{Day: day})
	}
	return rows
}

// ExceptionRows returns the exceptions and two empty rows to add to them.
func (h Hours) ExceptionRows() []HoursException {
	return append(append([]HoursException{}, h.Exceptions...), HoursException{Closed: true}, HoursException{Closed: true})
}

// Switch is the address that changes the language and comes back.
func (l Layout) Switch(lang string) string {
	back := l.Path
	if back == "" {
		back = "/"
	}
	return "/lang/" + lang + "?" + url.Values{"to": {back}}.Encode()
}

// Signed says whether the page is somebody's own, so that its scripts keep the
// cookie alive.
func (l Layout) Signed() bool { return l.Owner || l.Vet != nil }

// Clock is the form of Now that the scripts read.
func (l Layout) Clock() string { return iso(l.Now) }

// Waits says whether the reservation can still be entered, now or later.
func (r Reservation) Waits() bool { return r.State == "confirmed" && r.Door.State != "closed" }

// Minutes is how long the reservation lasts.
func (r Reservation) Minutes() int { return int(r.End.Sub(r.Start) / time.Minute) }

// Steps are the minutes offered for a delay or an extension.
func (r Reservation) Steps() []int { return []int{5, 10, 15, 20, 30} }

// Fresh is the empty follow-up form: it is posted by a script, so nothing of
// it ever comes back here.
func (p VetDayPage) Fresh() Form {
	return Form{Values: map[string]string{"minutes": strconv.Itoa(max(5, p.SlotMinutes))}}
}

// Values is the form with the plain fields of Hours as its values.
func (p VetHoursPage) Values() Form {
	h := p.Hours
	return Form{Code: p.Form.Code, Errors: p.Form.Errors, Values: map[string]string{
		"time_zone": h.TimeZone, "slot_minutes": h.SlotMinutes, "buffer_minutes": h.BufferMinutes,
		"notice_minutes": h.NoticeMinutes, "horizon_days": h.HorizonDays,
		"cancel_cutoff_minutes": h.CancelCutoffMinutes,
	}}
}

// Back is where "try again" goes: the page that was asked for.
func (p ErrorPage) Back() string {
	if p.Path == "" {
		return "/"
	}
	return p.Path
}

// ofVet says that the vet looks at the page.
func (p RoomPage) ofVet() bool { return p.Reservation.Door.Seat == "vet" }
