package screening

import (
	"context"
	"fmt"
	"math"

	"vetroom/clinic"
	"vetroom/screening/photo"
)

// BaselineModel is by what the baseline names itself. Whoever shows its results says that it is an untrained reference
// and no model: see [clinic.Screening.Untrained].
const BaselineModel = clinic.BaselineName + "@1"

// Baseline looks at a photo without a server: it measures colour and texture, and scores each code by a formula of those
// measures. Nothing in it was learned from photos of patients.
type Baseline struct{}

// Look implements Looker.
func (Baseline) Look(ctx context.Context, jpeg []byte, _ string) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	limits := photo.Limits{Kinds: []photo.Kind{photo.JPEG}, Pixels: maxPixels, Side: measuredSide}
	img, err := photo.Read(jpeg, limits)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return Result{Model: BaselineModel, Findings: Measure(img).findings()}, nil
}

// findings scores the measures. ramp(x, from, to) is 0 up to from and 1 from to on; so each line says from which amount
// on a measure counts at all, and from which on it counts wholly.
func (m Measures) findings() []clinic.Finding {
	round := ramp(m.Outline.Compactness, 0.35, 0.75)
	small := 1 - ramp(m.Outline.Share, 0.10, 0.25)
	pustule := ramp(m.Pustules, 0.0003, 0.0015)
	scores := map[clinic.FindingCode]float64{
		clinic.FindingPapule:    ramp(m.Redness, 0.005, 0.03) * round * small * (1 - pustule/2),
		clinic.FindingScale:     ramp(m.Scaling, 0.003, 0.03),
		clinic.FindingDarkening: ramp(m.Darkening, 0.03, 0.20) * (1 - m.Outline.Relief),
		clinic.FindingPustule:   pustule,
		clinic.FindingErosion:   ramp(m.Redness, 0.05, 0.20) * max(1-round, 1-small) * (1 - m.Outline.Relief),
		clinic.FindingNodule:    m.Outline.Relief * round * ramp(m.Outline.Share, 0.02, 0.08),
	}
	most := 0.0
	for _, score := range scores {
		most = max(most, score)
	}
	scores[clinic.FindingNone] = 1 - most
	findings := []clinic.Finding{}
	for _, code := range clinic.FindingCodes {
		if score := math.Round(scores[code]*100) / 100; score >= worthSaying || code == clinic.FindingNone {
			findings = append(findings, clinic.Finding{Code: code, Score: score})
		}
	}
	return findings
}

// worthSaying is the least score that is told.
const worthSaying = 0.1

// ramp rises from 0 to 1 between two values.
func ramp(x, from, to float64) float64 { return min(1, max(0, (x-from)/(to-from))) }
