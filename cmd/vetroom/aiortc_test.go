package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"testing"
	"time"

	"vetroom/configs/configstest"
)

// systemPython is Debian's own, which has Debian's modules; another may stand before it in the PATH.
const systemPython = "/usr/bin/python3"

// stranger is testdata/peer.py while it runs: an owner's side of a call that shares no code with the pages.
type stranger struct {
	t    testing.TB
	dead chan struct{} // closed when it ended
	err  error         // how; read it after dead

	mu   sync.Mutex // guards last
	last strangerCounts
}

// strangerCounts is one line that it prints: all so far.
type strangerCounts struct {
	State    string // of its RTCPeerConnection
	Joins    int
	Offers   int // of the vet's that it answered
	Pictures int
	Width    int
	Sounds   int
	Loud     int // of the sounds, those that were not silent
	Ended    string
}

// meetStranger has a stranger take the owner's seat by a reservation's link. It ends with the test.
func meetStranger(t testing.TB, link string) *stranger {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, systemPython, "testdata/peer.py", link)
	var errText lockedBuffer
	cmd.Stderr = &errText
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("the stranger does not start: %v", err)
	}
	s := &stranger{t: t, dead: make(chan struct{})}
	go func() {
		defer close(s.dead)
		s.err = errors.Join(s.read(out), cmd.Wait())
	}()
	t.Cleanup(func() {
		cancel()
		<-s.dead
		if t.Failed() {
			t.Logf("the stranger's last word: %+v\n%s", s.counts(), errText.String())
		}
	})
	return s
}

func (s *stranger) read(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var now strangerCounts
		if err := json.Unmarshal(lines.Bytes(), &now); err != nil {
			return fmt.Errorf("%w in %q", err, lines.Text())
		}
		s.mu.Lock()
		s.last = now
		s.mu.Unlock()
	}
	return lines.Err()
}

func (s *stranger) counts() strangerCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// tells waits until its counts are as asked for.
func (s *stranger) tells(within time.Duration, what string, is func(strangerCounts) bool) {
	s.t.Helper()
	eventually(s.t, within, "the stranger "+what, func() error {
		now := s.counts()
		if is(now) {
			return nil
		}
		select {
		case <-s.dead:
			s.t.Fatalf("the stranger ended before it %s: %v", what, s.err)
		default:
		}
		return fmt.Errorf("it says %+v", now)
	})
}

// ends waits until it ended, as it should.
func (s *stranger) ends(within time.Duration) {
	s.t.Helper()
	await(s.t, within, "the stranger ends", s.dead)
	if s.err != nil {
		s.t.Errorf("the stranger: %v", s.err)
	}
}

// receives waits for a number of pictures, and for sounds that are not silent, after what has come before.
func (s *stranger) receives(within time.Duration, pictures int) {
	s.t.Helper()
	first, began := s.counts(), time.Now()
	s.tells(within, "sees and hears the vet", func(now strangerCounts) bool {
		return now.Pictures >= first.Pictures+pictures && now.Loud > first.Loud+5 && now.Width > 0
	})
	now := s.counts()
	s.t.Logf("the stranger: %d pictures of width %d and %d sounds, %d of them loud, in %v", now.Pictures-first.Pictures,
		now.Width, now.Sounds-first.Sounds, now.Loud-first.Loud, time.Since(began).Round(time.Millisecond))
}

// TestAStrangerIsMet: aiortc, a WebRTC that no one here wrote, joins by the socket protocol alone; it and a browser see
// and hear each other, also after the browser's page was loaded again and the server was killed, until the vet ends it.
func TestAStrangerIsMet(t *testing.T) {
	dir, settings := t.TempDir(), []string{"VETROOM_ADDR=" + configstest.FreeAddr(t), "VETROOM_TURN_ADDR=" + configstest.FreeAddr(t)}
	p := serve(t, dir, settings)
	api := addVet(t, p, dir, nil, "meets-aiortc")
	visit, room := openRoom(api)
	vet := newTab(t, "vet", 1280, 800, "en-GB")
	vet.signIn(p, "meets-aiortc")
	vet.beforeEachPage(witness)
	t.Cleanup(vet.tellsWhy)
	vet.open(p.url + "/room?id=" + room)
	owner := meetStranger(t, visit.at("link"))
	owner.tells(20*time.Second, "is connected", func(now strangerCounts) bool { return now.State == "connected" })
	vet.hears(20*time.Second, 20)
	owner.receives(20*time.Second, 20)

	before := owner.counts().Offers
	vet.open(p.url + "/room?id=" + room)
	owner.tells(20*time.Second, "answers the page that came back", func(now strangerCounts) bool { return now.Offers > before })
	vet.hears(20*time.Second, 20)
	owner.receives(20*time.Second, 20)

	p.kill()
	joins := owner.counts().Joins
	serve(t, dir, settings)
	owner.tells(20*time.Second, "has its seat again", func(now strangerCounts) bool { return now.Joins > joins })
	vet.hears(20*time.Second, 20)
	owner.receives(20*time.Second, 20)

	vet.click(`[data-close]`)
	vet.click(`[data-yes="close"]`)
	owner.tells(10*time.Second, "knows that the vet ended it", func(now strangerCounts) bool { return now.Ended == "vet" })
	owner.ends(10 * time.Second)
}
