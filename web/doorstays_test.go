package web

import (
	"fmt"
	"testing"
)

// TestTheDoorsButtonStaysWhereItIs: the words at a door are fewer once it is open, and whoever is about to press is not
// led astray.
func TestTheDoorsButtonStaysWhereItIs(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	w, server := site(t)
	open(t, ctx, server.URL+"/home/next?lang=ko")
	url, _ := w.assets.url("js/door.js")
	at := evaluate[[]float64](t, ctx, fmt.Sprintf(`import(%q).then(({ Door }) => {
		const form = document.querySelector('form.door'), { opens, closes } = form.dataset;
		document.querySelector('.next').style.width = '312px'; // a phone's
		const door = new Door(form, { now: () => Date.parse(opens) - 60_000 });
		const places = [form.querySelector('button').getBoundingClientRect().top, form.querySelector('.door-words').offsetHeight];
		door.apply({ state: 'open', opens_at: opens, closes_at: closes, version: 99 });
		return [...places, form.querySelector('button').getBoundingClientRect().top, form.querySelector('.door-words').offsetHeight];
	})`, url))
	if at[1] <= at[3] {
		t.Fatalf("the words are %g px high and then %g: this shows nothing", at[1], at[3])
	}
	if at[0] != at[2] {
		t.Errorf("the button was at %g, and is at %g", at[0], at[2])
	}
}
