package signaling

import (
	"encoding/json"
	"slices"
)

type (
	// CheckVerdict says what a connection is good for: for a call, for one that will stutter, for one with pauses, for
	// sound alone, or for nothing.
	CheckVerdict string

	// CheckWay is how a check reached the server: by UDP, by the relay over UDP, by the relay over TCP, or not.
	CheckWay string

	// CheckDevice says how trying a camera, microphone or speaker went.
	CheckDevice string
)

// The words of a result.
var (
	CheckVerdicts = []CheckVerdict{"good", "fair", "poor", "audio", "none"}
	CheckWays     = []CheckWay{"udp", "relay_udp", "relay_tcp", "none"}
	// CheckDevices: it works, nothing came of it, was not allowed, there is none, another program has it, the browser
	// cannot, or it was not tried.
	CheckDevices = []CheckDevice{"ok", "silent", "denied", "missing", "busy", "unsupported", "untried"}
)

// The bounds of a result's figures.
const (
	maxMillis = 60_000
	maxLoss   = 1
)

// CheckResult is how a check went, as the browser saw it. Only verdict and way are kept.
type CheckResult struct {
	Verdict                     CheckVerdict
	Way                         CheckWay
	RTT, Loss, Jitter           float64 // milliseconds, a share of 0 to 1, milliseconds
	Camera, Microphone, Speaker CheckDevice
}

func readCheck(o *object) any {
	m := Check{Room: o.id("room")}
	raw := o.take("description")
	if raw == nil {
		return m
	}
	inner := o.inside(raw, "description")
	if inner == nil {
		return m
	}
	if kind := inner.text("type", MaxID); kind != "offer" {
		inner.fault("description", "must be an offer")
	}
	if m.Offer = inner.text("sdp", MaxOffer); m.Offer == "" {
		inner.fault("description", "must have an sdp")
	}
	o.join(inner)
	return m
}

func readChecked(o *object) any {
	m := Checked{Room: o.id("room")}
	inner := o.inside(o.take("result"), "result")
	if inner == nil {
		return m
	}
	m.Result = CheckResult{
		Verdict: word(inner, "verdict", CheckVerdicts, true), Way: word(inner, "way", CheckWays, true),
		RTT: inner.figure("rtt_ms", maxMillis), Loss: inner.figure("loss", maxLoss), Jitter: inner.figure("jitter_ms", maxMillis),
		Camera: word(inner, "camera", CheckDevices, false), Microphone: word(inner, "microphone", CheckDevices, false),
		Speaker: word(inner, "speaker", CheckDevices, false),
	}
	o.join(inner)
	return m
}

// inside reads the object that is a value of this one. It gives nil where that is none.
func (o *object) inside(raw json.RawMessage, key string) *object {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		o.fault(key, "must be an object")
		return nil
	}
	return &object{fields: fields}
}

// join takes over the fault of an object inside this one.
func (o *object) join(inner *object) {
	if err := inner.done(); err != nil && o.err == nil {
		o.err = err
	}
}

// word reads one of some words.
func word[T ~string](o *object, key string, words []T, needed bool) T {
	var s string
	if there := o.into(key, &s, "a string"); !there && !needed {
		return ""
	}
	if !slices.Contains(words, T(s)) {
		o.fault(key, "is not one of its words")
	}
	return T(s)
}

// figure reads a number from 0 to a limit, or 0 where there is none.
func (o *object) figure(key string, limit float64) (n float64) {
	if o.into(key, &n, "a number") && (n < 0 || n > limit) {
		o.fault(key, "is out of bounds")
	}
	return n
}
