package signaling

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// asLibrary gives what encoding/json makes of a room frame with a seat's own keys.
func asLibrary(t *testing.T, room RoomFrame, seat SeatFrame) string {
	t.Helper()
	b, err := json.Marshal(struct {
		RoomFrame
		SeatFrame
	}{room, seat})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRoomFramesAreThoseOfTheLibrary(t *testing.T) {
	at := events.Time{Time: time.Date(2026, 12, 1, 5, 30, 0, 7e6, time.UTC)}
	for name, f := range map[string]struct {
		room RoomFrame
		seat SeatFrame
	}{
		"locked": {
			RoomFrame{Type: "room", Room: "0193-a", State: clinic.RoomLocked, OpensAt: at, ClosesAt: at, Now: at, Version: 3},
			SeatFrame{Role: clinic.RoleOwner, Peer: PeerAbsent, Polite: true, Resume: "abc_-"},
		},
		"open": {
			RoomFrame{Type: "room", Room: "0193-a", State: clinic.RoomOpened, OpensAt: at, ClosesAt: at, Now: at, Version: 4},
			SeatFrame{Role: clinic.RoleVet, Peer: PeerPresent, Resume: "abc", Resumed: true, ICEServers: []ICEServer{}},
		},
		"with a relay": {
			RoomFrame{Type: "room", Room: "0193-a", State: clinic.RoomOpened, OpensAt: at, ClosesAt: at, Now: at, Version: 4},
			SeatFrame{Role: clinic.RoleVet, Peer: PeerWaiting, ICEServers: []ICEServer{{URLs: []string{"turn:a"}, Username: "u", Credential: "c"}}},
		},
		"closed": {
			RoomFrame{Type: "room", Room: "0193-a", State: clinic.RoomShut, OpensAt: at, ClosesAt: at, Now: at, Version: 1 << 60, Reason: clinic.ReasonVet},
			SeatFrame{},
		},
		"odd": {
			RoomFrame{Type: "room", Room: "\"방\\\n"},
			SeatFrame{Resume: "\x7f\x00"},
		},
	} {
		shared := f.room.encode()
		kept := bytes.Clone(shared)
		if got, want := string(f.seat.with(shared)), asLibrary(t, f.room, f.seat); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
		if !bytes.Equal(shared, kept) {
			t.Errorf("%s: the frame for everybody was changed", name)
		}
		if got, want := string(shared), string(encode(f.room)); got != want {
			t.Errorf("%s, for everybody:\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestPlainSeenIsReadAsAnyOther(t *testing.T) {
	for _, text := range []string{
		`{"type":"seen","n":1}`, `{"type":"seen","n":120}`, `{"type":"seen","n":999999999999999999}`, `{"type":"seen","n":0}`,
		`{"type":"seen","n":18446744073709551615}`, `{"type":"seen", "n":3}`, `{"n":3,"type":"seen"}`,
	} {
		got, err := decode([]byte(text))
		var want struct{ N uint64 }
		if json.Unmarshal([]byte(text), &want) != nil || err != nil || got != (Seen{want.N}) {
			t.Errorf("%s: %v, %v; want %d", text, got, err, want.N)
		}
	}
	for _, text := range []string{
		`{"type":"seen","n":}`, `{"type":"seen","n":01}`, `{"type":"seen","n":-1}`, `{"type":"seen","n":1.5}`, `{"type":"seen","n":1`,
		`{"type":"seen","n":18446744073709551616}`, `{"type":"seen","n":1}}`, `{"type":"seen","n":1,"x":2}`,
	} {
		if got, err := decode([]byte(text)); err == nil {
			t.Errorf("%s: read as %v", text, got)
		}
	}
}
