package web

import (
	"strings"

	"vetroom/clinic"
)

// FindingLabel names a finding in a language of Languages: "Scale or collarette".
func (w *Web) FindingLabel(lang string, code clinic.FindingCode) string {
	return w.say(lang).must("finding." + string(code))
}

// ScreeningAdvice says in a language what to do next about a screening: what kind of result it is, what follows from it,
// and what a better photo would have. It never names an illness.
func (w *Web) ScreeningAdvice(lang string, s *clinic.Screening) string {
	words := w.say(lang)
	var said []string
	switch {
	case s.State == clinic.ScreeningQueued:
		said = append(said, words.must("advice.queued"))
	case s.State == clinic.ScreeningFailed:
		said = append(said, words.must("advice.failed"))
	default:
		if s.Untrained() {
			said = append(said, words.must("advice.untrained"))
		}
		said = append(said, words.must(nextStep(s.Top())))
	}
	for _, note := range s.Quality.Notes {
		said = append(said, words.must("advice."+string(note)))
	}
	return strings.Join(said, " ")
}

// nextStep is the text of what follows from the surest finding.
func nextStep(top clinic.FindingCode) string {
	switch top {
	case clinic.FindingNone:
		return "advice.none"
	case clinic.FindingErosion, clinic.FindingNodule:
		return "advice.soon"
	}
	return "advice.found"
}
