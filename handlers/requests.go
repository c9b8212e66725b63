package handlers

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"vetroom/clinic"
	"vetroom/clinic/schema"
)

// isID tells whether s looks like an id of ours.
func isID(s string) bool {
	return len(s) == 36 && uuid.Validate(s) == nil
}

// readBooking reads the body of POST /api/v1/reservations.
func readBooking(now time.Time) func(*object) clinic.BookRequest {
	return func(o *object) clinic.BookRequest {
		q := clinic.BookRequest{VetID: o.needed("vet_id"), Start: o.instant("start"), Request: readRequest(o, now)}
		if q.VetID != "" && !isID(q.VetID) {
			o.invalid("vet_id", "must be a vet's id")
		}
		q.ScreeningID = o.screeningID()
		return q
	}
}

// screeningID reads which screening comes with a request, "" if none.
func (o *object) screeningID() string {
	id := o.text("screening_id")
	if id != "" && !isID(id) {
		o.invalid("screening_id", "must be a screening's id")
	}
	return id
}

// readFollowUp reads the body of POST /api/v1/vet/reservations.
func readFollowUp(now time.Time) func(*object) clinic.FollowUpRequest {
	return func(o *object) clinic.FollowUpRequest {
		return clinic.FollowUpRequest{
			Start: o.instant("start"), Minutes: o.neededWhole("minutes"), Request: readRequest(o, now),
		}
	}
}

func readRequest(o *object, now time.Time) clinic.Request {
	owner, pet, visit := o.child("owner"), o.child("pet"), o.child("visit")
	q := clinic.Request{
		Owner: clinic.Owner{
			Name: owner.text("name"), Phone: owner.text("phone"), Email: owner.text("email"), Locale: owner.text("locale"),
		},
		Pet: clinic.Pet{
			Name: pet.text("name"), Breed: pet.text("breed"), BirthYear: pet.whole("birth_year", 0), WeightKg: pet.number("weight_kg"),
		},
		Purpose:  clinic.Purpose{Area: clinic.Area(visit.text("area")), PriorVisitOn: visit.day("prior_visit_on")},
		Symptoms: o.text("symptoms"),
	}
	q.Normalise()
	o.adopt(q.Validate(now))
	return q
}

// hoursDocument is hours and the zone in which they are meant.
type hoursDocument struct {
	zone *time.Location // nil: as it was
	clinic.Hours
}

// readHours reads the body of PUT /api/v1/vet/hours. What is absent takes its default; the zone stays.
func readHours(o *object) hoursDocument {
	d := clinic.DefaultHours()
	h := hoursDocument{Hours: clinic.Hours{
		SlotMinutes:         o.whole("slot_minutes", d.SlotMinutes),
		BufferMinutes:       o.whole("buffer_minutes", d.BufferMinutes),
		NoticeMinutes:       o.whole("notice_minutes", d.NoticeMinutes),
		HorizonDays:         o.whole("horizon_days", d.HorizonDays),
		CancelCutoffMinutes: o.whole("cancel_cutoff_minutes", d.CancelCutoffMinutes),
		Weekly:              []clinic.Window{},
		Exceptions:          []clinic.Exception{},
	}}
	for _, w := range o.list("weekly") {
		h.Weekly = append(h.Weekly, readWindow(w))
	}
	for _, e := range o.list("exceptions") {
		h.Exceptions = append(h.Exceptions, readException(e))
	}
	if name := o.text("time_zone"); name != "" {
		var err error
		if h.zone, err = loadZone(name); err != nil {
			o.invalid("time_zone", "must be an IANA time zone like Asia/Seoul")
		}
	}
	if len(o.faults.fields) == 0 {
		o.adopt(h.Validate())
	}
	return h
}

// loadZone finds a zone by its IANA name; "Local" names none.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not a time zone", name)
	}
	return time.LoadLocation(name)
}

func readWindow(o *object) clinic.Window {
	var w clinic.Window
	if day := o.needed("day"); day != "" && w.Day.UnmarshalText([]byte(day)) != nil {
		o.invalid("day", "must be one of mon, tue, wed, thu, fri, sat, sun")
	}
	w.From, w.To = o.neededClock("from"), o.neededClock("to")
	return w
}

