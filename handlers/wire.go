package handlers

import (
	"math"
	"time"

	"vetroom/clinic"
)

// The JSON shapes of contract §2, in the order in which it tells them.

// wireTime is the form of an instant on the wire.
const wireTime = "2006-01-02T15:04:05.000Z"

func wire(t time.Time) string { return t.UTC().Format(wireTime) }

// wireOrNull is wire, and null for no time.
func wireOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := wire(t)
	return &s
}

// vetJSON is a vet in the list.
type vetJSON struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Img         string   `json:"img"`
	Location    string   `json:"location"`
	Description string   `json:"description"`
	Lat         *float64 `json:"lat"`                   // WGS 84 degrees
	Lon         *float64 `json:"lon"`                   //
	DistanceKm  *float64 `json:"distance_km,omitempty"` // from near, where the vet says a place
	Online      bool     `json:"online"`
	TimeZone    string   `json:"time_zone"` // IANA name
	NextFree    *string  `json:"next_free"` // null: nothing within the vet's horizon
}

func vetOf(c clinic.Card, near *clinic.Place) vetJSON {
	v := vetJSON{
		ID: c.ID, Name: c.Name, Img: c.Img, Location: c.Location, Description: c.Description, Lat: c.Lat, Lon: c.Lon,
		Online: c.Online, TimeZone: c.Zone.String(), NextFree: wireOrNull(c.NextFree),
	}
	if near != nil {
		if km, ok := c.DistanceKm(*near); ok {
			km = math.Round(km*1000) / 1000
			v.DistanceKm = &km
		}
	}
	return v
}

// vetDetailJSON is one vet.
type vetDetailJSON struct {
	vetJSON
	SlotMinutes int           `json:"slot_minutes"`
	Areas       []clinic.Area `json:"areas"` // that the vet may see today
	Languages   []string      `json:"languages"`
}

func vetDetailOf(c clinic.Card, near *clinic.Place) vetDetailJSON {
	return vetDetailJSON{vetOf(c, near), c.Hours.SlotMinutes, orEmpty(c.Areas), orEmpty(c.Languages)}
}

// ownVetJSON is a vet as that vet sees it.
type ownVetJSON struct {
	vetDetailJSON
	Login     string  `json:"login"`
	LicenceNo string  `json:"licence_no"`
	Since     *string `json:"since"` // since when online is what it is; null: it never changed
}

func ownVetOf(c clinic.Card) ownVetJSON {
	return ownVetJSON{vetDetailOf(c, nil), c.Login, c.LicenceNo, wireOrNull(c.OnlineSince)}
}

// orEmpty gives an empty list for none: [] on the wire, never null.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

type vetsJSON struct {
	Vets       []vetJSON `json:"vets"`
	NextCursor *string   `json:"next_cursor"` // null on the last page
}

type slotsJSON struct {
	TimeZone string     `json:"time_zone"`
	Slots    []slotJSON `json:"slots"`
}

type slotJSON struct {
	Start string           `json:"start"`
	End   string           `json:"end"`
	State clinic.SlotState `json:"state"`
}

func slotsOf(v *clinic.Vet, slots []clinic.Slot) slotsJSON {
	j := slotsJSON{v.Zone.String(), make([]slotJSON, len(slots))}
	for i, s := range slots {
		j.Slots[i] = slotJSON{wire(s.Start), wire(s.End), s.State}
	}
	return j
}

// reservationJSON is a reservation as its vet and its holder see it.
type reservationJSON struct {
	ID          string            `json:"id"`
	Number      string            `json:"number"`
	State       clinic.State      `json:"state"`
	Kind        clinic.Kind       `json:"kind"`
	Start       string            `json:"start"`
	End         string            `json:"end"`
	Vet         seenVetJSON       `json:"vet"`
	Room        roomJSON          `json:"room"`
	Owner       ownerJSON         `json:"owner"`
	Pet         petJSON           `json:"pet"`
	Visit       visitJSON         `json:"visit"`
	Symptoms    string            `json:"symptoms"`
	ScreeningID string            `json:"screening_id,omitempty"`
	Screening   *screeningJSON    `json:"screening,omitempty"` // in a vet's list, and of one reservation
	CancelledBy clinic.Party      `json:"cancelled_by,omitempty"`
	ReasonCode  clinic.ReasonCode `json:"reason_code,omitempty"`
	Reason      string            `json:"reason,omitempty"`    // as who cancelled wrote it
	Link        string            `json:"link,omitempty"`      // right after booking only
	Aftercare   *aftercareJSON    `json:"aftercare,omitempty"` // of one that was asked for alone, once the visit is over
}

