package web

import (
	"strings"
	"testing"
)

// TestTheSqueeze: by what comes in each twentieth of a second, once the sound stands, the ear tells a way that got too narrow
// from one that holds its breath, and from a microphone that stopped. As they come: [times, what of it].
func TestTheSqueeze(t *testing.T) {
	run := callParts(t, "squeeze")
	for name, c := range map[string]struct{ before, looks, want string }{
		"packets trickle":                             {`5`, `[9, trickle]`, "-,-,-,75"},
		"some looks see nothing, or nothing amiss":    {`5`, `[1, trickle], [1, none], [1, {...trickle, madeUp: 0}], [1, none], [2, trickle]`, "-,-,-,-,45"},
		"more than two hundred passes":                {`5`, `[9, {...trickle, bits: 11_000}]`, "-,-,-,220"},
		"it holds its breath, and all comes":          {`5`, `[5, none], [1, {...whole, packets: 30, bits: 80_000, madeUp: 0.9}], [3, whole]`, "-,-,-,-,-,-,-,-,over"},
		"it holds its breath, and what came is lost":  {`5`, `[4, none], [6, {...whole, madeUp: 1}], [3, whole]`, "-,-,-,-,-,-,-,-,-,-,-,-,over"},
		"for a moment, and what came is lost":         {`5`, `[2, none], [6, {...whole, madeUp: 1}], [3, whole]`, "-,-,-,-,-,-,-,-,-,-,over"},
		"some is lost, of a small picture":            {`5`, `[1, {...trickle, lost: 12}], [5, {...trickle, madeUp: 1}], [3, {...trickle, madeUp: 0}]`, "-,-,-,-,-,-,-,-,over"},
		"more and more is lost of what trickles":      {`5`, `[20, {...trickle, lost: 2}]`, "-,-,-,-,-,-,-,-,-,75"},
		"packets trickle after a breath":              {`5`, `[3, none], [20, trickle]`, "-,-,-,-,-,-,-,-,-,-,-,75"},
		"it holds its breath for long":                {`5`, `[20, none]`, "-,-,-,-,-,over"},
		"the microphone stops, the picture goes on":   {`5`, `[9, {...whole, sound: 0, madeUp: 1}]`, "-,-,-,-,-,-,-,-,-"},
		"it stops, and the picture gets less as well": {`5`, `[9, {...trickle, sound: 0}]`, "-,-,-,-,-,-,-,-,-"},
		"less than half is made up":                   {`5`, `[9, {...trickle, madeUp: 0.4}]`, "-,-,-,-,-,-,-,-,-"},
		"it does so for long":                         {`5`, `[50, {...whole, sound: 0, madeUp: 1}]`, strings.Repeat("-,", 39) + "over"},
		"nothing was missed":                          {`5`, `[3, {...trickle, madeUp: 0}]`, "-,-,over"},
		"more came before, and much still comes":      {`5, 900_000`, `[9, {...trickle, bits: 16_000}]`, "-,-,-,-,-,-,-,-,-"},
		"nobody knows what came before":               {`1`, `[9, trickle]`, "-,-,-,-,-,-,-,-,-"},
		"as little came before":                       {`5, 100_000`, `[9, trickle]`, "-,-,-,-,-,-,-,-,-"},
		"it came until a moment ago":                  {`5, 400_000, 2`, `[9, trickle]`, "-,-,-,75"},
		"as little came for some seconds":             {`5, 400_000, 3`, `[9, trickle]`, "-,-,-,-,-,-,-,-,-"},
	} {
		got := run(`
			const whole = {ms: 50, packets: 5, bits: 20_000, sound: 2, lost: 0, madeUp: 0};
			const trickle = {ms: 50, packets: 2, bits: 3_750, sound: 1, lost: 0, madeUp: 0.8};
			const none = {ms: 50, packets: 0, bits: 0, sound: 0, lost: 0, madeUp: 1};
			const s = new squeeze.Squeeze();
			const usual = (times, rate = 400_000, less = 0) => { for (let i = 0; i < times; i++) s.usual(rate); for (let i = 0; i < less; i++) s.usual(80_000); };
			usual(` + c.before + `);
			s.begin();
			const told = [];
			for (const [times, look] of [` + c.looks + `]) for (let i = 0; i < times && !/[^-]/.test(told.at(-1) ?? '-'); i++) {
				const {room, over} = s.add(look);
				told.push(over ? 'over' : room === undefined ? '-' : String(Math.round(room / 1000)));
			}
			return told;`)
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, ","), c.want)
		}
	}
	got := run(`const s = new squeeze.Squeeze(); for (let i = 0; i < 9; i++) s.usual(400_000); s.reset(); s.begin();
		return [0, 0, 0, 0, 0].map(() => String(s.add({ms: 50, packets: 2, bits: 3_750, sound: 1, lost: 0, madeUp: 1}).room))`)
	if strings.Join(got, ",") != strings.Repeat("undefined,", 4)+"undefined" {
		t.Errorf("of another way: %v", got)
	}
}

