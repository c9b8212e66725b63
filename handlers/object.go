package handlers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"vetroom/clinic"
	"vetroom/clinic/schema"
)

// object reads the keys of one JSON object by name and notes what is wrong with them. A key that is null counts as
// absent. close must come last.
type object struct {
	path   string // "owner.", "weekly[0]."
	values map[string]any
	known  map[string]bool
	parts  []*object
	faults *faults
	sketch *sketch // nil but for describing what is read
}

// faults are all that is wrong with a body.
type faults struct{ fields []clinic.FieldError }

func newObject(root map[string]any) *object {
	return &object{values: root, known: map[string]bool{}, faults: &faults{}}
}

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

// note adds one. Of a field only the first is told.
func (f *faults) note(field, format string, args ...any) {
	if !slices.ContainsFunc(f.fields, func(had clinic.FieldError) bool { return had.Field == field }) {
		f.fields = append(f.fields, clinic.FieldError{Field: field, Detail: fmt.Sprintf(format, args...)})
	}
}

// err is nil or clinic.ErrInvalid, naming the fields.
func (f *faults) err() error {
	if len(f.fields) == 0 {
		return nil
	}
	return &clinic.Error{Code: clinic.ErrInvalid.Code, Detail: clinic.ErrInvalid.Detail, Fields: f.fields}
}

// invalid notes that key's value cannot be right.
func (o *object) invalid(key, format string, args ...any) {
	o.faults.note(o.path+key, format, args...)
}

// adopt takes over what the domain found wrong, but for fields that were found wrong already.
func (o *object) adopt(err error) {
	known, ok := err.(*clinic.Error)
	if !ok {
		return
	}
	for _, field := range known.Fields {
		o.faults.note(field.Field, "%s", field.Detail)
	}
}

// close notes every key that was never asked for, in this object and in its parts.
func (o *object) close() {
	for _, key := range slices.Sorted(mapKeys(o.values)) {
		if !o.known[key] {
			o.invalid(shown(key), "is not known here")
		}
	}
	for _, part := range o.parts {
		part.close()
	}
}

func mapKeys(m map[string]any) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// shown cuts a key that a client made up to a length that may be told.
func shown(key string) string {
	if len(key) > 60 {
		return strings.ToValidUTF8(key[:60], "") + "…"
	}
	return key
}

// value gives what stands under key, and whether anything does.
func (o *object) value(key string) (any, bool) {
	o.known[key] = true
	v := o.values[key]
	return v, v != nil
}

// valueOf reads key as a T, and notes a wrong type.
func valueOf[T any](o *object, key, expected string) (value T, ok bool) {
	o.sketch.typed(key, typeOf[T])
	v, ok := o.value(key)
	if !ok {
		return value, false
	}
	if value, ok = v.(T); !ok {
		o.invalid(key, "must be %s", expected)
	}
	return value, ok
}

// text reads a string, "" if absent.
func (o *object) text(key string) string {
	s, _ := valueOf[string](o, key, "a string")
	return s
}

// needed reads a string that must be there.
func (o *object) needed(key string) string {
	o.sketch.need(key)
	s, ok := valueOf[string](o, key, "a string")
	if ok && s == "" || !ok && o.values[key] == nil {
		o.invalid(key, "is missing")
	}
	return s
}

// flag reads a boolean that must be there.
func (o *object) flag(key string) bool {
	o.sketch.need(key)
	b, ok := valueOf[bool](o, key, "true or false")
	if !ok && o.values[key] == nil {
		o.invalid(key, "is missing")
	}
	return b
}

// option reads a boolean, false if absent.
func (o *object) option(key string) bool {
	b, _ := valueOf[bool](o, key, "true or false")
	return b
}

// whole reads a whole number, or otherwise if absent.
func (o *object) whole(key string, otherwise int) int {
	n, ok := valueOf[json.Number](o, key, "a number")
	o.sketch.typed(key, anInteger)
	if !ok {
		return otherwise
	}
	i, err := strconv.Atoi(n.String())
	if err != nil || i < math.MinInt32 || i > math.MaxInt32 {
		o.invalid(key, "must be a whole number")
		return otherwise
	}
	return i
}

// neededWhole reads a whole number that must be there.
func (o *object) neededWhole(key string) int {
	o.sketch.need(key)
	if v, ok := o.value(key); !ok && v == nil {
		o.invalid(key, "is missing")
	}
	return o.whole(key, 0)
}

// number reads a number, 0 if absent.
func (o *object) number(key string) float64 {
	n, ok := valueOf[json.Number](o, key, "a number")
	if !ok {
		return 0
	}
	f, err := n.Float64()
	if err != nil {
		o.invalid(key, "is out of range")
	}
	return f
}

// instant reads an RFC 3339 time that must be there.
func (o *object) instant(key string) time.Time {
	s := o.needed(key)
	o.sketch.typed(key, schema.Instant)
	if s == "" {
		return time.Time{}
	}
	t, err := parseInstant(s)
	if err != nil {
		o.invalid(key, "must be a time like 2026-12-01T05:30:00.000Z")
	}
	return t
}

// instantForm is RFC 3339. The time package takes more: "2026-12-01T5:30:00,5Z", "+99:99".
var instantForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func parseInstant(s string) (time.Time, error) {
	if !instantForm.MatchString(s) {
		return time.Time{}, fmt.Errorf("%q is not a time of RFC 3339", s)
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC(), err
}

// day reads a calendar day, zero if absent.
func (o *object) day(key string) clinic.Date {
	s := o.text(key)
	o.sketch.typed(key, aDay)
	if s == "" {
		return clinic.Date{}
	}
	d, err := clinic.ParseDate(s)
	if err != nil {
		o.invalid(key, "must be a day like 2026-12-25")
	}
	return d
}

// clock reads a time of day, and tells whether there is one.
func (o *object) clock(key string) (clinic.ClockTime, bool) {
	s := o.text(key)
	o.sketch.typed(key, aClock)
	if s == "" {
		return 0, false
	}
	t, err := clinic.ParseClockTime(s)
	if err != nil {
		o.invalid(key, "must be a time from 00:00 to 24:00")
		return 0, false
	}
	return t, true
}

// child reads an object within; absent, it is empty.
func (o *object) child(key string) *object {
	values, _ := valueOf[map[string]any](o, key, "an object")
	p := o.part(key, values)
	p.sketch = o.sketch.child(key)
	return p
}

func (o *object) part(key string, values map[string]any) *object {
	p := &object{path: o.path + key + ".", values: values, known: map[string]bool{}, faults: o.faults}
	o.parts = append(o.parts, p)
	return p
}

// list reads a list of objects; absent, it is empty.
func (o *object) list(key string) []*object {
	values, _ := valueOf[[]any](o, key, "a list")
	var parts []*object
	if o.sketch != nil {
		one := o.part(key, nil)
		one.sketch = o.sketch.item(key)
		return []*object{one}
	}
	for i, v := range values {
		name := fmt.Sprintf("%s[%d]", key, i)
		fields, ok := v.(map[string]any)
		if !ok {
			o.invalid(name, "must be an object")
		}
		parts = append(parts, o.part(name, fields))
	}
	return parts
}
