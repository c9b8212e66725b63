package handlers

import (
	"net/http"
	"reflect"
	"time"

	"vetroom/clinic"
	"vetroom/clinic/schema"
)

// description is what /openapi.json says of a route beside what its line in the table of routes does.
type description struct {
	about   string
	query   func(*query)    // reads the query
	body    func(*object)   // reads a JSON body
	form    schema.Object   // of a multipart body
	refine  func(*sketch)   // what the domain asks of the query or the body
	keyed   bool            // takes an Idempotency-Key
	spoken  bool            // answers in the caller's language
	good    answered        // the answer that is none of an error
	refuses []*clinic.Error // beside what any call like it may be refused for
}

// answered is one good answer.
type answered struct {
	status int
	as     reflect.Type // nil: no JSON
	media  string       // of what is no JSON
	placed bool         // says in Location where what was made is
}

func ok[T any]() answered        { return answered{status: http.StatusOK, as: reflect.TypeFor[T]()} }
func accepted[T any]() answered  { return answered{http.StatusAccepted, reflect.TypeFor[T](), "", true} }
func made[T any]() answered      { return answered{http.StatusCreated, reflect.TypeFor[T](), "", true} }
func file(media string) answered { return answered{status: http.StatusOK, media: media} }

var noContent = answered{status: http.StatusNoContent}

// reads makes of what reads a body, and gives something, what only reads it.
func reads[T any](parse func(*object) T) func(*object) { return func(o *object) { parse(o) } }

// asks is reads for a query.
func asks[T any](read func(*query) T) func(*query) { return func(q *query) { read(q) } }

// Refusals that some calls share.
var (
	cannotBook = []*clinic.Error{clinic.ErrSlotTaken, clinic.ErrSlotNotOffered, clinic.ErrNotPermitted, clinic.ErrPriorVisitRequired}
	isOver     = []*clinic.Error{clinic.ErrClosed}

	photoRefusals = []*clinic.Error{clinic.ErrPhotoLarge, clinic.ErrPhotoKind, clinic.ErrPhotoUnreadable, errMalformed, clinic.ErrInvalid, errRateLimited}
)

func and(some []*clinic.Error, more ...*clinic.Error) []*clinic.Error {
	return append(append([]*clinic.Error{}, some...), more...)
}

