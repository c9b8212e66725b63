package signaling_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"vetroom/signaling"
	"vetroom/signaling/signalingtest"
)

// TestMain has every message of the server in every test held against its description.
func TestMain(m *testing.M) {
	described := payloads()
	var mu sync.Mutex // guards the validators
	signalingtest.Check = func(message []byte) error {
		var of struct{ Type string }
		if err := json.Unmarshal(message, &of); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		s := described["server."+of.Type]
		if s == nil {
			return fmt.Errorf("%q is not described", of.Type)
		}
		if err := validate(s, message); err != nil {
			return fmt.Errorf("%s is not as described: %w", message, err)
		}
		return nil
	}
	os.Exit(m.Run())
}

// document is /asyncapi.json, read back.
func document() map[string]any {
	text, err := json.Marshal(signaling.AsyncAPI("test", "https://vet.example"))
	if err != nil {
		panic(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	return value.(map[string]any)
}

// payloads compiles that of each message, strictly.
func payloads() map[string]*jsonschema.Schema {
	d := document()
	parts := d["components"].(map[string]any)
	for _, part := range parts["schemas"].(map[string]any) {
		part.(map[string]any)["additionalProperties"] = false // in tests alone
	}
	messages := parts["messages"].(map[string]any)
	for _, message := range messages {
		message.(map[string]any)["payload"].(map[string]any)["additionalProperties"] = false
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("asyncapi.json", d); err != nil {
		panic(err)
	}
	compiled := map[string]*jsonschema.Schema{}
	for name := range messages {
		compiled[name] = c.MustCompile("asyncapi.json#/components/messages/" + name + "/payload")
	}
	return compiled
}

func validate(s *jsonschema.Schema, message []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(message))
	if err != nil {
		return err
	}
	return s.Validate(value)
}

// TestTheDocumentIsAsyncAPI holds it against the AsyncAPI Initiative's own schema.
func TestTheDocumentIsAsyncAPI(t *testing.T) {
	file, err := os.Open("testdata/asyncapi/asyncapi-3.0.0.schema.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	official, err := jsonschema.UnmarshalJSON(z)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("http://asyncapi.com/definitions/3.0.0/asyncapi.json", official); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("http://asyncapi.com/definitions/3.0.0/asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	d := document()
	if err := s.Validate(d); err != nil {
		t.Error(err)
	}
	delete(d, "info")
	if s.Validate(d) == nil {
		t.Error("a document without its info is taken for right")
	}
}

// clientMessages are those of a client, with every key that each may have.
var clientMessages = map[string]map[string]any{
	"join":    {"room": "r", "resume": "t", "seen": 7},
	"watch":   {"rooms": []string{"r"}, "vets": []string{"v"}},
	"signal":  {"data": map[string]any{"candidate": nil}},
	"chat":    {"text": "hello", "id": "c1"},
	"check":   {"room": "r", "description": map[string]any{"type": "offer", "sdp": "v=0"}},
	"checked": {"room": "r", "result": map[string]any{"verdict": "good", "way": "udp", "rtt_ms": 40.5, "loss": 0.01, "jitter_ms": 3, "camera": "ok", "microphone": "ok", "speaker": "untried"}},
	"quality": {"level": "fair", "video": true, "relay": false},
	"seen":    {"n": 7},
	"leave":   {},
	"ping":    {"t": 1.5},
}

// TestWhatClientsSendIsAsDescribed sends each message whole, without each of its keys, and with each key of others: it is
// taken if and only if the description takes it.
func TestWhatClientsSendIsAsDescribed(t *testing.T) {
	described := payloads()
	keys := map[string]any{}
	for _, m := range clientMessages {
		maps.Copy(keys, m)
	}
	agree := func(kind string, message map[string]any) bool {
		message["type"] = kind
		text, _ := json.Marshal(message)
		_, err := signaling.Decode(text)
		described := validate(described["client."+kind], text)
		if (err == nil) != (described == nil) {
			t.Errorf("%s: decoded with %v, described with %v", text, err, described)
		}
		return err == nil
	}
	for kind, whole := range clientMessages {
		if !agree(kind, maps.Clone(whole)) {
			t.Errorf("%s is refused whole", kind)
		}
		for key, value := range keys {
			other := maps.Clone(whole)
			if _, has := other[key]; has {
				delete(other, key)
			} else {
				other[key] = value
			}
			agree(kind, other)
		}
	}
	for name := range described {
		if kind, ok := strings.CutPrefix(name, "client."); ok && clientMessages[kind] == nil {
			t.Errorf("%s is described and not tried", kind)
		}
	}
}

// TestAnUndescribedMessageIsSeen holds the check of all messages against some that must fail it.
func TestAnUndescribedMessageIsSeen(t *testing.T) {
	for _, message := range []string{
		`{"type":"error","code":"nonsense","detail":"x"}`, `{"type":"peer","peer":"gone"}`, `{"type":"moon"}`, `{"type":"vet","vet":"v"}`,
		`{"type":"vet","vet":"v","online":true,"mood":"good"}`, `{"type":"slot","vet":"v","start":"now","state":"free"}`,
	} {
		if _, err := signalingtest.Parse([]byte(message)); err == nil {
			t.Errorf("%s is taken for right", message)
		}
	}
	if _, err := signalingtest.Parse([]byte(`{"type":"vet","vet":"v","online":true,"n":3}`)); err != nil {
		t.Error(err)
	}
}

// TestEveryWordIsDescribed reads the protocol's page: each code and each state of a peer is in the document.
func TestEveryWordIsDescribed(t *testing.T) {
	page, err := os.ReadFile("protocol.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(document())
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?:Code|PeerState) += "(\w+)"`).FindAllSubmatch(page, -1)
	if len(found) < 10 {
		t.Fatalf("%d words in protocol.go", len(found))
	}
	for _, word := range found {
		if !bytes.Contains(text, append(append([]byte{'"'}, word[1]...), '"')) {
			t.Errorf("%s is not described", word[1])
		}
	}
}
