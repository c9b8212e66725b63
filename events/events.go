// Package events is the wire contract in one place: types, subjects, payloads with their units, and the way from a
// clinic.Event to a message and back.
//
// Every message is one CloudEvents 1.0 object in JSON (structured mode). Its id is also the message's Nats-Msg-Id, so
// that a repeat is known as one; its subject attribute is the aggregate's id; data.version rises with every event of
// an aggregate, so that a reader drops what is old. No payload holds a name, a telephone number, a mail address, a
// reservation number or any free text.
package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vetroom/clinic"
)

// Source is the CloudEvents source of every event.
const Source = "/vetroom"

// timeFormat is RFC 3339 in UTC with milliseconds, as everywhere on the wire.
const timeFormat = "2006-01-02T15:04:05.000Z"

// Time is an instant on the wire: RFC 3339, UTC, milliseconds.
type Time struct{ time.Time }

// MarshalJSON writes "2026-12-01T05:30:00.000Z".
func (t Time) MarshalJSON() ([]byte, error) {
	return t.AppendJSON(make([]byte, 0, len(timeFormat)+2)), nil
}

// AppendJSON appends what MarshalJSON writes.
func (t Time) AppendJSON(b []byte) []byte { return t.UTC().AppendFormat(b, `"`+timeFormat+`"`) }

// UnmarshalJSON reads RFC 3339.
func (t *Time) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	parsed, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return fmt.Errorf("%q is not an RFC 3339 time", s)
	}
	t.Time = parsed.UTC()
	return nil
}

// Booking is the data of vetroom.booking.*.
type Booking struct {
	Version       int64             `json:"version"` // of the reservation
	ReservationID string            `json:"reservation_id"`
	VetID         string            `json:"vet_id"`
	Start         Time              `json:"start"`
	End           Time              `json:"end"`
	Kind          clinic.Kind       `json:"kind"` // scheduled, follow_up, instant
	RoomID        string            `json:"room_id"`
	PreviousStart *Time             `json:"previous_start,omitempty"`  // of .rescheduled
	PreviousVetID string            `json:"previous_vet_id,omitempty"` // of .rescheduled, if it went to another vet, at the same time
	CancelledBy   clinic.Party      `json:"cancelled_by,omitempty"`    // of .cancelled
	ReasonCode    clinic.ReasonCode `json:"reason_code,omitempty"`     // of .cancelled
	MinutesBefore int               `json:"minutes_before,omitempty"`  // of .reminder: 1440 or 10
}

// Vet is the data of vetroom.vet.*.
type Vet struct {
	Version    int64             `json:"version"` // of the vet
	VetID      string            `json:"vet_id"`
	Since      Time              `json:"since"` // when it changed
	ReasonCode clinic.ReasonCode `json:"reason_code,omitempty"`
}

// Room is the data of vetroom.room.*.
type Room struct {
	Version        int64             `json:"version"` // of the room
	RoomID         string            `json:"room_id"`
	ReservationID  string            `json:"reservation_id"`
	VetID          string            `json:"vet_id"`
	OpensAt        Time              `json:"opens_at"`                  // the first instant at which a peer may enter
	ClosesAt       Time              `json:"closes_at"`                 // the first instant at which none may any more
	OpenedBy       clinic.Party      `json:"opened_by,omitempty"`       // of .open: schedule or vet
	ScheduledFor   *Time             `json:"scheduled_for,omitempty"`   // of .open: the booked start
	OpenedAt       *Time             `json:"opened_at,omitempty"`       // of .open: the instant of the opening
	DelayedMinutes int               `json:"delayed_minutes,omitempty"` // as announced
	Reason         clinic.ReasonCode `json:"reason,omitempty"`          // of .closed: ended, vet, cancelled, no_show
}

// AI is the data of vetroom.ai.*.
type AI struct {
	Version     int64              `json:"version"` // of the screening
	ScreeningID string             `json:"screening_id"`
	Model       string             `json:"model,omitempty"`       // of .result and .reviewed: who looked, "name@version"
	Findings    []clinic.Finding   `json:"findings,omitzero"`     // of .result, [] for none: code A1 to A7 and score 0 to 1, the surest first
	Quality     *clinic.Quality    `json:"quality,omitempty"`     // of the photo
	ReasonCode  clinic.ReasonCode  `json:"reason_code,omitempty"` // of .failed: unavailable, refused, invalid_result
	Agrees      *bool              `json:"agrees,omitempty"`      // of .reviewed
	Finding     clinic.FindingCode `json:"finding,omitempty"`     // of .reviewed: what the vet sees, if said
}

// Type gives the CloudEvents type of a kind of fact.
func Type(k clinic.EventKind) string { return "vetroom." + string(k) }

// Subject gives where an event of the kind is published for the aggregate.
func Subject(k clinic.EventKind, aggregateID string) string { return Type(k) + "." + aggregateID }

// usualBody is more bytes than most messages have.
const usualBody = 640

