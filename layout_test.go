package vetroom_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "vetroom"

// anything stands for every room, or every library.
const anything = "*"

// room says what the packages of one top folder may import beside the standard
// library and each other. Longer paths are rooms of their own.
type room struct {
	rooms     []string // of this module
	libraries []string // path prefixes of others; anything unless stated
}

// rooms is the house: a package that belongs to none of them fails the test.
var rooms = map[string]room{
	"":                 {libraries: []string{}},
	"clinic":           {libraries: []string{}},
	"events":           {rooms: []string{"clinic"}},
	"events/jetstream": {rooms: []string{"events"}},
	"store":            {rooms: []string{"clinic", "events"}},
	"scheduler":        {rooms: []string{"clinic", "events"}},
	"signaling":        {rooms: []string{"clinic", "events"}},
	"screening":        {rooms: []string{"clinic"}},
	"notify":           {rooms: []string{"clinic", "events", "notify/calendar"}},
	"notify/calendar":  {rooms: []string{"clinic"}},
	"web":              {rooms: []string{"clinic"}, libraries: []string{"golang.org/x/text/", "github.com/a-h/templ", "github.com/tdewolff/minify/v2"}},
	"handlers":         {rooms: []string{"clinic", "web", "notify/calendar"}},
	"configs":          {libraries: []string{"github.com/alecthomas/kong", "github.com/goccy/go-yaml"}},
	"cmd":              {rooms: []string{anything}},
	"bench":            {rooms: []string{anything}},
}

// owners names the one room that imports a library, by path prefix.
var owners = map[string]string{
	"database/sql":                   "store",
	"github.com/go-sql-driver/mysql": "store",
	"modernc.org/sqlite":             "store",
	"github.com/pressly/goose":       "store",
	"github.com/nats-io/":            "events/jetstream",
	"github.com/pion/turn":           "signaling",
	"github.com/pion/webrtc":         "signaling",
}

// whole are rooms whose tests, and in bench all, look at the whole from
// outside, by whatever library a user of it would take.
var whole = []string{"cmd", "bench"}

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath, Dir                    string
	Imports, TestImports, XTestImports []string
	GoFiles                            []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-e", "-deps=false",
		"-json=ImportPath,Dir,Imports,TestImports,XTestImports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

