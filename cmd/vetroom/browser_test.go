package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"vetroom/web/webtest/chromium"
)

// tab is one Chromium with a camera and a microphone that only pretend, and one page in it.
type tab struct {
	t    testing.TB
	name string
	ctx  context.Context
}

func newTab(t testing.TB, name string, width, height int, language string, more ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	options, err := chromium.Options(append([]chromedp.ExecAllocatorOption{
		chromedp.WindowSize(width, height), chromedp.Flag("disable-features", "WebRtcHideLocalIpsWithMdns"),
		chromedp.Flag("lang", language), chromedp.Flag("accept-lang", language),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
	}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	// Its data are where chromedp puts and removes them: the browser's helpers write there a little longer than it lives.
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	ctx, late := context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(func() { late(); end(); stop() })
	b := &tab{t, name, ctx}
	b.do(chromedp.EmulateViewport(int64(width), int64(height)))
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", b.name, err)
	}
}

func (b *tab) open(url string) { b.t.Helper(); b.do(chromedp.Navigate(url)) }

func eval[T any](b *tab, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %s: %v", b.name, script, err)
	}
	return v
}

// find waits until the page has loaded with what the selector finds, and gives what a script says of that, which is in e.
//
// The page itself is asked: the copy of the document that chromedp keeps is still the old one's for a moment after a
// page has been left, and what it knew there fails with "Could not find node".
func find[T any](b *tab, selector, script string) T {
	b.t.Helper()
	var found T
	eventually(b.t, 5*time.Second, b.name+": there is "+selector, func() (err error) {
		found, err = chromedp.Run(b.ctx, chromedp.Evaluate[T](fmt.Sprintf(`(() => {
			const e = document.readyState === 'complete' && document.querySelector(%q);
			if (!e) throw new Error('not there');
			%s
		})()`, selector, script)))
		return err
	})
	return found
}

// click presses with the mouse on the middle of what the selector finds, once that is where it stays, takes presses and
// nothing lies over it.
func (b *tab) click(selector string) {
	b.t.Helper()
	var at [2]float64
	eventually(b.t, 5*time.Second, b.name+": "+selector+" stays where it is", func() error {
		before := at
		if at = find[[2]float64](b, selector, pressable); at != before {
			return fmt.Errorf("it went from %v to %v", before, at)
		}
		return nil
	})
	b.do(chromedp.MouseClickXY(at[0], at[1]))
}

// pressable gives the middle of e, to be pressed there.
const pressable = `
	e.scrollIntoViewIfNeeded();
	const box = e.getClientRects()[0]; // of a link that is broken, the first line
	if (!box?.width || !box.height) throw new Error('not to be seen');
	if (e.matches(':disabled')) throw new Error('takes no presses');
	const at = [box.x + box.width / 2, box.y + box.height / 2];
	const hit = document.elementFromPoint(...at);
	if (!e.contains(hit) && hit?.closest('label')?.control !== e) throw new Error('lies under ' + hit?.outerHTML.slice(0, 100));
	return at;`

// focus puts the keyboard into what the selector finds.
func (b *tab) focus(selector string) {
	b.t.Helper()
	find[bool](b, selector, `e.focus(); return true;`)
}

// writeIn types into what the selector finds.
func (b *tab) writeIn(selector, words string) {
	b.t.Helper()
	b.focus(selector)
	b.do(chromedp.KeyEvent(words))
}

// chooseIn gives a file to what the selector finds, as the dialog would.
func (b *tab) chooseIn(selector, file string) {
	b.t.Helper()
	find[bool](b, selector, `return true;`)
	b.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		at, err := cdp.Call(ctx, t, runtime.Evaluate, runtime.EvaluateParams{Expression: fmt.Sprintf("document.querySelector(%q)", selector)})
		if err != nil {
			return chromedp.Void{}, err
		}
		_, err = cdp.Call(ctx, t, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{file}, ObjectID: at.Result.ObjectID})
		return chromedp.Void{}, err
	})
}

// signIn signs a vet in by the page's own form.
func (b *tab) signIn(p *process, login string) {
	b.t.Helper()
	b.open(p.url + "/vet/login")
	b.writeIn(`input[name="login"]`, login)
	b.writeIn(`input[name="password"]`, testPassword)
	b.click(`form[action="/vet/login"] button`)
	b.holds(10*time.Second, "is on the own page", `location.pathname === '/vet'`)
}

