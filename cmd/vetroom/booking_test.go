package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// watchShifts notes on a page whatever moves although nobody touched it, and marks the page: a page that is loaded again
// has lost its mark.
const watchShifts = `(() => {
	window.sameLoad = true;
	window.moved = 0;
	new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.moved += e.value }).observe({ type: 'layout-shift' });
	return true;
})()`

// stays fails unless the page was neither loaded again nor moved since watchShifts.
func (b *tab) stays() {
	b.t.Helper()
	if moved := eval[float64](b, `window.sameLoad ? window.moved : 1000`); moved > 0.005 {
		b.t.Errorf("%s: moved by %v (1000: was loaded again)", b.name, moved)
	}
}

// press presses what lies under something else, such as the summary at the foot of the screen.
func (b *tab) press(selector string) {
	b.t.Helper()
	eval[bool](b, fmt.Sprintf(`(() => { document.querySelector(%q).click(); return true })()`, selector))
}

// pickTime picks a time of the timetable.
func (b *tab) pickTime(start string) {
	b.t.Helper()
	b.press(fmt.Sprintf(`input[name="start"][value=%q]`, start))
}

// free gives the free times of the timetable that the tab shows, without the next five: none of them passes meanwhile.
func (b *tab) free() []string {
	b.t.Helper()
	return eval[[]string](b, `[...document.querySelectorAll('.slot input')].map((i) => i.value).slice(5)`)
}

func (b *tab) holdsPath(path string) {
	b.t.Helper()
	b.holds(10*time.Second, "is at "+path, fmt.Sprintf(`location.pathname === %q && document.readyState === 'complete'`, path))
}

// pill is a script that tells whether a time of the timetable is in a state, taken or free.
func (b *tab) pill(start, state string) string {
	selector := fmt.Sprintf(`time[datetime=%q]`, start)
	return fmt.Sprintf(`document.querySelector(%q)?.closest('.slot')?.classList.contains('taken') === %t`, selector, state == "taken")
}

// byAPI books a time for somebody else.
func byAPI(t *testing.T, base, vet, start, phone string) {
	t.Helper()
	newBrowser(t, base).want(201, "POST", "/api/v1/reservations", object{
		"vet_id": vet, "start": start, "owner": object{"name": "다른 보호자", "phone": phone}, "pet": object{"name": "콩"}, "visit": object{"area": "skin"},
	})
}

// TestTwoBookAtOneTimetable is the way from the list through the red flags to the confirmation, in two browsers: one sees
// the other's time go, and loses its own while typing, without a reload, and nothing moves.
func TestTwoBookAtOneTimetable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	api := addVet(t, p, dir, nil, "books")
	id := api.want(200, "GET", "/api/v1/vet/me", nil).at("id")
	vetPath := "/vets/" + url.PathEscape(id)

	first, second := newTab(t, "first", 360, 740, "ko-KR"), newTab(t, "second", 1280, 800, "en-US")
	if _, err := chromedp.Call(second.ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Berlin"}); err != nil {
		t.Fatal(err)
	}
	first.open(p.url + "/vets")
	first.holds(10*time.Second, "shows the vet offline", `document.querySelector('.vet .presence:not(.on)') !== null`)
	eval[bool](first, watchShifts)
	api.want(200, "PUT", "/api/v1/vet/online", object{"online": true})
	first.holds(10*time.Second, "sees the vet come online", `document.querySelector('.vet .presence.on') !== null`)
	first.stays()

	second.open(p.url + vetPath)
	seen := `document.querySelector('#times').dataset.zone === Intl.DateTimeFormat().resolvedOptions().timeZone && document.querySelector('.zone span') !== null`
	second.holds(10*time.Second, "sees the week by the own clock, and the vet's named", seen)
	second.holds(10*time.Second, "knows that the vet is online", `document.querySelector('.vet .presence.on') !== null`)
	times := second.free()
	eval[bool](second, watchShifts)

	first.click(".vet h2 a")
	first.holdsPath(vetPath)
	first.holds(10*time.Second, "has the times", fmt.Sprintf(`document.querySelector('input[value=%q]') !== null`, times[0]))
	first.pickTime(times[0])
	first.click(".summary button")
	first.holdsPath(vetPath + "/book")
	first.holds(5*time.Second, "is asked for red flags first", `document.querySelectorAll('.sign').length === 6 && !document.querySelector('[data-booking]')`)
	first.shot("flags")
	first.click(`.sign[value="seizure"]`)
	first.holds(10*time.Second, "is sent to a hospital", `document.querySelector('.go-now a[href^="/hospitals"]') !== null`)
	first.shot("go-now")
	first.click(".go-now section > p:last-child a")
	first.holds(10*time.Second, "may answer again", `document.querySelectorAll('.sign').length === 6`)
	first.click(`.summary button[value="none"]`)
	first.holds(10*time.Second, "has the form", `document.querySelector('[data-booking]') !== null`)
	first.click(".summary button")
	first.holds(5*time.Second, "is told what is missing", `document.activeElement.name === 'owner.name' && !document.querySelector('[data-error-for="owner.name"]').hidden`)
	first.fill(map[string]string{"owner.name": "보호자", "owner.phone": "01012345678", "owner.email": "a@mail.example", "pet.name": "보리"})
	first.press(`input[name="visit.area"][value="skin"]`)
	first.choose(skinPhoto(t, 640, 480, 1))
	first.holds(20*time.Second, "has the photo attached", `document.querySelector('input[name="screening_id"]:checked')?.value && document.querySelector('.photo img').naturalWidth > 0`)
	first.shot("book")
	first.click(".summary button")
	first.holds(10*time.Second, "is booked", `document.querySelector('[data-number]') !== null && document.querySelector('#link') !== null && document.querySelector('[data-mail]') !== null`)
	first.shot("booked")

	day := api.want(200, "GET", "/api/v1/vet/reservations?days=3", nil)
	visits, _ := day["reservations"].([]any)
	if visit, _ := visits[0].(map[string]any); len(visits) != 1 || object(visit).at("screening.id") == "" {
		t.Errorf("the vet sees no photo: %v", visits)
	}

	second.holds(10*time.Second, "sees that time go", second.pill(times[0], "taken"))
	second.stays()
	t.Run("moved, found by its number elsewhere, cancelled", func(t *testing.T) {
		first.t, second.t = t, t
		movesAndCancels(t, first, second, p.url, vetPath, times)
	})
	t.Run("a time that is gone while somebody types", func(t *testing.T) {
		second.t = t
		losesWhileTyping(t, second, p.url, id, times[3])
	})
}

