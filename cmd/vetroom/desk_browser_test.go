package main

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// enterDesk signs a vet in by the page.
func (b *tab) enterDesk(p *process, login string) {
	b.t.Helper()
	b.open(p.url + "/vet/login")
	b.do(chromedp.SendKeys(chromedp.CSS(`input[name="login"]`), login), chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), testPassword))
	b.click(`form[action="/vet/login"] button`)
	b.holds(10*time.Second, "is on the own page", `location.pathname === '/vet'`)
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
