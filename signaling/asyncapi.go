package signaling

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"

	"vetroom/clinic/schema"
	"vetroom/events"
)

// AsyncAPI describes (AsyncAPI 3.0) what is published over NATS and said over the socket of a site, given by its
// public URL. Where the broker is, it leaves open: that is not for everybody.
func AsyncAPI(version, site string) map[string]any {
	s := schemas()
	d := events.Describe(s)
	socket := schema.Object{
		"address": "/ws", "description": "One socket a page: subprotocol " + Subprotocol + ", JSON text frames of at most 64 KiB. The cookie says who; the Origin must be the site's.",
		"servers": []any{schema.Object{"$ref": "#/servers/site"}}, "messages": schema.Object{},
		"bindings": schema.Object{"ws": schema.Object{"method": "GET"}},
	}
	d.Channels["socket"] = socket
	describe(d, socket, "receive", "client.", sent())
	describe(d, socket, "send", "server.", told(s))
	scheme, host, _ := strings.Cut(site, "://")
	return map[string]any{
		"asyncapi": "3.0.0",
		"info": schema.Object{"title": "Vetroom", "version": version, "description": "Events are CloudEvents 1.0 over JetStream, published at least once under one id, " +
			"in the streams BOOKING, VET, AI and ROOM; those of one aggregate come first in the order of data.version. Browsers are told over the socket."},
		"servers": schema.Object{
			"nats": schema.Object{"host": "{broker}", "protocol": "nats", "variables": schema.Object{
				"broker": schema.Object{"default": "127.0.0.1:4222", "description": "vetroom events url prints it, with credentials"},
			}},
			"site": schema.Object{"host": host, "protocol": map[string]string{"https": "wss", "http": "ws"}[scheme]},
		},
		"defaultContentType": "application/json",
		"channels":           d.Channels, "operations": d.Operations,
		"components": schema.Object{"messages": d.Messages, "schemas": s.Parts},
	}
}

func schemas() *schema.Set {
	s := events.Schemas()
	s.Known[reflect.TypeFor[PeerState]()] = words(PeerAbsent, PeerWaiting, PeerPresent)
	s.Known[reflect.TypeFor[Code]()] = words(CodeMalformed, CodeUnknownType, CodeTooLarge, CodeForbidden, CodeNotJoined, CodeRoomLocked, CodeRoomClosed,
		CodeTooManyWatched, CodeNotFound, CodeRateLimited, CodeUnavailable, CodeBusy, CodeNoEcho, CodeBadOffer, CodeReplaced, CodeSignedOut)
	s.Known[reflect.TypeFor[json.RawMessage]()] = schema.Object{"type": "object"}
	s.Known[reflect.TypeFor[json.Number]()] = schema.Object{"type": "number"}
	return s
}

func words[T ~string](all ...T) schema.Object {
	list := make([]any, len(all))
	for i, word := range all {
		list[i] = string(word)
	}
	return schema.Object{"type": "string", "enum": list}
}

// describe puts messages on the socket, by their type: what its payload is, and when it comes.
func describe(d events.Described, socket schema.Object, action, prefix string, messages map[string]schema.Object) {
	for kind, payload := range messages {
		name := prefix + kind
		d.Messages[name] = schema.Object{"name": kind, "payload": payload}
		socket["messages"].(schema.Object)[name] = schema.Object{"$ref": "#/components/messages/" + name}
		d.Operations[name] = schema.Object{
			"action": action, "channel": schema.Object{"$ref": "#/channels/socket"},
			"messages": []any{schema.Object{"$ref": "#/channels/socket/messages/" + name}},
		}
	}
}

// signalData is what pages say to each other and take from a peer of another kind.
const signalData = "passed on untouched; to and from a page {description: {type, sdp}} or {candidate: {candidate, sdpMid, sdpMLineIndex}}"

