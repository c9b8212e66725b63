package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// policy is what the pages are served under.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; " +
	"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// watcher is put before everything else on a page under test.
const watcher = `window.problems = [];
addEventListener('securitypolicyviolation', (e) => problems.push(e.violatedDirective + ' ' + e.blockedURI));
addEventListener('error', (e) => problems.push(e.message));
addEventListener('unhandledrejection', (e) => problems.push(String(e.reason)));
new PerformanceObserver((list) => {
	for (const e of list.getEntries()) if (e.value > 0.005) problems.push('moved by ' + e.value + ': ' + e.sources.map((s) => s.node && s.node.className));
}).observe({ type: 'layout-shift', buffered: true });`

// browser starts a headless Chromium that ends with the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	chromiums := []string{"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"}
	i := slices.IndexFunc(chromiums, func(path string) bool { _, err := os.Stat(path); return err == nil })
	if i < 0 {
		t.Fatal("no chromium: run make test, or apt-get install chromium")
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromiums[i]), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("headless", true), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("no-first-run", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true))
	ctx, end := chromedp.NewContext(allocator)
	ctx, late := context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(func() { late(); end(); stop() })
	return ctx
}

// site serves the samples under /PAGE/STATE?lang=… as the handlers would, with nothing behind them.
func site(t *testing.T) (*Web, *httptest.Server) {
	t.Helper()
	w, all := newWeb(t), samples()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/") {
			w.Static().ServeHTTP(rw, r)
			return
		}
		if r.URL.Path == "/watcher.js" {
			rw.Header().Set("Content-Type", "text/javascript")
			io.WriteString(rw, watcher)
			return
		}
		page, ok := all[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.Header().Set("Content-Security-Policy", policy)
		var html strings.Builder
		if err := w.Render(&html, r.FormValue("lang"), page); err != nil {
			t.Error(err)
		}
		io.WriteString(rw, strings.Replace(html.String(), "<head>", `<head><script src="/watcher.js"></script>`, 1))
	}))
	t.Cleanup(server.Close)
	return w, server
}

func evaluate[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

// TestScriptsSayTheSameAsTheServer: a door's words do not change when its
// script takes over, and times are said alike, in both languages and across
// zones and clock changes.
func TestScriptsSayTheSameAsTheServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	w, server := site(t)
	for _, lang := range Languages {
		say := times{catalogue(t, lang)}
		open(t, ctx, server.URL+"/home/next?lang="+lang)
		var calls, want []string
		for _, zone := range []string{"Asia/Seoul", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"} {
			for _, after := range []time.Duration{0, 150 * time.Minute, -30 * time.Hour, -24 * time.Hour, 26*time.Hour + 5*time.Minute, 75 * time.Hour, 4000 * time.Hour} {
				at := noon.Add(after)
				calls = append(calls, fmt.Sprintf("t.whenWords(%d, %d, %q)", at.UnixMilli(), noon.UnixMilli(), zone))
				want = append(want, say.when(at.In(mustZone(zone)), noon))
			}
		}
		url, _ := w.assets.url("js/times.js")
		got := evaluate[[]string](t, ctx, fmt.Sprintf("import(%q).then((t) => [%s])", url, strings.Join(calls, ",")))
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %s = %q, want %q", lang, calls[i], got[i], want[i])
			}
		}
	}
	checkLocalTimes(t, ctx, w)
	checkDoors(t, ctx, w, server)
}

// checkLocalTimes: what a vet types is the instant that Go reads from it.
func checkLocalTimes(t *testing.T, ctx context.Context, w *Web) {
	t.Helper()
	url, _ := w.assets.url("js/times.js")
	for _, c := range []struct{ local, zone string }{
		{"2026-12-01T14:30", "Asia/Seoul"}, {"2026-12-01T14:30:05", "America/New_York"}, {"2026-07-01T00:00", "America/New_York"},
		{"2026-03-08T01:59", "America/New_York"}, {"2026-03-08T03:00", "America/New_York"}, // around the hour that is skipped
		{"2026-11-01T01:30", "America/New_York"}, {"2026-11-01T02:00", "America/New_York"}, // the hour that comes twice
	} {
		layout := "2006-01-02T15:04:05"[:len(c.local)]
		want, err := time.ParseInLocation(layout, c.local, mustZone(c.zone))
		if err != nil {
			t.Fatal(err)
		}
		got := evaluate[int64](t, ctx, fmt.Sprintf("import(%q).then((t) => t.fromLocal(%q, %q))", url, c.local, c.zone))
		if got != want.UnixMilli() {
			t.Errorf("%s in %s: %s, want %s", c.local, c.zone, time.UnixMilli(got).UTC(), want.UTC())
		}
	}
}

