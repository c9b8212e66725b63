package clinic

import (
	"slices"
	"strings"
	"time"
)

// Screening is one photo of a dog's skin and what was seen in it: a reference for the vet, never a diagnosis.
//
//	          Finish                Review
//	queued ───────────▶ done ◀──────────────┐
//	   └──── Fail ────▶ failed       └──────┘
type Screening struct {
	ID       string
	Session  string // of the owner that made it; never published
	BodyPart string // as the owner named it, or ""
	State    ScreeningState
	Quality  Quality
	Model    string // who looked, "name@version"; "" until it is done
	Findings []Finding
	Reason   ReasonCode // why it failed
	Review   Review
	// CreatedAt is when the photo came, EndedAt when it was done or failed; zero until then.
	CreatedAt, EndedAt time.Time
	Rev                int64 // compare-and-set
	Version            int64 // of the screening's newest event
}

// ScreeningState says how far a screening has come.
type ScreeningState string

// The states.
const (
	ScreeningQueued ScreeningState = "queued"
	ScreeningDone   ScreeningState = "done"
	ScreeningFailed ScreeningState = "failed"
)

// FindingCode is one of the codes of the Korean public data set of pet skin disease.
type FindingCode string

// The codes.
const (
	FindingPapule    FindingCode = "A1" // papule, plaque
	FindingScale     FindingCode = "A2" // scale, collarette
	FindingDarkening FindingCode = "A3" // lichenification, hyperpigmentation
	FindingPustule   FindingCode = "A4" // pustule, acne
	FindingErosion   FindingCode = "A5" // erosion, ulcer
	FindingNodule    FindingCode = "A6" // nodule, mass
	FindingNone      FindingCode = "A7" // nothing found
)

// FindingCodes are all of them.
var FindingCodes = []FindingCode{
	FindingPapule, FindingScale, FindingDarkening, FindingPustule, FindingErosion, FindingNodule, FindingNone,
}

// Finding is one thing that was looked for, and how much of it was seen.
type Finding struct {
	Code  FindingCode `json:"code"`
	Score float64     `json:"score"` // 0 to 1
}

// Quality is how well a photo can be judged.
type Quality struct {
	Sharp bool          `json:"sharp"`
	Lit   bool          `json:"lit"`
	Notes []QualityNote `json:"notes"` // what a better photo would have; never null on the wire
}

// QualityNote names one thing that is wrong with a photo.
type QualityNote string

// The notes.
const (
	PhotoTooSmall QualityNote = "too_small"
	PhotoBlurred  QualityNote = "blurred"
	PhotoDark     QualityNote = "dark"
	PhotoBright   QualityNote = "bright"
)

// Why a screening failed.
const (
	ReasonUnavailable   ReasonCode = "unavailable"    // who looks at photos could not be reached
	ReasonRefused       ReasonCode = "refused"        // it did not take the photo
	ReasonInvalidResult ReasonCode = "invalid_result" // its answer made no sense
)

// The refusals of screenings.
var (
	ErrPhotoKind       = &Error{Code: "unsupported_type", Detail: "Send a photo as JPEG, PNG or WebP."}
	ErrPhotoHEIF       = ErrPhotoKind.With("This is a HEIC or AVIF photo, which cannot be read here. Send it as JPEG: on an iPhone, choose Settings, Camera, Formats, Most Compatible, or send a screenshot of the photo.")
	ErrPhotoLarge      = &Error{Code: "too_large", Detail: "A photo has at most 12 MiB. Send a smaller one."}
	ErrPhotoUnreadable = &Error{Code: "unreadable_image", Detail: "This photo is damaged or has too many pixels. Take it again, or send another."}
	ErrNoSuchScreening = &Error{Code: ErrInvalid.Code, Detail: ErrInvalid.Detail, Fields: []FieldError{{"screening_id", "names no screening of yours"}}}
	ErrNotScreened     = &Error{Code: "not_screened", Detail: "There is no result yet that could be agreed with."}
)

// Photo is one as it is kept: a JPEG of our own making, upright, without any metadata.
type Photo struct {
	JPEG    []byte
	Quality Quality

	// Of a still alone:
	Small         []byte // the same, small, to be shown among others
	Width, Height int    // pixels
}