type seenVetJSON struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Img      string `json:"img"`
	Location string `json:"location"`
	TimeZone string `json:"time_zone"`
}

type roomJSON struct {
	ID             string            `json:"id"`
	State          clinic.RoomState  `json:"state"`
	OpensAt        string            `json:"opens_at"`
	ClosesAt       string            `json:"closes_at"`
	DelayedMinutes int               `json:"delayed_minutes,omitempty"`
	Late           bool              `json:"late,omitempty"`   // the vet is not in it, and should be or was announced late
	Reason         clinic.ReasonCode `json:"reason,omitempty"` // why it is closed
}

type ownerJSON struct {
	Name   string `json:"name"`
	Phone  string `json:"phone"`
	Email  string `json:"email,omitempty"`
	Locale string `json:"locale"`
}

type petJSON struct {
	Name      string  `json:"name"`
	Breed     string  `json:"breed,omitempty"`
	BirthYear int     `json:"birth_year,omitempty"`
	WeightKg  float64 `json:"weight_kg,omitempty"`
}

type visitJSON struct {
	Area         clinic.Area `json:"area"`
	PriorVisitOn string      `json:"prior_visit_on,omitempty"`
}

func roomOf(v *clinic.View) roomJSON {
	return roomJSON{
		ID: v.Room.ID, State: v.Room.StateAt(v.At), OpensAt: wire(v.Room.OpensAt), ClosesAt: wire(v.Room.ClosesAt),
		DelayedMinutes: v.Lateness.Minutes, Late: v.Lateness.Late, Reason: v.Room.Reason(v.At),
	}
}

func reservationOf(v *clinic.View) reservationJSON {
	r, vet := &v.Reservation, v.Vet
	j := reservationJSON{
		ID: r.ID, Number: r.Number, State: r.State, Kind: r.Kind, Start: wire(r.Start), End: wire(r.End),
		Vet:      seenVetJSON{vet.ID, vet.Name, vet.Img, vet.Location, vet.Zone.String()},
		Room:     roomOf(v),
		Owner:    ownerJSON{r.Owner.Name, r.Owner.Phone, r.Owner.Email, r.Owner.Locale},
		Pet:      petOf(r.Pet),
		Visit:    visitOf(r.Purpose),
		Symptoms: r.Symptoms, ScreeningID: r.ScreeningID,
		CancelledBy: r.CancelledBy, ReasonCode: r.ReasonCode, Reason: r.Reason,
		Aftercare: aftercareOf(v.Aftercare),
	}
	return j
}

type reservationsJSON struct {
	Reservations []reservationJSON `json:"reservations"`
}

func reservationsOf(views []clinic.View) reservationsJSON {
	j := reservationsJSON{make([]reservationJSON, len(views))}
	for i := range views {
		j.Reservations[i] = reservationOf(&views[i])
	}
	return j
}

type timelineJSON struct {
	Entries []entryJSON `json:"entries"`
}

type entryJSON struct {
	At   string       `json:"at"`
	What clinic.What  `json:"what"`
	By   clinic.Party `json:"by"` // "" where nobody did it
	// Detail is there where there is more to say: how a check or a call went.
	Detail string `json:"detail,omitempty"`
}

func timelineOf(entries []clinic.Entry) timelineJSON {
	j := timelineJSON{make([]entryJSON, len(entries))}
	for i, e := range entries {
		j.Entries[i] = entryJSON{wire(e.At), e.What, e.By, e.Detail}
	}
	return j
}

type onlineJSON struct {
	Online bool    `json:"online"`
	Since  *string `json:"since"` // null: it never changed
}

type hoursJSON struct {
	TimeZone string `json:"time_zone"`
	clinic.Hours
}

func hoursOf(v *clinic.Vet) hoursJSON {
	h := v.Hours
	h.Weekly, h.Exceptions = orEmpty(h.Weekly), orEmpty(h.Exceptions)
	return hoursJSON{v.Zone.String(), h}
}

type permitsJSON struct {
	Permits []clinic.Permit `json:"permits"`
}
