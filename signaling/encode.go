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

// numbered gives the frame with its "n". The frame itself stays as it is: others may be sent the same.
func numbered(frame []byte, n uint64) []byte {
	out := make([]byte, 0, len(frame)+len(`,"n":`)+20)
	out = append(out, frame[:len(frame)-1]...)
	out = append(out, `,"n":`...)
	out = strconv.AppendUint(out, n, 10)
	return append(out, '}')
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