// movesAndCancels has the owner of times[0] move to times[5], which who looks at the timetable sees, and cancel in another
// browser that knows the number and the phone only, which the first sees.
func movesAndCancels(t *testing.T, b, onlooker *tab, base, vetPath string, times []string) {
	number, path := eval[string](b, `document.querySelector('[data-number]').textContent`), eval[string](b, `location.pathname`)
	b.open(base + path)
	b.click(`a[href*="move="]`)
	b.holdsPath(vetPath)
	b.pickTime(times[5])
	b.click(".summary button")
	b.holdsPath(path)
	b.holds(10*time.Second, "has the new time", fmt.Sprintf(`document.querySelector('h1 time[datetime=%q]') !== null`, times[5]))
	onlooker.holds(10*time.Second, "sees the old time come back", onlooker.pill(times[0], "free"))
	onlooker.holds(10*time.Second, "sees the new time go", onlooker.pill(times[5], "taken"))
	onlooker.stays()

	elsewhere := newTab(t, "elsewhere", 360, 740, "en-US")
	elsewhere.open(base + path)
	elsewhere.holds(10*time.Second, "may not see it", `document.querySelector('[data-number]') === null`)
	elsewhere.open(base + "/reservations")
	elsewhere.fill(map[string]string{"number": number, "phone": "010-1234-5678"})
	elsewhere.click(`form[action="/reservations/lookup"] button`)
	elsewhere.holds(10*time.Second, "has found it", `location.pathname.startsWith('/reservations') && document.querySelector('[data-door], [data-number]') !== null`)
	elsewhere.open(base + path)
	elsewhere.press(`form[action$="/cancel"] button`)
	elsewhere.holds(10*time.Second, "has cancelled it", `document.readyState === 'complete' && document.querySelector('form[action$="/cancel"]') === null`)
	b.holds(10*time.Second, "sees that it was cancelled", `document.querySelector('form[action$="/cancel"]') === null`)
	onlooker.holds(10*time.Second, "sees its time come back", onlooker.pill(times[5], "free"))
}

// losesWhileTyping has a time taken away from who fills in its form, and book the nearest with what was typed.
func losesWhileTyping(t *testing.T, b *tab, base, vet, start string) {
	b.pickTime(start)
	b.click(".summary button")
	b.holds(10*time.Second, "is asked for red flags", `document.querySelectorAll('.sign').length === 6`)
	b.click(`.summary button[value="none"]`)
	b.holds(10*time.Second, "has the form", `document.querySelector('[data-booking]') !== null`)
	typed := map[string]string{"owner.name": "Kim", "owner.phone": "01087654321", "pet.name": "Bori", "symptoms": "It scratches"}
	b.fill(typed)
	eval[bool](b, watchShifts)
	byAPI(t, base, vet, start, "010-5555-6666")
	b.holds(10*time.Second, "is offered the nearest", `document.querySelectorAll('.nearest:not([hidden]) input[type="radio"]').length === 4`)
	b.stays()
	b.shot("lost")
	kept := eval[string](b, `JSON.stringify(Object.fromEntries([...document.querySelectorAll('[data-booking] [name]')].filter((c) => c.value && !c.matches('[type=hidden],[type=radio]')).map((c) => [c.name, c.value])))`)
	if want, _ := json.Marshal(typed); kept != string(want) {
		t.Errorf("kept %s, want %s", kept, want)
	}
	b.press(`input[name="visit.area"][value="skin"]`)
	b.click(".summary button")
	b.holds(5*time.Second, "is told to choose", `!document.querySelector('[data-error-for="start"]').hidden`)
	next := eval[string](b, `document.querySelectorAll('.nearest input')[1].value`)
	byAPI(t, base, vet, next, "010-7777-8888")
	b.holds(10*time.Second, "is not offered what is gone too", fmt.Sprintf(`!document.querySelector('.nearest input[value=%q]') && document.querySelectorAll('.nearest input').length === 4`, next))
	b.click(".nearest .slot:nth-of-type(2)")
	b.holds(5*time.Second, "has it chosen", `document.querySelector('.nearest input:checked') !== null`)
	b.click(".summary button")
	b.holds(10*time.Second, "is booked", `document.querySelector('[data-number]') !== null`)
	b.shot("booked")
}