// TestThePlanIsTold: what the two sides hear takes pictures back between two samples, at once to what passes; and soon back
// where it was one's own trial, and the other side hears well.
func TestThePlanIsTold(t *testing.T) {
	run := callParts(t, "plan")
	for name, c := range map[string]struct{ phases, want string }{
		"a way for sound alone":                        {`[5, {}], fit(65_000), [13, {}]`, "full 5,audio 11,quarter 2"},
		"a way for a small picture":                    {`[5, {}], fit(130_000), [8, {}]`, "full 5,quarter 5,half 3"},
		"a way that would do: the sound suffers still": {`[5, {}], fit(900_000), [3, {}]`, "full 5,half 3"},
		"said again, soon":                             {`[5, {}], fit(130_000), [1, {}], fit(130_000), [3, {}]`, "full 5,quarter 4"},
		"said again, soon, and it is less":             {`[5, {}], fit(130_000), [1, {}], fit(60_000), [3, {}]`, "full 5,quarter 1,audio 3"},
		"said again later":                             {`[5, {}], fit(130_000), [3, {}], fit(130_000), [3, {}]`, "full 5,quarter 3,audio 3"},
		"no more than all of the picture":              {`[5, {}], fit(0), [4, {}], fit(0), [4, {}]`, "full 5,audio 8"},
		"less than nothing":                            {`[5, {}], fit(-5), [3, {}]`, "full 5,audio 3"},
		"in vain after a step up":                      {`[5, {}], fit(65_000), [13, {}], fit(65_000), [26, {}]`, "full 5,audio 11,quarter 2,audio 23,quarter 3"},
		"one's own by way of trial":                    {`[5, {}], attempt(65_000), [13, {}]`, "full 5,audio 11,quarter 2"},
		"and it was needless":                          {`[5, {}], attempt(65_000), [1, {}], undo(), [5, {}]`, "full 5,audio 1,full 5"},
		"needless, but not clear":                      {`[5, {}], attempt(65_000), undo(), [3, {trip: 0.6}], [3, {}]`, "full 5,audio 4,full 2"},
		"needless, said too late":                      {`[5, {}], attempt(65_000), [6, {}], undo(), [6, {}]`, "full 5,audio 11,quarter 1"},
		"needless, and then told otherwise":            {`[5, {}], fit(130_000), [4, {}], attempt(65_000), undo(), fit(0), [6, {}]`, "full 5,quarter 4,audio 6"},
		"needless, of what was no trial":               {`[5, {}], fit(65_000), undo(), [8, {}]`, "full 5,audio 8"},
		"once it was needless no trial for long":       {`[5, {}], attempt(65_000), undo(), [5, {}], attempt(65_000), [26, {}], attempt(65_000), [2, {}]`, "full 5,audio 1,full 30,audio 2"},
	} {
		got := run(sampled + `
			const p = new plan.Plan();
			const [fit, attempt, undo] = [(room) => () => p.fit(room), (room) => () => p.try(room), () => () => p.undo()];
			return shorten([` + c.phases + `].flatMap((phase) => typeof phase === 'function' ? (phase(), []) : goThrough((s) => p.add(s).name, [phase])))`)
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, ","), c.want)
		}
	}
}
