package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// pathBackWithin is the goal of a call whose network path was cut: media, from when there is another.
const pathBackWithin = 5 * time.Second

// farCall is a call of two browsers that are on machines of their own.
type farCall struct {
	*testing.T
	*topology
	vetTab, phoneTab *tab
}

// newFarCall brings a vet and a phone on Wi-Fi into a call.
func newFarCall(t *testing.T) *farCall {
	t.Helper()
	n := newTopology(t)
	n.wifi.up()
	dir := t.TempDir()
	p := serve(t, dir, []string{"VETROOM_ADDR=" + serverAddr, "VETROOM_TURN_ADDR=" + relayAddr})
	api := addVet(t, p, dir, nil, "far")
	c := &farCall{T: t, topology: n, vetTab: n.vet.tab("vet", 1280, 800), phoneTab: n.phone.tab("phone", 360, 740)}
	c.vetTab.signIn(p, "far")
	visit, room := openRoom(api)
	c.phoneTab.open(visit.at("link"))
	for _, b := range c.both() {
		t.Cleanup(b.tellsWhy)
		b.beforeEachPage(witness)
		b.open(p.url + "/room?id=" + room)
	}
	hearEachOther(c.both())
	return c
}

func (c *farCall) both() [2]*tab { return [2]*tab{c.vetTab, c.phoneTab} }

// cut ends the path and waits until neither has seen anything for some seconds.
func (c *farCall) cut(end func()) {
	c.Helper()
	gone := time.Now()
	end()
	for _, b := range c.both() {
		eventually(c.T, 20*time.Second, b.name+" sees nothing more", func() error {
			if b.stoodStill(gone.Add(time.Second)) < 4*time.Second {
				return errNotYet
			}
			return nil
		})
	}
}

// back fails unless both see and hear each other again by the way that there must be, soon after a time.
func (c *farCall) back(what string, since time.Time, within time.Duration, way string) {
	c.Helper()
	for _, b := range c.both() {
		took := b.showsSince(since, 20, 60*time.Second).Sub(since)
		c.Logf("%s: the %s sees the other after %v", what, b.name, took.Round(time.Millisecond))
		if took > within+busyMachine {
			c.Errorf("%s: the %s sees the other only after %v", what, b.name, took)
		}
	}
	hearEachOther(c.both())
	c.wantWay(way)
}

// directly is a way without a relay.
const directly = "directly"

// way is by what the phone's media goes: directly, "relay udp to …", "relay tcp to …", or none.
func (c *farCall) way() string {
	c.Helper()
	way := eval[string](c.phoneTab, usedWay)
	if way != "none" && !strings.Contains(way, "relay") {
		return directly
	}
	return way
}

func (c *farCall) wantWay(want string) {
	c.Helper()
	eventually(c.T, 5*time.Second, "the phone's media goes "+want, func() error {
		if way := c.way(); !strings.HasPrefix(way, want) {
			return errors.New("it goes " + way)
		}
		return nil
	})
}

// TestACallOverChangingPaths: Wi-Fi goes away and mobile data comes, and the other way round, under other addresses, whether
// the phone is told of it or not. Then comes a firewall that lets nothing pass between the two, and the relay is found; and
// one that lets only TCP pass, and the relay is found by that, in the call and anew.
func TestACallOverChangingPaths(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	c := newFarCall(t)
	c.wantWay(directly)
	c.cut(c.wifi.down)
	c.mobile.up()
	c.back("from a link that went down to another", time.Now(), pathBackWithin, directly)
	c.cut(c.mobile.hush)
	c.wifi.up()
	c.back("from a link that fell silent to another", time.Now(), pathBackWithin, directly)

	// From here on nothing says that there is another way: it must be found out that there is none by the old one.
	c.wifi.only("udp")
	c.changes("from the direct way to the relay by UDP", func() { c.forwards(false) }, "relay udp")
	c.changes("from the relay by UDP to the relay by TCP", func() { c.wifi.only("tcp") }, "relay tcp")
	c.phoneTab.do(chromedp.Reload())
	c.back("loaded again behind a firewall", pageTime(eval[float64](c.phoneTab, `performance.timeOrigin`)), backWithin, "relay tcp")
}

// changes closes a way while another is open: the picture stands still for as long as that takes to be found out and done.
func (c *farCall) changes(what string, change func(), way string) {
	c.Helper()
	began := time.Now()
	change()
	eventually(c.T, 60*time.Second, what, func() error {
		if now := c.way(); !strings.HasPrefix(now, way) {
			return errors.New("the phone's media goes " + now)
		}
		return nil
	})
	c.back(what, time.Now(), pathBackWithin, way)
	for _, b := range c.both() {
		still := b.stoodStill(began)
		c.Logf("%s: the %s's picture stood still for %v", what, b.name, still.Round(time.Millisecond))
		if still > 2*pathBackWithin+busyMachine {
			c.Errorf("%s: the %s's picture stood still for %v", what, b.name, still)
		}
	}
}
