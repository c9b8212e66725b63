package clinic

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNewStillNeedsAnOpenRoom(t *testing.T) {
	at := time.Date(2026, 12, 1, 5, 30, 0, 123456789, time.UTC)
	v := &Visit{Reservation: Reservation{ID: "r"}, Room: Room{OpensAt: at, ClosesAt: at.Add(time.Hour)}}
	photo := Photo{Width: 4032, Height: 3024}
	s, err := NewStill("s", v, RoleVet, photo, MaxStills-1, at.Add(time.Microsecond))
	if err != nil || s.ReservationID != "r" || s.By != ByVet || s.Width != 4032 || s.Height != 3024 || s.Marks == nil || !s.TakenAt.Equal(Millis(at)) {
		t.Errorf("taken as %+v, %v", s, err)
	}
	for name, test := range map[string]struct {
		at   time.Time
		had  int
		want error
	}{
		"before the opening": {at.Add(-time.Millisecond), 0, ErrRoomLocked},
		"at the end":         {at.Add(time.Hour), 0, ErrRoomClosed},
		"one too many":       {at, MaxStills, ErrTooManyStills},
	} {
		if _, err := NewStill("s", v, RoleOwner, photo, test.had, test.at); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDraw(t *testing.T) {
	pen := func(n int) Mark { return Mark{MarkPen, "yellow", make([][2]float64, n)} }
	two := [][2]float64{{0, 1}, {0.123456789, 0.5}}
	for name, test := range map[string]struct {
		marks []Mark
		want  string // the fields at fault
	}{
		"none":                {nil, ""},
		"one of each":         {[]Mark{pen(2), {MarkCircle, "red", two}, {MarkArrow, "white", two}}, ""},
		"all points":          {[]Mark{pen(MaxMarkPoints)}, ""},
		"as many as may be":   {slices.Repeat([]Mark{pen(2)}, MaxMarks), ""},
		"too many":            {slices.Repeat([]Mark{pen(2)}, MaxMarks+1), "marks"},
		"too many points":     {[]Mark{pen(MaxMarkPoints - 1), pen(2)}, "marks"},
		"a dot":               {[]Mark{pen(1)}, "marks[0].points"},
		"a circle of one":     {[]Mark{pen(2), {MarkCircle, "red", two[:1]}}, "marks[1].points"},
		"an arrow of three":   {[]Mark{{MarkArrow, "red", [][2]float64{{}, {}, {}}}}, "marks[0].points"},
		"another kind":        {[]Mark{{"text", "red", two}}, "marks[0].kind"},
		"another colour":      {[]Mark{{MarkArrow, "url(#x)", two}}, "marks[0].colour"},
		"beside the photo":    {[]Mark{{MarkArrow, "red", [][2]float64{{0, 0}, {1.01, 0}}}}, "marks[0].points"},
		"above it":            {[]Mark{{MarkArrow, "red", [][2]float64{{0, 0}, {0, -0.01}}}}, "marks[0].points"},
		"no number":           {[]Mark{{MarkArrow, "red", [][2]float64{{0, 0}, {0, math.NaN()}}}}, "marks[0].points"},
		"nothing of it is so": {[]Mark{{}}, "marks[0].kind marks[0].colour marks[0].points"},
	} {
		s := &Still{Marks: []Mark{pen(3)}}
		err := s.Draw(test.marks)
		var fields []string
		if known, ok := err.(*Error); ok && errors.Is(err, ErrInvalid) {
			for _, f := range known.Fields {
				fields = append(fields, f.Field)
			}
		}
		if got := strings.Join(fields, " "); got != test.want || (err == nil) != (test.want == "") {
			t.Errorf("%s: %v at %q", name, err, got)
		}
		if err == nil && len(s.Marks) != len(test.marks) || err != nil && len(s.Marks[0].Points) != 3 {
			t.Errorf("%s: the still has %+v", name, s.Marks)
		}
	}
}

func TestDrawKeepsItsOwn(t *testing.T) {
	given := []Mark{{MarkArrow, "red", [][2]float64{{0, 1}, {0.123456789, 0.5}}}}
	s := &Still{}
	if err := s.Draw(given); err != nil {
		t.Fatal(err)
	}
	given[0].Points[0][0] = 0.9
	if got := s.Marks[0].Points; got[0] != [2]float64{0, 1} || got[1] != [2]float64{0.12345, 0.5} {
		t.Errorf("kept %v", got)
	}
}
