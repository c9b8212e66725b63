package handlers

import (
	"context"
	"net/http"

	"vetroom/clinic"
)

// Intake makes of a file the photo that is kept. It returns clinic.ErrPhotoLarge, ErrPhotoKind, ErrPhotoHEIF and
// ErrPhotoUnreadable.
type Intake interface {
	Take(ctx context.Context, body []byte) (clinic.Photo, error)
	// TakeWhole keeps the photo's full resolution, and a small one beside it.
	TakeWhole(ctx context.Context, body []byte) (clinic.Photo, error)
}

// screeningJSON is a screening as whoever may see it sees it.
type screeningJSON struct {
	ID        string                `json:"id"`
	State     clinic.ScreeningState `json:"state"`
	Model     string                `json:"model"`               // "" until it is done
	Untrained bool                  `json:"untrained,omitempty"` // the model is none: colour and texture were measured
	Findings  []findingJSON         `json:"findings"`            // the surest first
	Quality   clinic.Quality        `json:"quality"`
	Advice    string                `json:"advice"`
	BodyPart  string                `json:"body_part,omitempty"`
	Photo     string                `json:"photo"`            // where it is
	Reason    clinic.ReasonCode     `json:"reason,omitempty"` // why it failed
	CreatedAt string                `json:"created_at"`
	Review    *reviewJSON           `json:"review,omitempty"` // what a vet said
}

type findingJSON struct {
	Code  clinic.FindingCode `json:"code"`
	Label string             `json:"label"` // in the caller's language
	Score float64            `json:"score"`
}

type reviewJSON struct {
	Agrees  bool               `json:"agrees"`
	Finding clinic.FindingCode `json:"finding,omitempty"`
	Label   string             `json:"label,omitempty"`
	At      string             `json:"at"`
}

func (c *call) screeningOf(s *clinic.Screening) *screeningJSON {
	if s == nil {
		return nil
	}
	j := &screeningJSON{
		ID: s.ID, State: s.State, Model: s.Model, Untrained: s.Untrained(), Findings: []findingJSON{}, Quality: s.Quality,
		Advice: c.h.Web.ScreeningAdvice(c.lang, s), BodyPart: s.BodyPart, Photo: "/api/v1/screenings/" + s.ID + "/photo",
		Reason: s.Reason, CreatedAt: wire(s.CreatedAt),
	}
	for _, f := range s.Findings {
		j.Findings = append(j.Findings, findingJSON{f.Code, c.h.Web.FindingLabel(c.lang, f.Code), f.Score})
	}
	if r := s.Review; r.VetID != "" {
		j.Review = &reviewJSON{Agrees: r.Agrees, Finding: r.Finding, At: wire(r.At)}
		if r.Finding != "" {
			j.Review.Label = c.h.Web.FindingLabel(c.lang, r.Finding)
		}
	}
	return j
}

// withScreening puts to a reservation the screening that it has.
func (c *call) withScreening(j reservationJSON, v *clinic.View) reservationJSON {
	j.Screening = c.screeningOf(v.Screening)
	return j
}

// answerScreening answers with a screening, or the error. What it says depends on the caller's language.
func (c *call) answerScreening(status int, s *clinic.Screening, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	answer, err := asJSON(status, c.screeningOf(s))
	return answer.with("Content-Language", c.lang).with("Vary", "Accept-Language, Cookie"), err
}

// screen takes a photo from the call's form, within the brakes, and gives the browser the session that holds it.
func (h *Handler) screen(c *call) (*clinic.Screening, error) {
	session, issue, err := c.ownerSession()
	if err != nil {
		return nil, err
	}
	form, leave, err := h.receivePhoto(c, "body_part")
	if err != nil {
		return nil, err
	}
	defer leave()
	s, err := h.takePhoto(c, session, form)
	if err != nil {
		return nil, err
	}
	issue()
	return s, nil
}

func (h *Handler) takePhoto(c *call, session string, form photoForm) (*clinic.Screening, error) {
	// To arrive took its time; to be saved it gets as much as any other call.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx()), h.Timeout)
	defer cancel()
	photo, err := h.Intake.Take(ctx, form.photo)
	if err != nil {
		return nil, err
	}
	return h.Desk.Screen(ctx, session, form.bodyPart, photo)
}

// postScreening is POST /api/v1/screenings.
func (h *Handler) postScreening(c *call) (reply, error) {
	s, err := h.screen(c)
	if err != nil {
		return reply{}, err
	}
	answer, err := c.answerScreening(http.StatusAccepted, s, nil)
	return answer.with("Location", "/api/v1/screenings/"+s.ID), err
}

// readScreening is GET /api/v1/screenings/{id}.
func (h *Handler) readScreening(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	s, err := h.Desk.Screening(c.ctx(), c.who, id)
	return c.answerScreening(http.StatusOK, s, err)
}

// readPhoto is GET /api/v1/screenings/{id}/photo: for those who may see the screening, and for nothing between to keep.
func (h *Handler) readPhoto(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	return h.showPhoto(c, func() ([]byte, error) { return h.Desk.ScreeningPhoto(c.ctx(), c.who, id) })
}

func readReview(o *object) clinic.Review {
	return clinic.Review{Agrees: o.flag("agrees"), Finding: clinic.FindingCode(o.text("finding"))}
}

// reviewScreening is POST /api/v1/vet/screenings/{id}/review.
func (h *Handler) reviewScreening(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	review, err := read(c, readReview)
	if err != nil {
		return reply{}, err
	}
	s, err := h.Desk.ReviewScreening(c.ctx(), c.who.VetID, id, review)
	return c.answerScreening(http.StatusOK, s, err)
}
