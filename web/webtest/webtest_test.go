package webtest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vetroom/web/webtest"
)

// bad is a page that does everything that a page must not.
const bad = `<!DOCTYPE html><html><head><title>Bad</title></head><body><main><h1>Bad</h1>
<p id="pale" class="pale">pale</p><img id="mute" src="/img/dog.png"><div class="wide">wide</div>
<style>.pale { color: #bbb; background: #fff } .wide { width: 500px }
@media (prefers-color-scheme: dark) { .pale { color: #222; background: #111 } body { background: #111; color: #eee } }</style>
<script>console.error('a word'); setTimeout(() => { throw new Error('out') }); fetch('http://elsewhere.example/').catch(() => {});
Promise.reject('unheard')</script>
<script src="/static/big.js"></script><script>document.body.append(new Image())</script>
</main></body></html>`

// good keeps every rule.
const good = `<!DOCTYPE html><html lang="en"><head><title>Good</title><link rel="icon" href="data:,"></head><body><main><h1>Good</h1><p>All is well.</p></main></body></html>`

// moving is a script that moves what is there, when that has been seen.
const moving = `<script type="module">setTimeout(() => document.querySelector('h1').before(Object.assign(document.createElement('div'), {style: 'height: 300px'})), 300)</script>`

// half of a page that comes in two, of which the second moves what is there of the first.
const half = `<!DOCTYPE html><html lang="en"><head><title>Half</title><link rel="icon" href="data:,"></head><body>
<main style="display: flex; flex-direction: column-reverse; justify-content: flex-end"><h1>The first</h1>
<script>requestAnimationFrame(() => requestAnimationFrame(() => fetch('/shown')))</script>`

const big = 12_345

func serve(t *testing.T) string {
	mux := http.NewServeMux()
	page := func(body, policy string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", policy)
			io.WriteString(w, body)
		}
	}
	mux.HandleFunc("/bad", page(bad, "media-src 'none'"))
	mux.HandleFunc("/moved", page(strings.Replace(good, "</main>", moving+"</main>", 1), "media-src 'none'"))
	shown := make(chan struct{})
	mux.HandleFunc("/shown", func(http.ResponseWriter, *http.Request) { close(shown) })
	mux.HandleFunc("/halves", func(w http.ResponseWriter, r *http.Request) {
		page(half, "media-src 'none'")(w, r)
		http.NewResponseController(w).Flush()
		<-shown
		io.WriteString(w, `<div style="height: 300px">The second</div></main></body></html>`)
	})
	mux.HandleFunc("/refused", page(strings.Replace(good, "</main>", "<script>1</script></main>", 1), "default-src 'none'; img-src data:"))
	mux.HandleFunc("/good", page(good, "default-src 'none'; img-src data:"))
	mux.HandleFunc("/static/big.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		io.WriteString(w, "//"+strings.Repeat("x", big))
	})
	mux.HandleFunc("/img/dog.png", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("x", 10*big)) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func has(t *testing.T, lines []string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(strings.Join(lines, "\n"), word) {
			t.Errorf("nothing says %q in %q", word, lines)
		}
	}
}

// TestWhatIsWrongIsSeen: each thing that a page must not do is told, and of a page that does none of them nothing is.
func TestWhatIsWrongIsSeen(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	url := serve(t)
	ctx := webtest.Tab(t, webtest.Chromium(t, 5*time.Minute))
	webtest.Cold(t, ctx)
	watch := webtest.Listen(t, ctx)

	webtest.Wear(t, ctx, webtest.Phone)
	has(t, watch.Load(t, url+"/refused").Problems, "refused by the policy")
	watch.Load(t, url+"/moved")
	webtest.Evaluate[bool](t, ctx, `(async () => { while (!problems.length) await new Promise((go) => setTimeout(go, 10)); return true })()`)
	has(t, watch.Now(t).Problems, "moved by")
	if load := watch.Load(t, url+"/halves"); len(load.Problems) > 0 {
		t.Errorf("of a page that comes in two: %q", load.Problems)
	}
	watch.Load(t, url+"/bad")
	load := watch.Load(t, url+"/bad") // cold again
	has(t, load.Problems, "a word", "thrown: Uncaught Error: out", "rejected: unheard", "another host: http://elsewhere.example/")
	if load.Bytes < big || load.Bytes > 3*big {
		t.Errorf("%d bytes, of which %d are a script", load.Bytes, big)
	}
	has(t, webtest.Violations(t, ctx), "color-contrast at #pale", "image-alt at #mute", "html-has-lang")
	words := webtest.WordViolations(t, ctx)
	if has(t, words, "image-alt at #mute"); strings.Contains(strings.Join(words, "\n"), "color-contrast") {
		t.Errorf("colours are among %q", words)
	}
	if got := webtest.Width(t, ctx); got <= 360 {
		t.Errorf("%d px wide", got)
	}
	webtest.Wear(t, ctx, webtest.PhoneDark)
	has(t, webtest.ColourViolations(t, ctx), "color-contrast at #pale")

	webtest.Wear(t, ctx, webtest.Phone)
	if load := watch.Load(t, url+"/good"); len(load.Problems) > 0 || load.Requests != 1 {
		t.Errorf("of a good page: %+v", load)
	}
	if got := webtest.Violations(t, ctx); len(got) > 0 {
		t.Errorf("of a good page: %q", got)
	}
	checkSheet(t, func(folder string) { webtest.Keep(t, ctx, folder, "good", "en-360") })
}

func checkSheet(t *testing.T, keep func(folder string)) {
	t.Helper()
	folder := t.TempDir()
	keep(folder)
	webtest.Sheet(t, folder)
	index, err := os.ReadFile(filepath.Join(folder, "index.html"))
	if err != nil || !strings.Contains(string(index), `src="good/en-360.png"`) {
		t.Errorf("the sheet: %v, %s", err, index)
	}
}
