//go:build long

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vetroom/configs/configstest"
)

// TestAPageThatIsLoadedAgainGoesBackIn: by itself, though nobody ticked that it may, with the camera off as it was; the other
// side sees it again, and both have a new code.
func TestAPageThatIsLoadedAgainGoesBackIn(t *testing.T) {
	c := inACall(t, "again")
	c.owner.holds(10*time.Second, "shows a code", shownCode)
	first := eval[string](c.owner, shownCode)
	for _, b := range []*tab{c.owner, c.vet} {
		began := time.Now()
		b.click(`button[data-microphone]`)
		b.do(chromedp.Reload())
		b.holds(15*time.Second, "is connected again", connected+` && document.querySelector('[data-remote]').currentTime > 0`)
		t.Logf("%s: back %v after its reload began", b.name, time.Since(began).Round(10*time.Millisecond))
		b.holds(5*time.Second, "has its microphone off, as it was", `document.querySelector('button[data-microphone]').getAttribute('aria-pressed') === 'false' &&
			document.querySelector('[data-self]').srcObject.getAudioTracks().every((t) => !t.enabled)`)
		b.click(`button[data-microphone]`)
	}
	for _, b := range []*tab{c.owner, c.vet} {
		b.hears(15*time.Second, 10)
		b.holds(10*time.Second, "shows a code", shownCode)
	}
	second := eval[string](c.owner, shownCode)
	if other := eval[string](c.vet, shownCode); second != other || second == first {
		t.Errorf("first %q, now the owner sees %q and the vet %q", first, second, other)
	}
}

// TestAServerThatComesBackDisturbsNoCall: it is killed; sound and picture go on without it; once it is back both have their
// seats again, the way is found anew beside the media, and what is written arrives.
func TestAServerThatComesBackDisturbsNoCall(t *testing.T) {
	c := inACall(t, "killed")
	for _, b := range []*tab{c.vet, c.owner} {
		b.hears(15*time.Second, 10)
	}
	before := eval[media](c.owner, readStats)
	c.p.kill()
	c.owner.holds(10*time.Second, "knows", `document.querySelector('[data-tick="connection"]').dataset.ok !== 'yes'`)
	c.owner.hears(10*time.Second, 20)
	serve(t, c.dir, []string{"VETROOM_ADDR=" + strings.TrimPrefix(c.p.url, "http://")})
	began := time.Now()
	for _, b := range []*tab{c.vet, c.owner} {
		b.holds(10*time.Second, "has its seat again", `document.querySelector('[data-tick="connection"]').dataset.ok === 'yes'`)
		t.Logf("%s: back %v after the server", b.name, time.Since(began).Round(10*time.Millisecond))
	}
	c.vet.writes("들리세요?")
	c.owner.holds(5*time.Second, "reads it", said("들리세요?", "kept"))
	for _, b := range []*tab{c.vet, c.owner} {
		b.hears(10*time.Second, 20)
		if !eval[bool](b, connected) {
			t.Errorf("%s is not connected", b.name)
		}
	}
	if after := eval[media](c.owner, readStats); after.Frames <= before.Frames {
		t.Errorf("the connection is another one: %+v after %+v", after, before)
	}
}

// TestACallByTheRelayComesBackWithIt: both may go by the relay alone, and the server that has it is killed: the page says so,
// with the seconds, over the last picture; when the server is back, with its relay elsewhere, the call is.
func TestACallByTheRelayComesBackWithIt(t *testing.T) {
	dir := t.TempDir()
	settings := []string{withTURN, "VETROOM_ADDR=" + configstest.FreeAddr(t)}
	p := serve(t, dir, settings)
	api := addVet(t, p, dir, settings, "relayed")
	vet, owner := visitTabs(t, p, "relayed")
	vet.onlyRelayed("udp")
	owner.onlyRelayed("tcp")
	visit, room := openRoom(api)
	owner.open(visit.at("link"))
	both := []*tab{vet, owner}
	for _, b := range both {
		b.open(p.url + "/room?id=" + room)
	}
	for _, b := range both {
		b.holds(30*time.Second, "is connected", connected)
		b.hears(20*time.Second, 10)
		b.click(`[data-sign="quality"] summary`)
		b.holds(10*time.Second, "reads that a relay is between", `document.querySelector('[data-quality-more]').textContent.includes('중계')`)
		b.click(`[data-sign="quality"] summary`)
	}
	p.kill()
	for _, b := range both {
		b.holds(15*time.Second, "reads that it is lost, and for how long", stageWords+`.includes('끊겼어요') && /[2-9]초/.test(document.querySelector('[data-stage-seconds]').textContent)`)
		if !eval[bool](b, `document.querySelector('[data-remote]').videoWidth > 0 && document.querySelector('[data-remote]').checkVisibility({visibilityProperty: true})`) {
			t.Errorf("%s: the last picture is gone", b.name)
		}
		b.shot("lost")
	}
	owner.holds(20*time.Second, "reads what goes on meanwhile", stageWords+`.includes('채팅')`)
	owner.shot("lost-long")
	serve(t, dir, settings)
	began := time.Now()
	for _, b := range both {
		b.holds(20*time.Second, "is connected again", connected+` && `+stageWords+` === ''`)
		t.Logf("%s: back %v after the server", b.name, time.Since(began).Round(10*time.Millisecond))
		b.hears(20*time.Second, 10)
	}
}
