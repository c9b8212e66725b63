package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vetroom/configs/configstest"
)

// enterDesk signs a vet in and marks the page.
func (b *tab) enterDesk(p *process, login string) {
	b.t.Helper()
	b.signIn(p, login)
	b.mark()
}

// mark makes the page known again: it is gone after a reload.
func (b *tab) mark() { b.t.Helper(); eval[bool](b, `window.marked = true`) }

// live waits until a script gives true on the very page that was marked.
func (b *tab) live(within time.Duration, what, script string) {
	b.t.Helper()
	b.holds(within, what, `Boolean(window.marked && (`+script+`))`)
}

// slotAfter gives the vet's first free slot that starts at least so much later.
func slotAfter(b *browser, vetID string, after time.Duration) string {
	b.t.Helper()
	slots, _ := b.want(200, "GET", "/api/v1/vets/"+vetID+"/slots?days=2", nil)["slots"].([]any)
	for _, s := range slots {
		if slot := object(s.(map[string]any)); slot.at("state") == "free" && slot.time(b.t, "start").After(time.Now().Add(after)) {
			return slot.at("start")
		}
	}
	b.t.Fatal("no free slot")
	return ""
}

// books lets somebody book a slot for a pet, by the API.
func (b *browser) books(vetID, start, pet string) object {
	b.t.Helper()
	return b.want(201, "POST", "/api/v1/reservations", object{
		"vet_id": vetID, "start": start, "owner": someone(), "pet": object{"name": pet}, "visit": object{"area": "skin"},
	})
}

// TestAVetsDay: what is booked, moved, cancelled and who comes to the door shows on the vet's page as it happens.
func TestAVetsDay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	api := addVet(t, p, dir, nil, "day")
	me := api.want(200, "GET", "/api/v1/vet/me", nil).at("id")
	vet := newTab(t, "desk", 1280, 900, "en-US")
	vet.enterDesk(p, "day")
	vet.holds(5*time.Second, "sees an empty day", `document.querySelectorAll('.patient').length === 0 && !document.querySelector('[data-at-door-none]').hidden`)

	owner := newBrowser(t, p.url)
	r := owner.books(me, slotAfter(owner, me, 40*time.Minute), "Bori")
	card := fmt.Sprintf(`document.querySelector('.patient[data-id="%s"]')`, r.at("id"))
	vet.live(5*time.Second, "a new booking appears", card)
	moved := slotAfter(owner, me, 80*time.Minute)
	owner.want(200, "POST", "/api/v1/reservations/"+r.at("id")+"/reschedule", object{"start": moved})
	vet.live(5*time.Second, "a moved one moves", fmt.Sprintf(`%s.dataset.starts === %q`, card, moved))

	arrives := newTab(t, "owner-at-door", 360, 740, "en-US")
	arrives.open(r.at("link"))
	arrives.open(p.url + "/room?id=" + url.QueryEscape(r.at("room.id")))
	vet.live(10*time.Second, "the owner is at the door", card+`.dataset.here === 'waiting' && document.querySelector('[data-at-door-list]').textContent.includes('Bori')`)
	vet.live(2*time.Second, "the door says so too", card+`.querySelector('.door-words').textContent === 'The owner is here'`)
	vet.shot("at-door")

	vet.click(`[data-at-door-list] a`)
	vet.live(5*time.Second, "the patient is chosen", fmt.Sprintf(`document.querySelector('[data-chosen] [data-case="%s"]')`, r.at("id")))
	vet.click(`[data-chosen] [data-act="open"]`)
	vet.live(5*time.Second, "the door opens", card+`.querySelector('form.door').dataset.state === 'open' && !document.querySelector('[data-chosen] [data-act="close"][data-first]').hidden`)
	vet.live(5*time.Second, "opening sets online", `document.querySelector('[data-online]').getAttribute('aria-checked') === 'true'`)
	arrives.holds(5*time.Second, "sees it open", `!document.querySelector('[data-enter]').disabled`)
	missing(t, vet, api, r.at("id"))

	second := owner.books(me, slotAfter(owner, me, 40*time.Minute), "Choco")
	other := fmt.Sprintf(`document.querySelector('.patient[data-id="%s"]')`, second.at("id"))
	vet.live(5*time.Second, "another booking appears", other)
	owner.want(200, "POST", "/api/v1/reservations/"+second.at("id")+"/cancel", object{})
	vet.live(5*time.Second, "a cancelled one says so", other+`.dataset.state === 'cancelled'`)
}

// missing marks the owner as missing, which the page offers only some minutes after the start.
func missing(t *testing.T, vet *tab, api *browser, id string) {
	t.Helper()
	const button = `document.querySelector('[data-chosen] [data-act="no-show"]')`
	if !eval[bool](vet, button+`.disabled`) {
		t.Error("a missing owner is offered at once")
	}
	const begun = `(document.querySelector('[data-chosen] [data-actions]').dataset.noShowFrom = new Date(Date.now() - 1000).toISOString())`
	vet.live(5*time.Second, "after the grace it is", begun+` && !`+button+`.disabled`)
	vet.click(`[data-chosen] .more-actions summary`)
	vet.click(`[data-chosen] [data-act="no-show"]`)
	vet.click(`[data-confirm-yes]`)
	vet.live(5*time.Second, "the page says so", fmt.Sprintf(`document.querySelector('.patient[data-id="%s"]').dataset.state === 'no_show'`, id))
	if got := api.want(200, "GET", "/api/v1/reservations/"+id, nil).at("state"); got != "no_show" {
		t.Errorf("the reservation is %s", got)
	}
}

