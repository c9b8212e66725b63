package web

import (
	"html/template"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ/parser/v2"
	"github.com/a-h/templ/parser/v2/visitor"
)

func catalogue(t *testing.T, lang string) texts {
	t.Helper()
	words, err := loadTexts(lang)
	if err != nil {
		t.Fatal(err)
	}
	return words
}

func TestBothLanguagesHaveTheSameKeysAndHoles(t *testing.T) {
	ko, en := catalogue(t, "ko"), catalogue(t, "en")
	hole := regexp.MustCompile(`\{\w+\}`)
	for _, key := range ko.keys() {
		if en[key] == "" {
			t.Errorf("en has no %q", key)
		}
		for _, h := range hole.FindAllString(ko[key], -1) {
			// A language may leave out a unit that the other needs, but not a name it does not know.
			if !strings.Contains(en[key], h) && !slices.Contains(hole.FindAllString("{m}{mm}", -1), h) {
				t.Errorf("%q: %s is missing in en", key, h)
			}
		}
	}
	for _, key := range en.keys() {
		if ko[key] == "" {
			t.Errorf("ko has no %q", key)
		}
	}
}

func TestHolesAreFilled(t *testing.T) {
	words := texts{"x": "{a}{b} {n} {", "y": "{{a}} {c} a}", "z": "plain"}
	pairs := []any{"a", "A{b}", "b", template.HTML("<b>"), "n", 7}
	for key, want := range map[string]string{"x": "A{b}<b> 7 {", "y": "{A{b}} {c} a}", "z": "plain"} {
		if got, err := words.say(key, pairs...); err != nil || got != want {
			t.Errorf("%s says %q, %v, want %q", key, got, err, want)
		}
	}
	if _, err := words.say("none", pairs...); err == nil {
		t.Error("an unknown key is no error")
	}
}

func TestKoreanIsPoliteAndEnglishIsNotKorean(t *testing.T) {
	for key, words := range catalogue(t, "en") {
		if regexp.MustCompile(`[가-힣]`).MatchString(words) {
			t.Errorf("%q = %q", key, words)
		}
	}
	for key, words := range catalogue(t, "ko") {
		// The one sentence that is said in the form of a notice, word for word.
		if key != "check.reference" && regexp.MustCompile(`(니다|하라)\.?$`).MatchString(words) {
			t.Errorf("%q = %q is not 해요체", key, words)
		}
	}
}

// key finds what looks like a key of the catalogue in a source; ${…} and %d in
// it stand for anything, as does whatever follows a final "." or "_".
var keyLiteral = regexp.MustCompile("[\"'`]([a-z]+\\.[A-Za-z0-9_./$%{}-]*)[\"'`]")

// uses returns the keys (as patterns) that a source mentions.
func uses(source string, words texts) []string {
	spaces := map[string]bool{}
	for key := range words {
		space, _, _ := strings.Cut(key, ".")
		spaces[space] = true
	}
	var found []string
	for _, m := range keyLiteral.FindAllStringSubmatch(source, -1) {
		if space, _, _ := strings.Cut(m[1], "."); spaces[space] && path.Ext(m[1]) != ".js" {
			found = append(found, m[1])
		}
	}
	return found
}

func pattern(use string) *regexp.Regexp {
	p := regexp.QuoteMeta(use)
	p = regexp.MustCompile(`\\\$\\\{[^}]*\\\}|%[ds]`).ReplaceAllString(p, `.+`)
	if strings.HasSuffix(use, ".") || strings.HasSuffix(use, "_") {
		p += `.+`
	}
	return regexp.MustCompile("^" + p + "$")
}

// fieldCall finds the fields that templates draw: control{name: "…"} and
// p.field(form, "…").
var fieldCall = regexp.MustCompile(`(?:control\{name: |p\.field\([\w.]+, )"([a-z_.]+)"`)

