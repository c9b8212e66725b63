package handlers

import (
	"maps"
	"slices"
	"strings"

	"vetroom/clinic/schema"
)

// sketch is what a body or a query was seen to be asked for, by the very code that reads it: so its description knows no
// key that is not read, and leaves none out. Its methods do nothing on nil, as when a call is answered.
type sketch struct {
	types map[string]schema.Object
	needs map[string]bool
	parts map[string]*sketch // objects within
	items map[string]*sketch // what lists hold
}

func newSketch() *sketch {
	return &sketch{map[string]schema.Object{}, map[string]bool{}, map[string]*sketch{}, map[string]*sketch{}}
}

// sketchBody sees what parse reads of a body.
func sketchBody(parse func(*object)) *sketch {
	o := newObject(nil)
	o.sketch = newSketch()
	parse(o)
	return o.sketch
}

// sketchQuery sees what read reads of a query.
func sketchQuery(read func(*query)) *sketch {
	q := &query{sketch: newSketch()}
	read(q)
	return q.sketch
}

// typed notes what a key's value is. It is a function that says so, since for an answer nobody asks it.
func (s *sketch) typed(key string, as func() schema.Object) {
	if s != nil {
		s.types[key] = as()
	}
}

func (s *sketch) need(key string) {
	if s != nil {
		s.needs[key] = true
	}
}

func (s *sketch) child(key string) *sketch {
	if s == nil {
		return nil
	}
	s.parts[key] = newSketch()
	return s.parts[key]
}

func (s *sketch) item(key string) *sketch {
	s.items[key] = newSketch()
	return s.items[key]
}

// schema is the sketch in JSON Schema. What is not known is refused.
func (s *sketch) schema() schema.Object {
	properties := schema.Object{}
	for key, t := range s.types {
		properties[key] = t
	}
	for key, part := range s.parts {
		properties[key] = part.schema()
	}
	for key, item := range s.items {
		properties[key] = schema.Object{"type": "array", "items": item.schema()}
	}
	whole := schema.Object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(s.needs) > 0 {
		whole["required"] = slices.Sorted(maps.Keys(s.needs))
	}
	return whole
}

// asked says what the reading code alone does not: what the domain asks of a key ("owner.name", "weekly[].from").
func (s *sketch) asked(path string, need bool, more schema.Object) {
	for {
		key, rest, within := strings.Cut(path, ".")
		if !within {
			break
		}
		if list, ok := strings.CutSuffix(key, "[]"); ok {
			s = s.items[list]
		} else {
			s = s.parts[key]
		}
		path = rest
	}
	if delete(s.needs, path); need {
		s.needs[path] = true
	}
	if more != nil {
		whole := maps.Clone(s.types[path])
		maps.Copy(whole, more)
		s.types[path] = whole
	}
}

// typeOf is the schema of what JSON decodes to T.
func typeOf[T any]() schema.Object {
	var none T
	switch any(none).(type) {
	case string:
		return schema.Object{"type": "string"}
	case bool:
		return schema.Object{"type": "boolean"}
	case []any:
		return schema.Object{"type": "array"}
	case map[string]any:
		return schema.Object{"type": "object"}
	}
	return schema.Object{"type": "number"}
}

func anInteger() schema.Object { return schema.Object{"type": "integer"} }

func aFlag() schema.Object { return schema.Object{"type": "boolean", "default": false} }

func aDay() schema.Object { return schema.Object{"type": "string", "format": "date"} }

func aClock() schema.Object {
	return schema.Object{"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][05]$|^24:00$", "description": "local to the vet, by 5 minutes"}
}

func aPlace() schema.Object {
	return schema.Object{"type": "string", "pattern": `^ *-?[0-9.]+ *, *-?[0-9.]+ *$`, "description": "LAT,LON in degrees, WGS 84", "examples": []any{"37.5665,126.9780"}}
}

// aNumber is a whole one from low to high; otherwise is what stands for none, where it is one of them.
func aNumber(otherwise, low, high int) schema.Object {
	number := schema.Object{"type": "integer", "minimum": low, "maximum": high}
	if otherwise >= low && otherwise <= high {
		number["default"] = otherwise
	}
	return number
}
