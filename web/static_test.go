package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func TestStatic(t *testing.T) {
	w := newWeb(t)
	get := func(url, encoding string) *httptest.ResponseRecorder {
		req := httptest.NewRequest("GET", url, nil)
		req.Header.Set("Accept-Encoding", encoding)
		rec := httptest.NewRecorder()
		w.Static().ServeHTTP(rec, req)
		return rec
	}
	current := "/static/" + w.assets.hash + "/js/door.js"
	plain, packed := get(current, ""), get(current, "br, gzip")
	if ct := plain.Header().Get("Content-Type"); ct != "text/javascript; charset=utf-8" {
		t.Errorf("type %q", ct)
	}
	if packed.Header().Get("Content-Encoding") != "gzip" {
		t.Fatal("not packed")
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(z); !bytes.Equal(body, plain.Body.Bytes()) {
		t.Error("packed and plain differ")
	}
	if cc := get("/static/0123456789ab/js/door.js", "").Header().Get("Cache-Control"); cc != "no-cache" {
		t.Errorf("another version's file: %q", cc)
	}
	for _, url := range []string{"/static/", "/static/" + w.assets.hash + "/js/", "/static/" + w.assets.hash + "/../web.go", "/static/" + w.assets.hash + "/nothing.js"} {
		if rec := get(url, ""); rec.Code != 404 {
			t.Errorf("%s: %d", url, rec.Code)
		}
	}
}

// TestPageWeight: a page with its styles and scripts, imports followed, stays
// under 100 KB packed.
func TestPageWeight(t *testing.T) {
	w := newWeb(t)
	for name, page := range samples() {
		doc, html := draw(t, w, "ko", page)
		total := len(pack([]byte(html)))
		seen := map[string]bool{}
		doc.Find("script[src], link[href]").Each(func(_ int, s *goquery.Selection) {
			total += weigh(t, w, strings.TrimPrefix(s.AttrOr("src", s.AttrOr("href", "")), "/static/"+w.assets.hash+"/"), seen)
		})
		if total > 70_000 {
			t.Errorf("%s weighs %d bytes", name, total)
		}
		if strings.HasPrefix(name, "room/") && !seen["js/socket.js"] {
			t.Errorf("%s: imports are not followed", name)
		}
	}
}

// TestScriptsAreSentShort: no browser is sent what only explains.
func TestScriptsAreSentShort(t *testing.T) {
	files := newWeb(t).assets.files
	for name, source := range sources(t) {
		if path.Ext(name) != ".js" {
			continue
		}
		file, ok := files[strings.TrimPrefix(name, "static/")]
		if !ok {
			t.Errorf("%s is not sent", name)
		}
		if strings.Contains(string(file.plain), "/**") || len(file.plain) > len(source)*9/10 {
			t.Errorf("%s has %d of %d bytes", name, len(file.plain), len(source))
		}
	}
}

func weigh(t *testing.T, w *Web, name string, seen map[string]bool) int {
	t.Helper()
	if seen[name] {
		return 0
	}
	seen[name] = true
	file, ok := w.assets.files[name]
	if !ok {
		t.Errorf("no %s", name)
		return 0
	}
	total := len(file.plain)
	if file.packed != nil {
		total = len(file.packed)
	}
	for _, m := range imported.FindAllStringSubmatch(string(file.plain), -1) {
		total += weigh(t, w, path.Join("js", m[1]), seen)
	}
	return total
}

// TestScriptsReachNothingElse: no module is imported by an absolute address,
// and nothing is evaluated.
func TestScriptsReachNothingElse(t *testing.T) {
	for name, source := range sources(t) {
		if path.Ext(name) != ".js" {
			continue
		}
		for _, bad := range []string{"http://", "https://", "eval(", "new Function", "innerHTML", "document.write"} {
			code := strings.ReplaceAll(source, "(https://www.w3.org/TR/webrtc/#perfect-negotiation-example)", "")
			if strings.Contains(code, bad) {
				t.Errorf("%s has %q", name, bad)
			}
		}
	}
}
