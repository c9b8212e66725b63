package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"vetroom/clinic"
)

// hoursFlags are weekly hours on a command line.
type hoursFlags struct {
	Hours []string `sep:"none" placeholder:"DAYS=WINDOW" help:"Weekly hours, such as mon-fri=09:00-12:00,13:00-18:00; again for other days."`
	Slot  int      `default:"20" placeholder:"MINUTES" help:"Length of one consultation (${default})."`
}

func (f hoursFlags) hours() (clinic.Hours, error) {
	hours := clinic.DefaultHours()
	hours.SlotMinutes = f.Slot
	for _, text := range f.Hours {
		windows, err := parseHours(text)
		if err != nil {
			return hours, usageError{err}
		}
		hours.Weekly = append(hours.Weekly, windows...)
	}
	return hours, hours.Validate()
}

// weekdays begin with Monday, as people in Korea write a week.
var weekdays = []clinic.Day{1, 2, 3, 4, 5, 6, 0}

// parseHours reads weekly windows as people type them. Words are parted by commas: days (mon, tue-thu, daily), then
// "=" and a window (09:00-12:00), then further windows of the same days:
//
//	mon-fri=09:00-12:00,13:00-18:00
//	mon,wed,fri=09:00-12:00,sat=10:00-13:00
func parseHours(text string) ([]clinic.Window, error) {
	var p hoursParser
	for word := range strings.SplitSeq(text, ",") {
		if err := p.word(strings.TrimSpace(word)); err != nil {
			return nil, fmt.Errorf("hours %q: %w", text, err)
		}
	}
	if len(p.windows) == 0 || !p.said {
		return nil, fmt.Errorf("hours %q: want days and a window, such as mon-fri=09:00-18:00", text)
	}
	return p.windows, nil
}

// hoursParser gathers days until a window comes, and then windows for those days.
type hoursParser struct {
	days    []clinic.Day
	said    bool // the days have a window, so that a next day begins anew
	windows []clinic.Window
}

func (p *hoursParser) word(word string) error {
	days, window, both := strings.Cut(word, "=")
	switch {
	case both:
		if err := p.addDays(days); err != nil {
			return err
		}
		return p.addWindow(window)
	case strings.Contains(word, ":"):
		return p.addWindow(word)
	default:
		return p.addDays(word)
	}
}

func (p *hoursParser) addDays(text string) error {
	if p.said {
		p.days, p.said = nil, false
	}
	days, err := parseDays(text)
	p.days = append(p.days, days...)
	return err
}

func (p *hoursParser) addWindow(text string) error {
	if len(p.days) == 0 {
		return fmt.Errorf("%q has no days before it", text)
	}
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		return fmt.Errorf("%q is not a window such as 09:00-18:00", text)
	}
	w := clinic.Window{}
	if err := cmp.Or(w.From.UnmarshalText([]byte(from)), w.To.UnmarshalText([]byte(to))); err != nil {
		return err
	}
	for _, w.Day = range p.days {
		p.windows = append(p.windows, w)
	}
	p.said = true
	return nil
}

// parseDays reads "mon", "mon-fri", also across the week's end ("sat-mon"), and "daily".
func parseDays(text string) ([]clinic.Day, error) {
	text = strings.ToLower(text)
	if text == "daily" {
		return weekdays, nil
	}
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	var from, to clinic.Day
	if err := cmp.Or(from.UnmarshalText([]byte(first)), to.UnmarshalText([]byte(last))); err != nil {
		return nil, err
	}
	days := []clinic.Day{from}
	for d := from; d != to; {
		d = (d + 1) % 7
		days = append(days, d)
	}
	return days, nil
}

// hoursText says weekly windows in few words: days with the same windows stand together.
func hoursText(weekly []clinic.Window) string {
	var texts []string
	for i := 0; i < len(weekdays); {
		windows := windowsText(weekly, weekdays[i])
		last := i
		for last+1 < len(weekdays) && windowsText(weekly, weekdays[last+1]) == windows {
			last++
		}
		if windows != "" {
			texts = append(texts, daysText(i, last)+" "+windows)
		}
		i = last + 1
	}
	return strings.Join(texts, ", ")
}

func daysText(first, last int) string {
	switch {
	case first == last:
		return weekdays[first].String()
	case first == 0 && last == len(weekdays)-1:
		return "daily"
	}
	return weekdays[first].String() + "-" + weekdays[last].String()
}

func windowsText(weekly []clinic.Window, day clinic.Day) string {
	windows := slices.Clone(weekly)
	slices.SortFunc(windows, func(a, b clinic.Window) int { return int(a.From - b.From) })
	var texts []string
	for _, w := range windows {
		if w.Day == day {
			texts = append(texts, w.From.String()+"-"+w.To.String())
		}
	}
	return strings.Join(texts, "+")
}