// checkDoors lets the scripts draw every door anew and compares.
func checkDoors(t *testing.T, ctx context.Context, w *Web, server *httptest.Server) {
	t.Helper()
	const doors = `[...document.querySelectorAll('form[data-door]')].map((d) =>
		[d.dataset.state, d.querySelector('.door-words').textContent, d.querySelector('use').getAttribute('href'), d.querySelector('[data-enter]').disabled].join(' | '))`
	for _, name := range []string{"home/next", "reservations/list", "reservation/late", "reservation/late_open", "vetday/full"} {
		_, html := draw(t, w, "ko", samples()[name])
		open(t, ctx, server.URL+"/"+name+"?lang=ko")
		before := evaluate[[]string](t, ctx, fmt.Sprintf(`(() => { const document = new DOMParser().parseFromString(%s, 'text/html'); return %s })()`, quote(html), doors))
		after := evaluate[[]string](t, ctx, doors)
		if len(before) == 0 || !slices.Equal(before, after) {
			t.Errorf("%s: the server says %q, the script %q", name, before, after)
		}
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// open goes to a page and waits for its module scripts, which run before load.
func open(t *testing.T, ctx context.Context, url string) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

// drawn waits until what the scripts did is on the screen.
const drawn = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(problems))))`

// TestTheCallGoesOnWithoutCamera: what is not there cannot be switched on, and the page says so.
func TestTheCallGoesOnWithoutCamera(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	_, server := site(t)
	open(t, ctx, server.URL+"/room/waiting?lang=en")
	const buttons = `[...document.querySelectorAll('button[data-camera], button[data-microphone]')].map((b) => b.disabled)`
	const until = `const until = async (holds) => { while (!holds()) await new Promise((go) => requestAnimationFrame(go)); };`
	const camera = `document.querySelector('[data-tick="camera"]').dataset.ok`
	if got := evaluate[[]bool](t, ctx, `(async () => { `+until+` await until(() => `+camera+` === 'yes'); return `+buttons+` })()`); !slices.Equal(got, []bool{false, false}) {
		t.Errorf("with both, disabled: %v", got)
	}
	const lose = `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'));
		document.querySelector('[data-media-again]').click();`
	if got := evaluate[[]bool](t, ctx, `(async () => { `+until+lose+` await until(() => `+camera+` === 'no'); return `+buttons+` })()`); !slices.Equal(got, []bool{true, true}) {
		t.Errorf("with neither, disabled: %v", got)
	}
	if said := evaluate[string](t, ctx, `document.querySelector('[data-media-problem]:not([hidden]) span').textContent`); !strings.Contains(said, "enter without") {
		t.Errorf("says %q", said)
	}
}

// TestPagesKeepTheirPolicyAndFitAPhone loads every page in every state at
// 360 px: nothing is refused by the policy, no script throws, nothing that a
// script adds moves what is there, nothing is wider than the screen.
func TestPagesKeepTheirPolicyAndFitAPhone(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	_, server := site(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(360, 740)); err != nil {
		t.Fatal(err)
	}
	for name := range samples() {
		for _, lang := range Languages {
			open(t, ctx, server.URL+"/"+name+"?lang="+lang)
			if problems := evaluate[[]string](t, ctx, drawn); len(problems) != 0 {
				t.Errorf("%s in %s: %q", name, lang, problems)
			}
			if width := evaluate[int](t, ctx, "document.documentElement.scrollWidth"); width > 360 {
				t.Errorf("%s in %s is %d px wide", name, lang, width)
			}
		}
	}
}
