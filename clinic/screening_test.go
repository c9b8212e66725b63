package clinic

import (
	"errors"
	"strings"
	"testing"
)

func queuedScreening(t *testing.T) *Screening {
	t.Helper()
	s, facts, err := NewScreening("s", "session", "배", Quality{}, at(t, "2026-12-01T00:00:00Z"))
	if err != nil || len(facts) != 1 || facts[0].Kind != AIRequested || facts[0].Screening.State != ScreeningQueued {
		t.Fatalf("%v, %v", facts, err)
	}
	return s
}

func TestNewScreening(t *testing.T) {
	if s := queuedScreening(t); s.Quality.Notes == nil || s.Top() != FindingNone || s.Untrained() {
		t.Errorf("%+v", s)
	}
	for _, part := range []string{strings.Repeat("배", MaxBodyPart+1), "a\x00b"} {
		if _, _, err := NewScreening("s", "session", part, Quality{}, at(t, "2026-12-01T00:00:00Z")); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", part, err)
		}
	}
}

func TestTheFirstResultCounts(t *testing.T) {
	s, now := queuedScreening(t), at(t, "2026-12-01T00:00:05.0009Z")
	given := []Finding{{FindingNone, 0.1}, {FindingScale, 0.9}, {FindingPapule, 0.9}}
	facts := s.Finish("baseline@1", given, now)
	if len(facts) != 1 || facts[0].Kind != AIResult || s.State != ScreeningDone || s.Top() != FindingScale || !s.Untrained() || !s.EndedAt.Equal(Millis(now)) {
		t.Fatalf("%+v, %+v", facts, s)
	}
	given[1].Score = 0
	s.Findings[2].Score = 0
	if f := facts[0].Screening.Findings; f[0].Score != 0.9 || f[2].Score != 0.1 {
		t.Errorf("the fact changed with the screening: %v", f)
	}
	if again := append(s.Finish("other@1", nil, now), s.Fail(ReasonUnavailable, now)...); len(again) != 0 || s.Model != "baseline@1" {
		t.Errorf("again: %v, %+v", again, s)
	}
	failed := queuedScreening(t)
	if facts := failed.Fail(ReasonRefused, now); len(facts) != 1 || facts[0].Kind != AIFailed || facts[0].Reason != ReasonRefused {
		t.Errorf("failed: %v", facts)
	}
	if late := failed.Finish("late@1", nil, now); len(late) != 0 || failed.State != ScreeningFailed {
		t.Errorf("finished after it failed: %v", late)
	}
}

func TestJudge(t *testing.T) {
	s, now := queuedScreening(t), at(t, "2026-12-01T00:00:05Z")
	if _, err := s.Judge(Review{VetID: "v", Agrees: true}, now); !errors.Is(err, ErrNotScreened) {
		t.Errorf("before the result: %v", err)
	}
	s.Finish("m@1", []Finding{{FindingScale, 1}}, now)
	if _, err := s.Judge(Review{VetID: "v", Finding: "A8"}, now); !errors.Is(err, ErrInvalid) {
		t.Errorf("an unknown finding: %v", err)
	}
	for _, test := range []struct {
		r     Review
		facts int
	}{
		{Review{VetID: "v", Agrees: true}, 1},
		{Review{VetID: "v", Agrees: true}, 0},
		{Review{VetID: "v", Finding: FindingPapule}, 1},
		{Review{VetID: "w", Finding: FindingPapule}, 1},
	} {
		facts, err := s.Judge(test.r, now)
		if err != nil || len(facts) != test.facts || s.Review.Agrees != test.r.Agrees || s.Review.Finding != test.r.Finding {
			t.Errorf("%+v: %v, %v, %+v", test.r, facts, err, s.Review)
		}
	}
}
