package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
)

//go:embed static
var staticFiles embed.FS

// asset is one static file, ready to send.
type asset struct {
	mime          string
	plain, packed []byte // packed is nil where gzip does not help
}

// assets are all static files under one hash, which is part of every address:
// scripts that import each other by relative path stay of one version, and any
// answer may be cached for ever.
type assets struct {
	hash  string
	files map[string]asset // by path under static/
}

// loadAssets makes the files ready, once in a process. They are written for people to read, with what they mean beside
// it; a browser is sent them without comments, with short names for what is their own.
var loadAssets = sync.OnceValues(func() (*assets, error) {
	short := minify.New()
	short.AddFunc(".js", js.Minify)
	short.AddFunc(".css", css.Minify)
	a := &assets{files: map[string]asset{}}
	sum := sha256.New()
	err := fs.WalkDir(staticFiles, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		if kind := path.Ext(name); kind == ".js" || kind == ".css" {
			if body, err = short.Bytes(kind, body); err != nil {
				return fmt.Errorf("shorten %s: %w", name, err)
			}
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(body))
		sum.Write(body)
		a.files[strings.TrimPrefix(name, "static/")] = asset{mimeOf(name), body, pack(body)}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load static files: %w", err)
	}
	a.hash = hex.EncodeToString(sum.Sum(nil))[:12]
	return a, nil
})

// mimeOf does not ask the machine's own table for what we serve.
func mimeOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return mime.TypeByExtension(path.Ext(name))
}

func pack(body []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	z.Write(body) // a bytes.Buffer does not fail
	z.Close()
	if out.Len() >= len(body) {
		return nil
	}
	return out.Bytes()
}

// url returns the address of a static file, or an error for one that is not
// there, so that a page never links to nothing.
func (a *assets) url(name string) (string, error) {
	if _, ok := a.files[name]; !ok {
		return "", fmt.Errorf("no static file %q", name)
	}
	return "/static/" + a.hash + "/" + name, nil
}

// ServeHTTP answers /static/HASH/NAME. Under the current hash the answer may be
// kept for ever; under another (a page from before an upgrade) the file of
// today is given, not to be kept.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/static/"), "/")
	file, ok := a.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.mime)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if hash == a.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body := file.plain
	if file.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = file.packed
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}
