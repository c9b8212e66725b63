package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/a-h/templ"
)

// printer draws pages in one language: what templates call for words, times
// and addresses. It is safe for concurrent use.
type printer struct {
	times
	lang  string
	files *assets
	made  sync.Map // data blocks that were drawn once, by their prefixes
}

func newPrinter(lang string, files *assets) (*printer, error) {
	words, err := loadTexts(lang)
	if err != nil {
		return nil, err
	}
	return &printer{times: times{words}, lang: lang, files: files}, nil
}

// hole is what a template asked for and what does not exist: a text, a static
// file. It is thrown rather than returned, so that an expression of a template
// stays one value; catch makes an error of it.
type hole struct{ err error }

// buffers hold pages while they are drawn.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// render writes a whole page, or an error and nothing.
func (p *printer) render(out io.Writer, page Page) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := p.draw(buf, page); err != nil {
		return fmt.Errorf("render %T: %w", page, err)
	}
	if _, err := out.Write(buf.Bytes()); err != nil {
		return fmt.Errorf("write %T: %w", page, err)
	}
	return nil
}

func (p *printer) draw(buf *bytes.Buffer, page Page) error {
	return catch(func() error { return page.draw(p).Render(context.Background(), buf) })
}

// catch makes an error of a hole that is thrown meanwhile.
func catch(draw func() error) (err error) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case hole:
			err = thrown.err
		default:
			panic(thrown)
		}
	}()
	return draw()
}

// static is the address of a file under static/.
func (p *printer) static(name string) string {
	url, err := p.files.url(name)
	if err != nil {
		panic(hole{err})
	}
	return url
}

// frame is what a page asks of the layout around it.
type frame struct {
	title   string
	texts   list // beginnings of the keys whose texts the page's scripts are given
	scripts list // modules under static/
	styles  list // beside those of every page
	private bool // its address is not told to any page that it leads to
	call    bool // the call fills the screen: no foot, no margins
	reload  bool // without scripts it is read again by itself
}

// textsFor, scriptsFor and stylesFor add what rings on every page of a signed-in vet. Its script comes last: it listens to
// the page's own socket where there is one.
func (f frame) textsFor(l Layout) list   { return f.ringing(l, f.texts, "ring.js_", "area.") }
func (f frame) scriptsFor(l Layout) list { return f.ringing(l, f.scripts, "js/ring.js") }
func (f frame) stylesFor(l Layout) list  { return f.ringing(l, f.styles, "css/ring.css") }

func (f frame) ringing(l Layout, own list, more ...string) list {
	if l.Vet == nil {
		return own
	}
	return append(own[:len(own):len(own)], more...)
}

// list is some names.
type list []string

// scriptTexts is the data block of the texts whose keys begin with one of the
// prefixes. Their JSON has no "<", so nothing in it ends the element.
func (p *printer) scriptTexts(prefixes list) templ.Component {
	key := strings.Join(prefixes, " ")
	if known, ok := p.made.Load(key); ok {
		return known.(templ.Component)
	}
	encoded, err := json.Marshal(p.subset(prefixes))
	if err != nil {
		panic(hole{fmt.Errorf("encode the texts %q: %w", key, err)})
	}
	made := markup(`<script type="application/json" id="texts">` + string(encoded) + `</script>`)
	p.made.Store(key, made)
	return made
}

// markup is HTML that the program itself holds, written as it is. Nothing that
// anybody typed ever becomes one.
type markup string

// Render implements templ.Component.
func (m markup) Render(_ context.Context, out io.Writer) error {
	_, err := io.WriteString(out, string(m))
	return err
}
