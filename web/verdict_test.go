package web

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// run is twenty samples, each a quarter of a second after the last, of a connection of some kind.
type run struct {
	RTT          float64 `json:"rtt"`
	There, Lost  float64 // shares of packets lost on the way there, and there and back
	Jitter       float64
	Frames, Back float64 // pictures sent a sample, and of them the share that came back
	Sounds       float64 // the share of the sounds that came back
}

const samplesOf = `((run) => Array.from({length: 20}, (_, i) => ({
	at: 250 * i, way: 'udp', rtt: run.rtt, jitter: run.Jitter,
	sent: 40 * i, lostThere: 40 * i * run.There, got: 40 * i * (1 - run.Lost), lost: 40 * i * run.Lost,
	framesSent: run.Frames * i, framesGot: run.Frames * i * run.Back, soundsSent: 12 * i, soundsGot: 12 * i * run.Sounds,
})))`

// module is the address of a script, as a script writes it.
func module(t *testing.T, w *Web, name string) string {
	t.Helper()
	url, err := w.assets.url(name)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Quote(url)
}

// TestVerdicts: what a connection is good for, by its figures.
func TestVerdicts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	w, server := site(t)
	open(t, ctx, server.URL+"/callcheck/owner?lang=en")
	judge := func(samples string) string {
		return evaluate[string](t, ctx, `(async () => {
			const v = await import(`+module(t, w, "js/verdict.js")+`);
			return v.verdict(v.figures(`+samples+`));
		})()`)
	}
	fine := run{RTT: 40, Jitter: 5, Frames: 7, Back: 1, Sounds: 1}
	with := func(change func(*run)) run { r := fine; change(&r); return r }
	for name, c := range map[string]struct {
		run  run
		want string
	}{
		"fine":                     {fine, "good"},
		"far away":                 {with(func(r *run) { r.RTT = 450 }), "fair"},
		"by satellite":             {with(func(r *run) { r.RTT = 900 }), "poor"},
		"minutes away":             {with(func(r *run) { r.RTT = 4000 }), "audio"},
		"3 % lost on the way":      {with(func(r *run) { r.There, r.Lost = 0.03, 0.03 }), "fair"},
		"3 % lost on the way back": {with(func(r *run) { r.Lost = 0.03 }), "fair"},
		"1.9 % lost each way":      {with(func(r *run) { r.There, r.Lost = 0.019, 0.0376 }), "good"},
		"10 % lost":                {with(func(r *run) { r.There, r.Lost = 0.1, 0.1 }), "poor"},
		"a third lost":             {with(func(r *run) { r.There, r.Lost = 0.33, 0.33 }), "audio"},
		"jittery":                  {with(func(r *run) { r.Jitter = 60 }), "fair"},
		"half of the pictures":     {with(func(r *run) { r.Back = 0.5 }), "poor"},
		"hardly a picture":         {with(func(r *run) { r.Back = 0.1 }), "audio"},
		"no picture":               {with(func(r *run) { r.Back = 0 }), "audio"},
		"no camera, sound alone":   {with(func(r *run) { r.Frames = 0 }), "good"},
		"nothing back":             {with(func(r *run) { r.Back, r.Sounds, r.Lost = 0, 0, 1 }), "none"},
	} {
		text, err := json.Marshal(c.run)
		if err != nil {
			t.Fatal(err)
		}
		if got := judge(samplesOf + "(" + string(text) + ")"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := judge(`[]`); got != "none" {
		t.Errorf("without a sample: %s", got)
	}
}

// TestTheWayOfAConnection is read from what browsers tell, each in its own manner.
func TestTheWayOfAConnection(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	w, server := site(t)
	open(t, ctx, server.URL+"/callcheck/owner?lang=en")
	for stats, want := range map[string]string{
		`[]`: "none",
		`[{id: 't', type: 'transport', selectedCandidatePairId: 'p'}, {id: 'p', type: 'candidate-pair', localCandidateId: 'l'}, {id: 'l', candidateType: 'host'}]`:                                                     "udp",
		`[{id: 'p', type: 'candidate-pair', selected: true, localCandidateId: 'l'}, {id: 'l', candidateType: 'srflx'}]`:                                                                                                "udp",
		`[{id: 'o', type: 'candidate-pair', state: 'failed'}, {id: 'p', type: 'candidate-pair', nominated: true, state: 'succeeded', localCandidateId: 'l'}, {id: 'l', candidateType: 'relay', relayProtocol: 'udp'}]`: "relay_udp",
		`[{id: 'p', type: 'candidate-pair', selected: true, localCandidateId: 'l'}, {id: 'l', candidateType: 'prflx', relayProtocol: 'tcp'}]`:                                                                          "relay_tcp",
		`[{id: 'p', type: 'candidate-pair', selected: true, localCandidateId: 'l'}, {id: 'l', candidateType: 'relay', relayProtocol: 'tls'}]`:                                                                          "relay_tcp",
		`[{id: 'p', type: 'candidate-pair', selected: true, localCandidateId: 'l'}, {id: 'l', candidateType: 'relay', url: 'turn:192.0.2.1:3478?transport=tcp'}]`:                                                      "relay_tcp",
	} {
		got := evaluate[string](t, ctx, `(async () => {
			const v = await import(`+module(t, w, "js/verdict.js")+`);
			return v.sampleOf(new Map(`+stats+`.map((s) => [s.id, s])), 0).way;
		})()`)
		if got != want {
			t.Errorf("%s: %s, want %s", stats, got, want)
		}
	}
}

// TestAdvice: what is wrong is said, with what to do in that very browser, and nothing where nothing is.
func TestAdvice(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	w, server := site(t)
	open(t, ctx, server.URL+"/callcheck/owner?lang=en")
	const (
		kakao   = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 KAKAOTALK/25.1.0"
		naver   = "Mozilla/5.0 (Linux; Android 15; SM-S928N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36 NAVER(inapp; search; 2000; 12.9.2)"
		iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
		android = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
		chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
		safari  = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
		firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
	)
	ok := `camera: 'ok', microphone: 'ok'`
	for _, c := range []struct{ agent, found, want string }{
		{chrome, ok + `, verdict: 'good', way: 'udp', speaker: 'ok'`, ""},
		{kakao, `camera: 'denied', microphone: 'denied', verdict: 'good', way: 'udp'`, "allow_kakaotalk"},
		{kakao, `camera: 'unsupported', microphone: 'unsupported', refused: 'unsupported'`, "allow_kakaotalk refused_unsupported"},
		{naver, `camera: 'denied', microphone: 'ok', verdict: 'good', way: 'udp'`, "allow_inapp"},
		{iphone, `camera: 'denied', microphone: 'denied', verdict: 'good', way: 'udp'`, "allow_ios"},
		{android, `camera: 'ok', microphone: 'denied', verdict: 'good', way: 'udp'`, "allow_android"},
		{chrome, `camera: 'denied', microphone: 'denied', verdict: 'good', way: 'udp'`, "allow_desktop"},
		{safari, `camera: 'denied', microphone: 'denied', verdict: 'good', way: 'udp'`, "allow_safari"},
		{firefox, `camera: 'denied', microphone: 'denied', verdict: 'good', way: 'udp'`, "allow_firefox"},
		{chrome, `camera: 'unsupported', microphone: 'unsupported', verdict: 'good', way: 'udp'`, "unsupported"},
		{chrome, `camera: 'busy', microphone: 'ok', verdict: 'good', way: 'udp'`, "device_busy"},
		{chrome, `camera: 'missing', microphone: 'missing', verdict: 'good', way: 'udp'`, "no_camera no_microphone"},
		{chrome, `camera: 'ok', microphone: 'silent', speaker: 'silent', verdict: 'good', way: 'udp'`, "silent speaker"},
		{chrome, ok + `, verdict: 'poor', way: 'relay_udp'`, "poor relay"},
		{chrome, ok + `, verdict: 'audio', way: 'relay_tcp'`, "audio relay_tcp"},
		{chrome, ok + `, verdict: 'none', way: 'none'`, "none"},
		{chrome, ok + `, refused: 'busy'`, "refused_busy"},
		{chrome, ok + `, refused: 'stopped'`, ""},
	} {
		got := evaluate[string](t, ctx, fmt.Sprintf(`(async () => {
			const a = await import(%s);
			return a.advice({%s}, a.browserOf(%q)).map((key) => key.replace('callcheck.do_', '')).join(' ');
		})()`, module(t, w, "js/advice.js"), c.found, c.agent))
		if got != c.want {
			t.Errorf("%s in %.60s: %q, want %q", c.found, c.agent, got, c.want)
		}
		for _, lang := range Languages {
			words := catalogue(t, lang)
			for key := range strings.FieldsSeq(got) {
				if words["callcheck.do_"+key] == "" {
					t.Errorf("%s has no words for %s", lang, key)
				}
			}
		}
	}
}
