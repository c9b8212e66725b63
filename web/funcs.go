package web

import (
	"fmt"
	"html/template"
	"math"
	"regexp"
	"strings"
	"time"
)

// funcsOf are the functions that templates call, bound to one language.
func funcsOf(lang string, words texts, files *assets) template.FuncMap {
	say := times{words}
	return template.FuncMap{
		"lang":     func() string { return lang },
		"t":        words.say,
		"static":   files.url,
		"icon":     icon,
		"dict":     dict,
		"wire":     func(at time.Time) string { return at.UTC().Format(wire) },
		"zonename": func(zone *time.Location) string { return in(time.Time{}, zone).Location().String() },
		"zone":     func(at time.Time, zone *time.Location) string { return say.zone(in(at, zone)) },
		"clock": func(at time.Time, zone *time.Location) template.HTML {
			return timeTag(at, say.clock(in(at, zone)))
		},
		"when": func(at time.Time, zone *time.Location, now time.Time) template.HTML {
			return timeTag(at, say.when(in(at, zone), now))
		},
		"pill": func(at time.Time, zone *time.Location) template.HTML {
			return timeTag(at, in(at, zone).Format("15:04"))
		},
		"moment": func(at time.Time, zone *time.Location, now time.Time) template.HTML {
			local := in(at, zone)
			return timeTag(at, say.day(local, now)+local.Format(" 15:04:05.000"))
		},
		"date": func(at time.Time, zone *time.Location) string { return in(at, zone).Format(time.DateOnly) },
		"say":  func(at time.Time, zone *time.Location) string { return say.clock(in(at, zone)) },
		"day": func(at time.Time, zone *time.Location, now time.Time) string {
			return say.day(in(at, zone), now)
		},
		"dayofyear": func(at time.Time, zone *time.Location) string {
			return say.date("time.date", in(at, zone))
		},
		"chosen": func(at time.Time, zone *time.Location, now time.Time) string {
			return words.must("booking.js_chosen", "when", say.when(in(at, zone), now))
		},
		"phone":    phone,
		"weekday":  say.weekday,
		"door":     say.doorOf,
		"field":    func(f Form, name string, pairs ...any) (fieldView, error) { return words.field(f, name, pairs) },
		"problem":  func(f Form) string { return words.problem(f.Code) },
		"timeline": func(what string) string { return words.first("timeline."+what, "timeline.other") },
		"status":   words.status,
		"texts":    func(prefixes ...string) map[string]string { return words.subset(prefixes) },
		"initial":  initial,
		"km":       km,
		"minutes":  minutes,
	}
}

func icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" aria-hidden="true"><use href="#i-` + template.HTMLEscapeString(name) + `"></use></svg>`)
}

func timeTag(at time.Time, words string) template.HTML {
	return template.HTML(`<time datetime="` + at.UTC().Format(wire) + `">` + template.HTMLEscapeString(words) + `</time>`)
}

func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: odd number of arguments")
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m, nil
}

// fieldView is one labelled control with its value and its error.
type fieldView struct {
	Name, ID, Label, Hint, Value, Error string
	Attr                                map[string]any
}

// Has says whether an attribute was given.
func (f fieldView) Has(name string) bool { _, ok := f.Attr[name]; return ok }

func (t texts) field(f Form, name string, pairs []any) (fieldView, error) {
	attr, err := dict(pairs...)
	if err != nil {
		return fieldView{}, err
	}
	label, err := t.say("field." + name)
	if err != nil {
		return fieldView{}, err
	}
	v := fieldView{
		Name: name, ID: "f-" + strings.ReplaceAll(name, ".", "-"),
		Label: label, Hint: t.first("hint." + name), Value: f.Value(name), Attr: attr,
	}
	if wrong := f.Wrong(name); wrong != nil {
		v.Error = t.first("problem."+name+"."+wrong.Code, "problem."+name, "problem."+wrong.Code, "problem.field")
	}
	return v, nil
}

// problem says an error of a form as a whole; empty for no code.
func (t texts) problem(code string) string {
	if code == "" {
		return ""
	}
	return t.first("problem."+code, "problem.form")
}

// status returns a text of an error page: part is title or words.
func (t texts) status(part string, status int) string {
	return t.first(fmt.Sprintf("error.%d_%s", status, part), "error.other_"+part)
}

// initial is the letter that stands in for a picture.
func initial(name string) string {
	for _, r := range name {
		return string(r)
	}
	return ""
}

// koreanMobile matches a Korean mobile number as it is kept.
var koreanMobile = regexp.MustCompile(`^(01\d)(\d{3,4})(\d{4})$`)

// phone writes a number in the groups that people read; one whose groups are not known stays as it is.
func phone(number string) string { return koreanMobile.ReplaceAllString(number, "$1-$2-$3") }

func km(distance float64) string {
	if distance < 10 {
		return fmt.Sprintf("%.1f", distance)
	}
	return fmt.Sprint(math.Round(distance))
}

// minutes is a duration rounded up to whole minutes, at least one.
func minutes(d time.Duration) int {
	return max(1, int((d+time.Minute-1)/time.Minute))
}
