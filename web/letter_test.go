package web

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

func TestLetters(t *testing.T) {
	w, err := New()
	if err != nil {
		t.Fatal(err)
	}
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		t.Fatal(err)
	}
	l := Letter{
		Number: "7KQ-4MN", Vet: "Kim\r\n<b>Kim</b>", Pet: "초코", Zone: seoul, Link: "https://vet.example/r/abc?x=1&y=2",
		Start: time.Date(2026, 12, 1, 5, 30, 0, 0, time.UTC),
	}
	subjects := map[string]bool{}
	for _, lang := range Languages {
		for _, l.Kind = range []string{"confirmed", "moved", "cancelled", "day_before", "soon"} {
			got, err := w.Write(lang, l)
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(got.Subject, "\r\n{") || subjects[got.Subject] {
				t.Errorf("%s %s: subject %q", lang, l.Kind, got.Subject)
			}
			subjects[got.Subject] = true
			for _, want := range []string{"7KQ-4MN", "초코", "2026", "UTC+9", l.Link} {
				if !strings.Contains(got.Text, want) {
					t.Errorf("%s %s: no %q in %s", lang, l.Kind, want, got.Text)
				}
			}
			checkHTML(t, lang, l, got)
		}
	}
}

func checkHTML(t *testing.T, lang string, l Letter, got Written) {
	t.Helper()
	page, err := goquery.NewDocumentFromReader(strings.NewReader(got.HTML))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{l.Link}
	if l.Kind == "day_before" || l.Kind == "soon" {
		want = append(want, l.Link+"&to=check")
	}
	links := page.Find("a").Map(func(_ int, a *goquery.Selection) string { return a.AttrOr("href", "") })
	if !slices.Equal(links, want) || strings.Contains(got.Text, "to=check") != (len(want) == 2) || page.Find("html").AttrOr("lang", "") != lang {
		t.Errorf("%s %s: %s", lang, l.Kind, got.HTML)
	}
	if page.Find("b").Length() != 0 || page.Find("img, script, link").Length() != 0 {
		t.Errorf("%s %s holds foreign matter: %s", lang, l.Kind, got.HTML)
	}
	if korean := regexp.MustCompile(`[가-힣]`); lang == "en" && korean.MatchString(strings.ReplaceAll(page.Text(), l.Pet, "")) {
		t.Errorf("Korean in an English mail: %s", page.Text())
	}
}
