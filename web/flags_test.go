package web

import (
	"bytes"
	"net/url"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// drawFlags draws the screen by itself.
func drawFlags(t *testing.T, lang string, f Flags) *goquery.Document {
	t.Helper()
	var buf bytes.Buffer
	p := newWeb(t).printer(lang)
	if err := catch(func() error { return p.redFlags(f).Render(t.Context(), &buf) }); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(&buf)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestRedFlagsAskForEachSign(t *testing.T) {
	keep := url.Values{"start": {"2026-12-01T05:30:00.000Z"}, "near": {"37.5,127"}, "screening": {""}}
	for _, lang := range Languages {
		doc := drawFlags(t, lang, Flags{Path: "/vets/v1/book", Keep: keep})
		for selector, n := range map[string]int{
			`form[method="get"][action="/vets/v1/book"]`: 1, `button.sign[name="flags"]`: len(RedFlags), ".sign svg use": len(RedFlags),
			`.summary button[name="flags"][value="none"]`: 1, `input[type="hidden"]`: 2, `input[name="near"][value="37.5,127"]`: 1, ".go-now": 0,
		} {
			if got := doc.Find(selector).Length(); got != n {
				t.Errorf("%s: %d of %q, want %d", lang, got, selector, n)
			}
		}
	}
}

func TestARedFlagSendsToHospitals(t *testing.T) {
	keep := url.Values{"screening": {"s1"}}
	unknown := Flags{Path: "/urgent", Keep: keep, Flag: "poison"}
	near := unknown
	near.Near, near.Hospitals = "37.5,127", []Hospital{{Name: "<b>", Phone: "02) 123-4567", DistanceKm: 1.24}, {Name: "B", DistanceKm: 12.4}}
	nobody := near
	nobody.Hospitals = nil
	for name, c := range map[string]struct {
		flags Flags
		want  map[string]int
	}{
		"position unknown": {unknown, map[string]int{"[data-locate]": 1, "template": 1, "[data-hospitals] > li": 0, `a[href="/hospitals?urgent=true"]`: 1, `a[href="/urgent?screening=s1"]`: 1, "[data-no-hospitals]:not([hidden])": 0}},
		"position known":   {near, map[string]int{"[data-locate]": 0, "template": 0, "[data-hospitals] > li": 2, `a[href="tel:021234567"]`: 1, `a[href^="tel:"]`: 1, `a[href="/hospitals?near=37.5%2C127&urgent=true"]`: 1, ".nearby b": 0, "[data-no-hospitals]:not([hidden])": 0}},
		"nothing near":     {nobody, map[string]int{"[data-hospitals] > li": 0, "[data-no-hospitals]:not([hidden])": 1}},
	} {
		for _, lang := range Languages {
			doc := drawFlags(t, lang, c.flags)
			if doc.Find("h1").Length() != 1 || doc.Find(`[role="alert"]`).Length() != 1 || doc.Find("form").Length() != 0 {
				t.Errorf("%s: does not say to go", name)
			}
			for selector, n := range c.want {
				if got := doc.Find(selector).Length(); got != n {
					t.Errorf("%s in %s: %d of %q, want %d", name, lang, got, selector, n)
				}
			}
		}
	}
}