func readException(o *object) clinic.Exception {
	o.sketch.need("date")
	e := clinic.Exception{Date: o.day("date"), Closed: o.option("closed")}
	if o.values["date"] == nil || o.values["date"] == "" {
		o.invalid("date", "is missing")
	}
	if e.Closed {
		_, from := o.clock("from")
		_, to := o.clock("to")
		if from || to {
			o.invalid("closed", "is closed, so it cannot have from and to")
		}
		return e
	}
	e.From, e.To = o.neededClock("from"), o.neededClock("to")
	return e
}

// neededClock reads a time of day that must be there.
func (o *object) neededClock(key string) clinic.ClockTime {
	o.sketch.need(key)
	t, _ := o.clock(key)
	if v, ok := o.value(key); !ok || v == "" {
		o.invalid(key, "is missing")
		return 0
	}
	return t
}

// query reads a request's query by name and notes what is wrong, as object does a body. A name that nobody asks for
// is passed over.
type query struct {
	url.Values
	faults faults
	sketch *sketch // nil but for describing what is read
}

func (c *call) query() *query { return &query{Values: c.URL.Query()} }

// ask reads the call's query. It returns clinic.ErrInvalid naming each value that cannot be right.
func ask[T any](c *call, read func(*query) T) (T, error) {
	q := c.query()
	value := read(q)
	return value, q.faults.err()
}

// readNear reads from where distances are counted, nil if nobody says.
func readNear(q *query) *clinic.Place { return q.place("near") }

type daySpan struct {
	from clinic.Date
	days int
}

// readDays reads a stretch of days. The domain knows how many there may be.
func readDays(q *query) daySpan { return daySpan{q.day("from"), q.whole("days", 7, -1, 1<<20)} }

func (q *query) invalid(name, format string, args ...any) {
	q.faults.note(name, format, args...)
}

// whole reads a whole number from low to high, or otherwise if absent.
func (q *query) whole(name string, otherwise, low, high int) int {
	q.sketch.typed(name, func() schema.Object { return aNumber(otherwise, low, high) })
	if q.Get(name) == "" {
		return otherwise
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < low || n > high {
		q.invalid(name, "must be a whole number from %d to %d", low, high)
		return otherwise
	}
	return n
}

// day reads a calendar day, zero if absent.
func (q *query) day(name string) clinic.Date {
	q.sketch.typed(name, aDay)
	if q.Get(name) == "" {
		return clinic.Date{}
	}
	d, err := clinic.ParseDate(q.Get(name))
	if err != nil {
		q.invalid(name, "must be a day like 2026-12-01")
	}
	return d
}

// option reads true or false, false if absent.
func (q *query) option(name string) bool {
	q.sketch.typed(name, aFlag)
	switch q.Get(name) {
	case "true":
		return true
	case "", "false":
		return false
	}
	q.invalid(name, "must be true or false")
	return false
}

// place reads "LAT,LON", nil if absent.
func (q *query) place(name string) *clinic.Place {
	q.sketch.typed(name, aPlace)
	if q.Get(name) == "" {
		return nil
	}
	lat, lon, _ := strings.Cut(q.Get(name), ",")
	a, err1 := strconv.ParseFloat(strings.TrimSpace(lat), 64)
	o, err2 := strconv.ParseFloat(strings.TrimSpace(lon), 64)
	if err1 != nil || err2 != nil || !(math.Abs(a) <= 90) || !(math.Abs(o) <= 180) {
		q.invalid(name, "must be a place like 37.5665,126.9780")
		return nil
	}
	return &clinic.Place{Lat: a, Lon: o}
}

// text reads what somebody typed, of at most high bytes.
func (q *query) text(name string, high int) string {
	q.sketch.typed(name, func() schema.Object { return schema.Object{"type": "string", "maxLength": high} })
	s := strings.TrimSpace(q.Get(name))
	if len(s) > high || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '\uFFFD' }) {
		q.invalid(name, "must be text of at most %d bytes", high)
		return ""
	}
	return s
}

// Pages of the list of vets.
const (
	pageSize    = 50
	maxPageSize = 100
)

// readVetQuery reads the query of GET /api/v1/vets.
func readVetQuery(q *query) clinic.VetQuery {
	v := clinic.VetQuery{
		Near: q.place("near"), Online: q.option("online"), Area: clinic.Area(q.text("area", 20)), Text: q.text("q", 200),
		Cursor: q.text("cursor", 500), Limit: q.whole("limit", pageSize, 1, maxPageSize),
	}
	if v.Area != "" && !slices.Contains(clinic.Areas, v.Area) {
		q.invalid("area", "must be one of skin, eye, teeth, joint, other")
	}
	return v
}
