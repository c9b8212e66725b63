package web

import (
	"context"
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"vetroom/web/webtest"
)

var pictures = flag.String("pictures", "", "folder to put a picture of every page into, at 360 and 1280 px in both languages")

// mostBytes is what a page weighs at most when it is loaded first, over the wire, without fonts and uploaded pictures.
const mostBytes = 100_000

// TestEveryPage loads every page in every state, in both languages, as for the first time, on a phone and on a desktop,
// in the light and the dark theme. axe-core finds no violation; nothing is said on the console or refused by the policy;
// no other host is asked; nothing that a script adds moves what is there; nothing is wider than the screen.
func TestEveryPage(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	browser := webtest.Chromium(t, 15*time.Minute)
	_, server := site(t)
	tabs := make(chan *viewer, 3)
	if *pictures != "" {
		t.Cleanup(func() { webtest.Sheet(t, *pictures) })
	}
	for range cap(tabs) {
		tabs <- newViewer(t, browser, server.URL)
	}
	for _, name := range slices.Sorted(maps.Keys(samples())) {
		for _, lang := range Languages {
			t.Run(name+"/"+lang, func(t *testing.T) {
				t.Parallel()
				v := <-tabs
				defer func() { tabs <- v }()
				v.view(t, name, lang)
			})
		}
	}
}

// viewer looks at one page after another in a tab of its own.
type viewer struct {
	ctx   context.Context
	watch *webtest.Watch
	base  string
}

func newViewer(t *testing.T, browser context.Context, base string) *viewer {
	t.Helper()
	ctx := webtest.Tab(t, browser)
	webtest.Cold(t, ctx)
	return &viewer{ctx, webtest.Listen(t, ctx), base}
}

func (v *viewer) view(t *testing.T, name, lang string) {
	webtest.Wear(t, v.ctx, webtest.Phone)
	load := v.watch.Load(t, v.base+"/"+name+"?lang="+lang)
	for _, problem := range load.Problems {
		t.Error(problem)
	}
	if load.Bytes > mostBytes || load.Requests < 2 {
		t.Errorf("%d bytes in %d answers", load.Bytes, load.Requests)
	}
	if lang == Languages[0] { // colours and columns do not speak
		v.look(t, name, lang, webtest.Phone, webtest.Violations)
		v.look(t, name, lang, webtest.PhoneDark, webtest.ColourViolations)
		v.look(t, name, lang, webtest.Desktop, webtest.Violations)
	} else {
		v.look(t, name, lang, webtest.Phone, webtest.WordViolations)
		v.look(t, name, lang, webtest.Desktop, nil)
	}
}

// look checks the page that is loaded in another look.
func (v *viewer) look(t *testing.T, name, lang string, l webtest.Look, violations func(testing.TB, context.Context) []string) {
	webtest.Wear(t, v.ctx, l)
	webtest.Unfold(t, v.ctx, l)
	if violations != nil {
		for _, violation := range violations(t, v.ctx) {
			t.Errorf("%s: %s", l, violation)
		}
	}
	if width := webtest.Width(t, v.ctx); width > l.Width {
		t.Errorf("%s: %d px wide", l, width)
	}
	if *pictures != "" {
		webtest.Keep(t, v.ctx, *pictures, strings.ReplaceAll(name, "/", "-"), lang+"-"+l.String())
	}
}
