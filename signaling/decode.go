package signaling

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// shapes reads each type of message from its keys.
var shapes = map[string]func(*object) any{
	"join":    func(o *object) any { return Join{o.id("room"), o.text("resume", maxToken), o.number("seen")} },
	"watch":   func(o *object) any { return Watch{o.ids("rooms"), o.ids("vets")} },
	"signal":  func(o *object) any { return Signal{o.raw("data")} },
	"chat":    readChat,
	"check":   readCheck,
	"checked": readChecked,
	"quality": readQuality,
	"seen":    readSeen,
	"leave":   func(*object) any { return Leave{} },
	"ping":    readPing,
}

// decode reads one text frame into one of the client's messages. Its errors are refusals.
func decode(frame []byte) (any, error) {
	if seen, ok := plainSeen(frame); ok {
		return seen, nil
	}
	if signal, ok := plainSignal(frame); ok {
		return signal, nil
	}
	return decodeAny(frame)
}

// decodeAny reads a message in whatever way JSON lets it be written.
func decodeAny(frame []byte) (any, error) {
	if !utf8.Valid(frame) {
		return nil, refuse(CodeMalformed, "the message is not UTF-8").closing(websocket.StatusInvalidFramePayloadData)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(frame, &fields); err != nil || fields == nil {
		return nil, refuse(CodeMalformed, "the message is not a JSON object")
	}
	o := &object{fields: fields}
	kind := o.text("type", MaxID)
	if o.err == nil && kind == "" {
		o.fault("type", "is missing")
	}
	if o.err != nil {
		return nil, o.err
	}
	shape, ok := shapes[kind]
	if !ok {
		return nil, refuse(CodeUnknownType, "there is no message of this type")
	}
	message := shape(o)
	if err := o.done(); err != nil {
		return nil, err
	}
	return message, nil
}

func readChat(o *object) any {
	text := o.text("text", 4*MaxChat)
	if n := utf8.RuneCountInString(text); n < 1 || n > MaxChat {
		o.fault("text", "must have 1 to 2000 characters")
	}
	id := o.text("id", MaxID)
	if strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		o.fault("id", "must be printable ASCII")
	}
	return Chat{text, id}
}

func readQuality(o *object) any {
	q := Quality{Level: QualityLevel(o.text("level", MaxID)), Video: o.boolean("video"), Relay: o.boolean("relay")}
	if !slices.Contains(QualityLevels, q.Level) {
		o.fault("level", "must be good, fair, poor or lost")
	}
	return q
}

func readSeen(o *object) any {
	n := o.number("n")
	if n == nil {
		o.fault("n", "is missing")
		return nil
	}
	return Seen{*n}
}

func readPing(o *object) any {
	t := json.Number(o.take("t"))
	if _, err := t.Float64(); err != nil || len(t) > 32 || t[0] == '"' {
		o.fault("t", "must be a number")
	}
	return Ping{t}
}

// object is a message whose keys are taken one by one. It keeps the first fault.
type object struct {
	fields map[string]json.RawMessage
	err    error
}

func (o *object) fault(key, detail string) {
	if o.err == nil {
		o.err = refuse(CodeMalformed, "%s %s", key, detail)
	}
}

// done gives the first fault; a key that nobody took is one.
func (o *object) done() error {
	if o.err == nil && len(o.fields) > 0 {
		o.err = refuse(CodeMalformed, "there is a key that this message does not have")
	}
	return o.err
}

func (o *object) take(key string) json.RawMessage {
	raw := o.fields[key]
	delete(o.fields, key)
	return raw
}

// into reads a value that may be absent, and tells whether it was there and right.
func (o *object) into(key string, v any, want string) bool {
	raw := o.take(key)
	if raw == nil {
		return false
	}
	if bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, v) != nil {
		o.fault(key, "must be "+want)
		return false
	}
	return true
}

func (o *object) text(key string, limit int) (s string) {
	if o.into(key, &s, "a string") && len(s) > limit {
		o.fault(key, "is too long")
	}
	return s
}

func (o *object) id(key string) string {
	s := o.text(key, MaxID)
	if s == "" {
		o.fault(key, "is missing")
	}
	return s
}

// ids reads a list of ids, each once.
func (o *object) ids(key string) []string {
	var list []*string
	o.into(key, &list, "a list of ids")
	ids := make([]string, 0, len(list))
	for _, id := range list {
		if id == nil || *id == "" || len(*id) > MaxID {
			o.fault(key, "must be a list of ids")
			return nil
		}
		ids = append(ids, strings.Clone(*id))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// boolean reads a value that must be there.
func (o *object) boolean(key string) (b bool) {
	if !o.into(key, &b, "true or false") {
		o.fault(key, "is missing")
	}
	return b
}

func (o *object) number(key string) *uint64 {
	var n uint64
	if !o.into(key, &n, "a whole number from 0") {
		return nil
	}
	return &n
}

func (o *object) raw(key string) json.RawMessage {
	raw := o.take(key)
	if len(raw) == 0 || raw[0] != '{' {
		o.fault(key, "must be an object")
	}
	return raw
}
