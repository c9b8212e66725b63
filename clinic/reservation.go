package clinic

import (
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Reservation is one booked consultation.
type Reservation struct {
	ID     string
	Number string // short, readable aloud; see NewNumber
	VetID  string
	RoomID string
	Kind   Kind
	State  State
	Span
	Request
	CreatedAt   time.Time
	CancelledBy Party
	ReasonCode  ReasonCode
	Reason      string // free text of who cancelled; never published
	Sequence    int    // RFC 5545 SEQUENCE: rises with every move, extension and cancel
	Rev         int64  // compare-and-set
	Version     int64  // of the newest event that a change gave
}

// Kind says how a reservation came about.
type Kind string

// The kinds.
const (
	KindScheduled Kind = "scheduled" // the owner chose a slot
	KindFollowUp  Kind = "follow_up" // the vet set it
	KindInstant   Kind = "instant"   // now
)

// State of a reservation.
type State string

// The states; the diagram stands in the package comment.
const (
	StateConfirmed State = "confirmed"
	StateCompleted State = "completed"
	StateCancelled State = "cancelled"
	StateNoShow    State = "no_show"
)

// Request is what an owner tells when booking.
type Request struct {
	Owner       Owner
	Pet         Pet
	Purpose     Purpose
	Symptoms    string
	ScreeningID string
}

// Owner is who brings the dog.
type Owner struct {
	Name   string
	Phone  string // normalised by NormalPhone
	Email  string
	Locale string // BCP 47; "ko" if not said
}

// Pet is the dog.
type Pet struct {
	Name      string
	Breed     string
	BirthYear int     // 0 if not said
	WeightKg  float64 // 0 if not said
}

// Purpose is why they come: "visit" on the wire.
type Purpose struct {
	Area         Area
	PriorVisitOn Date // the first visit in person, local to the vet; zero if not said
}

// Standing tells whether the reservation still holds its time.
func (r *Reservation) Standing() bool { return r.State == StateConfirmed }

// MaxStanding is how many reservations one phone may hold at a time (contract §2, brakes).
const MaxStanding = 5

// Normalise trims the request and brings its phone into one form. Validate after it.
func (q *Request) Normalise() {
	for _, s := range []*string{&q.Owner.Name, &q.Owner.Email, &q.Owner.Locale, &q.Pet.Name, &q.Pet.Breed, &q.Symptoms} {
		*s = strings.TrimSpace(*s)
	}
	q.Owner.Phone = NormalPhone(q.Owner.Phone)
	if q.Owner.Locale == "" {
		q.Owner.Locale = "ko"
	}
}

// NormalPhone reduces a telephone number to its digits, Korean numbers to the national form: "+82 10-1234-5678" and
// "010 1234 5678" are both "01012345678". Other countries keep their "+".
func NormalPhone(s string) string {
	plus := strings.HasPrefix(strings.TrimSpace(s), "+")
	d := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	if national, korean := strings.CutPrefix(d, "82"); plus && korean {
		return "0" + strings.TrimPrefix(national, "0")
	}
	if plus {
		return "+" + d
	}
	return d
}

// Validate returns ErrInvalid naming every field that cannot be right, as the wire names them.
func (q Request) Validate(now time.Time) error {
	var p problems
	textField(&p, "owner.name", q.Owner.Name, 1, 100)
	digits := strings.TrimPrefix(q.Owner.Phone, "+")
	p.check(len(digits) >= 8 && len(digits) <= 15, "owner.phone", "must be a telephone number of 8 to 15 digits")
	p.check(q.Owner.Email == "" || validMail(q.Owner.Email), "owner.email", "must be an address like name@example.org")
	p.check(slices.Contains([]string{"ko", "en"}, q.Owner.Locale), "owner.locale", "must be ko or en")
	textField(&p, "pet.name", q.Pet.Name, 1, 100)
	textField(&p, "pet.breed", q.Pet.Breed, 0, 100)
	p.check(q.Pet.BirthYear == 0 || (q.Pet.BirthYear >= now.Year()-40 && q.Pet.BirthYear <= now.Year()+1), "pet.birth_year", "must be a year within the last 40")
	p.check(q.Pet.WeightKg >= 0 && q.Pet.WeightKg <= 200, "pet.weight_kg", "must be from 0 to 200")
	p.check(slices.Contains(Areas, q.Purpose.Area), "visit.area", "must be one of skin, eye, teeth, joint, other")
	p.check(q.Purpose.PriorVisitOn.IsZero() || !q.Purpose.PriorVisitOn.After(DateOf(now, time.UTC).AddDays(1)), "visit.prior_visit_on", "lies in the future")
	textField(&p, "symptoms", q.Symptoms, 0, 4000)
	return p.err()
}

func validMail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254
}

// textField checks a text's length in runes and that it holds no control characters but line breaks and tabs.
func textField(p *problems, field, s string, low, high int) {
	n := utf8.RuneCountInString(s)
	switch {
	case n < low:
		p.add(field, "is missing")
	case n > high:
		p.add(field, "must be at most %d characters", high)
	}
	bad := strings.ContainsFunc(s, func(r rune) bool {
		return r == utf8.RuneError || (unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t')
	})
	p.check(!bad, field, "holds characters that cannot be shown")
}
