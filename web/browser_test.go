package web

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"

	"vetroom/web/webtest"
)

// policy is what the pages are served under.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; " +
	"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// browser starts a headless Chromium that ends with the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	return webtest.Chromium(t, 5*time.Minute)
}

// site serves the samples under /PAGE/STATE?lang=… as the handlers would: packed, under the policy, with a socket that
// says nothing, no news of slots, and one picture for all that are uploaded. Nothing else is behind them.
func site(t *testing.T) (*Web, *httptest.Server) {
	t.Helper()
	w, all := newWeb(t), samples()
	mux := http.NewServeMux()
	mux.Handle("/static/", w.Static())
	mux.HandleFunc("/ws", silence)
	mux.HandleFunc("POST /api/v1/session", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/api/v1/vet/instant", rings)
	mux.HandleFunc("/room", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) }) // the page stays
	mux.HandleFunc("/img/{name}", picture)
	mux.HandleFunc("/api/v1/screenings/{id}/photo", picture)
	mux.HandleFunc("/api/v1/stills/{id}/photo", picture)
	mux.HandleFunc("/api/v1/vets/{id}/slots", func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, `{"slots":[]}`) })
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		page, ok := all[strings.TrimPrefix(r.URL.Path, "/")]
		if from, err := url.Parse(r.Referer()); !ok && err == nil {
			page, ok = all[strings.TrimPrefix(from.Path, "/")] // that looks for news of itself
			ok = ok && page.layout().Path == r.URL.RequestURI()
		}
		if !ok {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.Header().Set("Content-Security-Policy", policy)
		rw.Header().Set("Content-Encoding", "gzip")
		z, _ := gzip.NewWriterLevel(rw, gzip.BestSpeed) // a level that there is
		if err := w.Render(z, r.FormValue("lang"), page); err != nil {
			t.Error(err)
		}
		z.Close()
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return w, server
}

// silence is a socket that says nothing until its page is gone.
func silence(rw http.ResponseWriter, r *http.Request) {
	socket, err := websocket.Accept(rw, r, &websocket.AcceptOptions{Subprotocols: []string{"vetroom.v1"}})
	if err != nil {
		return
	}
	for err == nil {
		_, _, err = socket.Read(r.Context())
	}
	socket.CloseNow()
}

// picture is a plain one.
func picture(rw http.ResponseWriter, _ *http.Request) {
	plain := image.NewPaletted(image.Rect(0, 0, 640, 480), color.Palette{color.RGBA{R: 214, G: 170, B: 150, A: 255}})
	rw.Header().Set("Content-Type", "image/png")
	png.Encode(rw, plain)
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
