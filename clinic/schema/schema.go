// Package schema says in JSON Schema (draft 2020-12) what the program's Go types are on the wire: for the descriptions
// that programs of others are written by.
//
// It knows encoding/json as the answers and events use it: a field with omitempty or omitzero may be absent and is never
// null; a pointer without may be null; a list is never null. Libraries that infer schemas take all of these for either.
package schema

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// Object is a JSON object: a schema, or a part of a description.
type Object = map[string]any

// Set gathers the schemas of some types and of all that they hold.
type Set struct {
	Prefix string                  // where Parts will stand: "#/components/schemas/"
	Known  map[reflect.Type]Object // types whose JSON their fields do not tell
	Keys   map[string]Object       // what texts under these keys are, where their type is string
	Parts  map[string]Object       // of every struct met, by name

	types map[string]reflect.Type // of Parts
}

// NewSet makes an empty set.
func NewSet(prefix string) *Set {
	return &Set{Prefix: prefix, Known: map[reflect.Type]Object{}, Keys: map[string]Object{}, Parts: map[string]Object{}, types: map[string]reflect.Type{}}
}

// Of gives the schema of a type. That of a struct is a reference to its part. It panics on a type that has no JSON here,
// which the first test that describes it shows.
func (s *Set) Of(t reflect.Type) Object {
	if known, ok := s.Known[t]; ok {
		return known
	}
	if all, ok := words[t]; ok {
		return Object{"type": "string", "enum": all}
	}
	switch t.Kind() {
	case reflect.String:
		return Object{"type": "string"}
	case reflect.Bool:
		return Object{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return Object{"type": "integer"}
	case reflect.Float64:
		return Object{"type": "number"}
	case reflect.Slice:
		return Object{"type": "array", "items": s.Of(t.Elem())}
	case reflect.Pointer:
		return Object{"anyOf": []any{s.Of(t.Elem()), Object{"type": "null"}}}
	case reflect.Struct:
		return s.part(t)
	}
	panic(fmt.Sprintf("schema: %s has no JSON", t))
}

// part refers to a struct's part, and makes it at first sight.
func (s *Set) part(t reflect.Type) Object {
	name := partName(t)
	if had, ok := s.types[name]; ok && had != t {
		panic(fmt.Sprintf("schema: %s and %s are both %s", had, t, name))
	}
	if s.types[name] == nil {
		s.types[name] = t
		s.Parts[name] = s.Fields(t)
	}
	return Object{"$ref": s.Prefix + name}
}

// partName is the type's own name, without what tells it from the domain's.
func partName(t reflect.Type) string {
	name := []rune(strings.TrimSuffix(t.Name(), "JSON"))
	name[0] = unicode.ToUpper(name[0])
	return string(name)
}

// Fields is the schema of a struct itself, what it embeds laid flat.
func (s *Set) Fields(t reflect.Type) Object {
	properties, required := Object{}, []string{}
	for _, field := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous || name == "-" || name == "" {
			continue
		}
		optional := strings.Contains(options, "omit")
		properties[name] = s.field(field.Type, name, optional)
		if !optional {
			required = append(required, name)
		}
	}
	return Object{"type": "object", "properties": properties, "required": required}
}

func (s *Set) field(t reflect.Type, name string, optional bool) Object {
	pointer := t.Kind() == reflect.Pointer
	if pointer && optional {
		t, pointer = t.Elem(), false
	}
	plain := t
	if pointer {
		plain = t.Elem()
	}
	known, ok := s.Keys[name]
	switch {
	case !ok || plain != reflect.TypeFor[string]():
		return s.Of(t)
	case pointer:
		return Object{"anyOf": []any{known, Object{"type": "null"}}}
	}
	return known
}

// Instant is a time as everywhere on the wire.
func Instant() Object {
	return Object{"type": "string", "format": "date-time", "description": "RFC 3339, UTC, milliseconds", "examples": []any{"2026-12-01T05:30:00.000Z"}}
}
