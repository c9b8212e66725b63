package web

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// status returns a text of an error page: part is title or words.
func (t texts) status(part string, status int) string {
	return t.first("error."+strconv.Itoa(status)+"_"+part, "error.other_"+part)
}

// area names a body area; no area is no words.
func (t texts) area(area string) string {
	if area == "" {
		return ""
	}
	return t.t("area." + area)
}

// areas names body areas in a row.
func (t texts) areas(areas []string) string {
	names := make([]string, len(areas))
	for i, area := range areas {
		names[i] = t.area(area)
	}
	return strings.Join(names, ", ")
}

// became says what has become of a reservation that can no longer be entered.
func (t texts) became(r Reservation) string {
	if r.State == "confirmed" {
		return t.t("door.closed")
	}
	return t.t("state." + r.State)
}

// happened says an entry of a timeline, with as many words of its detail, from the first on, as there is a text for.
func (t texts) happened(e Entry) string {
	key := "timeline." + e.What
	keys := []string{"timeline.other", key}
	for word := range strings.FieldsSeq(e.Detail) {
		key += "_" + word
		keys = append(keys, key)
	}
	slices.Reverse(keys)
	words := t.first(keys...)
	if e.By != "owner" && e.By != "vet" {
		return words
	}
	switch e.What { // either side does these, and finds what it finds
	case "quality":
		return t.t("timeline.side_"+e.By, "words", words)
	case "checked":
		return t.t("timeline.tried_"+e.By, "words", words)
	}
	return words
}

// telling leaves out of a timeline what only says again how the call goes for a side.
func telling(entries []Entry) []Entry {
	var all []Entry
	last := map[string]string{}
	for _, e := range entries {
		if e.What == "quality" {
			if before, said := last[e.By]; said && before == e.Detail {
				continue
			}
			last[e.By] = e.Detail
		}
		all = append(all, e)
	}
	return all
}

// dots joins what is there by middle dots.
func dots(parts ...string) string {
	var there []string
	for _, part := range parts {
		if part != "" {
			there = append(there, part)
		}
	}
	return strings.Join(there, " · ")
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
		return strconv.FormatFloat(distance, 'f', 1, 64)
	}
	return strconv.FormatFloat(math.Round(distance), 'f', 0, 64)
}

// minutes is a duration rounded up to whole minutes, at least one.
func minutes(d time.Duration) int {
	return max(1, int((d+time.Minute-1)/time.Minute))
}
