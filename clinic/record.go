package clinic

import (
	"context"
	"time"
)

// Note is what a vet writes down of a visit. All but the aftercare and the advice is the vet's own.
type Note struct {
	Subjective   string // what the owner tells
	Objective    string // what the vet sees
	Assessment   string
	Plan         string
	Aftercare    string // for the owner to read
	VisitAdvised bool   // the owner shall come in person
}

// MaxNote is how many characters each text of a note may have.
const MaxNote = 4000

// Record is one version of what was written down of a visit. None is ever changed or taken away.
type Record struct {
	ReservationID string
	VetID         string    // who wrote this version
	Version       int64     // from 1; 0 while nothing was written
	At            time.Time // UTC
	Note
}

// Aftercare is what the owner reads of a record.
type Aftercare struct {
	Text         string
	VisitAdvised bool
	Vet          string    // the name of who wrote it
	At           time.Time // UTC
}

// RecordStore keeps records.
type RecordStore interface {
	// Record gives a version of a reservation's record, the newest for 0.
	Record(ctx context.Context, reservationID string, version int64) (*Record, error)
	// RecordVersions gives all versions without their notes, oldest first.
	RecordVersions(ctx context.Context, reservationID string) ([]Record, error)
	// NewestRecords gives the newest version of each reservation's record, where something was written.
	NewestRecords(ctx context.Context, reservationIDs []string) (map[string]*Record, error)
	// VisitsBefore gives the newest visits of a phone to a vet that started before an instant, newest first.
	VisitsBefore(ctx context.Context, vetID, phone string, before time.Time) ([]*Visit, error)
	// SaveRecord adds a version by the reservation's vet, or gives the newest if that says the same. It returns
	// ErrNotFound unless the reservation is that vet's, and ErrRecordChanged if basedOn is not the newest version; nil
	// stands for any.
	SaveRecord(ctx context.Context, reservationID, vetID string, n Note, basedOn *int64) (*Record, error)
}

// Validate returns ErrInvalid naming every text that cannot be kept.
func (n Note) Validate() error {
	var p problems
	textField(&p, "subjective", n.Subjective, 0, MaxNote)
	textField(&p, "objective", n.Objective, 0, MaxNote)
	textField(&p, "assessment", n.Assessment, 0, MaxNote)
	textField(&p, "plan", n.Plan, 0, MaxNote)
	textField(&p, "aftercare", n.Aftercare, 0, MaxNote)
	return p.err()
}

// Over tells whether the visit lies behind: it no longer stands, or its room is closed.
func (v *View) Over() bool { return !v.Reservation.Standing() || v.Room.StateAt(v.At) == RoomShut }
