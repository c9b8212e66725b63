package webtest

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// observer stands before everything else on a page: what is thrown, what its policy refuses, and what moves although
// nobody touched it, once all of the page was shown: a browser that is busy shows a part while the rest comes.
const observer = `window.problems = [];
addEventListener('securitypolicyviolation', (e) => problems.push('refused by the policy: ' + e.violatedDirective + ' ' + e.blockedURI));
addEventListener('error', (e) => problems.push('thrown: ' + (e.message || e.target.currentSrc || e.target.src)), true);
addEventListener('unhandledrejection', (e) => problems.push('rejected: ' + e.reason));
{
	let whole = Infinity; // when the second frame of all that was read began: what moved in the first is what came last
	document.addEventListener('readystatechange', () => requestAnimationFrame(() => requestAnimationFrame(() => { whole = performance.now(); })), { once: true });
	new PerformanceObserver((list) => {
		for (const e of list.getEntries()) if (e.value > 0.005 && e.startTime > whole) problems.push('moved by ' + e.value.toFixed(3) + ': ' + e.sources.map(({node, previousRect: was, currentRect: is}) =>
			(node?.outerHTML ?? node?.data ?? 'what is gone').slice(0, 80) + ' from ' + [was.x, was.y, was.width, was.height] + ' to ' + [is.x, is.y, is.width, is.height]).join('; '));
	}).observe({ type: 'layout-shift', buffered: true });
}`

// drawn waits until what the scripts did is on the screen.
const drawn = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(window.problems))))`

// Load is what a page's loading told.
type Load struct {
	Bytes    int      // over the wire, heads and bodies as they were packed, without fonts and pictures
	Requests int      // of them
	Problems []string // one line each
}

// Watch listens to a tab.
type Watch struct {
	ctx  context.Context
	mu   sync.Mutex // guards all below
	host string
	left map[network.RequestID]bool // pictures and fonts
	load Load
}

// Listen begins to listen to a tab, for pages that are loaded from now on.
func Listen(t testing.TB, ctx context.Context) *Watch {
	t.Helper()
	w := &Watch{ctx: ctx}
	if err := chromedp.Listen(ctx, w.heard); err != nil {
		t.Fatal(err)
	}
	call(t, ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: observer})
	return w
}

// Load goes to a page and waits until its scripts have run and what they did is drawn.
func (w *Watch) Load(t testing.TB, address string) Load {
	t.Helper()
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.host, w.left, w.load = to.Host, map[network.RequestID]bool{}, Load{}
	w.mu.Unlock()
	if err := chromedp.Do(w.ctx, chromedp.Navigate(address)); err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	return w.Now(t)
}

// Now is what was told since the page was gone to.
func (w *Watch) Now(t testing.TB) Load {
	t.Helper()
	seen := Evaluate[[]string](t, w.ctx, drawn)
	w.mu.Lock()
	defer w.mu.Unlock()
	load := w.load
	load.Problems = append(seen, load.Problems...)
	return load
}

func (w *Watch) heard(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.asked(e)
	case *network.EventLoadingFinished:
		if !w.left[e.RequestID] {
			w.load.Bytes += int(e.EncodedDataLength)
			w.load.Requests++
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			w.problem("console: %s %s", e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			w.problem("console: %s", said(e.Args))
		}
	}
}

// asked notes a request: where to, and whether it counts. A picture of the site's own design counts; one that somebody
// uploaded does not.
func (w *Watch) asked(e *network.EventRequestWillBeSent) {
	to, err := url.Parse(e.Request.URL)
	if err != nil || (to.Scheme == "http" || to.Scheme == "https" || to.Scheme == "ws" || to.Scheme == "wss") && to.Host != w.host {
		w.problem("asks another host: %s", e.Request.URL)
	}
	if e.RedirectResponse != nil {
		w.load.Bytes += int(e.RedirectResponse.EncodedDataLength)
	}
	uploaded := e.Type == network.ResourceTypeImage && !isStatic(to)
	if uploaded || e.Type == network.ResourceTypeFont {
		w.left[e.RequestID] = true
	}
}

func isStatic(u *url.URL) bool { return u != nil && len(u.Path) > 8 && u.Path[:8] == "/static/" }

func (w *Watch) problem(format string, args ...any) {
	w.load.Problems = append(w.load.Problems, fmt.Sprintf(format, args...))
}

func said(args []*runtime.RemoteObject) string {
	words := ""
	for _, a := range args {
		words += " " + string(a.Value) + a.Description
	}
	return words
}

func do(t testing.TB, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func call[P, R any](t testing.TB, ctx context.Context, command cdp.Command[P, R], params P) R {
	t.Helper()
	got, err := chromedp.Call(ctx, command, params)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
