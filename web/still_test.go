package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"vetroom/clinic"
)

var sampleMarks = []clinic.Mark{
	{Kind: clinic.MarkPen, Colour: clinic.MarkYellow, Points: [][2]float64{{0.1, 0.2}, {0.3, 0.25}, {0.5, 0.9}}},
	{Kind: clinic.MarkCircle, Colour: clinic.MarkRed, Points: [][2]float64{{0.6, 0.6}, {0.25, 0.125}}},
	{Kind: clinic.MarkArrow, Colour: clinic.MarkWhite, Points: [][2]float64{{0.05, 0.95}, {0.3, 0.6}}},
}

// sampleStills are a photo that was drawn on and looked at, one that is being looked at, and one of which nothing is said.
func sampleStills() []Still {
	stills := make([]Still, 3)
	for i := range stills {
		stills[i].StillView = clinic.StillView{Still: &clinic.Still{ID: fmt.Sprintf("still%d", i+1), TakenAt: noon.Add(time.Duration(i) * time.Minute), Width: 4032, Height: 3024}}
	}
	stills[0].Marks = sampleMarks
	stills[0].Screening = &clinic.Screening{ID: "s2", State: clinic.ScreeningDone, Model: "skin@2", Findings: []clinic.Finding{{Code: clinic.FindingErosion, Score: 0.73}}}
	stills[0].Seen = &SeenPhoto{ID: "s2", State: "done", Findings: []SeenFinding{{"A5", 0.73}}}
	stills[1].Screening = &clinic.Screening{ID: "s3", State: clinic.ScreeningQueued}
	stills[1].Seen = &SeenPhoto{ID: "s3", State: "queued"}
	return stills
}

