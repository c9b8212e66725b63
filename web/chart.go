package web

import (
	"math"
	"net/url"
	"strconv"
	"time"

	"vetroom/clinic"
)

// RecordPage is "/vet/reservations/{id}": what a vet knows of a visit, and what the vet wrote down of it. Layout.Vet must
// be set.
type RecordPage struct {
	Layout
	Case
	// Record is the version shown; where Form says what is wrong, as it was typed.
	Record RecordText
	// Newest is the number of the newest version, 0 while nothing was written. An older one than this is only read.
	Newest   int64
	Versions []RecordText // newest first, without their texts
	Chat     []ChatLine
	Stills   []Still // photos that were taken in the room
	Timeline []Entry
	Saved    bool
	Form     Form // the errors of a refused form; values come from Record
	// Theirs is what another window wrote meanwhile: set if and only if Form.Code is record_changed.
	Theirs *RecordText
}

// Case is a visit with what a vet knows beside it.
type Case struct {
	Reservation Reservation    // with its photo
	Earlier     []EarlierVisit // of the same pet, newest first
}

// RecordText is one version of a record.
type RecordText struct {
	Version                                            int64
	At                                                 time.Time
	Subjective, Objective, Assessment, Plan, Aftercare string
	VisitAdvised                                       bool
}

// SeenPhoto is a photo of skin with what was seen in it.
type SeenPhoto struct {
	ID        string
	State     string // queued, done or failed
	Untrained bool   // no model looked: colour and texture were measured
	BodyPart  string // as the owner named it
	TakenAt   time.Time
	Findings  []SeenFinding // the surest first
	Notes     []string      // what a better photo would have: too_small, blurred, dark, bright
	Review    *PhotoReview  // nil: no vet has said anything yet
}

// SeenFinding is one finding, A1 to A7, and how much of it was seen, 0 to 1.
type SeenFinding struct {
	Code  string
	Score float64
}

// PhotoReview is a vet's word on a photo.
type PhotoReview struct {
	Agrees  bool
	Finding string // what it is instead; may be empty
	At      time.Time
}

// EarlierVisit is a visit of the same pet, with the newest of its record; nil where nothing was written.
type EarlierVisit struct {
	Reservation
	Record *RecordText
}

// version is the address of one version of the record.
func (c Case) version(n int64) string {
	return c.Reservation.recordAddress() + "?version=" + strconv.FormatInt(n, 10)
}

// Old says that the page shows a version that another has followed.
func (p RecordPage) Old() bool { return p.Form.Code == "" && p.Record.Version < p.Newest }

// Base is the version on which what is typed builds: once another window's was shown, that one.
func (p RecordPage) Base() string {
	if p.Theirs != nil {
		return strconv.FormatInt(p.Theirs.Version, 10)
	}
	return strconv.FormatInt(p.Record.Version, 10)
}

// Values is the form with the record's texts as its values.
func (p RecordPage) Values() Form {
	values := map[string]string{}
	for _, part := range p.Record.Parts() {
		values[part.Name] = part.Text
	}
	return Form{Code: p.Form.Code, Errors: p.Form.Errors, Values: values}
}

// RecordPart is one text of a record, by the name of its field.
type RecordPart struct{ Name, Text string }

// Parts are the texts in the order in which they are written.
func (r RecordText) Parts() []RecordPart {
	return []RecordPart{
		{"subjective", r.Subjective}, {"objective", r.Objective}, {"assessment", r.Assessment}, {"plan", r.Plan}, {"aftercare", r.Aftercare},
	}
}

// Summary is what is read first of an earlier visit: the assessment, or whatever else was written.
func (r RecordText) Summary() string {
	for _, words := range []string{r.Assessment, r.Plan, r.Aftercare, r.Subjective, r.Objective} {
		if words != "" {
			return words
		}
	}
	return ""
}

// photo is the address of the picture itself.
func (s SeenPhoto) photo() string { return "/api/v1/screenings/" + url.PathEscape(s.ID) + "/photo" }

// Others are the findings that a vet may name instead of the surest one.
func (s SeenPhoto) Others() []string {
	var all []string
	for _, code := range clinic.FindingCodes {
		if len(s.Findings) == 0 || s.Findings[0].Code != string(code) {
			all = append(all, string(code))
		}
	}
	return all
}

// Percent is the score in whole percent.
func (f SeenFinding) Percent() int { return int(math.Round(f.Score * 100)) }

// Value is the score as a meter takes it.
func (f SeenFinding) Value() string { return strconv.FormatFloat(f.Score, 'f', 3, 64) }

// Age is how old a pet is in years, by the year of its birth; false where that is not known.
func (p Pet) Age(now time.Time) (years int, known bool) {
	return now.Year() - p.BirthYear, p.BirthYear > 0
}

// Kilos is the pet's weight as people write it; empty where it is not known.
func (p Pet) Kilos() string {
	if p.WeightKg <= 0 {
		return ""
	}
	return strconv.FormatFloat(p.WeightKg, 'f', -1, 64)
}
