package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"vetroom/web/webtest"
)

// callParts imports modules of the call into a page of the room, by the names that are left when .js is taken away.
func callParts(t *testing.T, modules ...string) (run func(script string) []string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	w, server := site(t)
	open(t, ctx, server.URL+"/room/closed?lang=en")
	return importing(t, ctx, w, modules)
}

func importing(t *testing.T, ctx context.Context, w *Web, modules []string) func(script string) []string {
	imports := ""
	for _, name := range modules {
		url, _ := w.assets.url("js/" + name + ".js")
		imports += fmt.Sprintf("const %s = await import(%q); ", name, url)
	}
	return func(script string) []string {
		t.Helper()
		return evaluate[[]string](t, ctx, fmt.Sprintf("(async () => { %s %s })()", imports, script))
	}
}

// samples of a second each are made of what differs from a call without fault: "3 x {room: 50_000}".
const sampled = `
	const fine = {silent: false, loss: 0, audioLoss: 0, jitter: 0.005, frames: 30, frozen: 0, told: 0, audioTold: 0, trip: 0.04, room: 3_000_000, limited: false, relay: false};
	const goThrough = (take, phases) => phases.flatMap(([times, other]) => Array.from({length: times}, () => take({...fine, ...other})));
	const shorten = (list) => list.reduce((out, now) => (out.at(-1)?.startsWith(now + ' ') ? [...out.slice(0, -1), now + ' ' + (Number(out.at(-1).split(' ')[1]) + 1)] : [...out, now + ' 1']), []);
`

// TestThePlan: in how many seconds of what the picture steps down, and up again.
func TestThePlan(t *testing.T) {
	run := callParts(t, "plan")
	for name, c := range map[string]struct {
		phases string
		want   string
	}{
		"a good call stays whole":                                   {`[30, {}]`, "full 30"},
		"a low estimate at the beginning is not a narrow way":       {`[6, {room: 150_000, limited: true}], [20, {}]`, "full 26"},
		"nor is one where the picture wants no more":                {`[30, {room: 200_000}]`, "full 30"},
		"one bad second is none":                                    {`[10, {}], [1, {audioTold: 0.3}], [5, {}]`, "full 16"},
		"sound that is lost steps down at once, one by one":         {`[10, {}], [12, {audioTold: 0.1, told: 0.1}]`, "full 11,half 3,quarter 3,audio 5"},
		"a narrow way steps to what it carries":                     {`[10, {}], [4, {room: 100_000, limited: true}]`, "full 11,quarter 3"},
		"a way for sound alone carries sound alone":                 {`[10, {}], [4, {room: 40_000, limited: true}]`, "full 11,audio 3"},
		"where no browser says, loss shows it":                      {`[10, {}], [4, {room: 100_000, limited: undefined, told: 0.05}]`, "full 11,quarter 3"},
		"sound that is lost where little passes steps down at once": {`[2, {}], [4, {audioTold: 0.1, room: 60_000}]`, "full 3,audio 3"},
		"much that is lost is enough at once":                       {`[10, {}], [1, {told: 0.4, room: 60_000}], [3, {}]`, "full 10,audio 4"},
		"a full buffer is a narrow way":                             {`[10, {}], [3, {trip: 1.4}]`, "full 11,half 2"},
		"up slowly, when it is clear":                               {`[10, {}], [2, {room: 40_000, limited: true}], [30, {}]`, "full 11,audio 12,quarter 6,half 6,full 7"},
		"not while some is lost":                                    {`[10, {}], [2, {room: 40_000, limited: true}], [20, {told: 0.04}]`, "full 11,audio 21"},
		"not into a way that is too narrow":                         {`[10, {}], [2, {room: 100_000, limited: true}], [20, {room: 190_000}]`, "full 11,quarter 21"},
		"what was in vain is tried later":                           {`[10, {}], [2, {room: 40_000, limited: true}], [12, {}], [4, {audioTold: 0.2}], [40, {}]`, "full 11,audio 12,quarter 3,audio 25,quarter 12,half 5"},
		"silence is no reason":                                      {`[10, {}], [20, {silent: true, audioTold: 1}], [3, {}]`, "full 33"},
		"nor what was lost while it lasted":                         {`[10, {}], [4, {silent: true}], [3, {told: 0.99, room: 60_000}], [5, {}]`, "full 22"},
		"but what is lost afterwards":                               {`[10, {}], [4, {silent: true}], [5, {told: 0.99, room: 60_000}]`, "full 17,audio 2"},
	} {
		got := run(sampled + `const p = new plan.Plan(); return shorten(goThrough((s) => p.add(s).name, [` + c.phases + `]))`)
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, ","), c.want)
		}
	}
}