func asJS(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestMarksAreDrawnAlike: in the call, by a script, and on a page, by the server.
func TestMarksAreDrawnAlike(t *testing.T) {
	run := callParts(t, "marks")
	still := sampleStills()[0]
	drawn := run(fmt.Sprintf(`
		const svg = document.querySelector('[data-viewer-marks]');
		marks.draw(svg, %s, 4032, 3024);
		return [...svg.querySelectorAll('.mark-line')].map((line) => line.getAttribute('d'));`, asJS(t, sampleMarks)))
	for i, m := range sampleMarks {
		if got, want := drawn[i], still.path(m); got != want {
			t.Errorf("a %s: the script draws %q, the server %q", m.Kind, got, want)
		}
	}
}

// TestMarksOfAStranger: what comes from the other side is held to the server's bounds.
func TestMarksOfAStranger(t *testing.T) {
	run := callParts(t, "marks")
	for name, c := range map[string]struct {
		marks string
		want  string
	}{
		"none":                {`[]`, "true"},
		"good ones":           {asJS(t, sampleMarks), "true"},
		"no list":             {`{length: 1}`, "false"},
		"too many":            {`Array(51).fill({kind: 'arrow', colour: 'red', points: [[0, 0], [1, 1]]})`, "false"},
		"too many points":     {`[{kind: 'pen', colour: 'red', points: Array(501).fill([0, 0])}]`, "false"},
		"another kind":        {`[{kind: 'script', colour: 'red', points: [[0, 0], [1, 1]]}]`, "false"},
		"another colour":      {`[{kind: 'pen', colour: 'red onload', points: [[0, 0], [1, 1]]}]`, "false"},
		"beside the photo":    {`[{kind: 'pen', colour: 'red', points: [[0, 0], [1, 1.1]]}]`, "false"},
		"a text for a number": {`[{kind: 'pen', colour: 'red', points: [[0, 0], [1, '1']]}]`, "false"},
		"no number":           {`[{kind: 'pen', colour: 'red', points: [[0, 0], [1, NaN]]}]`, "false"},
		"one point":           {`[{kind: 'pen', colour: 'red', points: [[0, 0]]}]`, "false"},
		"a circle of three":   {`[{kind: 'circle', colour: 'red', points: [[0, 0], [0, 0], [0, 0]]}]`, "false"},
		"nothing":             {`[null]`, "false"},
	} {
		if got := run(`return [String(marks.areMarks(` + c.marks + `))]`); got[0] != c.want {
			t.Errorf("%s: %s", name, got[0])
		}
	}
	if got := run(`const wave = Array.from({length: 200}, (_, i) => [i / 200, 0.5 + 0.1 * Math.sin(i / 10)]);
		const fewer = marks.simpler(wave, 0.002); return [String(fewer.length > 10 && fewer.length < 60), String(fewer[0] === wave[0] && fewer.at(-1) === wave.at(-1))]`); strings.Join(got, " ") != "true true" {
		t.Errorf("a wave of fewer points: %v", got)
	}
}

// linked are two links by a way whose pieces a test may hold, change and cut. say collects what both said.
const linked = `
	const said = [], got = [], wires = {};
	const channel = (to) => Object.assign(new EventTarget(), {readyState: 'open', bufferedAmount: 0, send(data) { wires.piece?.(data); queueMicrotask(() => wires[to].dispatchEvent(new MessageEvent('message', {data}))) }});
	const link = (name, other) => new filelink.FileLink({
		say: (m) => { said.push(name + ' ' + m.type + (m.why ? ' ' + m.why : '') + (m.from ? ' ' + m.from : '')); queueMicrotask(() => ends[other].hear(m)); return true },
		file: () => wires[name], sending: () => {}, receiving: () => {}, sent: (id) => got.push('sent'),
		came: async (id, blob) => got.push('came ' + blob.type + ' ' + blob.size + ' ' + (await blob.text() === await photo.text())), stopped: (id, why) => got.push(name + ' stopped ' + why),
	});
	const connect = () => { wires.owner = channel('vet'); wires.vet = channel('owner'); ends.owner.opened(); ends.vet.opened() };
	const photo = new Blob([new Uint8Array([0xff, 0xd8, 0xff]), new Uint8Array(100_000).map((_, i) => i * 7)], {type: 'image/jpeg'});
	const ends = {}; ends.owner = link('owner', 'vet'); ends.vet = link('vet', 'owner');
	connect();
	const until = async (ok) => { while (!ok()) await new Promise((done) => setTimeout(done, 5)) };
	const name = 'a1b2c3d4a1b2c3d4';
`

// TestAPhotoFromBrowserToBrowser goes in pieces, whole or not at all, and goes on after a break where it stopped.
func TestAPhotoFromBrowserToBrowser(t *testing.T) {
	run := callParts(t, "filelink")
	for name, c := range map[string]struct{ script, want string }{
		"whole": {`await ends.owner.send(name, photo); await until(() => got.length === 2); return [...said, ...got.sort()]`,
			"owner still_begin,vet still_from,owner still_end,vet still_got,came image/jpeg 100003 true,sent"},
		"after a break": {`let n = 0;
			wires.piece = () => { if (++n === 3) { wires.owner.readyState = 'closed' } };
			await ends.owner.send(name, photo); await until(() => n === 3); await new Promise((done) => setTimeout(done, 50));
			connect(); await until(() => got.length === 2);
			return [String(n), ...said, ...got.sort()]`,
			"7,owner still_begin,vet still_from,owner still_begin,vet still_from 49128,owner still_end,vet still_got,came image/jpeg 100003 true,sent"},
		"changed on the way": {`wires.piece = (data) => new Uint8Array(data)[20] ^= 1; await ends.owner.send(name, photo); await until(() => got.length === 2); return got.sort()`,
			"owner stopped damaged,vet stopped damaged"},
		"stopped by who sends":    {`wires.piece = () => ends.owner.stop(name); await ends.owner.send(name, photo); await until(() => got.length > 0); return got`, "vet stopped cancelled"},
		"stopped by who receives": {`wires.piece = () => ends.vet.stop(name); await ends.owner.send(name, photo); await until(() => got.length > 0); return got`, "owner stopped cancelled"},
		"no picture": {`const text = new Blob(['<script>'], {type: 'image/jpeg'}); await ends.owner.send(name, text); await until(() => got.length === 2); return got.sort()`,
			"owner stopped damaged,vet stopped damaged"},
	} {
		if got := strings.Join(run(linked+c.script), ","); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// TestAPhotoOfAStranger: nothing is kept, and nothing is shown, of what breaks the bounds.
func TestAPhotoOfAStranger(t *testing.T) {
	run := callParts(t, "filelink")
	begin := func(changed string) string {
		return `ends.vet.hear({type: 'still_begin', id: name, bytes: 100, mime: 'image/jpeg', sha256: '0'.repeat(64)` + changed + `});`
	}
	// piece sends as the vet's browser asked, but for what is changed.
	const piece = `
		const tell = (tag, at, n) => { const b = new Uint8Array(8 + n); new DataView(b.buffer).setUint32(0, tag); new DataView(b.buffer).setUint32(4, at); wires.vet.dispatchEvent(new MessageEvent('message', {data: b.buffer})) };
		let tag = 0; const hear = ends.owner.hear; ends.owner.hear = (m) => { if (m.type === 'still_from') tag = m.tag; hear.call(ends.owner, m) };`
	for name, c := range map[string]struct{ script, want string }{
		"too large":                  {begin(`, bytes: 12 * 1024 * 1024 + 1`) + `return said`, "vet still_stop refused"},
		"no size":                    {begin(`, bytes: '100'`) + `return said`, "vet still_stop refused"},
		"a negative one":             {begin(`, bytes: -1`) + `return said`, "vet still_stop refused"},
		"another kind":               {begin(`, mime: 'image/svg+xml'`) + `return said`, "vet still_stop refused"},
		"a kind of the language":     {begin(`, mime: 'constructor'`) + `return said`, "vet still_stop refused"},
		"no hash":                    {begin(`, sha256: ''`) + `return said`, "vet still_stop refused"},
		"two at a time":              {begin(``) + begin(`, id: 'b1b2c3d4a1b2c3d4'`) + `return said`, "vet still_from,vet still_stop busy"},
		"more than announced":        {piece + begin(``) + `await until(() => tag); tell(tag, 0, 101); return got`, "vet stopped refused"},
		"a piece out of its turn":    {piece + begin(``) + `await until(() => tag); tell(tag, 50, 10); return got`, "vet stopped refused"},
		"under another tag":          {piece + begin(``) + `await until(() => tag); tell(tag + 1, 0, 100); return ['nothing', ...got]`, "nothing"},
		"pieces that nobody awaits":  {piece + `tell(0, 0, 100); return ['nothing', ...got, ...said]`, "nothing"},
		"a text for a piece":         {begin(``) + `wires.vet.dispatchEvent(new MessageEvent('message', {data: 'x'.repeat(100)})); return ['nothing', ...got]`, "nothing"},
		"another than was announced": {piece + begin(``) + `await until(() => tag); tell(tag, 0, 100); await until(() => got.length); return got`, "vet stopped damaged"},
		"asked from beyond its end":  {`await ends.owner.send(name, photo); await until(() => got.length === 2); await ends.owner.send(name, photo); said.length = 0; wires.piece = () => said.push('piece'); ends.owner.hear({type: 'still_from', id: name, tag: 1, from: 1e9}); ends.owner.hear({type: 'still_from', id: name, tag: -1, from: 0}); return ['nothing', ...said.filter((s) => s === 'piece')]`, "nothing"},
	} {
		if got := strings.Join(run(linked+c.script), ","); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}
