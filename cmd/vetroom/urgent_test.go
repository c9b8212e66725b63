package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// signInAs has a tab be a vet's, online, at a page.
func (b *tab) signInAs(p *process, login, page string) {
	b.t.Helper()
	b.open(p.url + "/vet/login")
	eval[bool](b, fmt.Sprintf(`(async () => {
		const send = (method, path, body) => fetch('/api/v1' + path, {method, body: JSON.stringify(body), headers: {'Content-Type': 'application/json'}});
		return (await send('POST', '/vet/login', {login: %q, password: %q})).ok && (await send('PUT', '/vet/online', {online: true})).ok;
	})()`, login, testPassword))
	b.open(p.url + page)
}

const (
	ringShown = `!document.querySelector('[data-ring]').hidden && !('over' in document.querySelector('[data-ring]').dataset)`
	ringArmed = `'armed' in document.querySelector('[data-ring]').dataset`
	ringGone  = `document.querySelector('[data-ring]').hidden || 'over' in document.querySelector('[data-ring]').dataset`
	inRoom    = `location.pathname === '/room' && ['open', 'connected'].includes(document.documentElement.dataset.call)`
)

// ringSaid is what the banner says of how its ring ended.
func (b *tab) ringSaid(words string) {
	b.t.Helper()
	b.holds(5*time.Second, "is told "+words, fmt.Sprintf(`!document.querySelector('[data-ring]').hidden && document.querySelector('[data-ring-said]').textContent === %q`, words))
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf(`document.querySelector(%q)?.textContent.trim() ?? ''`, selector))
}

func (b *tab) fill(values map[string]string) {
	b.t.Helper()
	for name, value := range values {
		b.writeIn(fmt.Sprintf(`[name=%q]`, name), value)
	}
}

// TestUrgentInTheirBrowsers: nobody is online; then two vets are, one declines, the next accepts, and that vet and the
// owner are in the same open room.
func TestUrgentInTheirBrowsers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	addVet(t, p, dir, nil, "first")
	second := addVet(t, p, dir, nil, "second")
	owner := newTab(t, "urgent-owner", 360, 740, "ko-KR")
	owner.open(p.url + "/urgent")
	owner.holds(5*time.Second, "is told that nobody is online", `document.querySelector('.notice.late') && !document.querySelector('main form') &&
		document.querySelector('main a[href^="/hospitals"]') && document.querySelector('main a[href="/vets"]')`)
	owner.shot("nobody")

	a, b := newTab(t, "urgent-first", 1280, 800, "ko-KR"), newTab(t, "urgent-second", 360, 740, "en-GB")
	a.signInAs(p, "first", "/vet")
	b.signInAs(p, "second", "/vet/hours")
	b.focus(`[name="slot_minutes"]`)

	eventually(t, 5*time.Second, "the owner is asked for red flags", func() error {
		owner.open(p.url + "/urgent")
		if !eval[bool](owner, `Boolean(document.querySelector('form.flags'))`) {
			return errNotYet
		}
		return nil
	})
	owner.shot("flags")
	owner.click(`button[name="flags"][value="none"]`)
	owner.holds(5*time.Second, "has the form", `document.querySelector('form[data-ask]')`)
	owner.click(`form[data-ask] .summary button`)
	owner.holds(2*time.Second, "is told what is missing", `location.pathname === '/urgent' && document.querySelector('.field-error:not([hidden])')`)
	owner.fill(map[string]string{"pet.name": "보리", "pet.breed": "말티즈", "symptoms": "갑자기 얼굴이 부었어요.", "owner.name": "보호자", "owner.phone": "010-1234-5678"})
	owner.click(`[name="visit.area"][value="skin"]`)
	owner.shot("form")
	owner.click(`form[data-ask] .summary button`)
	owner.holds(5*time.Second, "waits, and a vet is asked", `document.querySelector('[data-wait][data-state="ringing"] [data-left]')?.textContent.match(/0:[0-9]{2}|1:00/)`)
	owner.shot("ringing")

	a.holds(5*time.Second, "rings", ringShown)
	for selector, want := range map[string]string{"[data-ring-pet]": "보리", "[data-ring-more]": "말티즈 · 피부", "[data-ring-symptoms]": "갑자기 얼굴이 부었어요."} {
		if got := a.text(selector); got != want {
			t.Errorf("the vet reads %q, want %q", got, want)
		}
	}
	a.holds(3*time.Second, "blinks and counts", `document.title.includes('보리') && document.querySelector('[data-ring-left]').textContent.match(/[0-9]+초/)`)
	a.holds(3*time.Second, "takes presses", ringArmed)
	a.shot("ring")
	if eval[bool](b, ringShown) {
		t.Error("it rings both at once")
	}
	a.click(`[data-ring-decline]`)
	a.ringSaid("거절했어요. 다음 수의사에게 물어봐요.")

	b.holds(5*time.Second, "rings next", ringShown)
	b.holds(3*time.Second, "takes presses", ringArmed)
	b.shot("ring")
	if got := eval[string](b, `document.activeElement.name`); got != "slot_minutes" {
		t.Errorf("the ring took the focus from the field, to %q", got)
	}
	owner.holds(3*time.Second, "still waits", `document.querySelector('[data-wait]').dataset.state === 'ringing'`)
	b.click(`[data-ring-accept]`)
	for _, tab := range []*tab{b, owner} {
		tab.holds(10*time.Second, "is in the open room", inRoom)
		tab.shot("room")
	}
	if at, want := eval[string](owner, `location.search`), eval[string](b, `location.search`); at != want {
		t.Errorf("the owner is at %s, the vet at %s", at, want)
	}
	if title := eval[string](b, `document.title`); strings.Contains(title, "보리 needs") {
		t.Errorf("still calls: %q", title)
	}

	visit := eval[string](owner, `fetch('/api/v1/reservations').then((a) => a.json()).then((a) => a.reservations[0].id)`)
	owner.open(p.url + "/reservations/" + visit)
	steps := eval[[]string](owner, `[...document.querySelectorAll('.timeline li')].map((li) => li.textContent.trim())`)
	for _, want := range []string{"보호자가 바로 진료를 요청했어요", "수의사를 호출했어요", "수의사가 받을 수 없었어요", "수의사가 수락했어요"} {
		if !strings.Contains(strings.Join(steps, "\n"), want) {
			t.Errorf("the timeline does not tell %q: %q", want, steps)
		}
	}
	wantInOrder(t, second, visit, "asked rung declined rung accepted booked opened")
}

