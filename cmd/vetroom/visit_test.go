package main

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// visitTabs are a vet at a desk and an owner with a phone.
func visitTabs(t *testing.T, p *process, login string) (vet, owner *tab) {
	t.Helper()
	vet, owner = newTab(t, "vet", 1280, 800, "ko-KR"), newTab(t, "owner", 360, 740, "ko-KR")
	vet.signIn(p, login)
	owner.open(p.url + "/vets") // the browser is warm before the clock counts
	return vet, owner
}

// writes sends a word by the page's own form.
func (b *tab) writes(words string) {
	b.t.Helper()
	b.utters(words)
	b.holds(5*time.Second, "has it kept: "+words, said(words, "kept"))
}

// utters writes a word and asks no more of it.
func (b *tab) utters(words string) {
	b.t.Helper()
	b.writeIn(`[data-chat-text]`, words+"\r")
}

// said is a script that looks for a word in the chat.
func said(words, state string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('.said[data-state="%s"] .said-text')].some((p) => p.textContent === %q)`, state, words)
}

// ahead moves the clock that a page goes by, its own and what the server says of its: what comes in some minutes comes now.
func (b *tab) ahead(d time.Duration) {
	b.t.Helper()
	eval[bool](b, fmt.Sprintf(`((ms) => {
		const [now, parse] = [performance.now.bind(performance), JSON.parse];
		performance.now = () => now() + ms;
		JSON.parse = (text) => {
			const message = parse(text);
			if (message?.now) message.now = new Date(Date.parse(message.now) + ms).toISOString();
			return message;
		};
		return true;
	})(%d)`, d.Milliseconds()))
}

const banner = `document.querySelector('[data-banner]:not([hidden])')`

// TestACallWithItsChat: an owner comes in from the list of reservations; the two write to each other, a reload keeps it;
// both are told before the end, the vet adds five minutes, and not five more, since somebody is next; afterwards each is
// led on, and the owner reads what was said and what to do.
func TestACallWithItsChat(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	api := addVet(t, p, dir, nil, "chats")
	vet, owner := visitTabs(t, p, "chats")
	visit := followUp(api, soon(time.Minute), 5)
	id, room := visit.at("id"), visit.at("room.id")
	owner.open(visit.at("link"))
	owner.open(p.url + "/reservations")
	owner.holds(2*time.Second, "counts down", `/\d:\d\d/.test(document.querySelector('.door-count').textContent)`)
	vet.open(p.url + "/room?id=" + url.QueryEscape(room))
	vet.click(`.ready [data-chat-toggle]`)
	vet.holds(5*time.Second, "cannot write at a locked door, and reads why", `document.querySelector('[data-chat-text]').disabled && !document.querySelector('[data-chat-problem]').hidden`)
	api.want(200, "POST", "/api/v1/vet/rooms/"+room+"/open", nil)
	owner.holds(5*time.Second, "may enter", `!document.querySelector('[data-enter]').disabled`)
	owner.click(`[data-enter]`)
	both := []*tab{vet, owner}
	for _, b := range both {
		b.holds(20*time.Second, "is connected", `document.documentElement.dataset.call === 'connected'`)
	}

	owner.click(`.call-bar [data-chat-toggle]`)
	owner.writes("사흘째 긁어요")
	vet.holds(5*time.Second, "reads it", said("사흘째 긁어요", "kept"))
	vet.writes("<b>어디를</b>요?")
	owner.holds(5*time.Second, "reads the answer", said("<b>어디를</b>요?", "kept"))
	owner.shot("chat")
	vet.shot("chat")
	owner.click(`[data-chat-close]`)
	vet.writes("가까이 보여 주세요")
	owner.holds(5*time.Second, "sees that something is unread", `document.querySelector('.call-bar [data-unread]').textContent === '1'`)
	owner.do(chromedp.Reload())
	owner.holds(20*time.Second, "is back in the call", `document.documentElement.dataset.call === 'connected'`)
	owner.holds(5*time.Second, "still has all that was said", `document.querySelectorAll('.said[data-state="kept"]').length === 3`)

	for _, b := range both {
		b.ahead(time.Until(visit.time(t, "end")) - 2*time.Minute)
		b.holds(5*time.Second, "is told that it ends soon", banner+`?.dataset.kind === 'ends'`)
	}
	vet.shot("ends")
	vet.click(`[data-extend="5"]`)
	for _, b := range both {
		b.holds(5*time.Second, "sees the new end", banner+`?.dataset.kind === 'news'`)
	}
	owner.shot("extended")
	longer := api.want(200, "GET", "/api/v1/reservations/"+id, nil)
	if got := longer.time(t, "end").Sub(visit.time(t, "end")); got != 5*time.Minute {
		t.Errorf("it goes on for %v longer", got)
	}
	followUp(api, longer.time(t, "end").Truncate(5*time.Minute).Add(5*time.Minute), 5)
	vet.click(`[data-extend="5"]`)
	vet.holds(5*time.Second, "reads that somebody is next", `document.querySelector('[data-banner-words]').textContent.includes('바로 뒤에')`)

	vet.click(`[data-close]`)
	vet.click(`[data-yes="close"]`)
	for _, b := range both {
		b.holds(5*time.Second, "sees the end", `document.documentElement.dataset.call === 'closed'`)
	}
	vet.holds(time.Second, "is led to the record", `document.querySelector('[data-onward]').pathname === '/vet/reservations/`+id+`'`)
	owner.click(`[data-onward]`)
	owner.holds(5*time.Second, "reads what was said, and that the vet has not written yet",
		`document.querySelectorAll('.kept-chat .said').length === 3 && document.querySelector('.aftercare') && !document.querySelector('[data-aftercare]')`)
	api.want(200, "PUT", "/api/v1/vet/reservations/"+id+"/record", object{
		"subjective": "", "objective": "", "assessment": "", "plan": "", "aftercare": "목욕은 쉬어 주세요", "visit_advised": true,
	})
	owner.holds(5*time.Second, "reads the aftercare as soon as it is written", `document.querySelector('[data-aftercare]')?.textContent === '목욕은 쉬어 주세요' &&
		document.querySelector('.aftercare a[href="/hospitals"]') !== null`)
	owner.shot("aftercare")
}

// TestTheOwnerOfALateVetIsHelped: the vet announces a delay; the owner's open page says so and offers what can be done,
// without moving what is being read; another vet who is online takes over, and is told. Inside the room the offer is made as
// well.
func TestTheOwnerOfALateVetIsHelped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	late, other := addVet(t, p, dir, nil, "late"), addVet(t, p, dir, nil, "other")
	other.want(200, "PUT", "/api/v1/vet/online", object{"online": true})
	vetID := other.want(200, "GET", "/api/v1/vet/me", nil).at("id")
	desk := newTab(t, "other", 1280, 800, "ko-KR")
	desk.enterDesk(p, "other")
	owner := newTab(t, "owner", 360, 740, "ko-KR")
	owner.open(p.url + "/vets")
	visit := followUp(late, time.Now().Add(5*time.Second), 20)
	path, room := "/reservations/"+visit.at("id"), visit.at("room.id")

	owner.open(visit.at("link"))
	owner.holds(5*time.Second, "sees the door open", `document.querySelector('[data-door]').dataset.state === 'open'`)
	owner.click(`[data-enter]`)
	owner.holds(10*time.Second, "waits inside", `document.querySelector('[data-entered="true"]') !== null`)
	owner.ahead(3 * time.Minute)
	owner.holds(5*time.Second, "is told how late the vet is", banner+`?.dataset.kind === 'late' && /\d분/.test(document.querySelector('[data-banner-words]').textContent)`)
	owner.shot("late-inside")
	owner.click(`[data-late-options]`)
	owner.holds(5*time.Second, "sees the offers", `location.pathname === '`+path+`' && document.querySelector('#late:not([hidden])') !== null`)

	owner.open(p.url + "/reservations")
	late.want(200, "POST", "/api/v1/vet/rooms/"+room+"/delay", object{"minutes": 15})
	owner.holds(5*time.Second, "sees the delay in the list", `document.querySelector('[data-door]').dataset.state === 'late'`)
	late.want(200, "POST", "/api/v1/vet/rooms/"+room+"/delay", object{"minutes": 0})
	owner.open(p.url + path)
	eval[bool](owner, `(() => { document.querySelector('#late')?.remove(); return true })()`)
	late.want(200, "POST", "/api/v1/vet/rooms/"+room+"/delay", object{"minutes": 15})
	owner.holds(5*time.Second, "sees the delay at the door", `document.querySelector('[data-door]').dataset.state === 'late'`)
	owner.holds(5*time.Second, "has the offers, which push nothing away", `document.querySelector('#late')?.hidden === true`)
	owner.click(`.door-options`)
	owner.holds(time.Second, "sees them when asked for", `document.querySelector('#late').checkVisibility()`)
	owner.shot("late")
	owner.click(`form[action$="/transfer"] button`)
	owner.holds(10*time.Second, "is told who takes over", `location.pathname === '`+path+`' && document.querySelector('.notice.good') !== null`)
	if got := other.want(200, "GET", "/api/v1/reservations/"+visit.at("id"), nil).at("vet.id"); got != vetID {
		t.Errorf("the visit is with %s, want %s", got, vetID)
	}
	desk.live(5*time.Second, "shows whom the vet took over, and says that somebody waits", `document.querySelector('.patient[data-pet="초코"] [data-room-state="open"]') !== null &&
		document.querySelector('[data-toast]:not([hidden])')?.textContent.includes('초코')`)
	desk.shot("took-over")
	late.want(404, "GET", "/api/v1/reservations/"+visit.at("id"), nil)
}

// TestAnOwnerWhoDoesNotCome is waited for five minutes; then the vet may end the visit as missed, once asked again.
func TestAnOwnerWhoDoesNotCome(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	api := addVet(t, p, dir, nil, "waits")
	vet := newTab(t, "vet", 1280, 800, "en-US")
	vet.signIn(p, "waits")
	visit := followUp(api, time.Now().Add(5*time.Second), 20)
	vet.open(p.url + "/room?id=" + url.QueryEscape(visit.at("room.id")))
	vet.holds(10*time.Second, "waits inside", `document.querySelector('[data-entered="true"]') !== null`)
	vet.holds(time.Second, "may not give up yet", `document.querySelector('[data-no-show]').hidden && document.querySelector('[data-banner]').hidden`)
	vet.ahead(6 * time.Minute)
	vet.holds(5*time.Second, "may give up", banner+`?.dataset.kind === 'absent' && document.querySelector('[data-no-show]').checkVisibility()`)
	vet.shot("absent")
	vet.click(`[data-no-show]`)
	vet.click(`[data-yes="no-show"]`)
	vet.holds(5*time.Second, "sees the end", `document.documentElement.dataset.call === 'closed'`)
	if got := api.want(200, "GET", "/api/v1/reservations/"+visit.at("id"), nil).at("state"); got != "no_show" {
		t.Errorf("the visit is %s", got)
	}
}
