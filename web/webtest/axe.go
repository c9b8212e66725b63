package webtest

import (
	"context"
	_ "embed"
	"strings"
	"testing"
)

// axe is axe-core 4.14.1, as npm has it: axe/LICENSE.
//
//go:embed axe/axe.min.js
var axe string

// check runs axe-core and says of each violation the rule, the element and what is wrong. Beside what it checks by
// itself, a thing to touch is at least 24 px (WCAG 2.2, 2.5.8). Style sheets are not fetched again, for a rule that is not
// among these.
const check = `(axe.run(document, {
	resultTypes: ['violations'], preload: {assets: ['media']}, ONLY rules: {'target-size': {enabled: true}, RULES}
}).then(({violations}) => violations.flatMap((v) => v.nodes.map((n) =>
	v.id + ' at ' + n.target.join(' ') + ': ' + n.failureSummary.replace(/\s+/g, ' ')))))`

// Violations are all that axe-core finds wrong with the page as it stands, one line each.
func Violations(t testing.TB, ctx context.Context) []string {
	t.Helper()
	return violations(t, ctx, "", "")
}

// ColourViolations are those that depend on the theme.
func ColourViolations(t testing.TB, ctx context.Context) []string {
	t.Helper()
	return violations(t, ctx, "runOnly: ['color-contrast', 'link-in-text-block'],", "")
}

// WordViolations are those that do not.
func WordViolations(t testing.TB, ctx context.Context) []string {
	t.Helper()
	return violations(t, ctx, "", "'color-contrast': {enabled: false}, 'link-in-text-block': {enabled: false}")
}

func violations(t testing.TB, ctx context.Context, only, rules string) []string {
	t.Helper()
	if Evaluate[bool](t, ctx, "typeof window.axe === 'undefined'") {
		Evaluate[bool](t, ctx, axe+";true")
	}
	return Evaluate[[]string](t, ctx, strings.NewReplacer("ONLY", only, "RULES", rules).Replace(check))
}
