package handlers

import (
	"cmp"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"vetroom/clinic"
	"vetroom/clinic/schema"
)

// openAPI describes the API (OpenAPI 3.1): the routes of the table, by the very code that reads their requests and the
// structs that make their answers.
func (h *Handler) openAPI() schema.Object {
	d := &describer{set: newSchemas(), refusals: schema.Object{}}
	paths := map[string]schema.Object{}
	for _, r := range h.api() {
		path := r.pattern
		if paths[path] == nil {
			paths[path] = schema.Object{}
		}
		paths[path][strings.ToLower(r.method)] = d.operation(r, described[r.method+" "+path])
	}
	return schema.Object{
		"openapi": "3.1.0",
		"info": schema.Object{
			"title": "Vetroom", "version": cmp.Or(h.Version, "dev"),
			"description": "Consultations with a veterinarian by video. Times are RFC 3339 in UTC with milliseconds; errors are RFC 9457 with a stable code.",
		},
		"servers": []any{schema.Object{"url": h.base.String()}},
		"paths":   paths,
		"components": schema.Object{
			"schemas": d.set.Parts, "responses": d.refusals,
			"securitySchemes": schema.Object{
				"owner": schema.Object{"type": "apiKey", "in": "cookie", "name": h.Sessions.name(ownerCookie), "description": "The session of a browser that booked, asked, sent a photo, or came by a link."},
				"vet":   schema.Object{"type": "apiKey", "in": "cookie", "name": h.Sessions.name(vetCookie), "description": "The session of a vet who signed in."},
			},
		},
	}
}

// newSchemas knows what the answers' fields do not tell.
func newSchemas() *schema.Set {
	s := schema.NewSet("#/components/schemas/")
	s.Known[reflect.TypeFor[clinic.Date]()] = aDay()
	s.Known[reflect.TypeFor[clinic.ClockTime]()] = aClock()
	s.Known[reflect.TypeFor[clinic.Day]()] = schema.Object{"type": "string", "enum": []any{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}}
	s.Known[reflect.TypeFor[clinic.Exception]()] = schema.Object{
		"type": "object", "required": []string{"date"}, "properties": schema.Object{
			"date": aDay(), "closed": schema.Object{"type": "boolean"}, "from": aClock(), "to": aClock(),
		},
	}
	s.Known[reflect.TypeFor[[2]float64]()] = aPoint()
	s.Known[reflect.TypeFor[clinic.Code]()] = schema.Object{"type": "string", "description": "stable"}
	for _, key := range []string{"start", "end", "at", "opens_at", "closes_at", "created_at", "asked_at", "taken_at", "expires_at", "rings_until", "written_at", "since", "next_free"} {
		s.Keys[key] = schema.Instant()
	}
	s.Keys["prior_visit_on"] = aDay()
	s.Keys["link"] = schema.Object{"type": "string", "format": "uri"}
	return s
}

// describer gathers what the operations share.
type describer struct {
	set      *schema.Set
	refusals schema.Object // components/responses
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

func (d *describer) operation(r route, what description) schema.Object {
	op := schema.Object{
		"summary": what.about, "operationId": operationID(r), "tags": []string{tag(r.pattern)},
		"responses": d.responses(r, what), "parameters": d.parameters(r, what),
	}
	switch {
	case what.body != nil:
		sketch := sketchBody(what.body)
		what.refined(sketch)
		op["requestBody"] = schema.Object{"required": len(sketch.needs) > 0, "content": content("application/json", sketch.schema())}
	case what.form != nil:
		op["requestBody"] = schema.Object{"required": true, "content": content("multipart/form-data", what.form)}
	}
	if r.need == vetOnly {
		op["security"] = []any{schema.Object{"vet": []string{}}}
	} else {
		op["security"] = []any{schema.Object{}, schema.Object{"owner": []string{}}, schema.Object{"vet": []string{}}}
	}
	return op
}

func (what description) refined(s *sketch) {
	if what.refine != nil {
		what.refine(s)
	}
}

// operationID is the path's words with its method: "post_reservations_id_cancel".
func operationID(r route) string {
	words := strings.FieldsFunc(strings.TrimPrefix(r.pattern, "/api/v1"), func(c rune) bool { return strings.ContainsRune("/{}.-", c) })
	return strings.ToLower(r.method) + "_" + strings.Join(words, "_")
}

func tag(pattern string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(pattern, "/api/v1/"), "/")
	return name
}