// Review is what a vet says of a result.
type Review struct {
	VetID   string // "" while nobody said anything
	Agrees  bool
	Finding FindingCode // what the vet sees, or ""
	At      time.Time
}

// MaxBodyPart bounds, in runes, how an owner names a part of the body.
const MaxBodyPart = 50

// NewScreening takes a photo in. It returns ErrInvalid for a part of the body that is no short text.
func NewScreening(id, session, bodyPart string, q Quality, now time.Time) (*Screening, []Event, error) {
	var p problems
	textField(&p, "body_part", bodyPart, 0, MaxBodyPart)
	if err := p.err(); err != nil {
		return nil, nil, err
	}
	if q.Notes == nil {
		q.Notes = []QualityNote{}
	}
	s := &Screening{ID: id, Session: session, BodyPart: bodyPart, State: ScreeningQueued, Quality: q, CreatedAt: Millis(now)}
	return s, s.facts(now, Event{Kind: AIRequested, By: ByOwner}), nil
}

// NewStillScreening takes a still's photo in, at its vet's wish. No session has it: who may see the reservation may see it.
func NewStillScreening(id string, q Quality, now time.Time) (*Screening, []Event) {
	if q.Notes == nil {
		q.Notes = []QualityNote{}
	}
	s := &Screening{ID: id, State: ScreeningQueued, Quality: q, CreatedAt: Millis(now)}
	return s, s.facts(now, Event{Kind: AIRequested, By: ByVet})
}

// facts finishes the given events: a copy of the screening each, due now.
func (s *Screening) facts(now time.Time, events ...Event) []Event {
	snapshot := *s
	snapshot.Findings, snapshot.Quality.Notes = slices.Clone(s.Findings), slices.Clone(s.Quality.Notes)
	for i := range events {
		events[i].Screening, events[i].Due = &snapshot, Millis(now)
	}
	return events
}

// Finish takes a result, the surest finding first. A screening that has ended stays as it is, without a fact: of two
// who looked the first counts.
func (s *Screening) Finish(model string, findings []Finding, now time.Time) []Event {
	if s.State != ScreeningQueued {
		return nil
	}
	findings = slices.Clone(findings)
	slices.SortStableFunc(findings, func(a, b Finding) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	s.State, s.Model, s.Findings, s.EndedAt = ScreeningDone, model, findings, Millis(now)
	return s.facts(now, Event{Kind: AIResult, By: BySystem})
}

// Fail says that nobody could look at the photo, which is kept. A screening that has ended stays as it is.
func (s *Screening) Fail(reason ReasonCode, now time.Time) []Event {
	if s.State != ScreeningQueued {
		return nil
	}
	s.State, s.Reason, s.EndedAt = ScreeningFailed, reason, Millis(now)
	return s.facts(now, Event{Kind: AIFailed, By: BySystem, Reason: reason})
}

// Judge takes a vet's word on the result. The same again is no fact; another takes the place of the first. It returns
// ErrNotScreened while there is no result, and ErrInvalid for a finding that is none.
func (s *Screening) Judge(r Review, now time.Time) ([]Event, error) {
	var p problems
	p.check(r.Finding == "" || slices.Contains(FindingCodes, r.Finding), "finding", "must be one of A1 to A7")
	if err := p.err(); err != nil {
		return nil, err
	}
	if s.State != ScreeningDone {
		return nil, ErrNotScreened
	}
	r.At = s.Review.At
	if r == s.Review {
		return nil, nil
	}
	r.At = Millis(now)
	s.Review = r
	return s.facts(now, Event{Kind: AIReviewed, By: ByVet}), nil
}

// BaselineName is the name of the built-in baseline, before its "@version".
const BaselineName = "baseline"

// Untrained tells whether what was seen is only the baseline's measuring of colour and texture: whoever shows it says
// that it is a reference, and not what a trained model saw.
func (s *Screening) Untrained() bool { return strings.HasPrefix(s.Model, BaselineName+"@") }

// ScreeningNews is how a screening stands, and where its news are told beside its owner's session.
type ScreeningNews struct {
	*Screening
	Rooms []string // of the reservations that have it
}

// Top is the surest finding, or FindingNone where there is none.
func (s *Screening) Top() FindingCode {
	if len(s.Findings) == 0 {
		return FindingNone
	}
	return s.Findings[0].Code
}
