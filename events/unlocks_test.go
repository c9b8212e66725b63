package events

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestUnlocksComeBack(t *testing.T) {
	var unlocks []Unlock
	for i := range UnlocksAMessage {
		unlocks = append(unlocks, Unlock{fmt.Sprintf("0193d0f0-0000-7000-8000-%012d", i), int64(i)})
	}
	m := EncodeUnlocks("1.2", unlocks)
	got, err := DecodeUnlocks(m.Body)
	if err != nil || !slices.Equal(got, unlocks) || m.ID != "1.2" || m.Subject != UnlockSubject {
		t.Errorf("%d unlocks came back as %d: %v", len(unlocks), len(got), err)
	}
}

func TestUnlocksThatCannotBeRead(t *testing.T) {
	for _, body := range []string{"room", "room 1", "room one\n", " 1\n", "a 1\n\n", "{}\n"} {
		if got, err := DecodeUnlocks([]byte(body)); !errors.Is(err, ErrMalformed) {
			t.Errorf("DecodeUnlocks(%q) = %v, %v", body, got, err)
		}
	}
}
