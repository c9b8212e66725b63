package signaling_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"vetroom/signaling"
)

// plainSignals are as browsers and other clients write them.
var plainSignals = []string{
	`{"type":"signal","data":{}}`,
	`{"type":"signal","data":{"candidate":null}}`,
	`{"type":"signal","data":{"description":{"type":"offer","sdp":"v=0\r\no=- 46 2 IN IP4 127.0.0.1\r\ns=-\r\n"}}}`,
	`{"type":"signal","data":{"candidate":{"candidate":"candidate:1 1 udp 2113937151 192.0.2.1 54321 typ host","sdpMLineIndex":0,"sdpMid":"0","usernameFragment":"\u0041b\/\"\\"}}}`,
	`{"type":"signal","data":{ "a" : [ 1 , -0.5e+3 , true,false, null, [], {} ] ,"é":"안녕" }}`,
	`{"type":"signal","data":{"x":"` + strings.Repeat("sixteen bytes of ", 200) + `"}}`,
}

// TestPlainSignals holds that the short way is taken where it is meant to be, and gives what the long one does.
func TestPlainSignals(t *testing.T) {
	for _, text := range plainSignals {
		got, ok := signaling.PlainSignal([]byte(text))
		want, err := signaling.DecodeAny([]byte(text))
		if !ok || err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%.80s: got %s, %t, want %v, %v", text, got.Data, ok, want, err)
		}
	}
}

// TestPlainSignalsAreNothingElse has each byte of a signal wrong in turn, and each end missing.
func TestPlainSignalsAreNothingElse(t *testing.T) {
	for _, text := range plainSignals[:5] {
		for at := range len(text) {
			agree(t, []byte(text[:at]))
			for _, wrong := range []byte{'"', '\\', '{', '}', ']', ',', ':', '0', 'x', '-', ' ', '\n', 0, 0x1f, 0x80, 0xff} {
				frame := []byte(text)
				frame[at] = wrong
				agree(t, frame)
			}
		}
	}
	deep := strings.Repeat(`{"a":[`, 50) + strings.Repeat(`]}`, 50)
	agree(t, []byte(`{"type":"signal","data":`+deep+`}`))
	for _, text := range []string{"01", "-", "1.", ".5", "1e", "1e+", "+1", "1.e3", "tru", "nul", "truefalse", `"\x"`, `"\u12g4"`, `"\u123"`, "\"\x1f\"", `"`, "[1,]", `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1,}`} {
		frame := []byte(`{"type":"signal","data":{"a":` + text + `}}`)
		if _, ok := signaling.PlainSignal(frame); ok {
			t.Errorf("%s is taken for a value", text)
		}
		agree(t, frame)
	}
}

// agree fails where the short ways take a frame for what the long one does not.
func agree(t *testing.T, frame []byte) {
	t.Helper()
	want, err := signaling.DecodeAny(frame)
	if got, ok := signaling.PlainSignal(frame); ok {
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %s, want %v, %v", frame, got.Data, want, err)
		}
		if long := signaling.SignalFrameOf(got.Data); !bytes.Equal(frame, long) {
			t.Fatalf("%q is passed on as it is, and not as %q", frame, long)
		}
	}
	if got, ok := signaling.PlainSeen(frame); ok && (err != nil || !reflect.DeepEqual(got, want)) {
		t.Fatalf("%q: got %v, want %v, %v", frame, got, want, err)
	}
}

// FuzzPlain: the short ways never take what the long one refuses, nor for anything else.
func FuzzPlain(f *testing.F) {
	for _, text := range append(plainSignals, malformed...) {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"type":"seen","n":7}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		agree(t, frame)
		agree(t, append(append([]byte(`{"type":"signal","data":{"a":`), frame...), "}}"...))
	})
}
