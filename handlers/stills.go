package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"

	"vetroom/clinic"
	"vetroom/clinic/schema"
)

// stillJSON is a still as both sides of its visit see it.
type stillJSON struct {
	ID        string         `json:"id"`
	TakenAt   string         `json:"taken_at"`
	By        clinic.Party   `json:"by"` // whose browser stored it
	Width     int            `json:"width"`
	Height    int            `json:"height"`
	Marks     []clinic.Mark  `json:"marks"`
	Photo     string         `json:"photo"` // where it is
	Small     string         `json:"small"` // where a small one is
	Screening *screeningJSON `json:"screening,omitempty"`
}

type stillsJSON struct {
	Stills []stillJSON `json:"stills"` // in the order of their taking
}

func (c *call) stillOf(v clinic.StillView) stillJSON {
	photo := "/api/v1/stills/" + v.ID + "/photo"
	return stillJSON{
		v.ID, wire(v.TakenAt), v.By, v.Width, v.Height, v.Marks, photo, photo + "?small=true", c.screeningOf(v.Screening),
	}
}

// answerStill answers with a still. What its screening says depends on the caller's language.
func (c *call) answerStill(status int, v *clinic.StillView, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	answer, err := asJSON(status, c.stillOf(*v))
	return c.spoken(answer), err
}

func (c *call) spoken(r reply) reply {
	return r.with("Content-Language", c.lang).with("Vary", "Accept-Language, Cookie")
}

// listStills is GET /api/v1/reservations/{id}/stills.
func (h *Handler) listStills(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	all, err := h.Desk.Stills(c.ctx(), c.who, id)
	if err != nil {
		return reply{}, err
	}
	j := stillsJSON{make([]stillJSON, len(all))}
	for i, v := range all {
		j.Stills[i] = c.stillOf(v)
	}
	answer, err := asJSON(http.StatusOK, j)
	return c.spoken(answer), err
}

// postStill is POST /api/v1/reservations/{id}/stills. Whose reservation it is not is told so before anything is read.
func (h *Handler) postStill(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	if err := h.Desk.MayTakeStill(c.ctx(), c.who, id); err != nil {
		return reply{}, err
	}
	s, err := h.takeStill(c, id)
	if err != nil {
		return reply{}, err
	}
	answer, err := c.answerStill(http.StatusCreated, &clinic.StillView{Still: s}, nil)
	return answer.with("Location", "/api/v1/stills/"+s.ID+"/photo"), err
}

// takeStill takes a photo from the call's form, within the brakes.
func (h *Handler) takeStill(c *call, id string) (*clinic.Still, error) {
	form, leave, err := h.receivePhoto(c)
	if err != nil {
		return nil, err
	}
	defer leave()
	sum := sha256.Sum256(form.photo)
	key, err := c.key("still", sum[:])
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx()), stillTimeouts*h.Timeout)
	defer cancel()
	photo, err := h.Intake.TakeWhole(ctx, form.photo)
	if err != nil {
		return nil, err
	}
	return h.Desk.TakeStill(ctx, c.who, id, photo, key)
}

// stillTimeouts is how many times longer than other calls a whole photo may take, once it is here: to decode a large one
// takes a second, and no more of them are decoded at a time than memory allows.
const stillTimeouts = 4

func readSmall(q *query) bool { return q.option("small") }

// readStill is GET /api/v1/stills/{id}/photo: for both sides of the visit, and for nothing between to keep.
func (h *Handler) readStill(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	small, err := ask(c, readSmall)
	if err != nil {
		return reply{}, err
	}
	read := func() ([]byte, error) { return h.Desk.StillPhoto(c.ctx(), c.who, id, small) }
	if !small {
		return h.showPhoto(c, read)
	}
	body, err := read() // a page shows many of them at once, and they are no larger than the page
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: body, packed: true}.with("Content-Type", "image/jpeg"), nil
}

// readMarks is the body of PUT /api/v1/vet/stills/{id}/marks.
func readMarks(o *object) []clinic.Mark {
	if _, there := o.value("marks"); !there {
		o.invalid("marks", "is missing")
	}
	marks := []clinic.Mark{}
	for _, m := range o.list("marks") {
		marks = append(marks, clinic.Mark{
			Kind: clinic.MarkKind(m.text("kind")), Colour: clinic.MarkColour(m.text("colour")), Points: m.points("points"),
		})
	}
	o.adopt(clinic.CheckMarks(marks))
	return marks
}

// points reads a list of pairs of numbers.
func (o *object) points(key string) [][2]float64 {
	values, _ := valueOf[[]any](o, key, "a list")
	o.sketch.typed(key, somePoints)
	points := make([][2]float64, 0, len(values))
	for _, v := range values {
		pair, _ := v.([]any)
		if len(pair) != 2 {
			o.invalid(key, "must be pairs of numbers")
			return nil
		}
		var at [2]float64
		for i := range at {
			n, _ := pair[i].(json.Number)
			var err error
			if at[i], err = n.Float64(); err != nil {
				o.invalid(key, "must be pairs of numbers")
				return nil
			}
		}
		points = append(points, at)
	}
	return points
}

func somePoints() schema.Object {
	return schema.Object{"type": "array", "items": aPoint()}
}

func aPoint() schema.Object {
	return schema.Object{"type": "array", "items": schema.Object{"type": "number", "minimum": 0, "maximum": 1}, "minItems": 2, "maxItems": 2}
}

// drawOnStill is PUT /api/v1/vet/stills/{id}/marks.
func (h *Handler) drawOnStill(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	marks, err := read(c, readMarks)
	if err != nil {
		return reply{}, err
	}
	v, err := h.Desk.DrawOnStill(c.ctx(), c.who.VetID, id, marks)
	return c.answerStill(http.StatusOK, v, err)
}

// screenStill is POST /api/v1/vet/stills/{id}/screen.
func (h *Handler) screenStill(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	if _, err := read(c, noBody); err != nil {
		return reply{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx()), stillTimeouts*h.Timeout)
	defer cancel()
	v, err := h.Desk.ScreenStill(ctx, c.who.VetID, id, h.Intake.Take)
	return c.answerStill(http.StatusAccepted, v, err)
}
