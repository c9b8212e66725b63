package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

//go:embed texts
var textFiles embed.FS

// Languages are the languages of the pages; the first is the default.
var Languages = []string{"ko", "en"}

// LangCookie is the cookie that the language switch ("/lang/{ko|en}?to=…")
// sets.
const LangCookie = "vetroom_lang"

var matcher = language.NewMatcher([]language.Tag{language.Korean, language.English})

// PickLang chooses the language of an answer: the cookie's value if it is one
// of Languages, else the best of the Accept-Language header, else Korean.
func PickLang(cookie, acceptLanguage string) string {
	for _, lang := range Languages {
		if cookie == lang {
			return lang
		}
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return Languages[0]
	}
	_, i, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return "en" // speaks neither: English is the likelier second language
	}
	return Languages[i]
}

// texts is the catalogue of one language: words by key, with {name} where a
// value goes.
type texts map[string]string

// loadTexts reads the files of a language. A key stands in one of them only.
func loadTexts(lang string) (texts, error) {
	files, err := fs.Glob(textFiles, "texts/"+lang+"/*.json")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("find texts of %s: %w", lang, err)
	}
	all := texts{}
	for _, name := range files {
		if err := all.load(name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (t texts) load(name string) error {
	raw, err := textFiles.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	var more texts
	if err := json.Unmarshal(raw, &more); err != nil {
		return fmt.Errorf("parse %s: %w", name, err)
	}
	for key, words := range more {
		if _, ok := t[key]; ok {
			return fmt.Errorf("%s: %q stands in another file too", name, key)
		}
		t[key] = words
	}
	return nil
}

// say returns the words under key with {name} replaced from the pairs name,
// value. An unknown key is an error, so that a page with a hole is never sent.
func (t texts) say(key string, pairs ...any) (string, error) {
	words, ok := t[key]
	if !ok {
		return "", fmt.Errorf("no text for %q", key)
	}
	if len(pairs) == 0 {
		return words, nil
	}
	var said strings.Builder
	for {
		before, rest, found := strings.Cut(words, "{")
		said.WriteString(before)
		if !found {
			return said.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if value, known := valueOf(name, pairs); closed && known {
			said.WriteString(value)
			words = after
		} else {
			said.WriteByte('{')
			words = rest
		}
	}
}

// valueOf finds a name among pairs of name and value.
func valueOf(name string, pairs []any) (string, bool) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] != name {
			continue
		}
		switch v := pairs[i+1].(type) {
		case string:
			return v, true
		case int:
			return strconv.Itoa(v), true
		}
		return fmt.Sprint(pairs[i+1]), true
	}
	return "", false
}

// t is say for templates: an unknown key is a hole, and the page is not sent.
func (t texts) t(key string, pairs ...any) string {
	words, err := t.say(key, pairs...)
	if err != nil {
		panic(hole{err})
	}
	return words
}

// must is say for what is no page: a key that is missing stands for itself.
func (t texts) must(key string, pairs ...any) string {
	words, err := t.say(key, pairs...)
	if err != nil {
		return key
	}
	return words
}

// first returns the words of the first of keys that exists.
func (t texts) first(keys ...string) string {
	for _, key := range keys {
		if words, ok := t[key]; ok {
			return words
		}
	}
	return ""
}

// subset returns the texts whose keys begin with one of the prefixes: what a
// page's scripts are given.
func (t texts) subset(prefixes list) map[string]string {
	out := map[string]string{}
	for key, words := range t {
		for _, prefix := range prefixes {
			if strings.HasPrefix(key, prefix) {
				out[key] = words
			}
		}
	}
	return out
}

func (t texts) keys() []string {
	keys := make([]string, 0, len(t))
	for key := range t {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
