package handlers

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestMain looks, after all tests, whether each operation was answered well in one of them.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if all := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.list").Value.String() == "" && !testing.Short(); code == 0 && all {
		for operation := range described {
			if !answeredWell[operation] {
				fmt.Printf("no test has a good answer of %s, so its description is not held to one\n", operation)
				code = 1
			}
		}
	}
	os.Exit(code)
}

var (
	answeredMu   sync.Mutex // guards answeredWell
	answeredWell = map[string]bool{}
)

// openAPI is /openapi.json, with a validator that somebody else wrote.
type openAPI struct {
	paths    map[string]map[string]operation
	compiler *jsonschema.Compiler
	mu       sync.Mutex // guards compiled and the compiler
	compiled map[string]*jsonschema.Schema
}

type operation struct {
	Responses   map[string]map[string]any
	RequestBody *struct{ Content map[string]any }
}

var theOpenAPI = sync.OnceValue(func() *openAPI {
	h := &Handler{Config: Config{Sessions: &Sessions{}}}
	h.base, _ = parseBase("http://vet.example")
	var document struct {
		Paths map[string]map[string]operation
	}
	text, err := json.Marshal(h.openAPI())
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(text, &document); err != nil {
		panic(err)
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	for _, part := range whole.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any) {
		part.(map[string]any)["additionalProperties"] = false // in tests alone: clients are to pass over what they do not know
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	if err := c.AddResource("openapi.json", whole); err != nil {
		panic(err)
	}
	return &openAPI{paths: document.Paths, compiler: c, compiled: map[string]*jsonschema.Schema{}}
})

// at validates a value by the schema at a JSON pointer of the document.
func (d *openAPI) at(t *testing.T, body []byte, steps ...string) error {
	t.Helper()
	for i, step := range steps {
		steps[i] = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(step)
	}
	pointer := "openapi.json#/" + strings.Join(steps, "/")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.compiled[pointer] == nil {
		s, err := d.compiler.Compile(pointer)
		if err != nil {
			t.Fatalf("%s: %v", pointer, err)
		}
		d.compiled[pointer] = s
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return d.compiled[pointer].Validate(value)
}

// holds fails the test unless an answer of the API, and the body that was well answered, are as they are described.
func (d *openAPI) holds(t *testing.T, s *testSite, r *http.Request, sent []byte, a answer) {
	t.Helper()
	_, pattern := s.h.mux.Handler(r)
	method := strings.ToLower(r.Method)
	op, known := d.paths[pattern][method]
	if !strings.HasPrefix(pattern, "/api/") || !known || a.Header.Get("Content-Encoding") != "" {
		return // a page, a path that is none, a method that the path does not know; or packed
	}
	where := fmt.Sprintf("%s %s answers %d", r.Method, pattern, a.StatusCode)
	status := strconv.Itoa(a.StatusCode)
	response, known := op.Responses[status]
	if !known {
		t.Errorf("%s, which is not described: %s", where, a.body)
		return
	}
	at := []string{"paths", pattern, method, "responses", status}
	if to, shared := response["$ref"].(string); shared {
		at = strings.Split(strings.TrimPrefix(to, "#/"), "/")
	}
	if a.StatusCode < 300 {
		d.sentWell(t, op, r, sent, pattern, where)
	}
	media, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	switch {
	case a.StatusCode == http.StatusNoContent:
		if len(a.body) > 0 {
			t.Errorf("%s with a body", where)
		}
	case strings.HasSuffix(media, "json"):
		if err := d.at(t, a.body, append(at, "content", media, "schema")...); err != nil {
			t.Errorf("%s: %v\n%s", where, err, a.body)
		}
	default:
		if content, _ := response["content"].(map[string]any); content[media] == nil {
			t.Errorf("%s with %s, described is %v", where, media, content)
		}
	}
}

// sentWell notes a good answer, and holds what was sent against its description.
func (d *openAPI) sentWell(t *testing.T, op operation, r *http.Request, sent []byte, pattern, where string) {
	t.Helper()
	answeredMu.Lock()
	answeredWell[r.Method+" "+pattern] = true
	answeredMu.Unlock()
	if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil || len(sent) == 0 {
		return
	}
	if err := d.at(t, sent, "paths", pattern, strings.ToLower(r.Method), "requestBody", "content", "application/json", "schema"); err != nil {
		t.Errorf("%s to a body that is not as described: %v\n%s", where, err, sent)
	}
}

// TestEveryRouteIsDescribed: each route of the table is in the document, and nothing else is.
func TestEveryRouteIsDescribed(t *testing.T) {
	s := newSite(t)
	paths := theOpenAPI().paths
	count := 0
	for _, r := range s.h.api() {
		what, known := described[r.method+" "+r.pattern]
		if !known || what.about == "" {
			t.Errorf("%s %s is not described", r.method, r.pattern)
		}
		if _, known := paths[r.pattern][strings.ToLower(r.method)]; !known {
			t.Errorf("%s %s is not in the document", r.method, r.pattern)
		}
		if takes := r.method == "POST" || r.method == "PUT"; takes && what.body == nil && what.form == nil {
			t.Errorf("%s %s: nobody says what it is sent", r.method, r.pattern)
		}
		count++
	}
	for _, methods := range paths {
		count -= len(methods)
	}
	if count != 0 || len(described) != len(s.h.api()) {
		t.Errorf("%d routes, %d descriptions", len(s.h.api()), len(described))
	}
}

// TestTheDocumentIsOpenAPI holds it against the OpenAPI Initiative's own schema, and each schema in it against JSON Schema's.
func TestTheDocumentIsOpenAPI(t *testing.T) {
	s := newSite(t)
	a := s.browser().get("/openapi.json").ok(200)
	raw, err := os.ReadFile("testdata/openapi/openapi-3.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	official, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("oas.json", official); err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.MustCompile("oas.json").Validate(document); err != nil {
		t.Error(err)
	}
	d := theOpenAPI()
	for path, methods := range d.paths {
		for method, op := range methods {
			if op.RequestBody != nil {
				for media := range op.RequestBody.Content {
					d.at(t, []byte("{}"), "paths", path, method, "requestBody", "content", media, "schema")
				}
			}
		}
	}
}

func TestDescriptionsAreKept(t *testing.T) {
	s := newSite(t, func(c *Config) { c.AsyncAPI = map[string]any{"asyncapi": "3.0.0"} })
	b := s.browser()
	for _, path := range []string{"/openapi.json", "/asyncapi.json"} {
		plain := b.get(path).ok(200)
		tag := plain.Header.Get("ETag")
		if !json.Valid(plain.body) || tag == "" || plain.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", path, plain.Header)
		}
		b.headers["Accept-Encoding"] = "gzip"
		packed := b.get(path).ok(200)
		if packed.Header.Get("Content-Encoding") != "gzip" || packed.Header.Get("ETag") == tag {
			t.Errorf("%s packed: %v", path, packed.Header)
		}
		b.headers["If-None-Match"] = packed.Header.Get("ETag")
		if again := b.get(path).ok(304); len(again.body) > 0 {
			t.Errorf("%s again: %d bytes", path, len(again.body))
		}
		delete(b.headers, "Accept-Encoding")
		delete(b.headers, "If-None-Match")
		b.do("POST", path, "", nil).refused(405, "method_not_allowed")
	}
	newSite(t).browser().get("/asyncapi.json").refused(404, "not_found")
	ops := newSite(t)
	ops.h.OpsOnly = true
	if err := ops.h.describe(); err != nil {
		t.Fatal(err)
	}
	ops.browser().get("/openapi.json").refused(404, "not_found")
}

// TestWhatIsNeededIsDescribedAsNeeded leaves each part of a booking out: it is refused if and only if the description
// says that it must be there.
func TestWhatIsNeededIsDescribedAsNeeded(t *testing.T) {
	s := newSite(t)
	for _, whole := range []string{"owner", "pet", "visit", ""} {
		b := s.booking(tuesday9)
		part := b
		if whole != "" {
			part = b[whole].(obj)
		}
		for key := range part {
			if slices.Contains([]string{"owner.email", "visit.prior_visit_on"}, whole+"."+key) {
				continue // kept below, where something is left out of them
			}
			left := part[key]
			delete(part, key)
			body, _ := json.Marshal(b)
			described := theOpenAPI().at(t, body, "paths", "/api/v1/reservations", "post", "requestBody", "content", "application/json", "schema") == nil
			a := s.browser().post("/api/v1/reservations", b)
			if well := a.StatusCode == 201; well != described {
				t.Errorf("without %s.%s: %d, described as right: %v", whole, key, a.StatusCode, described)
			} else if well {
				id := a.object()["id"].(string)
				if _, err := s.h.Desk.VetCancel(t.Context(), s.vet.ID, id, ""); err != nil {
					t.Fatal(err)
				}
			}
			part[key] = left
		}
	}
}

// TestAnotherAnswerIsSeen holds the check of the answers against some that must fail it.
func TestAnotherAnswerIsSeen(t *testing.T) {
	d := theOpenAPI()
	at := func(body string) error {
		return d.at(t, []byte(body), "paths", "/api/v1/vets/{id}/slots", "get", "responses", "200", "content", "application/json", "schema")
	}
	good := `{"time_zone":"Asia/Seoul","slots":[{"start":"2026-12-01T05:30:00.000Z","end":"2026-12-01T05:50:00.000Z","state":"free"}]}`
	if err := at(good); err != nil {
		t.Error(err)
	}
	for _, change := range [][2]string{
		{`"free"`, `"open"`}, {`"2026-12-01T05:30:00.000Z"`, `"half past five"`}, {`"start"`, `"begin"`}, {`"state":"free"`, `"state":"free","more":1`}, {`"slots":[`, `"slots":null,"x":[`},
	} {
		if err := at(strings.Replace(good, change[0], change[1], 1)); err == nil {
			t.Errorf("%s in the place of %s is not seen", change[1], change[0])
		}
	}
}
