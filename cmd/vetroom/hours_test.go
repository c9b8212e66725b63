package main

import (
	"strings"
	"testing"
)

func TestHours(t *testing.T) {
	for _, test := range []struct{ given, said string }{
		{"mon-fri=09:00-18:00", "mon-fri 09:00-18:00"},
		{"mon,wed,fri=09:00-12:00", "mon 09:00-12:00, wed 09:00-12:00, fri 09:00-12:00"},
		{"mon-fri=09:00-12:00,13:00-18:00", "mon-fri 09:00-12:00+13:00-18:00"},
		{"mon-fri=13:00-18:00,09:00-12:00", "mon-fri 09:00-12:00+13:00-18:00"},
		{"mon-fri=09:00-18:00,sat=10:00-13:00", "mon-fri 09:00-18:00, sat 10:00-13:00"},
		{"daily=00:00-24:00", "daily 00:00-24:00"},
		{"mon-sun=00:00-24:00", "daily 00:00-24:00"},
		{"sat-mon=10:00-12:00", "mon 10:00-12:00, sat-sun 10:00-12:00"},
		{"Mon, TUE=10:00-12:00", "mon-tue 10:00-12:00"},
	} {
		windows, err := parseHours(test.given)
		if err != nil {
			t.Errorf("%q: %v", test.given, err)
		} else if said := hoursText(windows); said != test.said {
			t.Errorf("%q is %q, want %q", test.given, said, test.said)
		}
	}
}

func TestHoursRefused(t *testing.T) {
	for _, given := range []string{
		"", "=", "mon", "mon=", "mon,tue", "=09:00-10:00", "09:00-10:00", "mon=9-10", "mon=09:00", "funday=09:00-10:00",
		"mon-=09:00-10:00", "mon=09:00-10:00,tue", "mon=09:00-25:00", "mon=09:00-10:00=11:00-12:00", "mon,,tue=09:00-10:00", "mon=09:00-10:00,=11:00-12:00",
	} {
		if windows, err := parseHours(given); err == nil {
			t.Errorf("%q was read as %v", given, windows)
		} else if !strings.Contains(err.Error(), "hours") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %q does not say in one line what it is about", given, err)
		}
	}
}
