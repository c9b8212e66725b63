package events

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"vetroom/clinic"
	"vetroom/clinic/schema"
)

// published is one type of event as it is described.
type published struct {
	kind  clinic.EventKind
	about string
	has   []string // keys of its data beside those that all of its topic have
	may   []string // and those that it may have
}

// all are the contract's events, in its order.
var all = []published{
	{clinic.BookingConfirmed, "A reservation was made.", nil, nil},
	{clinic.BookingRescheduled, "A reservation moved to another time, or to another vet.", []string{"previous_start"}, []string{"previous_vet_id"}},
	{clinic.BookingCancelled, "A reservation was cancelled.", []string{"cancelled_by", "reason_code"}, nil},
	{clinic.BookingCompleted, "A visit is done.", nil, nil},
	{clinic.BookingNoShow, "Nobody came.", nil, nil},
	{clinic.BookingReminder, "A visit starts 24 hours, or 10 minutes, from now.", []string{"minutes_before"}, nil},
	{clinic.VetOnline, "A vet is online.", nil, []string{"reason_code"}},
	{clinic.VetOffline, "A vet is offline.", nil, []string{"reason_code"}},
	{clinic.AIRequested, "A photo came and is to be looked at.", []string{"quality"}, nil},
	{clinic.AIResult, "A photo was looked at.", []string{"model", "findings", "quality"}, nil},
	{clinic.AIFailed, "A photo could not be looked at.", []string{"quality", "reason_code"}, nil},
	{clinic.AIReviewed, "A vet agreed with a result, or did not.", []string{"model", "agrees"}, []string{"finding"}},
	{clinic.RoomOpen, "A room is open: its start came, or its vet opened it before.", []string{"opened_by", "scheduled_for", "opened_at"}, []string{"delayed_minutes"}},
	{clinic.RoomDelayed, "A delay was announced, or taken back.", nil, []string{"delayed_minutes"}},
	{clinic.RoomExtended, "A room closes later.", nil, []string{"delayed_minutes"}},
	{clinic.RoomRescheduled, "A room opens at another time, or for another vet.", nil, []string{"delayed_minutes"}},
	{clinic.RoomClosed, "A room is closed, also one that never opened.", []string{"reason"}, []string{"delayed_minutes"}},
}

// topics are the kinds of aggregates: whose data it is, and the key of its id.
var topics = map[string]struct {
	data reflect.Type
	id   string
}{
	"booking": {reflect.TypeFor[Booking](), "reservation_id"},
	"vet":     {reflect.TypeFor[Vet](), "vet_id"},
	"ai":      {reflect.TypeFor[AI](), "screening_id"},
	"room":    {reflect.TypeFor[Room](), "room_id"},
}

// Described are parts of an AsyncAPI 3.0 document.
type Described struct {
	Channels, Operations, Messages schema.Object
}

// Schemas makes a set that knows the times of the wire.
func Schemas() *schema.Set {
	s := schema.NewSet("#/components/schemas/")
	s.Known[reflect.TypeFor[Time]()] = schema.Instant()
	return s
}

// Describe says, for each type of event, on which channel it is published and what it holds.
func Describe(s *schema.Set) Described {
	d := Described{schema.Object{}, schema.Object{}, schema.Object{}}
	for _, p := range all {
		name := string(p.kind)
		topic := topics[name[:strings.IndexByte(name, '.')]]
		d.Channels[name] = schema.Object{
			"address": Type(p.kind) + ".{" + topic.id + "}", "description": p.about,
			"servers":    []any{schema.Object{"$ref": "#/servers/nats"}},
			"parameters": schema.Object{topic.id: schema.Object{"description": "whose event it is; the event's subject too"}},
			"messages":   schema.Object{name: schema.Object{"$ref": "#/components/messages/" + name}},
		}
		d.Operations[name] = schema.Object{
			"action": "send", "channel": schema.Object{"$ref": "#/channels/" + name},
			"messages": []any{schema.Object{"$ref": "#/channels/" + name + "/messages/" + name}},
		}
		d.Messages[name] = schema.Object{
			"name": Type(p.kind), "summary": p.about, "contentType": ContentType, "payload": p.payload(s, topic.data),
			"headers": schema.Object{"type": "object", "properties": schema.Object{
				"Nats-Msg-Id": schema.Object{"type": "string", "description": "the event's id: a repeat has the same"},
			}},
		}
	}
	return d
}

// payload is the CloudEvents object in structured mode.
func (p published) payload(s *schema.Set, data reflect.Type) schema.Object {
	envelope := s.Fields(reflect.TypeFor[envelope[bool]]())
	properties := envelope["properties"].(schema.Object)
	properties["specversion"] = schema.Object{"const": "1.0"}
	properties["source"] = schema.Object{"const": Source}
	properties["type"] = schema.Object{"const": Type(p.kind)}
	properties["datacontenttype"] = schema.Object{"const": "application/json"}
	properties["data"] = p.data(s, data) // in the place of what stood for it
	return envelope
}

// data keeps of the topic's data what this type of event has or may have.
func (p published) data(s *schema.Set, t reflect.Type) schema.Object {
	whole := s.Fields(t)
	required := append(whole["required"].([]string), p.has...)
	maps.DeleteFunc(whole["properties"].(schema.Object), func(key string, _ any) bool {
		return !slices.Contains(required, key) && !slices.Contains(p.may, key)
	})
	whole["required"] = required
	return whole
}
