package schema

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"vetroom/clinic"
)

// TestEveryWordIsListed reads the domain's sources: each constant of a type that has a list is in it, and nothing else.
func TestEveryWordIsListed(t *testing.T) {
	declared := constants(t)
	for kind, listed := range words {
		want := declared[kind.Name()]
		if len(want) == 0 {
			t.Errorf("no constants of %s", kind)
		}
		for _, word := range want {
			if !slices.Contains(listed, any(word)) {
				t.Errorf("%q of %s is not listed", word, kind)
			}
		}
		for _, word := range listed {
			if word != "" && !slices.Contains(want, word.(string)) {
				t.Errorf("%q is no %s", word, kind)
			}
		}
	}
}

// constants are the domain's words, by the name of their type.
func constants(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no sources", err)
	}
	found := map[string][]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			kind, named := spec.Type.(*ast.Ident)
			for _, value := range spec.Values {
				if text, ok := value.(*ast.BasicLit); ok && named && text.Kind == token.STRING {
					word, _ := strconv.Unquote(text.Value) // the compiler read it
					found[kind.Name] = append(found[kind.Name], word)
				}
			}
			return true
		})
	}
	return found
}

type base struct {
	ID    string `json:"id"`
	Since string `json:"since"`
}

type thingJSON struct {
	base
	Note   *string      `json:"note"`
	Ends   *string      `json:"ends"`
	Until  string       `json:"until,omitempty"`
	Inner  *innerJSON   `json:"inner,omitempty"`
	Many   []innerJSON  `json:"many"`
	State  clinic.State `json:"state"`
	At     time.Time    `json:"at"`
	Hidden int          `json:"-"`
}

type innerJSON struct {
	N     int     `json:"n"`
	Share float64 `json:"share,omitempty"`
	Yes   bool    `json:"yes"`
}

func TestOf(t *testing.T) {
	s := NewSet("#/parts/")
	instant := Object{"format": "date-time"}
	s.Known[reflect.TypeFor[time.Time]()] = instant
	for _, key := range []string{"since", "ends", "until"} {
		s.Keys[key] = instant
	}
	if got := s.Of(reflect.TypeFor[thingJSON]()); !reflect.DeepEqual(got, Object{"$ref": "#/parts/Thing"}) {
		t.Errorf("a struct is %v", got)
	}
	text, null, inner := Object{"type": "string"}, Object{"type": "null"}, Object{"$ref": "#/parts/Inner"}
	want := map[string]Object{
		"Thing": {
			"type": "object", "required": []string{"id", "since", "note", "ends", "many", "state", "at"},
			"properties": Object{
				"id": text, "since": instant, "note": Object{"anyOf": []any{text, null}}, "ends": Object{"anyOf": []any{instant, null}},
				"until": instant, "inner": inner, "many": Object{"type": "array", "items": inner},
				"state": Object{"type": "string", "enum": []any{"confirmed", "completed", "cancelled", "no_show"}}, "at": instant,
			},
		},
		"Inner": {
			"type": "object", "required": []string{"n", "yes"},
			"properties": Object{"n": Object{"type": "integer"}, "share": Object{"type": "number"}, "yes": Object{"type": "boolean"}},
		},
	}
	if !reflect.DeepEqual(s.Parts, want) {
		t.Errorf("the parts are\n%v\nwant\n%v", s.Parts, want)
	}
}

func TestWhatHasNoSchema(t *testing.T) {
	type InnerJSON struct{}
	for name, of := range map[string][]reflect.Type{
		"a function":          {reflect.TypeFor[func()]()},
		"two types, one name": {reflect.TypeFor[innerJSON](), reflect.TypeFor[InnerJSON]()},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is described", name)
				}
			}()
			s := NewSet("")
			for _, kind := range of {
				s.Of(kind)
			}
		}()
	}
}