// described has an entry for each route of the API, by method and pattern: a test holds that.
var described = map[string]description{
	"POST /api/v1/session": {about: "Renews the session's cookie, which lasts an hour.", body: reads(noBody), good: noContent, refuses: []*clinic.Error{errNoSession}},

	"GET /api/v1/vets":            {about: "Lists vets, nearest first where near is given.", query: asks(readVetQuery), refine: vetFilters, good: ok[vetsJSON]()},
	"GET /api/v1/vets/{id}":       {about: "Reads a vet.", query: asks(readNear), good: ok[vetDetailJSON]()},
	"GET /api/v1/vets/{id}/slots": {about: "Lists the slots of some days, local to the vet.", query: asks(readDays), refine: atMostDays(clinic.MaxSlotDays), good: ok[slotsJSON]()},

	"GET /api/v1/reservations":                   {about: "Lists the reservations that the cookie holds.", good: ok[reservationsJSON]()},
	"POST /api/v1/reservations":                  {about: "Books a slot. Sets the owner's cookie; only this answer has the link.", body: reads(readBooking(time.Time{})), refine: theVisit, keyed: true, good: made[reservationJSON](), refuses: and(cannotBook, clinic.ErrKeyReused, clinic.ErrTooManyStanding, errRateLimited, clinic.ErrNotFound)},
	"POST /api/v1/reservations/lookup":           {about: "Finds a reservation by its number and telephone, and sets the owner's cookie.", body: reads(readLookup), good: ok[reservationJSON](), refuses: []*clinic.Error{clinic.ErrNotFound, errRateLimited}},
	"GET /api/v1/reservations/{id}":              {about: "Reads a reservation, for its holder and its vet.", spoken: true, good: ok[reservationJSON]()},
	"POST /api/v1/reservations/{id}/cancel":      {about: "Cancels, until the vet's cut-off.", body: reads(readReason), good: ok[reservationJSON](), refuses: and(isOver, clinic.ErrTooLate)},
	"POST /api/v1/reservations/{id}/reschedule":  {about: "Moves to another slot, until the vet's cut-off.", body: reads(readStart), good: ok[reservationJSON](), refuses: and(cannotBook, clinic.ErrClosed, clinic.ErrTooLate)},
	"POST /api/v1/reservations/{id}/transfer":    {about: "Gives the reservation to another eligible vet who is online, while one's own is late.", body: reads(readNewVet), good: ok[reservationJSON](), refuses: and(cannotBook, clinic.ErrClosed, clinic.ErrTooEarly)},
	"GET /api/v1/reservations/{id}/alternatives": {about: "Lists the vets who could take over while one's own is late.", query: asks(readNear), good: ok[alternativesJSON]()},
	"GET /api/v1/reservations/{id}/timeline":     {about: "Lists what happened and when, to the millisecond.", good: ok[timelineJSON]()},
	"GET /api/v1/reservations/{id}/chat":         {about: "Lists what was written in the room.", good: ok[chatJSON]()},
	"GET /api/v1/reservations/{id}/calendar.ics": {about: "Gives a calendar file (RFC 5545).", good: file("text/calendar")},
	"GET /api/v1/reservations/{id}/stills":       {about: "Lists the photos that were taken in the room, with what the vet drew on them.", spoken: true, good: ok[stillsJSON]()},
	"POST /api/v1/reservations/{id}/stills":      {about: "Keeps a photo at its full resolution, while the room is open. A repeat by the same key answers what the first did.", form: theStill(), keyed: true, spoken: true, good: answered{http.StatusCreated, reflect.TypeFor[stillJSON](), "", true}, refuses: and(photoRefusals, clinic.ErrNotFound, clinic.ErrRoomLocked, clinic.ErrRoomClosed, clinic.ErrTooManyStills, clinic.ErrKeyReused)},
	"GET /api/v1/hospitals":                      {about: "Lists the nearest animal hospitals.", query: asks(readNearest), good: ok[hospitalsJSON]()},

	"GET /api/v1/instant":                   {about: "Counts the vets who are there now.", good: ok[readyJSON]()},
	"POST /api/v1/instant":                  {about: "Asks a vet, or the next free one, for a consultation now. A repeat by the same key answers the request as it is by then. Sets the owner's cookie.", body: reads(readAsk(time.Time{})), refine: theVisit, keyed: true, good: accepted[instantJSON](), refuses: []*clinic.Error{clinic.ErrNotFound, clinic.ErrNotPermitted, clinic.ErrPriorVisitRequired, clinic.ErrTooManyStanding, clinic.ErrKeyReused, errRateLimited}},
	"GET /api/v1/instant/{id}":              {about: "Reads a request for a consultation now, for who asked.", good: ok[instantJSON]()},
	"DELETE /api/v1/instant/{id}":           {about: "Gives a request up.", body: reads(noBody), good: noContent, refuses: []*clinic.Error{clinic.ErrTaken}},
	"GET /api/v1/vet/instant":               {about: "Lists the requests that ring for the vet.", spoken: true, good: ok[ringsJSON]()},
	"POST /api/v1/vet/instant/{id}/accept":  {about: "Accepts a request: its room is open at once.", body: reads(noBody), good: ok[reservationJSON](), refuses: []*clinic.Error{clinic.ErrTaken, clinic.ErrClosed, clinic.ErrNotOnline, clinic.ErrNotPermitted, clinic.ErrPriorVisitRequired, clinic.ErrSlotTaken}},
	"POST /api/v1/vet/instant/{id}/decline": {about: "Declines a request: it rings for the next vet.", body: reads(noBody), good: ok[ringJSON](), refuses: []*clinic.Error{clinic.ErrTaken, clinic.ErrClosed}},

	"POST /api/v1/screenings":                 {about: "Takes a photo of skin in. Sets the owner's cookie. The result is a reference, never a diagnosis.", form: thePhoto(), spoken: true, good: accepted[screeningJSON](), refuses: photoRefusals},
	"GET /api/v1/screenings/{id}":             {about: "Reads a screening.", spoken: true, good: ok[screeningJSON]()},
	"GET /api/v1/screenings/{id}/photo":       {about: "Gives the photo, as it is kept.", good: file("image/jpeg"), refuses: []*clinic.Error{errRateLimited}},
	"POST /api/v1/vet/screenings/{id}/review": {about: "Says whether the vet agrees with a screening's result.", body: reads(readReview), refine: theFinding, spoken: true, good: ok[screeningJSON](), refuses: []*clinic.Error{clinic.ErrNotScreened}},

	"GET /api/v1/stills/{id}/photo":       {about: "Gives a still's photo, or a small one.", query: asks(readSmall), good: file("image/jpeg"), refuses: []*clinic.Error{errRateLimited}},
	"PUT /api/v1/vet/stills/{id}/marks":   {about: "Puts marks on a still, in the place of those before. Points lie at 0 to 1 of the photo.", body: reads(readMarks), refine: theMarks, spoken: true, good: ok[stillJSON]()},
	"POST /api/v1/vet/stills/{id}/screen": {about: "Has a still looked at, if it was not. The result is a reference, never a diagnosis.", body: reads(noBody), spoken: true, good: answered{status: http.StatusAccepted, as: reflect.TypeFor[stillJSON]()}, refuses: []*clinic.Error{clinic.ErrPhotoUnreadable}},

	"POST /api/v1/vet/login":                            {about: "Signs a vet in and sets the vet's cookie.", body: reads(readCredentials), good: ok[signedInJSON](), refuses: []*clinic.Error{errBadCredentials, errRateLimited}},
	"POST /api/v1/vet/logout":                           {about: "Signs the vet out, and offline.", body: reads(noBody), good: noContent},
	"GET /api/v1/vet/me":                                {about: "Reads the vet who is signed in.", good: ok[ownVetJSON]()},
	"PUT /api/v1/vet/online":                            {about: "Sets the vet online or offline.", body: reads(readOnline), good: ok[onlineJSON]()},
	"GET /api/v1/vet/hours":                             {about: "Reads the vet's hours.", good: ok[hoursJSON]()},
	"PUT /api/v1/vet/hours":                             {about: "Replaces the vet's hours. What is absent takes its default; the zone stays. No standing reservation is touched.", body: reads(readHours), refine: theHours, good: ok[hoursJSON]()},
	"GET /api/v1/vet/permits":                           {about: "Lists the vet's permits.", good: ok[permitsJSON]()},
	"GET /api/v1/vet/reservations":                      {about: "Lists the vet's reservations of some days, with their screenings.", query: asks(readDays), refine: atMostDays(clinic.MaxVisitDays), spoken: true, good: ok[reservationsJSON]()},
	"POST /api/v1/vet/reservations":                     {about: "Books a follow-up, or for who called, also outside the offered grid.", body: reads(readFollowUp(time.Time{})), refine: theVisit, keyed: true, good: made[reservationJSON](), refuses: []*clinic.Error{clinic.ErrNotPermitted, clinic.ErrPriorVisitRequired, clinic.ErrSlotTaken, clinic.ErrKeyReused}},
	"POST /api/v1/vet/reservations/{id}/cancel":         {about: "Cancels a reservation for the vet.", body: reads(readReason), good: ok[reservationJSON](), refuses: isOver},
	"POST /api/v1/vet/reservations/{id}/no-show":        {about: "Says that nobody came.", body: reads(noBody), good: ok[reservationJSON](), refuses: and(isOver, clinic.ErrTooEarly)},
	"POST /api/v1/vet/reservations/{id}/complete":       {about: "Says that the visit is done.", body: reads(noBody), good: ok[reservationJSON](), refuses: and(isOver, clinic.ErrTooEarly)},
	"GET /api/v1/vet/reservations/{id}/record":          {about: "Reads the record, of any version, with what was written in the room.", query: asks(readVersion), good: ok[readRecordJSON]()},
	"PUT /api/v1/vet/reservations/{id}/record":          {about: "Writes the record anew. Every version is kept.", body: reads(readWriting), refine: theRecord, good: ok[recordJSON](), refuses: []*clinic.Error{clinic.ErrRecordChanged}},
	"GET /api/v1/vet/reservations/{id}/record/versions": {about: "Lists the record's versions.", good: ok[versionsJSON]()},
	"POST /api/v1/vet/rooms/{id}/open":                  {about: "Opens the room before its start, and sets the vet online.", body: reads(noBody), good: ok[roomJSON](), refuses: isOver},
	"POST /api/v1/vet/rooms/{id}/close":                 {about: "Closes the room.", body: reads(noBody), good: ok[roomJSON](), refuses: []*clinic.Error{clinic.ErrRoomLocked}},
	"POST /api/v1/vet/rooms/{id}/delay":                 {about: "Announces a delay, which moves neither the door nor the end.", body: reads(readMinutes), good: ok[roomJSON](), refuses: isOver},
	"POST /api/v1/vet/rooms/{id}/extend":                {about: "Moves the end into free time.", body: reads(readMinutes), good: ok[roomJSON](), refuses: and(isOver, clinic.ErrSlotTaken)},
}

