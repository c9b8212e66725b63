package signaling

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// encode makes a frame of one of the server's messages, which are our own types and always encode.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // signals pass untouched
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("signaling: encode %T: %v", v, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// numberRoom is how many bytes a number takes at most.
const numberRoom = len(`,"n":`) + 20

// numbered gives the frame with its "n". The frame itself stays as it is: others may be sent the same.
func numbered(frame []byte, n uint64) []byte {
	return numberOwn(append(make([]byte, 0, len(frame)+numberRoom), frame...), n)
}

// numberOwn is numbered for a frame that nobody else has: it is changed, and kept in its place where that has room.
func numberOwn(frame []byte, n uint64) []byte {
	frame = append(frame[:len(frame)-1], `,"n":`...)
	return append(strconv.AppendUint(frame, n, 10), '}')
}

// signalFrame is encode(SignalFrame) without reading the data again.
func signalFrame(data json.RawMessage) []byte {
	out := make([]byte, 0, len(data)+len(`{"type":"signal","data":}`))
	out = append(out, `{"type":"signal","data":`...)
	out = append(out, data...)
	return append(out, '}')
}

func errorFrame(r *refusal) []byte {
	return encode(ErrorFrame{"error", r.code, r.detail})
}

// isAnswer tells whether a signal holds a session description of type answer: {"type":"answer"} itself, or under any
// one key. Nothing else of a signal is ever looked at.
func isAnswer(data json.RawMessage) bool {
	if !bytes.Contains(data, []byte(`"answer"`)) {
		return false
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return false
	}
	if isAnswerType(fields["type"]) {
		return true
	}
	for _, raw := range fields {
		var inner struct {
			Type json.RawMessage `json:"type"`
		}
		if len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &inner) == nil && isAnswerType(inner.Type) {
			return true
		}
	}
	return false
}

func isAnswerType(raw json.RawMessage) bool { return string(raw) == `"answer"` }
