// Package screening looks at photos of a dog's skin: it takes them in, judges how well they can be judged, and has what
// is queued looked at, by the AI server that is configured or by a built-in baseline.
//
//	photo ─▶ Intake ─▶ (queued, in the store) ─▶ Worker ─▶ Looker ─▶ (done or failed, with its fact)
//	                                                        │
//	                                     AI: three tries, a breaker
//	                                     Baseline: colour and texture, measured
//
// What is queued is a row of the store. A worker claims it for a few seconds and renews the claim while it looks; who
// dies leaves a claim that runs out, and a photo that another takes up. Whatever comes first of two results counts.
//
// Nothing here is a diagnosis. A screening is a reference for the vet.
package screening

import (
	"context"
	"errors"

	"vetroom/clinic"
)

// Looker looks at a photo. Its errors are ErrUnavailable, ErrRefused, ErrInvalidResult, ErrOpen and the context's.
type Looker interface {
	Look(ctx context.Context, jpeg []byte, bodyPart string) (Result, error)
}

// Result is what was seen, and by whom.
type Result struct {
	Model    string // "name@version"
	Findings []clinic.Finding
}

// Why a photo was not looked at.
var (
	ErrUnavailable   = errors.New("the AI server cannot be reached, or fails")
	ErrRefused       = errors.New("the AI server refused the photo")
	ErrInvalidResult = errors.New("the AI server's answer makes no sense")
	ErrOpen          = errors.New("the AI server failed too often; it is left alone for a moment")
)

// reasonOf is how an error is published.
func reasonOf(err error) clinic.ReasonCode {
	switch {
	case errors.Is(err, ErrRefused):
		return clinic.ReasonRefused
	case errors.Is(err, ErrInvalidResult):
		return clinic.ReasonInvalidResult
	}
	return clinic.ReasonUnavailable
}