// signedInJSON is what a login answers.
type signedInJSON struct {
	Vet ownVetJSON `json:"vet"`
}

func oneOf[T ~string](all ...T) schema.Object {
	words := make([]any, len(all))
	for i, word := range all {
		words[i] = string(word)
	}
	return schema.Object{"enum": words}
}

func vetFilters(s *sketch) { s.asked("area", false, oneOf(clinic.Areas...)) }

func atMostDays(days int) func(*sketch) {
	return func(s *sketch) { s.asked("days", false, aNumber(7, 1, days)) }
}

// theVisit is what the domain asks of whoever wants to be seen.
func theVisit(s *sketch) {
	s.asked("owner.name", true, schema.Object{"maxLength": 100})
	s.asked("owner.phone", true, schema.Object{"examples": []any{"010-1234-5678"}})
	s.asked("owner.locale", false, oneOf("ko", "en"))
	s.asked("pet.name", true, schema.Object{"maxLength": 100})
	s.asked("pet.breed", false, schema.Object{"maxLength": 100})
	s.asked("pet.weight_kg", false, schema.Object{"minimum": 0, "maximum": 200})
	s.asked("visit.area", true, oneOf(clinic.Areas...))
	s.asked("symptoms", false, schema.Object{"maxLength": 4000})
	for _, part := range []string{"owner", "pet", "visit"} {
		s.need(part)
	}
	if _, asked := s.types["minutes"]; asked {
		s.asked("minutes", true, schema.Object{"minimum": 5, "maximum": 180})
	}
}

