package web

import (
	"context"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
)

// TestEveryPageInEveryStateIsSafeAndWhole holds what is true of all pages: one
// h1, a title, a language, no inline script or style, no duplicate id, every
// label with its control, every icon in the sprite, every link to a static
// file that is there.
func TestEveryPageInEveryStateIsSafeAndWhole(t *testing.T) {
	w := newWeb(t)
	for name, page := range samples() {
		for _, lang := range Languages {
			t.Run(name+"/"+lang, func(t *testing.T) {
				doc, html := draw(t, w, lang, page)
				checkShape(t, doc, lang)
				checkPolicy(t, doc)
				checkReferences(t, w, doc)
				html = regexp.MustCompile(`(?s)<script type="application/json".*?</script>`).ReplaceAllString(html, "")
				if bad := regexp.MustCompile(`ZgotmplZ|<no value>|%!|\{[a-z]+\}`).FindString(html); bad != "" {
					t.Errorf("a hole in the page: %q", bad)
				}
			})
		}
	}
}

func checkShape(t *testing.T, doc *goquery.Document, lang string) {
	t.Helper()
	if got, _ := doc.Find("html").Attr("lang"); got != lang {
		t.Errorf("lang = %q", got)
	}
	if n := doc.Find("h1").Length(); n != 1 {
		t.Errorf("%d h1", n)
	}
	if title := doc.Find("title").Text(); len(title) < len("x · Vetroom") {
		t.Errorf("title = %q", title)
	}
	seen := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "")
		if seen[id] {
			t.Errorf("id %q twice", id)
		}
		seen[id] = true
	})
	for _, attr := range []string{"for", "aria-describedby", "aria-labelledby"} {
		doc.Find("[" + attr + "]").Each(func(_ int, s *goquery.Selection) {
			if id := s.AttrOr(attr, ""); !seen[id] {
				t.Errorf("%s=%q points nowhere", attr, id)
			}
		})
	}
}

// checkPolicy holds a page against script-src 'self'; style-src 'self'.
func checkPolicy(t *testing.T, doc *goquery.Document) {
	t.Helper()
	doc.Find("script").Each(func(_ int, s *goquery.Selection) {
		if s.AttrOr("type", "") == "application/json" {
			return // a data block: never executed, so not the policy's business
		}
		if src := s.AttrOr("src", ""); !strings.HasPrefix(src, "/static/") || strings.TrimSpace(s.Text()) != "" {
			t.Errorf("script %q from %q", s.Text(), src)
		}
	})
	if n := doc.Find("style, base, iframe, object, embed, [style]").Length(); n != 0 {
		t.Errorf("%d inline styles or embedded things", n)
	}
	doc.Find("*").Each(func(_ int, s *goquery.Selection) {
		for _, a := range s.Get(0).Attr {
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.TrimSpace(a.Val), "javascript:") {
				t.Errorf("<%s %s=%q>", s.Get(0).Data, a.Key, a.Val)
			}
		}
	})
}

func checkReferences(t *testing.T, w *Web, doc *goquery.Document) {
	t.Helper()
	doc.Find("use").Each(func(_ int, s *goquery.Selection) {
		if ref := s.AttrOr("href", ""); doc.Find("symbol"+ref).Length() != 1 {
			t.Errorf("icon %q is not in the sprite", ref)
		}
	})
	doc.Find(`[src^="/static/"], [href^="/static/"]`).Each(func(_ int, s *goquery.Selection) {
		url := s.AttrOr("src", s.AttrOr("href", ""))
		rec := httptest.NewRecorder()
		w.Static().ServeHTTP(rec, httptest.NewRequest("GET", url, nil))
		if rec.Code != 200 || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %q", url, rec.Code, rec.Header().Get("Cache-Control"))
		}
	})
	// A link that says that it leads elsewhere is the reader's own step; anything else would be the page's.
	doc.Find(`a[href^="http"]:not([rel="external noopener noreferrer"]), img[src^="http"], link[href^="http"]`).Each(func(_ int, s *goquery.Selection) {
		t.Errorf("reaches another host: %v", s.Get(0).Attr)
	})
}

func TestARenderThatFailsWritesNothing(t *testing.T) {
	w := newWeb(t)
	var out strings.Builder
	page := HomePage{Layout: at("/"), Next: &Reservation{State: "unheard of", Area: "no such area"}}
	if err := w.Render(&out, "ko", page); err == nil {
		t.Error("no error for a text that is missing")
	}
	if out.Len() != 0 {
		t.Errorf("wrote %q", out.String())
	}
}

// brokenPage asks for what does not exist.
type brokenPage struct {
	Layout
	ask func(p *printer)
}

func (b brokenPage) draw(p *printer) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, out io.Writer) error {
		io.WriteString(out, "begun")
		b.ask(p)
		return nil
	})
}

func TestWhatDoesNotExistIsNeverSent(t *testing.T) {
	w := newWeb(t)
	for name, ask := range map[string]func(p *printer){
		"text": func(p *printer) { p.t("no.such") },
		"file": func(p *printer) { p.static("js/none.js") },
		"icon": func(*printer) { icon("none") },
	} {
		var out strings.Builder
		if err := w.Render(&out, "en", brokenPage{ask: ask}); err == nil || out.Len() > 0 {
			t.Errorf("%s: %v, and %q was written", name, err, out.String())
		}
	}
}

func TestAMistakeInAPageIsNotTakenForAHole(t *testing.T) {
	defer func() {
		if got := recover(); got != "a mistake" {
			t.Errorf("recovered %v", got)
		}
	}()
	newWeb(t).Render(io.Discard, "en", brokenPage{ask: func(*printer) { panic("a mistake") }})
}

func TestAnUnknownLanguageIsKorean(t *testing.T) {
	doc, _ := draw(t, newWeb(t), "fr", HomePage{Layout: at("/")})
	if got := doc.Find("html").AttrOr("lang", ""); got != "ko" {
		t.Errorf("lang = %q", got)
	}
}
