package handlers

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestMalformedBodies sends what is no JSON object to every call that reads one.
func TestMalformedBodies(t *testing.T) {
	s := newSite(t)
	b := s.signedIn("kim")
	const jsonType = "application/json"
	bodies := map[string]struct {
		kind, body string
		status     int
		code       string
	}{
		"half":          {jsonType, `{"a":`, 400, "malformed"},
		"text":          {jsonType, `hello`, 400, "malformed"},
		"list":          {jsonType, `[]`, 400, "malformed"},
		"null":          {jsonType, `null`, 400, "malformed"},
		"string":        {jsonType, `"x"`, 400, "malformed"},
		"two":           {jsonType, `{}{}`, 400, "malformed"},
		"trailing":      {jsonType, `{} x`, 400, "malformed"},
		"comma":         {jsonType, `{"a":1,}`, 400, "malformed"},
		"twice":         {jsonType, `{"a":1,"a":1}`, 400, "malformed"},
		"twice within":  {jsonType, `{"a":{"b":1,"\u0062":2}}`, 400, "malformed"},
		"not UTF-8":     {jsonType, "{\"a\":\"\xff\"}", 400, "malformed"},
		"deep":          {jsonType, `{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, 400, "malformed"},
		"spaces":        {jsonType, ` `, 400, "malformed"},
		"large":         {jsonType, `{"a":"` + strings.Repeat("x", maxBody) + `"}`, 413, "too_large"},
		"no type":       {"", `{}`, 415, "unsupported_type"},
		"form":          {"application/x-www-form-urlencoded", `a=b`, 415, "unsupported_type"},
		"text type":     {"text/plain", `{}`, 415, "unsupported_type"},
		"odd type":      {";;", `{}`, 415, "unsupported_type"},
		"unknown key":   {jsonType, `{"nobody_knows":1}`, 422, "invalid"},
		"charset":       {jsonType + "; charset=utf-8", `{"nobody_knows":1}`, 422, "invalid"},
		"a hostile key": {jsonType, `{"` + strings.Repeat("k", 5000) + `":1}`, 422, "invalid"},
	}
	for _, r := range s.h.api() {
		photo := strings.HasSuffix(r.pattern, "/screenings") || strings.HasSuffix(r.pattern, "/stills") // is no JSON
		if r.method == "GET" || strings.HasSuffix(r.pattern, "/logout") || photo {
			continue
		}
		path := strings.Replace(r.pattern, "{id}", s.vet.ID, 1)
		for name, test := range bodies {
			t.Run(r.pattern+"/"+name, func(t *testing.T) {
				a := b.do(r.method, path, test.kind, []byte(test.body))
				a.t = t
				a.refused(test.status, test.code)
				if len(a.body) > 4096 {
					t.Errorf("an answer of %d bytes", len(a.body))
				}
			})
		}
	}
}

// TestStreamedBodyTooLarge sends a large body without saying its length.
func TestStreamedBodyTooLarge(t *testing.T) {
	s := newSite(t)
	c := s.call("POST", "/api/v1/reservations/lookup", strings.NewReader(`{"a":"`+strings.Repeat("x", maxBody)+`"}`))
	c.ContentLength = -1
	c.Header.Set("Content-Type", "application/json")
	if _, err := c.document(); s.h.refusalOf(err).status != http.StatusRequestEntityTooLarge {
		t.Errorf("error %v", err)
	}
}

func TestDecodeNamesAllFaults(t *testing.T) {
	d, err := parseDocument([]byte(`{"vet_id":"x","start":"never","extra":1,"pet":{"weight_kg":"heavy","birth_year":1.5}}`))
	if err != nil {
		t.Fatal(err)
	}
	o := newObject(d.root)
	readBooking(monday)(o)
	o.close()
	fieldsOf := func(list []string) []string { slices.Sort(list); return list }
	var named []string
	for _, f := range o.faults.fields {
		named = append(named, f.Field)
	}
	want := []string{"extra", "owner.name", "owner.phone", "pet.birth_year", "pet.name", "pet.weight_kg", "start", "vet_id", "visit.area"}
	if got := fieldsOf(named); !slices.Equal(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
}

func TestParseInstant(t *testing.T) {
	for text, want := range map[string]string{
		"2026-12-01T05:30:00.000Z":            "2026-12-01T05:30:00.000Z",
		"2026-12-01T05:30:00Z":                "2026-12-01T05:30:00.000Z",
		"2026-12-01T14:30:00+09:00":           "2026-12-01T05:30:00.000Z",
		"2026-12-01T05:30:00.123456789+00:00": "2026-12-01T05:30:00.123Z",
	} {
		if got, err := parseInstant(text); err != nil || wire(got) != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "2026-12-01", "2026-12-01T05:30Z", "2026-12-01T05:30:00", "2026-12-01 05:30:00Z", "2026-12-01T5:30:00Z", "2026-12-01T05:30:00,5Z",
		"2026-12-01T05:30:60Z", "2026-12-01T24:00:00Z", "2026-11-31T05:30:00Z", "2026-12-01T05:30:00+24:00", "2026-12-01T05:30:00+9:00", "1764567000",
	} {
		if got, err := parseInstant(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// FuzzDecode holds that decoding never panics, agrees with encoding/json about what JSON is, and that what it takes
// in canonical form it takes again as the same.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, `{"a":1,"a":2}`, `[1]`, `{"vet_id":"x","start":"2026-12-01T05:30:00Z","owner":{"name":"L"}}`,
		`{"weekly":[{"day":"mon","from":"09:00","to":"24:00"}],"exceptions":[{"date":"2026-12-25","closed":true}],"time_zone":"Asia/Seoul"}`,
		`{"online":true,"minutes":1e3,"pet":{"weight_kg":1e999,"birth_year":99999999999999999999}}`, `{"\ud800":"\udfff"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := parseDocument(body)
		if err == nil && (!json.Valid(body) || !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))) {
			t.Fatalf("took what is no JSON object: %q", body)
		}
		if err != nil {
			return
		}
		again, err := parseDocument(d.canonical)
		if err != nil || !bytes.Equal(again.canonical, d.canonical) {
			t.Fatalf("canonical %q became %q, %v", d.canonical, again.canonical, err)
		}
		booking, err := decode(d, readBooking(monday))
		if err == nil && (!isID(booking.VetID) || booking.Start.IsZero() && !strings.Contains(string(body), "0001-01-01")) {
			t.Fatalf("took %+v", booking)
		}
		decode(d, readFollowUp(monday))
		decode(d, readMinutes)
		decode(d, readOnline)
		decode(d, readLookup)
		if hours, err := decode(d, readHours); err == nil && hours.Validate() != nil {
			t.Fatalf("took hours that are not valid: %+v", hours)
		}
	})
}

func TestQueryTakesNoNonsense(t *testing.T) {
	s := newSite(t)
	c := s.call("GET", "/api/v1/vets?near=1e400,0&q=%00&limit=99999999999999999999", nil)
	q := c.query()
	readVetQuery(q)
	if len(q.faults.fields) != 3 {
		t.Errorf("faults %+v", q.faults.fields)
	}
}