func theHours(s *sketch) {
	s.asked("weekly[].day", true, oneOf("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
	for _, at := range []string{"exceptions[].from", "exceptions[].to"} {
		s.asked(at, false, schema.Object{"description": "local to the vet, by 5 minutes; not of a closed day, and of every other"})
	}
}

func theFinding(s *sketch) {
	s.asked("finding", false, oneOf(append([]clinic.FindingCode{""}, clinic.FindingCodes...)...))
}

func theRecord(s *sketch) {
	for _, part := range []string{"subjective", "objective", "assessment", "plan", "aftercare"} {
		s.asked(part, true, schema.Object{"maxLength": clinic.MaxNote})
	}
	s.asked("version", false, schema.Object{"minimum": 0, "description": "that was read; another in between is refused"})
}

func thePhoto() schema.Object {
	return schema.Object{"type": "object", "required": []string{"photo"}, "properties": schema.Object{
		"photo":     schema.Object{"type": "string", "contentMediaType": "image/jpeg", "description": "JPEG, PNG or WebP, at most 12 MiB"},
		"body_part": schema.Object{"type": "string", "maxLength": clinic.MaxBodyPart},
	}}
}

func theStill() schema.Object {
	form := thePhoto()
	delete(form["properties"].(schema.Object), "body_part")
	return form
}

func theMarks(s *sketch) {
	s.asked("marks[].kind", true, oneOf(clinic.MarkKinds...))
	s.asked("marks[].colour", true, oneOf(clinic.MarkColours...))
	s.asked("marks[].points", true, nil)
	s.need("marks")
}