// Encode makes the message of a fact that has its ID and Version. It is written in one go: the CloudEvents library, which
// the tests read it with, would encode the data by itself and drop the zeros of a time's milliseconds ("05:30:00Z").
func Encode(e clinic.Event) (Message, error) {
	_, aggregateID := e.Aggregate()
	if e.ID == "" || aggregateID == "" {
		return Message{}, fmt.Errorf("encode %s: it has no id", e.Kind)
	}
	env := envelope[any]{
		SpecVersion: "1.0", ID: e.ID, Source: Source, Type: Type(e.Kind), Subject: aggregateID,
		Time: Time{clinic.Millis(e.Due)}, DataContentType: "application/json", Data: payload(e),
	}
	body := object{make([]byte, 0, usualBody)}
	if err := env.write(&body); err != nil {
		return Message{}, fmt.Errorf("encode %s: %w", e.Kind, err)
	}
	return Message{ID: e.ID, Subject: Subject(e.Kind, aggregateID), Body: body.buf}, nil
}

func payload(e clinic.Event) any {
	switch {
	case e.Vet != nil:
		return Vet{e.Version, e.Vet.ID, Time{e.Vet.OnlineSince}, e.Reason}
	case e.Screening != nil:
		return aiData(e)
	case strings.HasPrefix(string(e.Kind), "room."):
		return roomData(e)
	default:
		return bookingData(e)
	}
}

func bookingData(e clinic.Event) Booking {
	r := &e.Visit.Reservation
	b := Booking{
		Version: e.Version, ReservationID: r.ID, VetID: r.VetID, RoomID: r.RoomID, Kind: r.Kind,
		Start: Time{r.Start}, End: Time{r.End}, MinutesBefore: int(e.Before.Minutes()),
	}
	switch e.Kind {
	case clinic.BookingRescheduled:
		b.PreviousStart, b.PreviousVetID = &Time{e.PreviousStart}, e.PreviousVetID
	case clinic.BookingCancelled:
		b.CancelledBy, b.ReasonCode = r.CancelledBy, e.Reason
	}
	return b
}

func roomData(e clinic.Event) Room {
	v := &e.Visit.Room
	d := Room{
		Version: e.Version, RoomID: v.ID, ReservationID: v.ReservationID, VetID: v.VetID,
		OpensAt: Time{v.OpensAt}, ClosesAt: Time{v.ClosesAt}, DelayedMinutes: v.DelayedMinutes,
	}
	switch e.Kind {
	case clinic.RoomOpen:
		d.OpenedBy, d.ScheduledFor, d.OpenedAt = e.OpenedBy, &Time{e.Visit.Reservation.Start}, &Time{v.OpensAt}
	case clinic.RoomClosed:
		d.Reason = e.Reason
	}
	return d
}

func aiData(e clinic.Event) AI {
	s := e.Screening
	d := AI{Version: e.Version, ScreeningID: s.ID, Model: s.Model, ReasonCode: e.Reason, Quality: &s.Quality}
	switch e.Kind {
	case clinic.AIResult:
		d.Findings = append([]clinic.Finding{}, s.Findings...)
	case clinic.AIReviewed:
		d.Agrees, d.Finding, d.Quality = &s.Review.Agrees, s.Review.Finding, nil
	}
	return d
}

// Decoded is a message read back: one of Booking, Vet, Room and AI is set, by Kind.
type Decoded struct {
	ID      string
	Kind    clinic.EventKind
	Time    time.Time
	Booking *Booking
	Vet     *Vet
	Room    *Room
	AI      *AI
}

// ErrMalformed says that a message is not one of the contract's events.
var ErrMalformed = errors.New("not an event of the contract")

// envelope is an event in structured mode, with the CloudEvents attributes that ours have.
type envelope[D any] struct {
	SpecVersion     string `json:"specversion"`
	ID              string `json:"id"`
	Source          string `json:"source"`
	Type            string `json:"type"`
	Subject         string `json:"subject"`
	Time            Time   `json:"time"`
	DataContentType string `json:"datacontenttype"`
	Data            D      `json:"data"`
}

// Decode reads a message's body. It returns ErrMalformed for what is not one of the contract's events; a reader
// skips those.
func Decode(body []byte) (*Decoded, error) {
	var env envelope[json.RawMessage]
	if err := json.Unmarshal(body, &env); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	kind, ok := strings.CutPrefix(env.Type, "vetroom.")
	if env.SpecVersion != "1.0" || env.ID == "" || !ok {
		return nil, fmt.Errorf("%w: type %q", ErrMalformed, env.Type)
	}
	d := &Decoded{ID: env.ID, Kind: clinic.EventKind(kind), Time: env.Time.Time}
	var data any
	switch topic, _, _ := strings.Cut(kind, "."); topic {
	case "booking":
		d.Booking = &Booking{}
		data = d.Booking
	case "vet":
		d.Vet = &Vet{}
		data = d.Vet
	case "room":
		d.Room = &Room{}
		data = d.Room
	case "ai":
		d.AI = &AI{}
		data = d.AI
	default:
		return nil, fmt.Errorf("%w: type %q", ErrMalformed, env.Type)
	}
	if err := json.Unmarshal(env.Data, data); err != nil {
		return nil, fmt.Errorf("%w: data of %s: %w", ErrMalformed, env.Type, err)
	}
	return d, nil
}
