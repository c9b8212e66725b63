package events

import (
	"fmt"
	"strconv"
	"strings"
)

// Unlocks are how doors open quickly when many do at one instant: one compact message for many rooms, sent as soon as
// their openings are seen standing at their instant, on a stream of its own outside "vetroom.". The contract's one event
// a room follows, from the same rows, and is what counts: who missed an unlock opens by the event, or by asking the database.
const (
	UnlockStream  = "UNLOCK"
	UnlockSubject = "_vr.unlock"
	// UnlocksAMessage is how many rooms one message holds at most: about 5 KB, so that the first doors open while the
	// rest is still on its way.
	UnlocksAMessage = 128
)

// Unlock says that a room's opening of this version stands, and that its instant has come.
type Unlock struct {
	RoomID  string
	Version int64 // of the room's opening
}

// EncodeUnlocks makes a message of at most UnlocksAMessage unlocks; id must be its own. The body is a line a room: its
// id, a space, the version.
func EncodeUnlocks(id string, unlocks []Unlock) Message {
	body := make([]byte, 0, 48*len(unlocks))
	for _, u := range unlocks {
		body = append(body, u.RoomID...)
		body = append(body, ' ')
		body = strconv.AppendInt(body, u.Version, 10)
		body = append(body, '\n')
	}
	return Message{ID: id, Subject: UnlockSubject, Body: body}
}

// DecodeUnlocks reads a message's body. It returns ErrMalformed for what EncodeUnlocks did not write.
func DecodeUnlocks(body []byte) ([]Unlock, error) {
	text := string(body)
	unlocks := make([]Unlock, 0, strings.Count(text, "\n"))
	for line := range strings.Lines(text) {
		room, number, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		version, err := strconv.ParseInt(number, 10, 64)
		if !ok || room == "" || err != nil || !strings.HasSuffix(line, "\n") {
			return nil, fmt.Errorf("%w: unlock %.60q", ErrMalformed, line)
		}
		unlocks = append(unlocks, Unlock{room, version})
	}
	return unlocks, nil
}