// TestTheLevels: what is how good, and how soon it is said.
func TestTheLevels(t *testing.T) {
	run := callParts(t, "quality")
	for sample, want := range map[string]string{
		`{}`: "3", `{loss: 0.03}`: "2", `{audioLoss: 0.03}`: "2", `{told: 0.03}`: "2", `{jitter: 0.06}`: "2", `{trip: 0.4}`: "2", `{frozen: 0.1}`: "2",
		`{loss: 0.1}`: "1", `{jitter: 0.2}`: "1", `{trip: 0.7}`: "1", `{frozen: 0.5}`: "1", `{silent: true}`: "0", `{trip: undefined}`: "3",
	} {
		if got := run(sampled + `return [String(quality.judge({...fine, ...` + sample + `}))]`); got[0] != want {
			t.Errorf("%s is %s, want %s", sample, got[0], want)
		}
	}
	for name, c := range map[string]struct{ phases, want string }{
		"soon down":               {`[3, {}], [4, {loss: 0.2}]`, "good 4,poor 3"},
		"slowly up":               {`[3, {}], [3, {loss: 0.2}], [6, {}]`, "good 4,poor 5,good 3"},
		"one bad second is none":  {`[3, {}], [1, {loss: 0.2}], [3, {}]`, "good 7"},
		"of bad seconds the best": {`[2, {}], [1, {loss: 0.2}], [1, {loss: 0.04}], [2, {loss: 0.04}]`, "good 3,fair 3"},
		"up to what lasts":        {`[2, {loss: 0.2}], [2, {}], [4, {loss: 0.04}]`, "good 1,poor 4,fair 3"},
		"silence at once":         {`[3, {}], [2, {silent: true}], [5, {}]`, "good 3,lost 5,good 2"},
	} {
		got := run(sampled + `const q = new quality.Quality(); return shorten(goThrough((s) => q.add(s), [` + c.phases + `]))`)
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, ","), c.want)
		}
	}
	if got := run(sampled + `const q = new quality.Quality(); return shorten(goThrough((s) => q.add(s, 1), [[3, {}]]))`); strings.Join(got, ",") != "good 1,poor 2" {
		t.Errorf("a call by sound alone is %v", got)
	}
}

