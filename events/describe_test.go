package events

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"vetroom/clinic/schema"
)

// describedBy compiles the payload of each message.
func describedBy(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	s := Schemas()
	d := Describe(s)
	text, err := json.Marshal(schema.Object{"components": schema.Object{"messages": d.Messages, "schemas": s.Parts}})
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range document.(map[string]any)["components"].(map[string]any)["messages"].(map[string]any) {
		payload := message.(map[string]any)["payload"].(map[string]any)
		payload["additionalProperties"] = false // in tests alone: readers are to pass over what they do not know
		payload["properties"].(map[string]any)["data"].(map[string]any)["additionalProperties"] = false
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("asyncapi.json", document); err != nil {
		t.Fatal(err)
	}
	compiled := map[string]*jsonschema.Schema{}
	for name := range d.Messages {
		if compiled[name], err = c.Compile("asyncapi.json#/components/messages/" + name + "/payload"); err != nil {
			t.Fatal(err)
		}
	}
	return compiled
}

func validate(s *jsonschema.Schema, body []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return s.Validate(value)
}

// TestEveryEventIsAsDescribed holds each fact that is published against the description of its type, and each key of it
// against being left out or put in unannounced.
func TestEveryEventIsAsDescribed(t *testing.T) {
	described := describedBy(t)
	for _, e := range samples() {
		s := described[string(e.Kind)]
		if s == nil {
			t.Errorf("%s is not described", e.Kind)
			continue
		}
		m, err := Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(s, m.Body); err != nil {
			t.Errorf("%s: %v\n%s", e.Kind, err, m.Body)
		}
		for _, change := range [][2]string{
			{`"version":`, `"edition":`}, {`"type":"vetroom.`, `"type":"petroom.`}, {`"data":{`, `"data":{"name":"x",`}, {`:30:00.000Z"`, `:30"`}, {`"specversion":"1.0"`, `"specversion":"0.3"`},
		} {
			if other := strings.Replace(string(m.Body), change[0], change[1], 1); validate(s, []byte(other)) == nil {
				t.Errorf("%s: %s is taken for right", e.Kind, other)
			}
		}
		delete(described, string(e.Kind))
	}
	for kind := range described {
		t.Errorf("%s is described, and no sample of it is held against that", kind)
	}
}

// TestChannelsAreTheSubjects: an event is published where its channel says, within its stream.
func TestChannelsAreTheSubjects(t *testing.T) {
	d := Describe(Schemas())
	for _, p := range all {
		channel := d.Channels[string(p.kind)].(schema.Object)
		pattern := channel["address"].(string)
		at := strings.IndexByte(pattern, '{')
		if at < 0 || Subject(p.kind, "x") != pattern[:at]+"x" {
			t.Errorf("%s is published to %s, described at %s", p.kind, Subject(p.kind, "x"), pattern)
		}
		stream := strings.ToUpper(strings.Split(string(p.kind), ".")[0])
		if !strings.HasPrefix(pattern, strings.TrimSuffix(Streams[stream], ">")) {
			t.Errorf("%s is in no stream", p.kind)
		}
	}
	if len(samples()) != len(all) {
		t.Errorf("%d kinds, %d described", len(samples()), len(all))
	}
}