// sent is what a client sends: the keys that decode reads. A key that is not here is refused.
func sent() map[string]schema.Object {
	id := schema.Object{"type": "string", "minLength": 1, "maxLength": MaxID}
	ids := schema.Object{"type": "array", "items": id, "maxItems": MaxWatched, "description": "rooms and vets together at most 50"}
	count := schema.Object{"type": "integer", "minimum": 0}
	messages := map[string]schema.Object{
		"join":   shape([]string{"room"}, schema.Object{"room": id, "resume": schema.Object{"type": "string", "maxLength": maxToken}, "seen": count}),
		"watch":  shape(nil, schema.Object{"rooms": ids, "vets": ids}),
		"signal": shape([]string{"data"}, schema.Object{"data": schema.Object{"type": "object", "description": signalData}}),
		"chat": shape([]string{"text"}, schema.Object{
			"text": schema.Object{"type": "string", "minLength": 1, "maxLength": MaxChat},
			"id":   schema.Object{"type": "string", "maxLength": MaxID, "pattern": "^[!-~]*$", "description": "answered by kept, once it is"},
		}),
		"check": shape([]string{"room"}, schema.Object{"room": id, "description": schema.Object{
			"type": "object", "required": []string{"type", "sdp"}, "additionalProperties": false, "properties": schema.Object{
				"type": schema.Object{"const": "offer"}, "sdp": schema.Object{"type": "string", "minLength": 1, "maxLength": MaxOffer},
			},
		}}),
		"checked": shape([]string{"room", "result"}, schema.Object{"room": id, "result": resultSchema()}),
		"quality": shape([]string{"level", "video", "relay"}, schema.Object{
			"level": words(QualityLevels...), "video": schema.Object{"type": "boolean"}, "relay": schema.Object{"type": "boolean"},
		}),
		"seen":  shape([]string{"n"}, schema.Object{"n": count}),
		"leave": shape(nil, schema.Object{}),
		"ping":  shape([]string{"t"}, schema.Object{"t": schema.Object{"type": "number"}}),
	}
	for kind, message := range messages {
		typed(message, kind)
		message["additionalProperties"] = false
	}
	return messages
}

func resultSchema() schema.Object {
	millis := schema.Object{"type": "number", "minimum": 0, "maximum": maxMillis}
	return schema.Object{"type": "object", "required": []string{"verdict", "way"}, "additionalProperties": false, "properties": schema.Object{
		"verdict": words(CheckVerdicts...), "way": words(CheckWays...), "rtt_ms": millis, "jitter_ms": millis,
		"loss":   schema.Object{"type": "number", "minimum": 0, "maximum": maxLoss},
		"camera": words(CheckDevices...), "microphone": words(CheckDevices...), "speaker": words(CheckDevices...),
	}}
}

func shape(required []string, properties schema.Object) schema.Object {
	return schema.Object{"type": "object", "required": append([]string{"type"}, required...), "properties": properties}
}

func typed(message schema.Object, kind string) {
	message["properties"].(schema.Object)["type"] = schema.Object{"const": kind}
}

// told is what the server sends. Each but a pong carries n to a joined seat.
func told(s *schema.Set) map[string]schema.Object {
	messages := map[string]schema.Object{}
	for kind, frame := range map[string]reflect.Type{
		"room": reflect.TypeFor[RoomFrame](), "peer": reflect.TypeFor[PeerFrame](), "signal": reflect.TypeFor[SignalFrame](),
		"chat": reflect.TypeFor[ChatFrame](), "kept": reflect.TypeFor[KeptFrame](), "vet": reflect.TypeFor[VetFrame](), "slot": reflect.TypeFor[SlotFrame](),
		"instant": reflect.TypeFor[InstantFrame](), "screening": reflect.TypeFor[ScreeningFrame](), "record": reflect.TypeFor[RecordFrame](), "still": reflect.TypeFor[StillFrame](), "going_away": reflect.TypeFor[GoingAwayFrame](),
		"check": reflect.TypeFor[CheckFrame](), "checked": reflect.TypeFor[CheckedFrame](),
		"error": reflect.TypeFor[ErrorFrame](), "pong": reflect.TypeFor[PongFrame](),
	} {
		message := s.Fields(frame)
		typed(message, kind)
		if kind != "pong" {
			message["properties"].(schema.Object)["n"] = schema.Object{"type": "integer", "minimum": 1, "description": "of a seat alone"}
		}
		messages[kind] = message
	}
	seat := s.Fields(reflect.TypeFor[SeatFrame]())
	maps.Copy(messages["room"]["properties"].(schema.Object), seat["properties"].(schema.Object))
	return messages
}
