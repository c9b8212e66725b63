package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
)

//go:embed templates/*.tmpl
var templateFiles embed.FS

// pages are all page structs, one of each; New parses a template for each.
var pages = []Page{
	HomePage{}, VetsPage{}, VetPage{}, ReservationsPage{}, ReservationPage{},
	VetLoginPage{}, VetDayPage{}, VetHoursPage{}, RoomPage{}, ErrorPage{},
}

// Web renders pages and serves static files. It is safe for concurrent use.
type Web struct {
	assets *assets
	sets   map[string]map[string]*template.Template // by language and page
	words  map[string]texts                         // by language
	letter *template.Template
}

// New parses every template in every language. An error means that the binary
// was built wrong.
func New() (*Web, error) {
	files, err := loadAssets()
	if err != nil {
		return nil, err
	}
	w := &Web{assets: files, sets: map[string]map[string]*template.Template{}, words: map[string]texts{}}
	if w.letter, err = parseLetter(); err != nil {
		return nil, fmt.Errorf("parse the mail: %w", err)
	}
	for _, lang := range Languages {
		words, err := loadTexts(lang)
		if err != nil {
			return nil, err
		}
		w.words[lang] = words
		if w.sets[lang], err = parsePages(funcsOf(lang, words, files)); err != nil {
			return nil, fmt.Errorf("parse templates in %s: %w", lang, err)
		}
	}
	return w, nil
}

func parsePages(funcs template.FuncMap) (map[string]*template.Template, error) {
	base, err := template.New("layout").Funcs(funcs).
		ParseFS(templateFiles, "templates/layout.tmpl", "templates/parts.tmpl", "templates/icons.tmpl")
	if err != nil {
		return nil, err
	}
	set := map[string]*template.Template{}
	for _, page := range pages {
		clone, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if set[page.name()], err = clone.ParseFS(templateFiles, "templates/"+page.name()+".tmpl"); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// Render writes the whole page in a language (one of Languages; anything else
// is Korean), or an error and nothing.
func (w *Web) Render(out io.Writer, lang string, page Page) error {
	set, ok := w.sets[lang]
	if !ok {
		set = w.sets[Languages[0]]
	}
	var buf bytes.Buffer
	if err := set[page.name()].ExecuteTemplate(&buf, "layout.tmpl", page); err != nil {
		return fmt.Errorf("render %s: %w", page.name(), err)
	}
	if _, err := buf.WriteTo(out); err != nil {
		return fmt.Errorf("write %s: %w", page.name(), err)
	}
	return nil
}

// say gives the texts of a language, Korean for any that is not of Languages.
func (w *Web) say(lang string) texts {
	if words, ok := w.words[lang]; ok {
		return words
	}
	return w.words[Languages[0]]
}

// Static serves everything under "/static/".
func (w *Web) Static() http.Handler { return w.assets }