// TestARecordInTwoWindows: it saves itself, keeps its versions, asks when another window was faster, waits out a server
// that is away, and prints on one page.
func TestARecordInTwoWindows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, []string{"VETROOM_ADDR=" + configstest.FreeAddr(t)})
	api := addVet(t, p, dir, nil, "writes")
	r := followUp(api, time.Now().Add(time.Hour), 20)
	page, record := "/vet/reservations/"+r.at("id"), "/api/v1/vet/reservations/"+r.at("id")+"/record"
	vet := newTab(t, "record", 1280, 900, "en-US")
	vet.enterDesk(p, "writes")
	vet.open(p.url + page)
	vet.mark()
	vet.types("subjective", "scratches since three days")
	vet.live(10*time.Second, "is saved", saved)
	if got := api.want(200, "GET", record, nil); got.at("subjective") != "scratches since three days" || got.at("version") != "1" {
		t.Errorf("kept %v", got)
	}
	vet.types("aftercare", "no bath for a week")
	vet.click(`input[name="visit_advised"]`)
	vet.live(10*time.Second, "the next version", saved+` && document.querySelector('input[name="version"]').value === '2'`)

	other := api.want(200, "GET", record, nil)
	note := object{"version": 2, "visit_advised": true}
	for _, part := range []string{"subjective", "objective", "assessment", "plan", "aftercare"} {
		note[part] = other.at(part)
	}
	note["plan"] = "written elsewhere"
	api.want(200, "PUT", record, note) // as another window does
	vet.types("assessment", "allergy")
	vet.live(10*time.Second, "is asked", `!document.querySelector('[data-conflict]').hidden`)
	vet.shot("conflict")
	vet.click(`[data-keep-mine]`)
	vet.live(10*time.Second, "keeps its own", saved+` && document.querySelector('input[name="version"]').value === '4'`)
	if got := api.want(200, "GET", record, nil); got.at("assessment") != "allergy" || got.at("plan") != "" {
		t.Errorf("kept %v", got)
	}
	if got := api.want(200, "GET", record+"?version=3", nil); got.at("plan") != "written elsewhere" {
		t.Errorf("version 3 is %v", got)
	}
	printed(t, vet)
	p = outage(t, dir, p, vet)
	if got := signIn(t, p, "writes").want(200, "GET", record, nil); got.at("plan") != "ointment" {
		t.Errorf("after the outage %v", got)
	}
	vet.open(p.url + page + "?version=3")
	vet.holds(5*time.Second, "an old version is only read", `!document.querySelector('textarea') && document.querySelector('.read').textContent.includes('written elsewhere')`)
}

const saved = `document.querySelector('[data-save-state]').textContent.startsWith('Saved ')`

// types writes into a field of the record.
func (b *tab) types(field, words string) {
	b.t.Helper()
	b.writeIn(`textarea[name="`+field+`"]`, words)
}

// printed checks that the record is one page on paper, with what was written and without what is for the screen.
func printed(t *testing.T, b *tab) {
	t.Helper()
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("..", "..", "artefacts")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "record.pdf"), pdf, 0o644)); err != nil {
		t.Fatal(err)
	}
	if pages := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf, -1)); pages != 1 {
		t.Errorf("the record prints on %d pages", pages)
	}
}

// outage ends the server while the vet writes, and starts it again on the same address.
func outage(t *testing.T, dir string, p *process, vet *tab) *process {
	t.Helper()
	p.kill()
	vet.types("plan", "ointment")
	vet.live(10*time.Second, "says that there is no connection", `document.querySelector('[data-save-state]').textContent.startsWith('No connection')`)
	p = serve(t, dir, []string{"VETROOM_BASE_URL=" + p.url, "VETROOM_ADDR=" + strings.TrimPrefix(p.url, "http://")})
	vet.live(20*time.Second, "is saved after all", saved)
	return p
}

