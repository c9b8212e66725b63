package web

import (
	"fmt"
	"testing"
)

// crowded runs a WaitCheck whose door opens after some milliseconds, at a server that has no room for it, for a while in
// which a hundred times as much time passes, and gives how often it asked and what it said.
const crowded = `(async () => {
	const { WaitCheck } = await import(%s);
	const later = window.setTimeout;
	window.asked = 0;
	window.setTimeout = (f, ms) => later(f, ms / 100);
	window.WebSocket = class extends EventTarget {
		constructor() { super(); later(() => this.dispatchEvent(new Event('open'))) }
		send(text) {
			if (JSON.parse(text).type !== 'check') return;
			window.asked++;
			later(() => this.dispatchEvent(new MessageEvent('message', { data: '{"type":"error","code":"busy","detail":"x"}' })));
		}
		close() {}
	};
	const words = document.createElement('span');
	const began = performance.now();
	const clock = { now: () => (performance.now() - began) * 100 };
	const check = new WaitCheck({ room: 'r', state: 'locked', opens: %d, clock }, words);
	check.begin(new MediaStream(), '');
	await new Promise((done) => later(done, 1500));
	while (window.asked < %d) await new Promise((done) => later(done, 10)); // this machine stood still
	check.stop();
	window.setTimeout = later;
	return window.asked + ' ' + words.textContent;
})()`

// TestTheWaitingRoomIsPatient: where the server is busy it tries again now and then, without a word; not shortly before
// the door opens; and not where it knows already.
func TestTheWaitingRoomIsPatient(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	w, server := site(t)
	open(t, ctx, server.URL+"/callcheck/owner?lang=en")
	tries := func(opens, least int) (asked int, words string) {
		fmt.Sscan(evaluate[string](t, ctx, fmt.Sprintf(crowded, module(t, w, "js/waitcheck.js"), opens, least)), &asked, &words)
		return asked, words
	}
	if asked, words := tries(6_000_000, 2); asked > 10 || words != "" {
		t.Errorf("in two and a half minutes it asked %d times, and says %q", asked, words)
	}
	if asked, _ := tries(36_000, 0); asked != 0 {
		t.Errorf("36 s before the door opens it asked %d times", asked)
	}
	evaluate[bool](t, ctx, `sessionStorage.setItem('vetroom.checked.r', JSON.stringify({at: Date.now() - 60000, verdict: 'fair'})) ?? true`)
	if asked, words := tries(6_000_000, 0); asked != 0 || words != "fair" {
		t.Errorf("a minute after the last check it asked %d times, and says %q", asked, words)
	}
	evaluate[bool](t, ctx, `sessionStorage.setItem('vetroom.checked.r', JSON.stringify({at: Date.now() - 660000, verdict: 'fair'})) ?? true`)
	tries(6_000_000, 1) // eleven minutes after it, it asks
}
