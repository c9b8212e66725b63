package signaling_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"vetroom/signaling"
)

func TestDecodesEachMessage(t *testing.T) {
	n := uint64(7)
	for text, want := range map[string]any{
		`{"type":"join","room":"r"}`:                                 signaling.Join{Room: "r"},
		`{"type":"join","room":"r","resume":"t","seen":7}`:           signaling.Join{Room: "r", Resume: "t", Seen: &n},
		`{"type":"watch","rooms":["b","a","b"],"vets":["v"]}`:        signaling.Watch{Rooms: []string{"a", "b"}, Vets: []string{"v"}},
		`{"type":"watch"}`:                                           signaling.Watch{Rooms: []string{}, Vets: []string{}},
		`{"type":"signal","data":{"a": [1,2]}}`:                      signaling.Signal{Data: []byte(`{"a": [1,2]}`)},
		`{"type":"chat","text":"` + strings.Repeat("개", 2000) + `"}`: signaling.Chat{Text: strings.Repeat("개", 2000)},
		`{"type":"seen","n":7}`:                                      signaling.Seen{N: 7},
		`{"n":18446744073709551615,"type":"seen"}`:                   signaling.Seen{N: 1<<64 - 1},
		`{"type":"seen","n":0}`:                                      signaling.Seen{},
		` {"type" : "leave"} `:                                       signaling.Leave{},
		`{"type":"ping","t":-1.5e3}`:                                 signaling.Ping{T: "-1.5e3"},
	} {
		got, err := signaling.Decode([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%.60s: got %#v, %v", text, got, err)
		}
	}
}

var malformed = []string{
	``, ` `, `nonsense`, `null`, `1`, `"join"`, `[]`, `[{"type":"leave"}]`, `{`, `{}`, `{"type":"leave"}{}`, `{"type":"leave"} x`,
	`{"type":null}`, `{"type":1}`, `{"type":["leave"]}`, `{"type":""}`, `{"Type":"leave"}`,
	`{"type":"leave","x":1}`, `{"type":"leave","room":"r"}`,
	`{"type":"join"}`, `{"type":"join","room":""}`, `{"type":"join","room":null}`, `{"type":"join","room":1}`, `{"type":"join","ROOM":"r"}`,
	`{"type":"join","room":"` + strings.Repeat("r", 65) + `"}`,
	`{"type":"join","room":"r","seen":-1}`, `{"type":"join","room":"r","seen":1.5}`, `{"type":"join","room":"r","seen":"1"}`, `{"type":"join","room":"r","seen":null}`,
	`{"type":"join","room":"r","resume":1}`, `{"type":"join","room":"r","resume":"` + strings.Repeat("r", 257) + `"}`, `{"type":"join","room":"r","role":"vet"}`,
	`{"type":"watch","rooms":"r"}`, `{"type":"watch","rooms":[1]}`, `{"type":"watch","rooms":[null]}`, `{"type":"watch","rooms":[""]}`, `{"type":"watch","vets":{}}`, `{"type":"watch","rooms":null}`,
	`{"type":"signal"}`, `{"type":"signal","data":null}`, `{"type":"signal","data":[]}`, `{"type":"signal","data":"x"}`, `{"type":"signal","data":{},"to":"vet"}`,
	`{"type":"chat"}`, `{"type":"chat","text":""}`, `{"type":"chat","text":1}`, `{"type":"chat","text":"` + strings.Repeat("x", 2001) + `"}`,
	`{"type":"seen"}`, `{"type":"seen","n":"1"}`, `{"type":"seen","n":-1}`, `{"type":"seen","n":18446744073709551616}`,
	`{"type":"seen","n":}`, `{"type":"seen","n":07}`, `{"type":"seen","n":+7}`, `{"type":"seen","n":1_0}`, `{"type":"seen","n":7,"m":7}`, `{"type":"seen","n":7}}`,
	`{"type":"ping"}`, `{"type":"ping","t":"1"}`, `{"type":"ping","t":null}`, `{"type":"ping","t":{}}`, `{"type":"ping","t":` + strings.Repeat("1", 33) + `}`,
	"{\"type\":\"chat\",\"text\":\"\xff\"}",
}

func TestRefusesWhatIsMalformed(t *testing.T) {
	for _, text := range malformed {
		if got, err := signaling.Decode([]byte(text)); err == nil || signaling.CodeOf(err) != signaling.CodeMalformed {
			t.Errorf("%.80q: got %#v, %v", text, got, err)
		}
	}
	for _, kind := range []string{"room", "error", "Join", "join "} {
		if _, err := signaling.Decode(fmt.Appendf(nil, `{"type":%q}`, kind)); err == nil || signaling.CodeOf(err) != signaling.CodeUnknownType {
			t.Errorf("%q: got %v", kind, err)
		}
	}
}

// Whatever comes is one of the client's messages, within its limits, or a refusal with a code.
func FuzzDecode(f *testing.F) {
	for _, text := range malformed {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"type":"join","room":"r","resume":"t","seen":7}`))
	f.Add([]byte(`{"type":"signal","data":{"description":{"type":"answer","sdp":"v=0"}}}`))
	f.Add([]byte(`{"type":"watch","rooms":["a"],"vets":["v"]}`))
	f.Add([]byte(`{"type":"chat","text":"\ud800"}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		message, err := signaling.Decode(frame)
		if (message == nil) == (err == nil) {
			t.Fatalf("got both or neither: %#v, %v", message, err)
		}
		if err != nil {
			if code := signaling.CodeOf(err); code != signaling.CodeMalformed && code != signaling.CodeUnknownType {
				t.Fatalf("code %q", code)
			}
			return
		}
		if err := within(message); err != nil {
			t.Fatalf("%#v: %v", message, err)
		}
	})
}

func within(message any) error {
	switch m := message.(type) {
	case signaling.Join:
		if m.Room == "" || len(m.Room) > 64 || len(m.Resume) > 256 {
			return errors.New("the room or token is out of bounds")
		}
	case signaling.Chat:
		if n := utf8.RuneCountInString(m.Text); n < 1 || n > signaling.MaxChat || !utf8.ValidString(m.Text) {
			return errors.New("the text is out of bounds")
		}
	case signaling.Signal:
		if len(m.Data) == 0 || m.Data[0] != '{' {
			return errors.New("the data is not an object")
		}
	}
	return nil
}
