package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vetroom/configs/configstest"
)

// The goals of a call whose page is loaded again, or whose server ends.
const (
	mostStill  = time.Second     // without a new picture, while nobody serves
	backWithin = 3 * time.Second // pictures, from a page's loading; signaling, from the server's serving
)

// steadyCall is a call of two browsers, and the server that it is to outlive.
type steadyCall struct {
	*testing.T
	dir        string
	settings   []string
	p          *process
	vet, owner *tab
	room       string
}

// newSteadyCall brings two browsers into a call at a server that keeps its ports.
func newSteadyCall(t *testing.T) *steadyCall {
	t.Helper()
	c := &steadyCall{T: t, dir: t.TempDir(), settings: []string{"VETROOM_ADDR=" + configstest.FreeAddr(t), "VETROOM_TURN_ADDR=" + configstest.FreeAddr(t)}}
	c.p = serve(t, c.dir, c.settings)
	api := addVet(t, c.p, c.dir, nil, "stays")
	c.vet, c.owner = visitTabs(t, c.p, "stays")
	visit, room := openRoom(api)
	c.room = room
	c.owner.open(visit.at("link"))
	for _, b := range c.both() {
		b.beforeEachPage(witness)
		t.Cleanup(b.tellsWhy)
	}
	c.call()
	return c
}

func (c *steadyCall) both() [2]*tab { return [2]*tab{c.vet, c.owner} }

// call opens the room in both browsers and waits until the two see and hear each other.
func (c *steadyCall) call() {
	c.Helper()
	for _, b := range c.both() {
		b.open(c.p.url + "/room?id=" + c.room)
	}
	hearEachOther(c.both())
}

// restart starts the server anew, where it was, and gives when it serves.
func (c *steadyCall) restart() time.Time {
	c.Helper()
	c.p = serve(c.T, c.dir, c.settings)
	return time.Now()
}

// within notes how long something took, and fails the test if that was too long, on a busy machine too.
func (c *steadyCall) within(limit, took time.Duration, what string) {
	c.Helper()
	c.Logf("%s: %v", what, took.Round(time.Millisecond))
	if took > limit+busyMachine {
		c.Errorf("%s: %v, want at most %v", what, took, limit+busyMachine)
	}
}

// TestACallThatGoesOn: a page is loaded again, the server is killed, or told to stop, and the call goes on; so it does when
// the relay that it depends on is gone and another is there.
func TestACallThatGoesOn(t *testing.T) {
	c := newSteadyCall(t)
	c.reload(c.owner, c.vet)
	c.reload(c.vet, c.owner)
	c.crossOffers()
	c.outlive("killed", c.p.kill)
	c.outlive("told to stop", func() {
		c.p.signal(syscall.SIGTERM)
		await(t, 20*time.Second, "the server ends", c.p.dead)
		if c.p.err != nil {
			t.Errorf("told to stop it ended with %v", c.p.err)
		}
	})
	c.loseRelay()
}

// reload loads one page again: it is back in the call soon, and the other's picture stands still no longer than that.
func (c *steadyCall) reload(again, stays *tab) {
	c.Helper()
	began := time.Now()
	again.do(chromedp.Reload())
	loaded := pageTime(eval[float64](again, `performance.timeOrigin`))
	c.within(backWithin, again.showsSince(loaded, 20, 20*time.Second).Sub(loaded), again.name+" is loaded again and sees the other after")
	hearEachOther(c.both())
	c.within(backWithin, stays.stoodStill(began), stays.name+": the other's page was loaded again, the picture stood still for")
}

// crossOffers has both sides look for the way anew at one time, more than once: the pictures go on.
func (c *steadyCall) crossOffers() {
	c.Helper()
	for range 3 {
		at := time.Now().Add(300 * time.Millisecond)
		for _, b := range c.both() {
			eval[bool](b, fmt.Sprintf(`Boolean(setTimeout(() => window.vetroomPeer.restartIce(), %d - Date.now()))`, at.UnixMilli()))
		}
		for _, b := range c.both() {
			b.showsSince(at.Add(time.Second), 10, 20*time.Second)
			c.within(backWithin, b.stoodStill(at), "offers crossed: "+b.name+"'s picture stood still for at most")
		}
	}
	hearEachOther(c.both())
}

// outlive ends the server and, when pictures have gone on for a while without, starts it again. What the vet writes
// meanwhile comes across then.
func (c *steadyCall) outlive(what string, end func()) {
	c.Helper()
	began := time.Now()
	end()
	alone := time.Now()
	words := "아직 들리세요? " + what
	c.vet.utters(words)
	for _, b := range c.both() {
		b.showsSince(alone, 40, 20*time.Second)
	}
	served := c.restart()
	c.Logf("%s: nobody served for %v", what, served.Sub(alone).Round(time.Millisecond))
	for _, b := range c.both() {
		seated := b.told(alone, 30*time.Second, "of its seat", func(m message) bool { return m.Seat })
		c.within(backWithin, seated.Sub(served), what+", serving again: "+b.name+" has its seat after")
	}
	read := c.owner.told(alone, 30*time.Second, words, func(m message) bool { return m.Type == "read" && strings.Contains(m.Text, words) })
	c.within(backWithin, read.Sub(served), what+", serving again: owner reads what was written meanwhile after")
	hearEachOther(c.both())
	for _, b := range c.both() {
		c.within(mostStill, b.stoodStill(began), what+": "+b.name+"'s picture stood still for at most")
	}
}

// loseRelay has the two meet by relays alone, which end with the server: they come back by the next one's.
func (c *steadyCall) loseRelay() {
	c.Helper()
	c.vet.onlyRelayed("udp")
	c.owner.onlyRelayed("tcp")
	c.call()
	c.p.kill()
	served := c.restart()
	for _, b := range c.both() {
		first := b.showsSince(served.Add(time.Second/2), 20, 40*time.Second)
		c.Logf("the relay is another: %s sees the other after %v", b.name, first.Sub(served).Round(time.Millisecond))
	}
	hearEachOther(c.both())
}