// holds waits until a script gives what is true.
func (b *tab) holds(within time.Duration, what, script string) {
	b.t.Helper()
	eventually(b.t, within, b.name+": "+what, func() error {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+script+")"))
		if err == nil && !ok {
			err = errors.New("not so")
		}
		return err
	})
}

// shot keeps a picture of the page among the artefacts.
func (b *tab) shot(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatalf("%s: %v", b.name, err)
	}
	dir := filepath.Join("..", "..", "artefacts")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, b.name+"-"+name+".png"), png, 0o644)); err != nil {
		b.t.Fatal(err)
	}
}

// media is what getStats tells of what comes from the peer.
type media struct {
	Frames, Width, AudioPackets float64
	AudioEnergy                 float64
	Remote                      bool // the counts belong to a connection whose other end is not this page
}

const readStats = `(async () => {
	const m = {Frames: 0, Width: 0, AudioPackets: 0, AudioEnergy: 0, Remote: false};
	if (!window.vetroomPeer) return m;
	for (const s of (await window.vetroomPeer.getStats()).values()) {
		if (s.type === 'inbound-rtp' && s.kind === 'video') { m.Frames += s.framesDecoded ?? 0; m.Width = s.frameWidth ?? 0; }
		if (s.type === 'inbound-rtp' && s.kind === 'audio') { m.AudioPackets += s.packetsReceived ?? 0; m.AudioEnergy += s.totalAudioEnergy ?? 0; }
	}
	const pc = window.vetroomPeer;
	m.Remote = Boolean(pc.remoteDescription && pc.localDescription) && fingerprint(pc.remoteDescription.sdp) !== fingerprint(pc.localDescription.sdp);
	return m;
	function fingerprint(sdp) { return /a=fingerprint:\S+ (\S+)/.exec(sdp)?.[1] }
})()`

// hears fails unless, within the time, frames and sound from the peer have both grown by the given count.
func (b *tab) hears(within time.Duration, frames float64) {
	b.t.Helper()
	b.hearsSince(eval[media](b, readStats), within, frames)
}

func (b *tab) hearsSince(first media, within time.Duration, frames float64) {
	b.t.Helper()
	began := time.Now()
	eventually(b.t, within, b.name+" sees and hears the peer", func() error {
		m := eval[media](b, readStats)
		if m.Frames < first.Frames || m.AudioPackets < first.AudioPackets {
			first = media{} // it is another connection, which counts from none
		}
		if !m.Remote || m.Frames < first.Frames+frames || m.AudioPackets <= first.AudioPackets || m.AudioEnergy <= first.AudioEnergy || m.Width == 0 {
			return fmt.Errorf("first %+v, now %+v", first, m)
		}
		b.t.Logf("%s: %.0f frames of width %.0f and %.0f audio packets in %v", b.name, m.Frames-first.Frames, m.Width,
			m.AudioPackets-first.AudioPackets, time.Since(began).Round(time.Millisecond))
		return nil
	})
}

