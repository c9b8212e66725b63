package web

import (
	"fmt"
	"io"
	"net/http"
)

//go:generate go run ./internal/generate

// Web renders pages and serves static files. It is safe for concurrent use.
type Web struct {
	assets   *assets
	printers map[string]*printer // by language
}

// New loads the texts of every language and all static files. An error means
// that the binary was built wrong.
func New() (*Web, error) {
	files, err := loadAssets()
	if err != nil {
		return nil, err
	}
	w := &Web{assets: files, printers: map[string]*printer{}}
	for _, lang := range Languages {
		if w.printers[lang], err = newPrinter(lang, files); err != nil {
			return nil, fmt.Errorf("prepare %s: %w", lang, err)
		}
	}
	return w, nil
}

// Render writes the whole page in a language (one of Languages; anything else
// is Korean), or an error and nothing.
func (w *Web) Render(out io.Writer, lang string, page Page) error {
	return w.printer(lang).render(out, page)
}

// printer is that of a language, Korean for one that the pages do not speak.
func (w *Web) printer(lang string) *printer {
	if p, ok := w.printers[lang]; ok {
		return p
	}
	return w.printers[Languages[0]]
}

// say gives the texts of a language, Korean for any that is not of Languages.
func (w *Web) say(lang string) texts { return w.printer(lang).texts }

// Static serves everything under "/static/".
func (w *Web) Static() http.Handler { return w.assets }
