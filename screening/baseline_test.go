package screening

import (
	"errors"
	"testing"

	"vetroom/clinic"
)

// TestBaseline draws what each code stands for, on whole photos, and looks what is found first.
func TestBaseline(t *testing.T) {
	for name, test := range map[string]struct {
		drawn drawing
		want  clinic.FindingCode
	}{
		"skin":              {skin(256, 192), clinic.FindingNone},
		"skin in dim light": {skin(256, 192).lit(0.5), clinic.FindingNone},
		"a red papule":      {skin(256, 192).disc(120, 90, 17, 215, 95, 85), clinic.FindingPapule},
		"in warm light":     {skin(256, 192).disc(120, 90, 17, 215, 95, 85).lit(1.15), clinic.FindingPapule},
		"three red papules": {skin(256, 192).disc(60, 50, 12, 215, 95, 85).disc(130, 120, 14, 215, 95, 85).disc(200, 60, 12, 215, 95, 85), clinic.FindingPapule},
		"scales":            {skin(256, 192).specks(90), clinic.FindingScale},
		"darkened skin":     {skin(256, 192).blob(120, 90, torn(45), func(_, _ float64) colour { return skin(1, 1).grain(92, 78, 70) }), clinic.FindingDarkening},
		"a pustule":         {skin(256, 192).disc(120, 90, 20, 215, 95, 85).disc(120, 90, 5, 235, 220, 150), clinic.FindingPustule},
		"an erosion":        {skin(256, 192).blob(120, 95, torn(52), func(_, _ float64) colour { return skin(1, 1).grain(200, 70, 65) }), clinic.FindingErosion},
		"a nodule":          {skin(256, 192).bump(125, 95, 45), clinic.FindingNodule},
	} {
		r, err := Baseline{}.Look(t.Context(), test.drawn.jpeg(t), "")
		if err != nil {
			t.Fatal(err)
		}
		best := r.Findings[0]
		for _, f := range r.Findings {
			if f.Score > best.Score {
				best = f
			}
			if f.Score < 0 || f.Score > 1 {
				t.Errorf("%s: a score of %v", name, f.Score)
			}
		}
		if best.Code != test.want {
			t.Errorf("%s: found %v first, want %s; measured %+v", name, r.Findings, test.want, Measure(test.drawn.RGBA))
		}
		if r.Model != "baseline@1" {
			t.Errorf("the baseline names itself %q", r.Model)
		}
	}
}

// TestMeasures holds each measure to what was drawn, where that can be counted.
func TestMeasures(t *testing.T) {
	about := func(what string, got, want, within float64) {
		t.Helper()
		if got < want-within || got > want+within {
			t.Errorf("%s: %.4f, want %.4f within %.4f", what, got, want, within)
		}
	}
	disc := 3.1416 * 20 * 20 / (256 * 192)
	red := Measure(skin(256, 192).disc(120, 90, 20, 215, 95, 85).RGBA)
	about("redness", red.Redness, disc, 0.002)
	about("darkening of a red disc", red.Darkening, 0, 0.002)
	about("the outline's share", red.Outline.Share, disc, 0.002)
	about("a disc's compactness", red.Outline.Compactness, 0.95, 0.06)
	about("relief of a disc", red.Outline.Relief, 0, 0)
	dark := Measure(skin(256, 192).disc(120, 90, 20, 92, 78, 70).RGBA)
	about("darkening", dark.Darkening, disc, 0.002)
	about("redness of a dark disc", dark.Redness, 0, 0.002)
	if ragged := Measure(skin(256, 192).blob(120, 95, torn(52), func(_, _ float64) colour { return skin(1, 1).grain(200, 70, 65) }).RGBA); ragged.Outline.Compactness > 0.5 {
		t.Errorf("a torn outline's compactness is %v", ragged.Outline.Compactness)
	}
	if bump := Measure(skin(256, 192).bump(125, 95, 45).RGBA); bump.Outline.Relief != 1 {
		t.Errorf("a bump has %+v", bump.Outline)
	}
	speck := 3.1416 * 2.5 * 2.5 / (256 * 192)
	about("scaling", Measure(skin(256, 192).specks(40).RGBA).Scaling, 40*speck, 16*speck)
	if plain := Measure(skin(256, 192).RGBA); plain.Redness+plain.Darkening+plain.Scaling+plain.Pustules > 0.001 {
		t.Errorf("of plain skin it measures %+v", plain)
	}
}

func TestBaselineOnSmallAndBrokenPhotos(t *testing.T) {
	for _, side := range []int{1, 2, 3, 9} {
		if _, err := (Baseline{}).Look(t.Context(), skin(side, side).jpeg(t), ""); err != nil {
			t.Errorf("%d pixels: %v", side, err)
		}
	}
	if _, err := (Baseline{}).Look(t.Context(), []byte("no photo"), ""); !errors.Is(err, ErrRefused) {
		t.Errorf("no photo at all: %v", err)
	}
}
