package clinic

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// Still is one photo that was taken during a visit, at its full resolution, with what the vet drew on it. It lives as
// long as the reservation.
type Still struct {
	ID            string
	ReservationID string
	TakenAt       time.Time // UTC, when the server took it in
	By            Party     // whose browser stored it: what the owner's camera took mostly comes by the vet's
	Width, Height int       // pixels, upright
	Marks         []Mark    // never nil
	ScreeningID   string    // of its screening, or "": see [Desk.ScreenStill]
	Rev           int64     // compare-and-set
}

// Mark is one shape on a still. Points lie at 0 to 1 of the photo's width and height, from its upper left corner.
type Mark struct {
	Kind   MarkKind     `json:"kind"`
	Colour MarkColour   `json:"colour"`
	Points [][2]float64 `json:"points"`
}

// MarkKind is what a shape is.
type MarkKind string

// The kinds.
const (
	MarkPen    MarkKind = "pen"    // a line through all points
	MarkCircle MarkKind = "circle" // an ellipse in the box between two opposite corners
	MarkArrow  MarkKind = "arrow"  // from the first point to the second, where its head is
)

// MarkKinds are all of them.
var MarkKinds = []MarkKind{MarkPen, MarkCircle, MarkArrow}

// MarkColour is one of a few that are told apart on skin and fur.
type MarkColour string

// The colours.
const (
	MarkYellow MarkColour = "yellow"
	MarkRed    MarkColour = "red"
	MarkBlue   MarkColour = "blue"
	MarkWhite  MarkColour = "white"
)

// MarkColours are all of them.
var MarkColours = []MarkColour{MarkYellow, MarkRed, MarkBlue, MarkWhite}

// The limits of stills.
const (
	MaxStills     = 30  // of one reservation
	MaxMarks      = 50  // on one still
	MaxMarkPoints = 500 // of all marks on one still
)

// markGrain is how finely points are kept: a fifth of a pixel of the largest photo.
const markGrain = 20_000

// ErrTooManyStills says that a visit has as many photos as it may.
var ErrTooManyStills = &Error{Code: "too_many_stills", Detail: fmt.Sprintf("At most %d photos are kept of one visit.", MaxStills)}

// NewStill takes a photo in during a visit. It returns ErrRoomLocked, ErrRoomClosed, and ErrTooManyStills if the
// reservation had as many before.
func NewStill(id string, v *Visit, by Role, photo Photo, had int, now time.Time) (*Still, error) {
	switch v.Room.StateAt(now) {
	case RoomLocked:
		return nil, ErrRoomLocked
	case RoomShut:
		return nil, ErrRoomClosed
	}
	if had >= MaxStills {
		return nil, ErrTooManyStills
	}
	return &Still{
		ID: id, ReservationID: v.Reservation.ID, TakenAt: Millis(now), By: Party(by), Width: photo.Width, Height: photo.Height, Marks: []Mark{},
	}, nil
}

// Draw puts marks in the place of those that were there. It returns ErrInvalid naming each that cannot be.
func (s *Still) Draw(marks []Mark) error {
	if err := CheckMarks(marks); err != nil {
		return err
	}
	kept := make([]Mark, len(marks))
	for i, m := range marks {
		kept[i] = Mark{m.Kind, m.Colour, slices.Clone(m.Points)}
		for j, at := range m.Points {
			kept[i].Points[j] = [2]float64{math.Round(at[0]*markGrain) / markGrain, math.Round(at[1]*markGrain) / markGrain}
		}
	}
	s.Marks = kept
	return nil
}

// CheckMarks returns ErrInvalid naming each mark that cannot be.
func CheckMarks(marks []Mark) error {
	var p problems
	p.check(len(marks) <= MaxMarks, "marks", "must be at most %d", MaxMarks)
	points := 0
	for i, m := range marks {
		if i >= MaxMarks {
			break
		}
		m.check(&p, fmt.Sprintf("marks[%d].", i))
		points += len(m.Points)
	}
	p.check(points <= MaxMarkPoints, "marks", "must have at most %d points in all", MaxMarkPoints)
	return p.err()
}

func (m *Mark) check(p *problems, path string) {
	p.check(slices.Contains(MarkKinds, m.Kind), path+"kind", "must be pen, circle or arrow")
	p.check(slices.Contains(MarkColours, m.Colour), path+"colour", "must be yellow, red, blue or white")
	if n := len(m.Points); m.Kind == MarkPen {
		p.check(n >= 2, path+"points", "must be at least two")
	} else {
		p.check(n == 2, path+"points", "must be two")
	}
	within := func(x float64) bool { return x >= 0 && x <= 1 }
	p.check(!slices.ContainsFunc(m.Points, func(at [2]float64) bool { return !within(at[0]) || !within(at[1]) }), path+"points", "must lie from 0 to 1")
}

// StillView is a still with its screening, nil where it has none.
type StillView struct {
	*Still
	Screening *Screening
}

// StillTaking is a new still to be saved. Decide makes it of the visit as it is and of how many stills that has.
type StillTaking struct {
	ReservationID string
	Photo         Photo
	Key           *IdempotencyKey // of this reservation; or nil
	Decide        func(v *Visit, had int, now time.Time) (*Still, error)
}

// StillStore keeps stills and their photos.
type StillStore interface {
	// AddStill saves a still, and says so in the timeline. If its key was used for the same photo of the reservation
	// before, it returns what that gave and true. It returns ErrNotFound, ErrKeyReused and what decide does.
	AddStill(ctx context.Context, t StillTaking) (*Still, bool, error)
	Still(ctx context.Context, id string) (*Still, error)
	// Stills gives those of a reservation, in the order of their taking.
	Stills(ctx context.Context, reservationID string) ([]*Still, error)
	// StillPhoto gives the JPEG, or the small one.
	StillPhoto(ctx context.Context, id string, small bool) ([]byte, error)
	// ChangeStill saves what decide did to the marks.
	ChangeStill(ctx context.Context, id string, decide func(s *Still) error) (*Still, error)
	// ScreenStill saves a screening of a still, attached to its reservation, in the place of the still's screening; false
	// if the still had another than was by then, and nothing is saved.
	ScreenStill(ctx context.Context, stillID, was string, s *Screening, jpeg []byte, facts []Event) (bool, error)
}
