package clinic

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hours say when a vet may be booked. Minutes and clock times are multiples of 5; clock times are local to the vet.
type Hours struct {
	SlotMinutes         int         `json:"slot_minutes"`          // length of one consultation, 5 to 180
	BufferMinutes       int         `json:"buffer_minutes"`        // free time between two slots
	NoticeMinutes       int         `json:"notice_minutes"`        // a slot can be booked until so long before it
	HorizonDays         int         `json:"horizon_days"`          // and from so many days before it
	CancelCutoffMinutes int         `json:"cancel_cutoff_minutes"` // an owner may cancel or move until so long before
	Weekly              []Window    `json:"weekly"`
	Exceptions          []Exception `json:"exceptions"`
}

// DefaultHours are the hours of a vet who has set none: nothing is offered.
func DefaultHours() Hours {
	return Hours{SlotMinutes: 20, HorizonDays: 30, CancelCutoffMinutes: 30, Weekly: []Window{}, Exceptions: []Exception{}}
}

// Window is one stretch of a weekday, from From up to To.
type Window struct {
	Day  Day       `json:"day"`
	From ClockTime `json:"from"`
	To   ClockTime `json:"to"`
}

// Exception replaces the weekly windows of one date: closed, or open from From to To. Several may name one date.
type Exception struct {
	Date   Date
	Closed bool
	From   ClockTime
	To     ClockTime
}

type exceptionJSON struct {
	Date   Date       `json:"date"`
	Closed bool       `json:"closed,omitempty"`
	From   *ClockTime `json:"from,omitempty"`
	To     *ClockTime `json:"to,omitempty"`
}

// MarshalJSON leaves the clock times of a closed day out.
func (e Exception) MarshalJSON() ([]byte, error) {
	j := exceptionJSON{Date: e.Date, Closed: e.Closed}
	if !e.Closed {
		j.From, j.To = &e.From, &e.To
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes and refuses unknown keys.
func (e *Exception) UnmarshalJSON(b []byte) error {
	var j exceptionJSON
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return err
	}
	*e = Exception{Date: j.Date, Closed: j.Closed}
	if j.From != nil {
		e.From = *j.From
	}
	if j.To != nil {
		e.To = *j.To
	}
	return nil
}

// Day is a day of the week as text: mon, tue, wed, thu, fri, sat, sun.
type Day time.Weekday

var dayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (d Day) String() string { return dayNames[d] }

// MarshalText writes "mon".
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads "mon".
func (d *Day) UnmarshalText(b []byte) error {
	i := slices.Index(dayNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("%q is not one of mon, tue, wed, thu, fri, sat, sun", b)
	}
	*d = Day(i)
	return nil
}

// Validate returns ErrInvalid naming every field that cannot be right.
func (h Hours) Validate() error {
	var p problems
	five := func(field string, v, low, high int) {
		p.check(v >= low && v <= high && v%5 == 0, field, "must be a multiple of 5 from %d to %d", low, high)
	}
	five("slot_minutes", h.SlotMinutes, 5, 180)
	five("buffer_minutes", h.BufferMinutes, 0, 240)
	five("notice_minutes", h.NoticeMinutes, 0, 7*24*60)
	five("cancel_cutoff_minutes", h.CancelCutoffMinutes, 0, 7*24*60)
	p.check(h.HorizonDays >= 1 && h.HorizonDays <= 366, "horizon_days", "must be from 1 to 366")
	p.check(len(h.Weekly) <= 100, "weekly", "must be at most 100 windows")
	p.check(len(h.Exceptions) <= 1000, "exceptions", "must be at most 1000")
	for i, w := range h.Weekly {
		checkWindow(&p, fmt.Sprintf("weekly[%d]", i), w.From, w.To)
		for j, o := range h.Weekly[:i] {
			p.check(o.Day != w.Day || w.To <= o.From || o.To <= w.From, fmt.Sprintf("weekly[%d]", i), "overlaps weekly[%d]", j)
		}
	}
	h.validateExceptions(&p)
	return p.err()
}

func (h Hours) validateExceptions(p *problems) {
	for i, e := range h.Exceptions {
		field := fmt.Sprintf("exceptions[%d]", i)
		p.check(!e.Date.IsZero(), field+".date", "is missing")
		if e.Closed {
			p.check(e.From == 0 && e.To == 0, field, "is closed, so it cannot have from and to")
		} else {
			checkWindow(p, field, e.From, e.To)
		}
		for j, o := range h.Exceptions[:i] {
			clash := o.Date == e.Date && (o.Closed || e.Closed || (e.From < o.To && o.From < e.To))
			p.check(!clash, field, "contradicts exceptions[%d]", j)
		}
	}
}

func checkWindow(p *problems, field string, from, to ClockTime) {
	p.check(from%5 == 0 && to%5 == 0, field, "must begin and end at multiples of 5 minutes")
	p.check(from >= 0 && from < to && to <= 24*60, field, "must end after it begins, by 24:00")
}

// openings gives the stretches of day d in zone as instants, in order.
func (h Hours) openings(d Date, zone *time.Location) []Span {
	var spans []Span
	add := func(from, to ClockTime) {
		if s := (Span{from.First(d, zone), to.Last(d, zone)}); s.Start.Before(s.End) {
			spans = append(spans, s)
		}
	}
	special := false
	for _, e := range h.Exceptions {
		if e.Date == d {
			special = true
			if !e.Closed {
				add(e.From, e.To)
			}
		}
	}
	for _, w := range h.Weekly {
		if !special && time.Weekday(w.Day) == d.Weekday() {
			add(w.From, w.To)
		}
	}
	slices.SortFunc(spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
	return spans
}

// slot is the length of one consultation.
func (h Hours) slot() time.Duration { return time.Duration(h.SlotMinutes) * time.Minute }

// grid gives every slot of day d, free or not, in order.
func (h Hours) grid(d Date, zone *time.Location) []Span {
	length := h.slot()
	step := length + time.Duration(h.BufferMinutes)*time.Minute
	if length <= 0 {
		return nil
	}
	var slots []Span
	for _, o := range h.openings(d, zone) {
		for t := o.Start; !t.Add(length).After(o.End); t = t.Add(step) {
			slots = append(slots, Span{t, t.Add(length)})
		}
	}
	return slots
}
