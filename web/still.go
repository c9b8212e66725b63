package web

import (
	"fmt"
	"math"
	"strings"
	"time"

	"vetroom/clinic"
)

// markColours are the vet's, as classes and texts name them.
var markColours = func() (names []string) {
	for _, colour := range clinic.MarkColours {
		names = append(names, string(colour))
	}
	return names
}()

// Still is a photo of a visit as a page shows it.
type Still struct {
	clinic.StillView
	Seen *SeenPhoto // its screening as a vet sees it; nil where there is none, or for an owner
}

func (s Still) photo() string { return "/api/v1/stills/" + s.ID + "/photo" }
func (s Still) small() string { return s.photo() + "?small=true" }

// stillInWords is what stands for a photo where it is not seen.
func (t times) stillInWords(s Still, zone *time.Location) string {
	words := t.t("stills.alt", "time", t.clock(in(s.TakenAt, zone)))
	if len(s.Marks) > 0 {
		words += ". " + t.t("stills.marked")
	}
	return words
}

// viewBox is the photo in pixels.
func (s Still) viewBox() string { return fmt.Sprintf("0 0 %d %d", s.Width, s.Height) }

// arrowHead is how long an arrow's head is at most, of the photo's longer side.
const arrowHead = 0.04

// path draws a mark, as js/marks.js does.
func (s Still) path(m clinic.Mark) string {
	at := func(i int) (x, y float64) {
		return m.Points[i][0] * float64(s.Width), m.Points[i][1] * float64(s.Height)
	}
	if m.Kind == clinic.MarkPen {
		points := make([]string, len(m.Points))
		for i := range m.Points {
			x, y := at(i)
			points[i] = pair(x, y)
		}
		return "M" + strings.Join(points, "L")
	}
	x1, y1 := at(0)
	x2, y2 := at(1)
	if m.Kind == clinic.MarkCircle {
		left, right, middle := math.Min(x1, x2), math.Max(x1, x2), (y1+y2)/2
		arc := "A" + pair(math.Abs(x2-x1)/2, math.Abs(y2-y1)/2) + " 0 1 0 "
		return "M" + pair(left, middle) + arc + pair(right, middle) + arc + pair(left, middle)
	}
	head := math.Min(arrowHead*float64(max(s.Width, s.Height)), math.Hypot(x2-x1, y2-y1)/2)
	angle := math.Atan2(y2-y1, x2-x1)
	tip := func(turn float64) string { return pair(x2+head*math.Cos(angle+turn), y2+head*math.Sin(angle+turn)) }
	return "M" + pair(x1, y1) + "L" + pair(x2, y2) + "M" + tip(-2.6) + "L" + pair(x2, y2) + "L" + tip(2.6)
}

// pair is a point to a tenth of a pixel.
func pair(x, y float64) string { return tenth(x) + " " + tenth(y) }

func tenth(x float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0") }