// sources returns templates, scripts and Go files by name, without the Go that
// is made of templates.
func sources(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if name == "webtest" {
			return fs.SkipDir // no page is served from there
		}
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
			return err
		}
		if slices.Contains([]string{".go", ".js", ".templ"}, path.Ext(name)) {
			raw, err := os.ReadFile(name)
			found[name] = string(raw)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestEveryKeyExistsAndIsUsed reads all sources: a key that they name is in
// the catalogue, and one in the catalogue is named.
func TestEveryKeyExistsAndIsUsed(t *testing.T) {
	words := catalogue(t, "ko")
	used := map[string]bool{}
	for name, source := range sources(t) {
		if path.Ext(name) == ".templ" {
			source = textsGiven.ReplaceAllString(source, "")
		}
		if path.Ext(name) != ".js" {
			source = regexp.MustCompile(`(?m)^\s*//.*$`).ReplaceAllString(source, "")
		}
		patterns := uses(source, words)
		for _, m := range fieldCall.FindAllStringSubmatch(source, -1) {
			patterns = append(patterns, "field."+m[1])
		}
		for _, use := range patterns {
			hit, named := false, pattern(use)
			for key := range words {
				if named.MatchString(key) {
					hit, used[key] = true, true
				}
			}
			if !hit && !strings.HasPrefix(use, "field.pet") && !slices.Contains(fieldNames(t), use) {
				t.Errorf("%s names %q, which no text has", name, use)
			}
		}
	}
	for _, key := range words.keys() {
		if !used[key] {
			t.Errorf("nothing uses %q", key)
		}
	}
}

// fieldNames are the names of all form fields.
func fieldNames(t *testing.T) []string {
	t.Helper()
	var names []string
	for name, source := range sources(t) {
		if path.Ext(name) == ".templ" {
			for _, m := range fieldCall.FindAllStringSubmatch(source, -1) {
				names = append(names, m[1])
			}
		}
	}
	return names
}

// formCodes are what a form as a whole, or any field, may be refused with.
var formCodes = []string{
	"field", "form", "required", "too_long", "away", "invalid", "slot_taken", "slot_not_offered", "not_permitted", "nobody_permitted",
	"prior_visit_required", "key_reused", "too_late", "rate_limited", "too_many_reservations", "too_early", "closed", "no_session", "unavailable", "too_many", "not_found", "bad_credentials",
	"too_large", "unsupported_type", "heic", "unreadable_image", "malformed",
}

// TestWordsOfFieldsBelongToFields holds the families that are looked up by a
// field's name: none is left over from a field that is gone.
func TestWordsOfFieldsBelongToFields(t *testing.T) {
	fields := append(fieldNames(t), "optional")
	for key, words := range catalogue(t, "ko") {
		space, rest, _ := strings.Cut(key, ".")
		known := slices.Contains(fields, rest) || space == "problem" && slices.Contains(formCodes, rest)
		if dot := strings.LastIndexByte(rest, '.'); space == "problem" && dot > 0 { // a field's words for a code
			known = known || slices.Contains(fields, rest[:dot]) && slices.Contains(formCodes, rest[dot+1:])
		}
		if slices.Contains([]string{"field", "hint", "problem"}, space) && !known {
			t.Errorf("%q (%s) belongs to no field", key, words)
		}
	}
}

func TestFamiliesAreWhole(t *testing.T) {
	words := catalogue(t, "ko")
	families := map[string][]string{
		"area.":               Areas,
		"dayname.":            Hours{}.Weekdays(),
		"state.":              {"confirmed", "completed", "cancelled", "no_show"},
		"door.closed_":        {"vet", "cancelled", "no_show"},
		"problem.":            formCodes,
		"timeline.":           {"booked", "moved", "cancelled", "due", "emitted", "owner_told", "vet_told", "owner_joined", "vet_joined", "connected", "left", "closed", "completed", "no_show", "delayed", "extended", "opened", "asked", "rung", "unanswered", "declined", "accepted", "other"},
		"timeline.quality_":   {"good", "good_relay", "good_audio", "fair", "fair_relay", "poor", "poor_relay", "poor_audio", "lost"},
		"timeline.side_":      {"owner", "vet"},
		"call.quality_":       {"good", "fair", "poor", "lost", "unknown"},
		"call.quality_of_":    {"own", "owner", "vet"},
		"call.step_":          {"half", "quarter", "audio"},
		"call.code_":          {"waiting", "shown", "none", "wrong"},
		"call.owner_picture_": {"off", "none", "line"},
		"call.vet_picture_":   {"off", "none", "line"},
		"call.end_":           {"cancelled", "left", "replaced", "forbidden"},
		"call.media_":         {"denied", "none", "busy", "insecure"},
		"call.tick_":          {"wait", "yes", "no"},
		"part.":               BodyParts,
		"finding.":            {"A1", "A2", "A3", "A4", "A5", "A6", "A7"},
		"result.seen_":        {"much", "some", "little"},
		"result.none_":        {"much", "some", "little"},
		"advice.":             {"too_small", "blurred", "dark", "bright"},
		"mail.subject_":       {"confirmed", "moved", "cancelled", "day_before", "soon"},
		"mail.lead_":          {"confirmed", "moved", "cancelled", "day_before", "soon"},
	}
	for family, members := range families {
		for _, member := range members {
			if words[family+member] == "" {
				t.Errorf("no %q", family+member)
			}
		}
	}
}

// textsGiven finds the prefixes of the texts that a page gives to its scripts.
var textsGiven = regexp.MustCompile(`\btexts(?::| =) +list\{([^}]*)\}`)

// imported finds what a script imports, as it is written and as it is sent.
var imported = regexp.MustCompile(`(?:from|import)\s*["']\./([a-z]+\.js)["']`)

// TestScriptsAreGivenTheirWords follows each page's scripts through their
// imports: every key that they name is among those in the page's data block.
func TestScriptsAreGivenTheirWords(t *testing.T) {
	words, all := catalogue(t, "ko"), sources(t)
	for name, source := range all {
		if path.Ext(name) != ".templ" || path.Base(name) == "layout.templ" {
			continue
		}
		var given []string
		for _, m := range textsGiven.FindAllStringSubmatch(source, -1) {
			given = append(given, strings.Fields(regexp.MustCompile(`[",]`).ReplaceAllString(m[1], " "))...)
		}
		todo, done := []string{}, map[string]bool{}
		for _, m := range regexp.MustCompile(`"js/([a-z]+\.js)"`).FindAllStringSubmatch(source, -1) {
			todo = append(todo, m[1])
		}
		for len(todo) > 0 {
			module := todo[0]
			todo = todo[1:]
			if done[module] {
				continue
			}
			done[module] = true
			code, ok := all["static/js/"+module]
			if !ok {
				t.Errorf("%s needs %s, which is not there", name, module)
			}
			for _, m := range imported.FindAllStringSubmatch(code, -1) {
				todo = append(todo, m[1])
			}
			for _, use := range uses(code, words) {
				if !slices.ContainsFunc(given, func(prefix string) bool { return strings.HasPrefix(use, prefix) }) {
					t.Errorf("%s: %s needs %q", name, module, use)
				}
			}
		}
	}
}

func TestNoWordsStandInScriptsOrGo(t *testing.T) {
	korean := regexp.MustCompile(`[가-힣]+`)
	for name, source := range sources(t) {
		lines := strings.SplitSeq(source, "\n")
		for line := range lines {
			code, _, _ := strings.Cut(line, "// ")
			if m := korean.FindString(code); m != "" && !strings.Contains(line, `hreflang="ko"`) {
				t.Errorf("%s: %q", name, m)
			}
		}
	}
}

// TestNoWordsStandInTemplates reads the templates as their generator does: what
// they say, in elements or in attributes, comes from the texts.
func TestNoWordsStandInTemplates(t *testing.T) {
	for name, source := range sources(t) {
		if path.Ext(name) != ".templ" {
			continue
		}
		file, err := parser.ParseString(source)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		said := func(words string) error {
			for _, m := range regexp.MustCompile(`\pL{2,}`).FindAllString(words, -1) {
				if !slices.Contains([]string{"English", "한국어", "km"}, m) {
					t.Errorf("%s: %q", name, m)
				}
			}
			return nil
		}
		v := visitor.New()
		v.Text = func(n *parser.Text) error { return said(n.Value) }
		v.ConstantAttribute = func(n *parser.ConstantAttribute) error {
			if slices.Contains([]string{"title", "alt", "placeholder", "aria-label"}, n.Key.String()) {
				return said(n.Value)
			}
			return nil
		}
		if err := file.Visit(v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

func TestPickLang(t *testing.T) {
	for _, c := range []struct{ cookie, accept, want string }{
		{"", "", "ko"},
		{"en", "ko-KR", "en"},
		{"xx", "en-US,en;q=0.9", "en"},
		{"", "ko-KR,ko;q=0.9,en;q=0.8", "ko"},
		{"", "fr-FR,fr;q=0.9", "en"},
		{"", "fr,ko;q=0.5", "ko"},
		{"", "\x00;;;", "ko"},
	} {
		if got := PickLang(c.cookie, c.accept); got != c.want {
			t.Errorf("PickLang(%q, %q) = %q, want %q", c.cookie, c.accept, got, c.want)
		}
	}
}
