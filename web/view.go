package web

import "time"

// Vet is a vet as owners see one.
type Vet struct {
	ID, Name, Location, Description string
	Img                             string // URL on this site; empty shows initials
	DistanceKm                      float64
	HasDistance                     bool // DistanceKm counts (the viewer said where they are)
	Online                          bool
	Zone                            *time.Location
	NextFree                        time.Time // zero: nothing free within the horizon
	SlotMinutes                     int
	Areas                           []string // skin, eye, teeth, joint, other
	Languages                       []string // "ko", "en"
}

// Reservation is one reservation as its owner or its vet sees it.
type Reservation struct {
	ID     string
	Number string // short, readable aloud; empty hides it
	State  string // confirmed, completed, cancelled or no_show
	Kind   string // scheduled, follow_up or instant
	Start  time.Time
	End    time.Time
	Zone   *time.Location // in which it is told: the reader's own where that is known, else the vet's
	Vet    Vet            // ID, Name, Img and Location are used
	Owner  Owner          // shown to the vet only
	Pet    Pet
	Area   string // skin, eye, teeth, joint or other
	// PriorVisitOn is the first visit's local date "2026-10-02"; empty: none.
	PriorVisitOn string
	Symptoms     string
	// CancelUntil is the last instant at which the owner may move or cancel;
	// CanChange says whether that is still ahead and the state allows it.
	CancelUntil time.Time
	CanChange   bool
	CancelledBy string // owner, vet or system, of a cancelled one
	Reason      string // what who cancelled wrote to the other
	Door        Door
	Photo       *SeenPhoto // shown to the vet only; nil: none was attached
}

// Owner is who booked.
type Owner struct{ Name, Phone, Email string }

// Pet is whom it is about; zero values are not shown.
type Pet struct {
	Name, Breed string
	BirthYear   int
	WeightKg    float64
}

// Door is a reservation's room at the moment of rendering. The template and
// door.js make the same line of it:
//
//	locked   more than ten minutes ahead
//	soon     locked, ten minutes or less: a countdown, the waiting room offered
//	waiting  locked, seen from inside the waiting room
//	open     the button is live
//	late     not closed, and the vet announced a delay or is a minute late;
//	         the button follows State
//	closed   over, or the reservation no longer stands
//
// The element carries data-state (one of these six) and data-room-state
// (locked, open or closed, the server's word), and its button is enabled if
// and only if the latter is open.
type Door struct {
	RoomID         string
	State          string // locked, open or closed
	OpensAt        time.Time
	ClosesAt       time.Time
	DelayedMinutes int    // as announced, or as long as the open room waits for the vet; 0: on time
	Late           bool   // the vet is late now: not in the room, though it should be or was announced late
	Reason         string // why it is closed: ended, vet, cancelled, no_show or empty
	Seat           string // owner or vet: whose words the line speaks
	Version        int64  // of the room; the scripts drop what is older
}

// Form is what was typed and what was wrong with it.
type Form struct {
	// Values by field name; field names are the JSON paths of the same request
	// ("owner.phone").
	Values map[string]string
	Errors []FieldError
	// Code is an error of the form as a whole, one of the contract's codes
	// (slot_taken, not_permitted, too_late, bad_credentials, not_found,
	// too_many …).
	Code string
}

// FieldError is an error at one field. Its words are those of
// "problem.FIELD.CODE", else "problem.FIELD", else "problem.CODE", else of a
// general request to check the field.
type FieldError struct {
	Field string
	Code  string // required, too_long, …; may be empty
}

// Value returns what was typed into a field.
func (f Form) Value(field string) string { return f.Values[field] }

// Wrong returns the error at a field, or nil.
func (f Form) Wrong(field string) *FieldError {
	for i := range f.Errors {
		if f.Errors[i].Field == field {
			return &f.Errors[i]
		}
	}
	return nil
}