// TestTwoMeetInTheirBrowsers is the main job, seen from outside: an owner waits at a locked door, it opens at the start,
// two people see and hear each other, the vet ends it.
func TestTwoMeetInTheirBrowsers(t *testing.T) {
	dir := t.TempDir()
	p := serve(t, dir, nil)
	api := addVet(t, p, dir, nil, "meets")

	vet := newTab(t, "vet", 1280, 800, "ko-KR")
	vet.signIn(p, "meets")

	owner := newTab(t, "owner", 360, 740, "ko-KR")
	began := time.Now()
	toALockedDoor(p, owner, vet, followUp(api, began.Add(time.Hour), 5)) // how long that takes here, and to be quicker next time
	start := time.Now().Add(2*time.Since(began) + 5*time.Second)
	visit := followUp(api, start, 5)
	id := visit.at("id")
	toALockedDoor(p, owner, vet, visit)

	for _, b := range []*tab{owner, vet} {
		b.holds(time.Until(start)+5*time.Second, "the door opens without a reload", `window.opened > 0`)
		opened := time.UnixMilli(int64(eval[float64](b, `window.opened`)))
		late := opened.Sub(start.Truncate(time.Millisecond))
		t.Logf("%s: the door opened %v after the start", b.name, late)
		if late < 0 || late > 2*time.Second+busyMachine {
			t.Errorf("%s: the door opened %v after the start", b.name, late)
		}
		b.holds(2*time.Second, "has come to rest", `document.getAnimations().every((a) => a.playState === 'finished')`)
		b.shot("open")
	}
	owner.click(`[data-door] [data-enter]`)
	vet.click(`[data-door] [data-enter]`)
	for _, b := range []*tab{owner, vet} {
		b.holds(20*time.Second, "is connected", `document.documentElement.dataset.call === 'connected'`)
	}
	for _, b := range []*tab{owner, vet} {
		b.hears(20*time.Second, 20)
		b.holds(5*time.Second, "has its data channels", `window.vetroomPeer.sctp?.state === 'connected'`)
		b.shot("call")
	}

	vet.click(`[data-close]`)
	vet.click(`[data-yes="close"]`)
	for _, b := range []*tab{owner, vet} {
		b.holds(5*time.Second, "sees the end", `document.documentElement.dataset.call === 'closed'`)
		b.shot("closed")
	}
	wantTimeline(t, api, id, start.Truncate(time.Millisecond))
}

// toALockedDoor brings both into a visit's waiting room. There the pages note when its door opened, and that they were not
// loaded again.
func toALockedDoor(p *process, owner, vet *tab, visit object) {
	owner.t.Helper()
	owner.open(visit.at("link"))
	owner.holds(5*time.Second, "is on the reservation's page", `location.pathname === '/reservations/`+visit.at("id")+`'`)
	owner.holds(5*time.Second, "sees a locked door", `document.querySelector('[data-door] [data-enter]').disabled`)
	owner.shot("reservation")
	for _, b := range []*tab{owner, vet} {
		b.open(p.url + "/room?id=" + url.QueryEscape(visit.at("room.id")))
	}
	for _, b := range []*tab{owner, vet} {
		if !eval[bool](b, `(() => {
			const button = document.querySelector('[data-door] [data-enter]');
			window.opened = 0;
			new MutationObserver(() => { if (!button.disabled && !window.opened) window.opened = Date.now() })
				.observe(button, {attributes: true});
			document.querySelector('[data-auto]').checked = false;
			return button.disabled;
		})()`) {
			b.t.Fatalf("%s: the door is not locked", b.name)
		}
		b.holds(5*time.Second, "waits", `document.documentElement.dataset.call === 'waiting' &&
			[...document.querySelectorAll('[data-tick]')].every((tick) => tick.dataset.ok === 'yes') &&
			document.querySelector('[data-self]').currentTime > 0`)
		b.shot("waiting")
	}
}

// wantTimeline checks that the proof is there, and in an order that can be.
func wantTimeline(t *testing.T, b *browser, id string, start time.Time) {
	t.Helper()
	want := []string{"booked", "due", "emitted", "owner_told", "vet_told", "owner_joined", "vet_joined", "connected", "closed"}
	eventually(t, 3*time.Second, "the timeline tells all", func() error {
		at := timeline(b, id)
		for _, what := range want {
			if at[what].IsZero() {
				return fmt.Errorf("no %s in %v", what, at)
			}
		}
		if !at["due"].Equal(start) {
			return fmt.Errorf("due at %v, want %v", at["due"], start)
		}
		for _, what := range []string{"emitted", "owner_told", "vet_told", "connected"} {
			if at[what].Before(start) {
				return fmt.Errorf("%s before the start: %v", what, at[what].Sub(start))
			}
		}
		text, _ := json.Marshal(at)
		t.Logf("timeline: %s", text)
		return nil
	})
}

// timeline gives when each thing first happened.
func timeline(b *browser, id string) map[string]time.Time {
	b.t.Helper()
	answer := b.want(200, "GET", "/api/v1/reservations/"+id+"/timeline", nil)
	entries, _ := answer["entries"].([]any)
	at := map[string]time.Time{}
	for _, e := range entries {
		entry, _ := e.(map[string]any)
		what := object(entry).at("what")
		if _, seen := at[what]; !seen {
			at[what] = object(entry).time(b.t, "at")
		}
	}
	return at
}