// inside returns the path within the module, and whether it is one of it.
func inside(importPath string) (string, bool) {
	if importPath == module {
		return "", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// roomOf returns the room with the longest path that holds a package.
func roomOf(path string) (string, bool) {
	for at := path; ; {
		if _, ok := rooms[at]; ok {
			return at, at != "" || path == ""
		}
		cut := strings.LastIndexByte(at, '/')
		if cut < 0 {
			return "", false
		}
		at = at[:cut]
	}
}

// isKit says whether a package is a test kit, which any test may import.
func isKit(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasSuffix(part, "test") {
			return true
		}
	}
	return false
}

// standard says whether an import is the standard library's: its first part
// has no dot.
func standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

func hasPrefixOf(path string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
}

// refuse returns why a package may not import another, or "".
func refuse(from, imported string, inTest bool) string {
	home, _ := roomOf(from)
	if path, ok := inside(imported); ok {
		return refuseRoom(home, path, inTest)
	}
	return refuseLibrary(home, imported, inTest)
}

func refuseRoom(home, path string, inTest bool) string {
	target, _ := roomOf(path)
	allowed := rooms[home].rooms
	switch {
	case target == home, slices.Contains(allowed, anything):
		return ""
	case slices.Contains(allowed, target) && !isKit(path):
		return ""
	case inTest && (isKit(path) || target == ""): // the root's nats.conf
		return ""
	}
	return "its room may import " + strings.Join(allowed, ", ")
}

func refuseLibrary(home, imported string, inTest bool) string {
	if home == "bench" || inTest && slices.Contains(whole, home) {
		return ""
	}
	for prefix, owner := range owners {
		if strings.HasPrefix(imported, prefix) && owner != home {
			return "only " + owner + " imports it"
		}
	}
	libraries := rooms[home].libraries
	if inTest || standard(imported) || libraries == nil || hasPrefixOf(imported, libraries) {
		return ""
	}
	return "its room takes no such library"
}

// isRoom says whether an import is of this module. A test that looks at its
// package from outside (package x_test) may join it with any other room, as the
// program does.
func isRoom(imported string) bool {
	_, ok := inside(imported)
	return ok
}

// TestImports holds the table of the rooms against the code.
func TestImports(t *testing.T) {
	packages := listPackages(t)
	if len(packages) < 2 {
		t.Fatalf("go list found %d packages", len(packages))
	}
	for _, p := range packages {
		from, _ := inside(p.ImportPath)
		if _, known := roomOf(from); !known {
			t.Errorf("%s is in no room: rooms are added to this test, and lightly never", p.ImportPath)
			continue
		}
		check := func(imports []string, inTest bool) {
			for _, imported := range imports {
				if why := refuse(from, imported, inTest); why != "" {
					t.Errorf("%s imports %s: %s", p.ImportPath, imported, why)
				}
			}
		}
		check(p.Imports, isKit(from))
		check(p.TestImports, true)
		check(slices.DeleteFunc(p.XTestImports, isRoom), true)
	}
}

// TestImportsRefuses holds the test above against imports that it must refuse.
func TestImportsRefuses(t *testing.T) {
	for _, test := range []struct {
		from, imported string
		inTest, want   bool // want a refusal
	}{
		{"clinic", "time", false, false},
		{"clinic", "github.com/google/uuid", false, true},
		{"clinic", "vetroom/events", false, true},
		{"clinic/slots", "vetroom/clinic", false, false},
		{"scheduler", "vetroom/store", false, true},
		{"scheduler", "vetroom/store/storetest/mariadb", false, true},
		{"scheduler", "vetroom/store/storetest/mariadb", true, false},
		{"scheduler", "vetroom/store", true, true},
		{"scheduler", "vetroom/events/jetstream", false, true},
		{"scheduler", "github.com/nats-io/nats.go", false, true},
		{"scheduler", "github.com/nats-io/nats.go", true, true},
		{"events/jetstream", "github.com/nats-io/nats.go", false, false},
		{"events", "github.com/nats-io/nats.go", false, true},
		{"handlers", "database/sql", false, true},
		{"store", "database/sql", false, false},
		{"store/storetest", "database/sql", false, false},
		{"store", "vetroom/store/storetest", true, false},
		{"cmd/vetroom", "vetroom/store", false, false},
		{"cmd/vetroom", "github.com/nats-io/nats.go", false, true},
		{"cmd/vetroom", "github.com/nats-io/nats.go", true, false},
		{"events/jetstream", "vetroom", false, true},
		{"events/jetstream", "vetroom", true, false},
		{"web", "golang.org/x/text/language", false, false},
		{"web", "github.com/google/uuid", false, true},
	} {
		if why := refuse(test.from, test.imported, test.inTest); (why != "") != test.want {
			t.Errorf("%s importing %s (in a test: %v): refused %q, want a refusal: %v", test.from, test.imported, test.inTest, why, test.want)
		}
	}
}

func TestRooms(t *testing.T) {
	for path, want := range map[string]string{
		"": "", "clinic": "clinic", "store/storetest/mariadb": "store", "events/jetstream": "events/jetstream",
		"events": "events", "events/jetstream/x": "events/jetstream", "util": "none", "clinical": "none", "util/store": "none",
	} {
		if got, known := roomOf(path); known != (want != "none") || known && got != want {
			t.Errorf("package %q is in room %q (%v), want %q", path, got, known, want)
		}
	}
}

// TestOnlyTheProgramReadsTheClock holds that time is a parameter: outside the
// program, the benchmarks and the test kits no code calls time.Now, or
// time.Since and time.Until, which call it.
func TestOnlyTheProgramReadsTheClock(t *testing.T) {
	for _, p := range listPackages(t) {
		path, _ := inside(p.ImportPath)
		if home, _ := roomOf(path); slices.Contains(whole, home) || isKit(path) {
			continue
		}
		for _, name := range p.GoFiles {
			for _, call := range clockCalls(t, filepath.Join(p.Dir, name)) {
				t.Errorf("%s: takes the time from the machine, not from its caller", call)
			}
		}
	}
}

// clockCalls returns where a file names time.Now, time.Since or time.Until.
func clockCalls(t *testing.T, file string) []string {
	t.Helper()
	files := token.NewFileSet()
	syntax, err := parser.ParseFile(files, file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return nil
	}
	var calls []string
	ast.Inspect(syntax, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok && readsClock(selector) {
			calls = append(calls, files.Position(selector.Pos()).String())
		}
		return true
	})
	return calls
}

func readsClock(selector *ast.SelectorExpr) bool {
	pkg, ok := selector.X.(*ast.Ident)
	return ok && pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, selector.Sel.Name)
}