// TestAVetsWordOnAPhoto: the photo stands beside the list with what was seen in it; agreeing and disagreeing are kept
// and published, without leaving the page.
func TestAVetsWordOnAPhoto(t *testing.T) {
	dir := t.TempDir()
	p := serve(t, dir, nil)
	api := addVet(t, p, dir, nil, "looks")
	me := api.want(200, "GET", "/api/v1/vet/me", nil).at("id")
	owner := newBrowser(t, p.url)
	photo := owner.screened()
	owner.becomes(photo, "done", 10*time.Second)
	vet := newTab(t, "photo", 1280, 900, "en-US")
	vet.enterDesk(p, "looks")
	r := owner.want(201, "POST", "/api/v1/reservations", object{
		"vet_id": me, "start": slotAfter(owner, me, 40*time.Minute), "owner": someone(), "pet": object{"name": "Bori"},
		"visit": object{"area": "skin"}, "screening_id": photo,
	})
	vet.live(10*time.Second, "the photo is beside the list", `document.querySelector('[data-chosen] .bars meter') && document.querySelector('[data-chosen] .zoom img').naturalWidth > 0`)
	vet.click(`[data-chosen] .review button[value="true"]`)
	vet.live(5*time.Second, "has agreed", `document.querySelector('[data-chosen] .reviewed')?.textContent.includes('agrees')`)
	vet.shot("agreed")
	vet.click(`[data-chosen] .review summary`)
	eval[string](vet, `document.querySelector('[data-chosen] .review select').value = [...document.querySelectorAll('[data-chosen] .review option')].at(-1).value`)
	vet.click(`[data-chosen] .review button[value="false"]`)
	vet.live(5*time.Second, "has disagreed", `document.querySelector('[data-chosen] .reviewed')?.textContent.includes('differently')`)
	if got := owner.want(200, "GET", "/api/v1/screenings/"+photo, nil); got.at("review.agrees") != "false" || got.at("review.finding") == "" {
		t.Errorf("the owner reads %v", got)
	}
	words := startTail(t, filepath.Join(dir, "var"), "--type", "ai.reviewed", "--from", "start")
	if first := words.next(); first == words.next() {
		t.Error("one word is published twice")
	}
	words.end()
	vet.open(p.url + "/vet/reservations/" + r.at("id"))
	vet.holds(5*time.Second, "it stands in the record too", `document.querySelector('.reviewed').textContent.includes('differently')`)
}

// TestHoursChangeAroundABooking: rows are added and removed, and what is booked stands though it is outside now.
func TestHoursChangeAroundABooking(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	api := addVet(t, p, dir, nil, "hours")
	me := api.want(200, "GET", "/api/v1/vet/me", nil).at("id")
	owner := newBrowser(t, p.url)
	r := owner.books(me, slotAfter(owner, me, 40*time.Minute), "Bori")
	vet := newTab(t, "hours", 360, 740, "en-US")
	vet.enterDesk(p, "hours")
	vet.open(p.url + "/vet/hours")
	vet.holds(5*time.Second, "shows a row a day", `document.querySelectorAll('[data-weekday] [data-row]').length === 7`)
	vet.click(`[data-weekday="sun"] [data-remove]`)
	vet.holds(2*time.Second, "a day off says so", `!document.querySelector('[data-weekday="sun"] [data-off]').hidden`)
	vet.fills("mon.from", "905")
	vet.fills("mon.to", "9")
	vet.holds(2*time.Second, "a wrong order is said at once", `document.querySelector('[data-weekday="mon"] [data-day-error]').textContent !== '' && document.querySelector('input[name="mon.from"]').value === '09:05'`)
	vet.shot("wrong")
	vet.fills("mon.to", "12:05")
	vet.holds(2*time.Second, "and forgiven", `document.querySelector('[data-weekday="mon"] [data-day-error]').hidden`)
	vet.click(`[data-copy-day]`)
	vet.click(`[data-weekday="mon"] [data-add]`)
	vet.holds(2*time.Second, "a row is added", `document.querySelectorAll('[data-weekday="mon"] [data-row]').length === 2 && document.querySelector('input[name="fri.from"]').value === '09:05'`)
	vet.click(`[data-weekday="sat"] [data-remove]`)
	vet.fills("slot_minutes", "35")
	vet.click(`form[data-hours] .summary button`)
	vet.holds(5*time.Second, "says what is outside now", `document.querySelector('.notice.good') && document.querySelector('.notice.late li a[href="/vet/reservations/`+r.at("id")+`"]')`)
	vet.shot("saved")
	if got := owner.want(200, "GET", "/api/v1/reservations/"+r.at("id"), nil); got.at("state") != "confirmed" || got.at("start") != r.at("start") {
		t.Errorf("the reservation is %v", got)
	}
	hours := api.want(200, "GET", "/api/v1/vet/hours", nil)
	if weekly, _ := hours["weekly"].([]any); len(weekly) != 5 || hours.at("slot_minutes") != "35" {
		t.Errorf("the hours are %v", hours)
	}
}

// fills puts a value in the place of what a field of the hours holds, as if it was typed and left.
func (b *tab) fills(field, value string) {
	b.t.Helper()
	eval[bool](b, fmt.Sprintf(`(() => {
		const input = document.querySelector('input[name=%q]');
		input.value = %q;
		return ['input', 'change', 'focusout'].map((name) => input.dispatchEvent(new Event(name, {bubbles: true}))).every(Boolean);
	})()`, field, value))
}

// TestANewPasswordSignsOut: the page of whoever came in with the one before goes to the login, at once.
func TestANewPasswordSignsOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	addVet(t, p, dir, nil, "changes")
	vet := newTab(t, "signed-out", 360, 740, "en-US")
	vet.enterDesk(p, "changes")
	runCommand(t, dir, nil, "another long password\n", "vet", "password", "changes", "--password-stdin")
	vet.holds(10*time.Second, "is at the login", `location.pathname === '/vet/login'`)
}