func content(media string, s schema.Object) schema.Object {
	return schema.Object{media: schema.Object{"schema": s}}
}

func (d *describer) parameters(r route, what description) []any {
	all := []any{}
	for _, name := range inPath.FindAllStringSubmatch(r.pattern, -1) {
		all = append(all, parameter("path", name[1], true, schema.Object{"type": "string", "format": "uuid"}))
	}
	if what.query != nil {
		sketch := sketchQuery(what.query)
		what.refined(sketch)
		for _, name := range slices.Sorted(maps.Keys(sketch.types)) {
			all = append(all, parameter("query", name, sketch.needs[name], sketch.types[name]))
		}
	}
	if what.keyed {
		all = append(all, parameter("header", "Idempotency-Key", false, schema.Object{"type": "string", "minLength": 1, "maxLength": 255}))
	}
	if what.spoken {
		all = append(all, parameter("header", "Accept-Language", false, schema.Object{"type": "string", "description": "Korean or English labels and advice"}))
	}
	return all
}

func parameter(in, name string, required bool, s schema.Object) schema.Object {
	return schema.Object{"in": in, "name": name, "required": required, "schema": s}
}

func (d *describer) responses(r route, what description) schema.Object {
	all := schema.Object{strconv.Itoa(what.good.status): d.good(what.good)}
	codes := map[int][]string{}
	for _, refused := range append(usual(r, what), what.refuses...) {
		status := statuses[refused.Code]
		if code := string(refused.Code); !slices.Contains(codes[status], code) {
			codes[status] = append(codes[status], code)
		}
	}
	for status, of := range codes {
		all[strconv.Itoa(status)] = d.refusal(status, of)
	}
	return all
}

// usual are the refusals that come of what kind of call it is.
func usual(r route, what description) []*clinic.Error {
	all := []*clinic.Error{errInternal, errBusy}
	if r.need == vetOnly {
		all = append(all, errNoSession)
	}
	if r.method != http.MethodGet {
		all = append(all, errCrossOrigin)
	}
	if what.body != nil {
		all = append(all, errMalformed, errTooLarge, errType, clinic.ErrInvalid)
	}
	if what.query != nil || what.keyed {
		all = append(all, clinic.ErrInvalid)
	}
	if inPath.MatchString(r.pattern) {
		all = append(all, clinic.ErrNotFound)
	}
	return all
}

func (d *describer) good(a answered) schema.Object {
	response := schema.Object{"description": http.StatusText(a.status)}
	switch {
	case a.as != nil:
		response["content"] = content("application/json", d.set.Of(a.as))
	case a.media != "":
		response["content"] = content(a.media, schema.Object{"type": "string"})
	}
	if a.placed {
		response["headers"] = schema.Object{"Location": header("where it is")}
	}
	return response
}

func header(about string) schema.Object {
	return schema.Object{"description": about, "schema": schema.Object{"type": "string"}}
}

// refusal refers to the response of a status with one of some codes, which many operations share.
func (d *describer) refusal(status int, codes []string) schema.Object {
	slices.Sort(codes)
	name := strconv.Itoa(status) + "_" + strings.Join(codes, ".")
	response := schema.Object{
		"description": http.StatusText(status),
		"content": content("application/problem+json", schema.Object{"allOf": []any{
			d.set.Of(reflect.TypeFor[problem]()),
			schema.Object{"properties": schema.Object{"code": schema.Object{"enum": codes}}},
		}}),
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		response["headers"] = schema.Object{"Retry-After": header("seconds")}
	}
	d.refusals[name] = response
	return schema.Object{"$ref": "#/components/responses/" + name}
}