// TestSilence: sound and picture that stop are missed sooner than checks alone, and what came is dated as the browser says.
func TestSilence(t *testing.T) {
	run := callParts(t, "vitals")
	for name, c := range map[string]struct{ counts, want string }{
		"media that stops":                {`[0, 0, 0, 1], [1000, 50, 30, 1], [2000, 60, 800, 1], [2250, 60, 1050, 1], [2750, 60, 1550, 1], [3000, 70, 10, 1]`, "fine,fine,uneasy,uneasy,silent,fine"},
		"checks that are answered":        {`[0, 0, 0, 1], [1000, 50, 0, 1], [3000, 50, 2000, 2], [4000, 50, 3000, 2], [5000, 50, 4000, 3]`, "fine,fine,fine,uneasy,fine"},
		"checks alone":                    {`[0, 0, 0, 1], [5000, 0, 0, 1], [8000, 0, 0, 1], [9000, 0, 0, 2]`, "fine,uneasy,silent,fine"},
		"another way is no answer":        {`[0, 0, 0, 9, 'a'], [8000, 0, 0, 12, 'b'], [8500, 0, 0, 0], [9000, 0, 0, 1], [17000, 0, 0, 12, 'b']`, "fine,silent,silent,fine,silent"},
		"a browser that dates no packets": {`[0, 0, 0, 1], [1000, 50, 0, 1], [2000, 50, 0, 1], [2500, 50, 0, 1]`, "fine,fine,uneasy,silent"},
	} {
		got := run(`const v = new vitals.Vitals(); return [` + c.counts + `].map(([at, packets, quiet, checks, pair]) => {
			const counters = {at, packets, quiet, pair, checks, in: {audio: {packets, lost: 0, jitter: 0, frames: 0, frozen: 0}}, out: {}, relay: false};
			const {silent, uneasy} = v.hear(counters);
			v.since(counters, silent);
			return silent ? 'silent' : uneasy ? 'uneasy' : 'fine';
		})`)
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

// TestWhatCouldNotBeSentWaits: what is out of date is not sent late.
func TestWhatCouldNotBeSentWaits(t *testing.T) {
	run := callParts(t, "outbox")
	got := run(`
		let open = false; const sent = [];
		const out = new outbox.Outbox((data) => open && sent.push(data.description ?? data.candidate) > 0);
		out.put({description: 'offer 1'}); out.put({candidate: 'a'}); out.put({description: 'offer 2'}); out.put({candidate: 'b'});
		open = true; out.again();
		sent.push('|'); out.again();                            // nobody has said that they arrived
		sent.push('|'); out.arrived(Infinity); out.again();     // now somebody has
		out.put({candidate: 'c'});
		sent.push('|'); out.arrived(0); out.again();            // a ping from before it says nothing of it
		for (let i = 0; i < 500; i++) out.put({candidate: String(i)});
		open = false; sent.push('|'); open = true; const before = sent.length; out.again();
		return [...sent.slice(0, 12), String(sent.length - before)];`)
	want := []string{"offer 2", "b", "|", "offer 2", "b", "|", "c", "|", "c", "0", "1", "2", "100"}
	if !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
}

// TestWhatStandsOverThePicture: the words of each state, in English, and the seconds.
func TestWhatStandsOverThePicture(t *testing.T) {
	run := callParts(t, "stage")
	for now, want := range map[string]string{
		`{}`: " ", `{connected: false, other: 'absent'}`: "call.vet_absent ", `{connected: false}`: "call.connecting ",
		`{seat: 'vet', connected: false, other: 'absent'}`: "call.owner_absent ", `{connected: false, waited: 12_400}`: "call.lost_long 12",
		`{connected: false, lost: 300}`: " ", `{connected: false, lost: 4_200}`: "call.lost 4", `{connected: false, lost: 61_000}`: "call.lost_long 61",
		`{connected: false, lost: 4_200, other: 'absent'}`: "call.vet_absent ", `{lost: 4_200}`: "call.lost 4",
		`{muted: true, theirs: 'off'}`: "call.tap_to_hear ", `{theirs: 'off'}`: "call.vet_picture_off ", `{theirs: 'none'}`: "call.vet_picture_none ",
		`{seat: 'vet', theirs: 'line', own: 'line'}`: "call.owner_picture_line ", `{own: 'line'}`: "call.own_picture_line ", `{own: 'off'}`: " ",
		`{alarmed: true, theirs: 'off'}`: "call.code_wrong ",
	} {
		got := run(`const {key, seconds} = stage.stageWords({seat: 'owner', other: 'present', connected: true, lost: undefined, waited: 0, alarmed: false, muted: false, theirs: 'on', own: 'on', ...` + now + `});
			return [key + ' ' + (seconds ?? '')]`)
		if got[0] != want {
			t.Errorf("%s: %q, want %q", now, got[0], want)
		}
	}
}

// codes is an owner and a vet, each with what it says kept until it is passed on, and changed on the way if need be.
const codes = `
	const side = (vet, own, theirs) => {
		const s = {said: [], shown: []};
		s.code = new code.Code({vet, say: (m) => s.said.push(m), fingerprints: () => theirs && {own, theirs}, show: (state, digits) => s.shown.push((state + ' ' + digits).trim())});
		return s;
	};
	const settle = () => new Promise((done) => setTimeout(done, 5));
	const until = async (holds) => { while (!holds()) await settle(); };
	const now = (s) => s.shown.at(-1);
	const done = (s) => now(s) !== 'waiting';
	const pass = async (from, to, change = (m) => [m]) => { await until(() => from.said.length); for (const m of change(from.said.shift())) to.code.hear(m); };
	const meet = async (o, v, changes = []) => { v.code.begin(); o.code.begin(); await pass(v, o, changes[0]); await pass(o, v, changes[1]); await pass(v, o, changes[2]); await until(() => done(o) && done(v)); };
`

// TestTheCode: the same on both sides where each speaks to the other; another each time; and what goes wrong is said.
func TestTheCode(t *testing.T) {
	run := callParts(t, "code")
	got := run(codes + `
		const [o, v] = [side(false, 'O', 'V'), side(true, 'V', 'O')];
		await meet(o, v);
		const first = now(o);
		const same = first === now(v);
		o.code.reset(); v.code.reset();
		await meet(o, v);
		return [String(same), String(/^shown \d{6}$/.test(first)), String(now(o) === now(v)), String(now(o) !== first), o.shown[0]];`)
	if !slices.Equal(got, []string{"true", "true", "true", "true", "waiting"}) {
		t.Errorf("same, six digits, same again, others: %v", got)
	}
	// Made by another hand (Python's hashlib), so that a peer of another kind may rely on it.
	if got := run(`return [await code.digitsOf('sha-256 AA', 'sha-256 BB', 'b25l', 'dHdv'), await code.digest('b25l')]`); !slices.Equal(got, []string{"082413", "Tbh3fFMBQmBCPc_5qIaelI-Jv0xFM8Y_9XBFGHJlWLc"}) {
		t.Errorf("digits and commitment are %v", got)
	}
	for name, c := range map[string]struct{ script, want string }{
		"somebody between has other certificates": {`const [o, v] = [side(false, 'O', 'M'), side(true, 'V', 'N')]; await meet(o, v); return [now(o) === now(v) ? 'same' : 'differ']`, "differ"},
		"a commitment that does not fit":          {`const [o, v] = [side(false, 'O', 'V'), side(true, 'V', 'O')]; await meet(o, v, [(m) => [{...m, commit: 'A'.repeat(43)}]]); return [now(o)]`, "wrong"},
		"another nonce is revealed":               {`const [o, v] = [side(false, 'O', 'V'), side(true, 'V', 'O')]; await meet(o, v, [, , (m) => [{...m, nonce: 'A'.repeat(43)}]]); return [now(o)]`, "wrong"},
		"revealed before it was asked for":        {`const o = side(false, 'O', 'V'); o.code.hear({type: 'code_reveal', nonce: 'A'.repeat(43)}); await until(() => done(o)); return [now(o)]`, "wrong"},
		"committed twice":                         {`const o = side(false, 'O', 'V'); for (const c of 'AB') o.code.hear({type: 'code_commit', commit: c.repeat(43)}); await until(() => done(o)); return [now(o)]`, "wrong"},
		"no bytes":                                {`const v = side(true, 'V', 'O'); v.code.hear({type: 'code_nonce', nonce: 7}); await until(() => done(v)); return [now(v)]`, "wrong"},
		"two certificates in one description":     {`const [o, v] = [side(false, 'O', 'V'), side(true, 'V', '')]; v.code.hear({type: 'code_nonce', nonce: 'A'.repeat(43)}); await until(() => done(v)); return [now(v)]`, "wrong"},
		"revealed twice":                          {`const [o, v] = [side(false, 'O', 'V'), side(true, 'V', 'O')]; await meet(o, v, [, , (m) => [m, {...m, nonce: 'A'.repeat(43)}]]); await settle(); return [now(o) === now(v) ? 'same' : 'differ']`, "same"},
		"a page that did not come over https":     {`Object.defineProperty(crypto, 'subtle', {value: undefined, configurable: true}); const v = side(true, 'V', 'O'); v.code.begin(); await until(() => done(v)); delete crypto.subtle; return [now(v)]`, "none"},
		"what is of the connection before":        {`const o = side(false, 'O', 'V'); o.code.hear({type: 'code_commit', commit: 'A'.repeat(43)}); o.code.reset(); await settle(); return [now(o) + ' ' + o.said.length]`, "waiting 0"},
	} {
		if got := run(codes + c.script); got[0] != c.want {
			t.Errorf("%s: %s, want %s", name, got[0], c.want)
		}
	}
}

// TestThePageIsWholeWithoutWebRTC: where a browser has none the page says so in its own time, and breaks nowhere.
func TestThePageIsWholeWithoutWebRTC(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	_, server := site(t)
	watch := webtest.Listen(t, ctx)
	err := chromedp.Do(ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: "delete window.RTCPeerConnection"})
		return chromedp.Void{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range watch.Load(t, server.URL+"/room/open?lang=en").Problems {
		t.Error(problem)
	}
	if words := evaluate[string](t, ctx, `document.querySelector('.chat') && document.documentElement.dataset.call`); words != "waiting" {
		t.Errorf("the call is %q", words)
	}
}
