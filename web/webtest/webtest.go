// Package webtest holds pages in a real browser to what every page promises: no violation that axe-core finds, no word
// on the console, nothing that the page's policy refuses, no request to another host, and little over the wire.
//
// A test gives it a tab of chromedp; what the page is, and who serves it, is the test's own:
//
//	ctx := webtest.Chromium(t)
//	watch := webtest.Listen(t, ctx)
//	load := watch.Load(t, server.URL+"/vets")
//	load.Problems, load.Bytes, webtest.Violations(t, ctx)
package webtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"vetroom/web/webtest/chromium"
)

// Chromium starts a headless browser, with a camera and a microphone that only pretend, and gives its first tab. It ends
// with the test, or after within.
func Chromium(t testing.TB, within time.Duration) context.Context {
	t.Helper()
	options, err := chromium.Options(chromedp.Flag("hide-scrollbars", true))
	if err != nil {
		t.Fatal(err)
	}
	// Its data are where chromedp puts and removes them: the browser's helpers write there a little longer than it lives.
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	ctx, late := context.WithTimeout(ctx, within)
	t.Cleanup(func() { late(); end(); stop() })
	do(t, ctx)
	return ctx
}

// Tab opens another tab of the browser, with cookies and a cache of its own.
func Tab(t testing.TB, browser context.Context) context.Context {
	t.Helper()
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	do(t, ctx)
	return ctx
}

// Look is how a page is looked at.
type Look struct {
	Width, Height int64
	Dark          bool
}

// The looks of a phone and of a desktop.
var (
	Phone     = Look{Width: 360, Height: 740}
	PhoneDark = Look{Width: 360, Height: 740, Dark: true}
	Desktop   = Look{Width: 1280, Height: 800}
)

// String is "360", "360-dark", "1280".
func (l Look) String() string {
	if l.Dark {
		return fmt.Sprintf("%d-dark", l.Width)
	}
	return fmt.Sprint(l.Width)
}

// Wear has the tab look like that, also what is already shown. Nothing moves: colours are there at once.
func Wear(t testing.TB, ctx context.Context, l Look) {
	t.Helper()
	scheme := "light"
	if l.Dark {
		scheme = "dark"
	}
	do(t, ctx, chromedp.EmulateViewport(l.Width, l.Height))
	call(t, ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// Unfold makes the screen as high as the page, so that what sticks to its edges lies over nothing.
func Unfold(t testing.TB, ctx context.Context, l Look) {
	t.Helper()
	if high := Evaluate[int64](t, ctx, "document.documentElement.scrollHeight"); high > l.Height {
		do(t, ctx, chromedp.EmulateViewport(l.Width, high))
	}
}

// Cold makes every load of the tab a first one: nothing comes from the cache.
func Cold(t testing.TB, ctx context.Context) {
	t.Helper()
	call(t, ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
}

// Width is how wide the page is laid out, which is more than the screen for one that scrolls sideways.
func Width(t testing.TB, ctx context.Context) int64 {
	t.Helper()
	return Evaluate[int64](t, ctx, "document.documentElement.scrollWidth")
}

// Picture is the whole page as PNG, also what is below the screen.
func Picture(t testing.TB, ctx context.Context) []byte {
	t.Helper()
	whole := true
	shot := call(t, ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &whole, OptimizeForSpeed: &whole})
	return shot.Data
}

// Evaluate gives what a script says, also one that promises it.
func Evaluate[T any](t testing.TB, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%.200s: %v", script, err)
	}
	return v
}
