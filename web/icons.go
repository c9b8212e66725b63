package web

import (
	_ "embed"
	"fmt"
	"regexp"

	"github.com/a-h/templ"
)

// sprite holds the icons in use, and no others: Lucide 1.62.0, ISC licence, see
// static/img/LICENSE-lucide.txt.
//
//go:embed icons.svg
var sprite markup

var icons = iconsOf(sprite)

func iconsOf(sprite markup) map[string]templ.Component {
	all := map[string]templ.Component{}
	for _, m := range regexp.MustCompile(`<symbol id="i-([a-z-]+)"`).FindAllStringSubmatch(string(sprite), -1) {
		all[m[1]] = markup(`<svg class="icon" aria-hidden="true"><use href="#i-` + m[1] + `"></use></svg>`)
	}
	return all
}

// icon draws one of the sprite's symbols.
func icon(name string) templ.Component {
	drawn, ok := icons[name]
	if !ok {
		panic(hole{fmt.Errorf("no icon %q", name)})
	}
	return drawn
}
