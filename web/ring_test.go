package web

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vetroom/web/webtest"
)

// ringing opens the page on which something rings, and waits for it.
const ringing = `(async () => {
	const until = async (holds) => { while (!holds()) await new Promise((go) => setTimeout(go, 10)); };
	window.part = (name) => document.querySelector('[data-ring-' + name + ']');
	window.calls = [];
	const fetch = window.fetch;
	window.fetch = (...request) => { if (String(request[0]).endsWith('/accept')) calls.push(request[0]); return fetch(...request); };
	await until(() => !document.querySelector('[data-ring]').hidden);
	return document.activeElement === document.querySelector('[data-ring]');
})()`

// TestTheBannerIsReachedAndNotPressedByMistake: who is at nothing begins at the banner and gets on by keyboard; a press
// that began before the banner was there is none.
func TestTheBannerIsReachedAndNotPressedByMistake(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	_, server := site(t)
	open(t, ctx, server.URL+"/ring/ringing?lang=en")
	if !evaluate[bool](t, ctx, ringing) {
		t.Error("the banner does not have the focus that nobody had")
	}
	const press = `(() => {
		part('accept').dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}));
		part('accept').dispatchEvent(new MouseEvent('click', {bubbles: true, detail: 1}));
		return calls.length;
	})()`
	if n := evaluate[int](t, ctx, `(delete document.querySelector('[data-ring]').dataset.armed, `+press+`)`); n != 0 {
		t.Errorf("a press that was meant for the page accepted: %d", n)
	}
	if n := evaluate[int](t, ctx, `(document.querySelector('[data-ring]').dataset.armed = '', `+press+`)`); n != 1 {
		t.Errorf("a press was not taken: %d", n)
	}
	open(t, ctx, server.URL+"/ring/ringing?lang=en")
	evaluate[bool](t, ctx, ringing)
	var stops []string
	for range 4 {
		if err := chromedp.Do(ctx, chromedp.KeyEvent("\t")); err != nil {
			t.Fatal(err)
		}
		stops = append(stops, evaluate[string](t, ctx, `Object.keys(document.activeElement.dataset)[0] ?? document.activeElement.tagName`))
	}
	if want := []string{"A", "ringUnmute", "ringAccept", "ringDecline"}; !slices.Equal(stops, want) {
		t.Errorf("the keyboard goes to %q, want %q", stops, want)
	}
}

// TestTheRingIsHeard: a sound that the browser blocks is said, and can be turned on; a page that nobody looks at notifies.
func TestTheRingIsHeard(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := webtest.Tab(t, webtest.Chromium(t, 5*time.Minute))
	w, server := site(t)
	open(t, ctx, server.URL+"/ring/ringing?lang=en")
	evaluate[bool](t, ctx, ringing)
	muted := func(want bool) {
		t.Helper()
		evaluate[bool](t, ctx, fmt.Sprintf(`(async () => { while (part('mute').hidden === %v) await new Promise((go) => setTimeout(go, 10)); return true })()`, want))
	}
	muted(true)
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`[data-ring-unmute]`))); err != nil {
		t.Fatal(err)
	}
	muted(false)

	url, _ := w.assets.url("js/ringalert.js")
	notified := evaluate[[]string](t, ctx, fmt.Sprintf(`import(%q).then(({ alarm, quiet }) => {
		const said = [];
		window.Notification = class extends EventTarget {
			static permission = 'granted';
			constructor(title, { body, tag }) { super(); said.push(title, body, tag); }
			close() { said.push('closed'); }
		};
		alarm('q1', 'Bori', 'skin', 60);
		Object.defineProperty(document, 'hidden', { value: true });
		alarm('q1', 'Bori', 'skin', 60);
		quiet();
		return [...said, document.title];
	})`, url))
	want := []string{"● Bori needs a vet now", "skin", "ring-q1", "closed", "Hours · Vetroom"}
	if !slices.Equal(notified, want) {
		t.Errorf("notified %q, want %q", notified, want)
	}
}