// TestUrgentRaces: two vets accept at once, and one is told; an owner leaves, and the banner goes, after a reload too.
func TestUrgentRaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	addVet(t, p, dir, nil, "first")
	second := addVet(t, p, dir, nil, "second")
	vet := newTab(t, "urgent-vet", 1280, 800, "ko-KR")
	vet.signInAs(p, "first", "/vets") // also on the owners' pages
	second.goOnline()

	owner, asked := askNow(t, p.url, "010-1111-2222")
	vet.holds(5*time.Second, "rings", ringShown)
	vet.holds(3*time.Second, "takes presses", ringArmed)
	eval[bool](vet, `(() => {
		const fetch = window.fetch, gate = new Promise((open) => (window.openGate = open));
		window.fetch = async (...request) => { if (String(request[0]).endsWith('/accept')) await gate; return fetch(...request); };
		return true;
	})()`)
	vet.click(`[data-ring-accept]`)
	visit := second.want(200, "POST", "/api/v1/vet/instant/"+asked.at("id")+"/accept", nil)
	eval[bool](vet, `(window.openGate(), true)`)
	vet.ringSaid("다른 수의사가 먼저 받았어요.")
	vet.shot("taken")
	if got := owner.want(200, "GET", "/api/v1/instant/"+asked.at("id"), nil); got.at("reservation_id") != visit.at("id") {
		t.Errorf("the owner reads %v", got)
	}

	leaver := newTab(t, "urgent-leaver", 360, 740, "ko-KR")
	leaver.open(p.url + "/urgent?flags=none")
	request := eval[string](leaver, `fetch('/api/v1/instant', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({
		owner: {name: '보호자', phone: '010-3333-4444'}, pet: {name: '초코'}, visit: {area: 'eye'}})}).then((a) => a.json()).then((a) => a.id)`)
	leaver.open(p.url + "/urgent/" + request)
	vet.holds(5*time.Second, "rings again", ringShown)
	vet.open(p.url + "/vet/hours")
	vet.holds(5*time.Second, "still rings on another page", ringShown+` && document.querySelector('[data-ring-pet]').textContent === '초코'`)
	leaver.open(p.url + "/urgent")
	leaver.holds(5*time.Second, "is led back to the place where it waits", `document.querySelector('main a[href="/urgent/`+request+`"]')`)
	leaver.click(`main a[href="/urgent/` + request + `"]`)
	leaver.holds(5*time.Second, "waits", `document.querySelector('[data-wait][data-state="ringing"]')`)
	leaver.click(`[data-part="acts"] button`)
	leaver.holds(5*time.Second, "has left", `document.querySelector('[data-wait][data-state="left"]') && document.querySelector('main a[href^="/hospitals"]')`)
	leaver.shot("left")
	vet.ringSaid("보호자가 요청을 거뒀어요.")
	vet.click(`[data-ring-close]`)
	vet.holds(3*time.Second, "has the page alone", `document.querySelector('[data-ring]').hidden && !document.title.includes('초코')`)

	// Who is behind others waits, sees the place, and is asked for as soon as somebody is free.
	vet.open(p.url + "/vet")
	eval[bool](vet, `fetch('/api/v1/vet/online', {method: 'PUT', headers: {'Content-Type': 'application/json'}, body: '{"online":false}'}).then((a) => a.ok)`)
	askNow(t, p.url, "010-5555-6666")
	request = eval[string](leaver, `fetch('/api/v1/instant', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({
		owner: {name: '보호자', phone: '010-3333-4444'}, pet: {name: '초코'}, visit: {area: 'eye'}})}).then((a) => a.json()).then((a) => a.id)`)
	leaver.open(p.url + "/urgent/" + request)
	leaver.holds(5*time.Second, "sees the place", `document.querySelector('#wait-words').textContent.includes('앞에 1명') `)
	leaver.shot("queued")
	eval[bool](vet, `fetch('/api/v1/vet/online', {method: 'PUT', headers: {'Content-Type': 'application/json'}, body: '{"online":true}'}).then((a) => a.ok)`)
	vet.holds(5*time.Second, "rings for the first", ringShown)
	leaver.holds(5*time.Second, "moved up without a reload", `document.querySelector('#wait-words').textContent.includes('다음 차례')`)
	vet.holds(3*time.Second, "takes presses", ringArmed)
	vet.click(`[data-ring-accept]`)
	vet.holds(10*time.Second, "is in the open room", inRoom)
}
