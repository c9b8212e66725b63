package clinic

import (
	"fmt"
	"time"
)

// Date is a calendar day, local to some vet's zone; as text "2026-12-25".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf gives the day of t in zone.
func DateOf(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date{y, m, d}
}

// ParseDate reads "2026-12-25" and refuses days that do not exist.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a day like 2026-12-25", s)
	}
	return DateOf(t, time.UTC), nil
}

// AddDays gives the day n days on.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC), time.UTC)
}

// Before tells whether d comes before o.
func (d Date) Before(o Date) bool { return d.ordinal() < o.ordinal() }

// After tells whether d comes after o.
func (d Date) After(o Date) bool { return o.Before(d) }

// IsZero tells whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// Weekday of d.
func (d Date) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Weekday()
}

func (d Date) ordinal() int { return (d.Year*100+int(d.Month))*100 + d.Day }

func (d Date) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// MarshalText writes "2026-12-25", and nothing for the zero Date.
func (d Date) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (d *Date) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	*d, err = ParseDate(string(b))
	return err
}

// ClockTime is a wall-clock time in minutes after midnight, 0 to 1440; as text "09:00", and "24:00" ends a day.
type ClockTime int

// ParseClockTime reads "09:00".
func ParseClockTime(s string) (ClockTime, error) {
	if len(s) != 5 || s[2] != ':' || !digits(s[:2]) || !digits(s[3:]) {
		return 0, fmt.Errorf("%q is not a time like 09:00", s)
	}
	h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	if m > 59 || h*60+m > 24*60 {
		return 0, fmt.Errorf("%q is not a time between 00:00 and 24:00", s)
	}
	return ClockTime(h*60 + m), nil
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func (c ClockTime) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// MarshalText writes "09:00".
func (c ClockTime) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads "09:00".
func (c *ClockTime) UnmarshalText(b []byte) (err error) {
	*c, err = ParseClockTime(string(b))
	return err
}

// First gives the instant at which the clocks of zone first show c on day d. A time that a zone's change skips is the
// instant of that change.
func (c ClockTime) First(d Date, zone *time.Location) time.Time {
	before, after, ok := c.candidates(d, zone)
	if !ok {
		return before
	}
	if before.Before(after) {
		return before
	}
	return after
}

// Last is First, but the later of the two instants where the clocks show c twice.
func (c ClockTime) Last(d Date, zone *time.Location) time.Time {
	before, after, ok := c.candidates(d, zone)
	if !ok || before.After(after) {
		return before
	}
	return after
}

// candidates gives the instants that show c on d by the offsets in force a day before and a day after. ok is false
// where no instant does: then the first result is the instant of the change that skips it.
func (c ClockTime) candidates(d Date, zone *time.Location) (before, after time.Time, ok bool) {
	wall := time.Date(d.Year, d.Month, d.Day, 0, int(c), 0, 0, time.UTC)
	at := func(probe time.Time) (time.Time, bool) {
		_, offset := probe.In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		_, real := t.In(zone).Zone()
		return t, real == offset
	}
	before, okBefore := at(wall.Add(-24 * time.Hour))
	after, okAfter := at(wall.Add(24 * time.Hour))
	switch {
	case okBefore && okAfter:
		return before, after, true
	case okBefore:
		return before, before, true
	case okAfter:
		return after, after, true
	}
	change, _ := before.In(zone).ZoneBounds()
	return change.UTC(), change.UTC(), false
}
