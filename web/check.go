package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"vetroom/clinic"
)

// CheckPage is "/check": a photo of skin to be sent.
type CheckPage struct {
	Layout
	// Form carries what was wrong: too_large, unsupported_type, heic, unreadable_image, rate_limited, unavailable,
	// malformed or invalid. A photo that was chosen cannot be shown again.
	Form Form
	// RetryAfter is said for rate_limited and unavailable; zero says "in a moment".
	RetryAfter time.Duration
}

// ScreeningPage is "/check/{id}": what was seen in a photo.
type ScreeningPage struct {
	Layout
	// Screening is nil if there is nothing that the caller may see: it was never there, was forgotten, or belongs to a
	// session that has ended or is another's.
	Screening *clinic.Screening
}

// BodyParts are the parts of a body that the form offers, in its order. A screening names one of them, or whatever
// else a client of the API wrote.
var BodyParts = []string{"face", "ear", "neck", "belly", "back", "leg", "paw", "tail"}

// bodyPart names a part of the body: one of BodyParts in the page's language, any other as it was written.
func (t texts) bodyPart(part string) string {
	if slices.Contains(BodyParts, part) {
		return t.t("part." + part)
	}
	return part
}

// finding is one bar of a result.
type finding struct {
	Code   clinic.FindingCode
	Label  string
	Amount string // in words
	Width  string // of the bar, in per cent of its track
}

// From which score on what is said of a finding.
const (
	seenMuch = 0.6
	seenSome = 0.3
)

// findings are the bars of a result, the surest first. That nothing was found is said only where it is the surest: below
// something that was seen it would be a contradiction.
func (t texts) findings(s *clinic.Screening) []finding {
	var bars []finding
	for i, f := range s.Findings {
		if f.Code == clinic.FindingNone && i > 0 {
			continue
		}
		bars = append(bars, finding{
			Code: f.Code, Label: t.t("finding." + string(f.Code)), Amount: t.amount(f),
			Width: strconv.Itoa(int(min(1, max(0, f.Score))*100+0.5)) + "%",
		})
	}
	return bars
}

func (t texts) amount(f clinic.Finding) string {
	family := "result.seen_"
	if f.Code == clinic.FindingNone {
		family = "result.none_"
	}
	switch {
	case f.Score >= seenMuch:
		return t.t(family + "much")
	case f.Score >= seenSome:
		return t.t(family + "some")
	}
	return t.t(family + "little")
}

// photo is where a screening's photo is.
func photo(s *clinic.Screening) string { return "/api/v1/screenings/" + s.ID + "/photo" }

// state is what the page shows: queued, done, failed or gone.
func (page ScreeningPage) state() string {
	if page.Screening == nil {
		return "gone"
	}
	return string(page.Screening.State)
}

// seconds is a duration rounded up to whole seconds, at least one.
func seconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }

// withPhoto is an address to which a screening is taken along.
func withPhoto(address string, s *clinic.Screening) string {
	sign := "?"
	if strings.Contains(address, "?") {
		sign = "&"
	}
	return address + sign + "screening=" + url.QueryEscape(s.ID)
}
