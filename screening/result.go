package screening

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	"vetroom/clinic"
)

// Limits of what an AI server may answer.
const (
	maxAnswer = 64 << 10 // bytes
	maxLabel  = 200      // runes
)

// modelForm keeps a model's name to what may be published: no sentence, no markup.
var modelForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+/-]{0,99}@[A-Za-z0-9][A-Za-z0-9._+-]{0,49}$`)

// parseResult reads an AI server's answer. It returns ErrInvalidResult unless the model is name@version and each finding
// has a known code, once, and a score from 0 to 1. Labels are dropped: people are told a code in their own language.
func parseResult(answer []byte) (Result, error) {
	var a struct {
		Model    string `json:"model"`
		Findings *[]struct {
			Code  clinic.FindingCode `json:"code"`
			Label string             `json:"label"`
			Score *float64           `json:"score"`
		} `json:"findings"`
	}
	wrong := func(format string, args ...any) (Result, error) {
		return Result{}, fmt.Errorf("%w: "+format, append([]any{ErrInvalidResult}, args...)...)
	}
	switch {
	case len(answer) > maxAnswer:
		return wrong("more than %d bytes", maxAnswer)
	case !utf8.Valid(answer) || json.Unmarshal(answer, &a) != nil:
		return wrong("not the JSON that was expected")
	case !modelForm.MatchString(a.Model):
		return wrong("the model is not name@version")
	case a.Findings == nil:
		return wrong("findings are missing")
	case len(*a.Findings) > len(clinic.FindingCodes):
		return wrong("%d findings", len(*a.Findings))
	}
	r := Result{Model: a.Model, Findings: []clinic.Finding{}}
	for i, f := range *a.Findings {
		switch {
		case !slices.Contains(clinic.FindingCodes, f.Code):
			return wrong("finding %d has no code of A1 to A7", i)
		case slices.ContainsFunc(r.Findings, func(had clinic.Finding) bool { return had.Code == f.Code }):
			return wrong("%s is found twice", f.Code)
		case f.Score == nil || !(*f.Score >= 0 && *f.Score <= 1):
			return wrong("the score of %s is not from 0 to 1", f.Code)
		case utf8.RuneCountInString(f.Label) > maxLabel:
			return wrong("the label of %s is too long", f.Code)
		}
		r.Findings = append(r.Findings, clinic.Finding{Code: f.Code, Score: *f.Score})
	}
	return r, nil
}
