package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// wire is the contract's form of an instant; it also goes into <time datetime>.
const wire = "2006-01-02T15:04:05.000Z"

// times says instants as people do, in one language. static/js/times.js says
// the same words from the same texts.
type times struct{ texts }

// clock says a time of day: "오후 2시 30분", "2:30 pm".
func (t times) clock(at time.Time) string {
	half := "am"
	if at.Hour() >= 12 {
		half = "pm"
	}
	key := "time.minute_" + half
	if at.Minute() == 0 {
		key = "time.hour_" + half
	}
	return t.t(key, "h", (at.Hour()+11)%12+1, "m", at.Minute(), "mm", at.Format("04"))
}

// day says a local day as seen from now: today, tomorrow, yesterday, a date,
// and with the year where it is another.
func (t times) day(at, now time.Time) string {
	switch daysBetween(now.In(at.Location()), at) {
	case 0:
		return t.t("time.today")
	case 1:
		return t.t("time.tomorrow")
	case -1:
		return t.t("time.yesterday")
	}
	if at.Year() != now.In(at.Location()).Year() {
		return t.date("time.date_year", at)
	}
	return t.date("time.date", at)
}

// date says a date in the form of one of the texts time.date and time.date_year.
func (t times) date(key string, at time.Time) string {
	return t.t(key,
		"weekday", t.weekday(at), "day", at.Day(), "year", at.Year(),
		"month", t.t("time.month_"+strconv.Itoa(int(at.Month()))))
}

func (t times) weekday(at time.Time) string {
	return t.t("time.weekday_" + strconv.Itoa(int(at.Weekday())))
}

// when says day and time.
func (t times) when(at, now time.Time) string {
	return t.t("time.when", "day", t.day(at, now), "time", t.clock(at))
}

// zone names a time zone as of an instant: "한국 시간 (UTC+9)".
func (t times) zone(at time.Time) string {
	id := at.Location().String()
	name := t.first("time.zone_" + id)
	if name == "" {
		name = strings.ReplaceAll(id[strings.LastIndex(id, "/")+1:], "_", " ")
	}
	return t.t("time.zone", "name", name, "offset", offset(at))
}

func offset(at time.Time) string {
	_, seconds := at.Zone()
	sign, minutes := "+", seconds/60
	if minutes < 0 {
		sign, minutes = "−", -minutes
	}
	if minutes%60 == 0 {
		return fmt.Sprintf("UTC%s%d", sign, minutes/60)
	}
	return fmt.Sprintf("UTC%s%d:%02d", sign, minutes/60, minutes%60)
}

// daysBetween counts calendar days from a to b, both read in their own zones.
func daysBetween(a, b time.Time) int {
	ya, ma, da := a.Date()
	yb, mb, db := b.Date()
	from := time.Date(ya, ma, da, 0, 0, 0, 0, time.UTC)
	to := time.Date(yb, mb, db, 0, 0, 0, 0, time.UTC)
	return int(to.Sub(from) / (24 * time.Hour))
}

// iso is an instant as on the wire.
func iso(at time.Time) string { return at.UTC().Format(wire) }

// moment says day and time to the millisecond.
func (t times) moment(at, now time.Time) string {
	return t.day(at, now) + at.Format(" 15:04:05.000")
}

// dayOfYear says a date without its year.
func (t times) dayOfYear(at time.Time) string { return t.date("time.date", at) }

// in moves an instant into a zone; a nil zone means UTC.
func in(at time.Time, zone *time.Location) time.Time {
	if zone == nil {
		return at.UTC()
	}
	return at.In(zone)
}

// zoneName is a zone's IANA name; a nil zone is UTC.
func zoneName(zone *time.Location) string { return in(time.Time{}, zone).Location().String() }
