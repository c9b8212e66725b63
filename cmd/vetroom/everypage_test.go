package main

import (
	"context"
	"flag"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"vetroom/cmd/vetroom/localdata/localdatatest"
	"vetroom/web/webtest"
)

var pictures = flag.String("pictures", "", "folder to put a picture of every page into that a walk over a server finds")

// TestEveryPageOfARealServer walks over a server as an owner and as a vet, from page to page by the links that it finds.
// Each kind of page is loaded as for the first time, on a phone: nothing of it is missing, heavy, refused, asked of another
// host, wider than the screen or a violation by axe-core; and each page of the contract is among them.
func TestEveryPageOfARealServer(t *testing.T) {
	dir := t.TempDir()
	runCommand(t, dir, nil, "", "hospitals", "import", writeFile(t, "register.csv", localdatatest.CP949(t, localdatatest.Register(300)...)))
	p := serve(t, dir, nil, "--demo")
	vet := addVet(t, p, dir, nil, "walks")
	vet.goOnline()
	visit := followUp(vet, time.Now().Add(5*time.Second), 20)
	later := followUp(vet, time.Now().Add(30*time.Hour), 20)
	owner := ownerOf(vet, visit)
	owner.want(200, "GET", strings.TrimPrefix(later.at("link"), p.url), nil)
	room := "/room?id=" + later.at("room.id") // whose door is locked: an open one is gone through at once
	photo := owner.screened()
	owner.becomes(photo, "done", 10*time.Second)

	for path, of := range map[string]string{"/openapi.json": "openapi", "/asyncapi.json": "asyncapi"} {
		if got := owner.want(200, "GET", path, nil); !strings.HasPrefix(got.at(of), "3.") || got.at("info.title") != "Vetroom" {
			t.Errorf("%s says %v", path, got)
		}
	}

	browser := webtest.Chromium(t, 10*time.Minute)
	eventually(t, 5*time.Second, "the visit's room is open", func() error { // what a door does as it opens is no part of a load
		if got := owner.want(200, "GET", "/api/v1/reservations/"+visit.at("id"), nil); got.at("room.state") != "open" {
			return errNotYet
		}
		return nil
	})
	seen := map[string]bool{}
	newWalk(t, browser, owner, "owner-ko", seen).over("/", "/reservations/"+visit.at("id"), room, "/check/"+photo, "/hospitals?near=37.5665,126.9780")
	newWalk(t, browser, vet, "vet-en", seen).over("/vet", room)
	for _, page := range []string{
		"/", "/vets", "/vets/{id}", "/check", "/hospitals", "/reservations", "/reservations/{id}", "/reservations/{id}/check", "/room", "/vet/login", "/vet", "/vet/hours", "/vet/reservations/{id}", "/urgent",
	} {
		if !seen[page] {
			t.Errorf("no link leads to %s", page)
		}
	}
	if *pictures != "" {
		webtest.Sheet(t, *pictures)
	}
}

// walk is somebody's way over the site.
type walk struct {
	t     *testing.T
	ctx   context.Context
	watch *webtest.Watch
	base  string
	name  string          // of who walks, and the language
	been  map[string]bool // kinds of pages, in this walk
	seen  map[string]bool // and in all
}

func newWalk(t *testing.T, chromium context.Context, who *browser, name string, seen map[string]bool) *walk {
	t.Helper()
	ctx := webtest.Tab(t, chromium)
	webtest.Cold(t, ctx)
	base, err := url.Parse(who.base)
	if err != nil {
		t.Fatal(err)
	}
	cookies := who.http.Jar.Cookies(base)
	cookies = append(cookies, &http.Cookie{Name: "vetroom_lang", Value: name[len(name)-2:]})
	for _, k := range cookies {
		if _, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: k.Name, Value: k.Value, URL: who.base}); err != nil {
			t.Fatal(err)
		}
	}
	webtest.Wear(t, ctx, webtest.Phone)
	return &walk{t, ctx, webtest.Listen(t, ctx), who.base, name, map[string]bool{}, seen}
}

var anID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// kindOf is a page's path without what differs between pages of a kind; "" for what is no page.
func kindOf(u *url.URL) string {
	if strings.HasPrefix(u.Path, "/api/") || strings.HasPrefix(u.Path, "/lang/") {
		return ""
	}
	return anID.ReplaceAllString(u.Path, "{id}")
}

// links are where a page leads to within the site.
const links = `[...new Set([...document.querySelectorAll('a[href]')].map((a) => a.href).filter((h) => h.startsWith(location.origin)))]`

// over goes to some pages, and on to whatever they lead to.
func (w *walk) over(pages ...string) {
	for len(pages) > 0 {
		page, err := url.Parse(pages[0])
		if err != nil {
			w.t.Fatal(err)
		}
		pages = pages[1:]
		page.Fragment = ""
		if kind := kindOf(page); kind != "" && !w.been[kind] {
			w.been[kind], w.seen[kind] = true, true
			w.look(kind, page)
			pages = append(pages, webtest.Evaluate[[]string](w.t, w.ctx, links)...)
		}
	}
}

func (w *walk) look(kind string, page *url.URL) {
	load := w.watch.Load(w.t, w.base+page.RequestURI())
	for _, problem := range append(load.Problems, webtest.Violations(w.t, w.ctx)...) {
		w.t.Errorf("%s at %s: %s", w.name, page, problem)
	}
	if status := webtest.Evaluate[int](w.t, w.ctx, "performance.getEntriesByType('navigation')[0].responseStatus"); status != 200 {
		w.t.Errorf("%s at %s: status %d", w.name, page, status)
	}
	if load.Bytes > 100_000 || load.Requests < 2 {
		w.t.Errorf("%s at %s: %d bytes in %d answers", w.name, page, load.Bytes, load.Requests)
	}
	if width := webtest.Width(w.t, w.ctx); width > webtest.Phone.Width {
		w.t.Errorf("%s at %s: %d px wide", w.name, page, width)
	}
	w.t.Logf("%s at %s: %d bytes in %d answers", w.name, kind, load.Bytes, load.Requests)
	if *pictures != "" {
		w.keep(kind)
	}
}

func (w *walk) keep(kind string) {
	name := "live" + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(kind)
	for _, look := range []webtest.Look{webtest.Phone, webtest.Desktop} {
		webtest.Wear(w.t, w.ctx, look)
		webtest.Unfold(w.t, w.ctx, look)
		webtest.Keep(w.t, w.ctx, *pictures, name, w.name+"-"+look.String())
	}
	webtest.Wear(w.t, w.ctx, webtest.Phone)
}
