package main

import (
	"fmt"
	"slices"
	"strings"

	"vetroom/clinic"
)

// permitFlags are one permit on a command line.
type permitFlags struct {
	Permit       string      `placeholder:"NO" help:"Number of a permit to see animals by video."`
	Areas        []string    `placeholder:"AREA" help:"Body areas that it covers: skin, eye, teeth, joint, other."`
	From         clinic.Date `placeholder:"DATE" help:"Its first day, such as 2026-01-01."`
	Until        clinic.Date `placeholder:"DATE" help:"Its last day."`
	FollowUpOnly bool        `help:"It covers only follow-ups of a first visit in person."`
}

// permit gives the permit, or nil where none was named.
func (f permitFlags) permit() (*clinic.Permit, error) {
	if f.Permit == "" {
		if len(f.Areas) > 0 || !f.From.IsZero() || !f.Until.IsZero() || f.FollowUpOnly {
			return nil, usage("--areas, --from, --until and --follow-up-only say what a permit covers: name it with --permit")
		}
		return nil, nil
	}
	if len(f.Areas) == 0 || f.From.IsZero() || f.Until.IsZero() {
		return nil, usage("--permit %s: say what it covers with --areas, --from and --until", f.Permit)
	}
	p := &clinic.Permit{Number: f.Permit, FollowUpOnly: f.FollowUpOnly, ValidFrom: f.From, ValidUntil: f.Until}
	for _, area := range f.Areas {
		if a := clinic.Area(strings.ToLower(strings.TrimSpace(area))); !slices.Contains(p.Areas, a) {
			p.Areas = append(p.Areas, a)
		}
	}
	return p, p.Validate()
}

// permitText says a permit in one line.
func permitText(p clinic.Permit) string {
	areas := make([]string, len(p.Areas))
	for i, a := range p.Areas {
		areas[i] = string(a)
	}
	text := fmt.Sprintf("%s %s %s..%s", p.Number, strings.Join(areas, "+"), p.ValidFrom, p.ValidUntil)
	if p.FollowUpOnly {
		text += " follow-ups"
	}
	return text
}

func permitsText(permits []clinic.Permit) string {
	texts := make([]string, len(permits))
	for i, p := range permits {
		texts[i] = permitText(p)
	}
	return strings.Join(texts, "; ")
}
