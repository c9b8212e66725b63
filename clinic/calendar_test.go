package clinic

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v.UTC()
}

func date(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestClockTimeOnDaysThatChangeTheClocks(t *testing.T) {
	berlin, santiago := zone(t, "Europe/Berlin"), zone(t, "America/Santiago")
	for _, c := range []struct {
		name, day, clock string
		zone             *time.Location
		first, last      string
	}{
		{"an ordinary time", "2026-12-01", "14:30", zone(t, "Asia/Seoul"), "2026-12-01T05:30:00Z", "2026-12-01T05:30:00Z"},
		{"the end of a day", "2026-12-01", "24:00", zone(t, "Asia/Seoul"), "2026-12-01T15:00:00Z", "2026-12-01T15:00:00Z"},
		{"skipped in spring: the change itself", "2027-03-28", "02:30", berlin, "2027-03-28T01:00:00Z", "2027-03-28T01:00:00Z"},
		{"just after the skipped hour", "2027-03-28", "03:00", berlin, "2027-03-28T01:00:00Z", "2027-03-28T01:00:00Z"},
		{"before the skipped hour", "2027-03-28", "01:55", berlin, "2027-03-28T00:55:00Z", "2027-03-28T00:55:00Z"},
		{"shown twice in autumn", "2026-10-25", "02:30", berlin, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
		{"after the hour shown twice", "2026-10-25", "03:00", berlin, "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},
		{"a midnight that does not exist", "2026-09-06", "00:00", santiago, "2026-09-06T04:00:00Z", "2026-09-06T04:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock, err := ParseClockTime(c.clock)
			if err != nil {
				t.Fatal(err)
			}
			if got := clock.First(date(t, c.day), c.zone); !got.Equal(at(t, c.first)) {
				t.Errorf("First = %v, want %v", got.UTC(), c.first)
			}
			if got := clock.Last(date(t, c.day), c.zone); !got.Equal(at(t, c.last)) {
				t.Errorf("Last = %v, want %v", got.UTC(), c.last)
			}
		})
	}
}

func TestTextThatIsNoDayOrTime(t *testing.T) {
	for _, s := range []string{"", "9:00", "09:60", "24:05", "25:00", "-1:00", "09:0a", "09-00", "09:000"} {
		if _, err := ParseClockTime(s); err == nil {
			t.Errorf("ParseClockTime(%q) was accepted", s)
		}
	}
	for _, s := range []string{"", "2026-02-29", "2026-13-01", "2026-1-1", "20261201", "2026-12-01T00:00:00Z"} {
		if _, err := ParseDate(s); err == nil {
			t.Errorf("ParseDate(%q) was accepted", s)
		}
	}
}

func FuzzClockTime(f *testing.F) {
	f.Add(2026, 300, 150, uint8(0))
	f.Add(2027, 87, 150, uint8(1))
	zones := []string{"Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"}
	f.Fuzz(func(t *testing.T, year, day, minute int, z uint8) {
		if year < 1990 || year > 2100 || day < 0 || day > 366 || minute < 0 || minute > 1440 {
			return // outside what a clinic can hold
		}
		loc := zone(t, zones[int(z)%len(zones)])
		d := Date{year, 1, 1}.AddDays(day)
		c := ClockTime(minute)
		first, last := c.First(d, loc), c.Last(d, loc)
		if last.Before(first) || last.Sub(first) > 2*time.Hour {
			t.Fatalf("%v on %v in %v: first %v, last %v", c, d, loc, first, last)
		}
		if minute < 1440 {
			if got := DateOf(first, loc); got != d {
				t.Fatalf("%v on %v in %v lies on %v", c, d, loc, got)
			}
		}
		if next := ClockTime(minute+5).First(d, loc); minute <= 1435 && next.Before(first) {
			t.Fatalf("five minutes later is earlier: %v, %v", first, next)
		}
	})
}
