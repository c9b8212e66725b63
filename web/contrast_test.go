package web

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// themes returns the colours of tokens.css, by theme and name.
func themes(t *testing.T) map[string]map[string]string {
	t.Helper()
	raw, err := os.ReadFile("static/css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(raw), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("no dark theme")
	}
	sets := map[string]map[string]string{"light": {}, "dark": {}}
	for theme, css := range map[string]string{"light": light, "dark": dark} {
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9A-Fa-f]{6});`).FindAllStringSubmatch(css, -1) {
			sets[theme][m[1]] = m[2]
		}
	}
	return sets
}

// luminance is WCAG 2's relative luminance of "RRGGBB".
func luminance(hex string) float64 {
	n, _ := strconv.ParseUint(hex, 16, 32)
	channel := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}

func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// TestContrast holds every pair that the style sheets put together: text at
// 4.5:1, the edges of controls at 3:1, in both themes.
func TestContrast(t *testing.T) {
	text := []string{
		"ink paper", "ink card", "soft paper", "soft card", "sky paper", "sky card",
		"leaf paper", "leaf card", "leaf leaf-wash", "leaf-ink leaf", "ink leaf-wash", "soft leaf-wash",
		"apricot paper", "apricot card", "apricot-ink apricot", "ink apricot-wash",
		"amber paper", "amber card", "ink amber-wash", "ink sky-wash", "sky sky-wash", "paper ink",
	}
	edges := []string{
		"edge paper", "edge card", "leaf card", "leaf paper", "apricot card", "sky paper", "sky card",
		"apricot apricot-wash", "amber amber-wash", "card edge", "card leaf",
	}
	for theme, colours := range themes(t) {
		for _, pair := range text {
			checkPair(t, theme, colours, pair, 4.5)
		}
		for _, pair := range edges {
			checkPair(t, theme, colours, pair, 3)
		}
	}
}

func checkPair(t *testing.T, theme string, colours map[string]string, pair string, least float64) {
	t.Helper()
	a, b, _ := strings.Cut(pair, " ")
	if colours[a] == "" || colours[b] == "" {
		t.Errorf("%s: no colour for %q", theme, pair)
		return
	}
	if got := contrast(colours[a], colours[b]); got < least {
		t.Errorf("%s: %s on %s is %.2f:1, want %.1f:1", theme, a, b, got, least)
	}
}

// TestColoursComeFromTokens: no style sheet but tokens.css names a colour of
// the pages; only what lies over a video is fixed.
func TestColoursComeFromTokens(t *testing.T) {
	for _, name := range []string{"base", "parts"} {
		raw, err := os.ReadFile("static/css/" + name + ".css")
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`#[0-9A-Fa-f]{3,8}\b`).FindString(string(raw)); m != "" {
			t.Errorf("%s.css names %s", name, m)
		}
	}
}
