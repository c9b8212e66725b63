package main

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	permission "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// reminded books a visit of which its owner is reminded at once, and gives the link of that mail to the check.
func reminded(t *testing.T, vet *browser) (visit object, link string) {
	t.Helper()
	who := someone()
	who["email"], who["locale"] = "me@owner.example", "ko"
	visit = vet.want(201, "POST", "/api/v1/vet/reservations", object{
		"start": soon(10*time.Minute + 6*time.Second).UTC().Format(wireTime), "minutes": 20, "owner": who,
		"pet": object{"name": "초코"}, "visit": object{"area": "skin"},
	})
	toCheck := regexp.MustCompile(`https?://\S+/r/\S+\?to=check`)
	eventually(t, 20*time.Second, "the owner is reminded, and offered the check", func() error {
		for _, mail := range vet.devMails() {
			if link = toCheck.FindString(mail.at("text")); mail.at("kind") == "soon" && link != "" {
				return nil
			}
		}
		return fmt.Errorf("mails: %v", vet.devMails())
	})
	return visit, link
}

// checks has a page try the connection, again if the machine was too busy for a good verdict, and gives the way.
func (b *tab) checks() string {
	b.t.Helper()
	for range 3 {
		b.press("[data-start]")
		b.holds(30*time.Second, "the check is done", `document.querySelector('[data-callcheck]').dataset.step === 'done'`)
		b.t.Logf("%s: %s", b.name, eval[string](b, `JSON.stringify({...document.querySelector('[data-callcheck]').dataset}) +
			' ' + [...document.querySelectorAll('[data-figure]')].map((f) => f.dataset.figure + ' ' + f.textContent).join(', ')`))
		if eval[string](b, `document.querySelector('[data-callcheck]').dataset.verdict`) == "good" {
			break
		}
	}
	if verdict := eval[string](b, `document.querySelector('[data-callcheck]').dataset.verdict`); verdict != "good" {
		b.t.Errorf("%s: the verdict is %q", b.name, verdict)
	}
	return eval[string](b, `document.querySelector('[data-callcheck]').dataset.way`)
}

// awaits is holds for what takes its time to tell.
func (b *tab) awaits(within time.Duration, what, script string) {
	b.t.Helper()
	eventually(b.t, within, b.name+": "+what, func() error {
		if !eval[bool](b, script) {
			return errors.New("not so")
		}
		return nil
	})
}

// details are what a visit's timeline says of checks.
func details(b *browser, visit object) (all []string) {
	b.t.Helper()
	entries, _ := b.want(200, "GET", "/api/v1/reservations/"+visit.at("id")+"/timeline", nil)["entries"].([]any)
	for _, e := range entries {
		entry := object(e.(map[string]any))
		if entry.at("what") == "checked" {
			all = append(all, entry.at("detail")+" by "+entry.at("by"))
		}
	}
	return all
}

// TestAnOwnerChecksBeforeTheCall: by the reminder's link to the check, directly and by either kind of relay; what comes
// back is really one's own; the timeline, the reservation's page and the vet's say how it went.
func TestAnOwnerChecksBeforeTheCall(t *testing.T) {
	dir := t.TempDir()
	p := serve(t, dir, []string{withTURN}, "--demo")
	vet := addVet(t, p, dir, nil, "echo")
	visit, link := reminded(t, vet)
	owner := newTab(t, "owner", 360, 740, "ko-KR")
	owner.open(link)
	owner.holdsPath("/reservations/" + visit.at("id") + "/check")
	if way := owner.checks(); way != "udp" {
		t.Errorf("the way is %s", way)
	}
	owner.awaits(10*time.Second, "pictures and sound come back, and are shown", `(async () => {
		const back = document.querySelector('video[data-back]');
		const all = [...(await window.vetroomEcho.getStats()).values()].filter((s) => s.type === 'inbound-rtp');
		return back.videoWidth > 0 && back.currentTime > 0 && all.some((s) => s.framesDecoded > 50) && document.querySelector('[data-back-level]').value > 0.05 &&
			window.vetroomEcho.remoteDescription.sdp.includes('a=ice-lite');
	})()`)
	if muted := eval[string](owner, `(() => {
		const back = document.querySelector('video[data-back]');
		const before = back.muted;
		document.querySelector('[data-hear]').click();
		return before + ' ' + back.muted;
	})()`); muted != "true false" {
		t.Errorf("before and after wanting to hear oneself it is muted: %s", muted)
	}
	owner.says("[data-verdict-title]", "좋아요, 이대로 통화할 수 있어요")
	owner.press("[data-chime]")
	owner.press(`[data-heard] [value="no"]`)
	owner.says(`[data-do="speaker"]`, "기기 음량을 올리고")
	owner.shot("checked")
	for _, transport := range []string{"udp", "tcp"} {
		eval[bool](owner, relayed(transport)+`; true`)
		if way := owner.checks(); way != "relay_"+transport {
			t.Errorf("by a relay over %s the way is %s", transport, way)
		}
	}
	eventually(t, 5*time.Second, "the timeline tells of the checks", func() error {
		got := strings.Join(details(vet, visit), ", ")
		for _, want := range []string{"good udp by owner", "good relay_udp by owner", "good relay_tcp by owner"} {
			if !strings.Contains(got, want) {
				return fmt.Errorf("it says %s", got)
			}
		}
		return nil
	})
	owner.open(p.url + "/reservations/" + visit.at("id"))
	owner.says("[data-last-check]", "연결 확인: 좋음 (중계, TCP), 오늘")
	owner.shot("reservation-checked")
	owner.waitsAndChecks(p, visit)
	desk := newTab(t, "vet", 1280, 800, "ko-KR")
	desk.signIn(p, "echo")
	desk.open(p.url + "/vet/reservations/" + visit.at("id"))
	desk.says("[data-last-check]", "연결 확인: 좋음")
	if text := metricsOf(t, p.url); !regexp.MustCompile(`(?m)^vetroom_echo_begun_total [4-9]`).MatchString(text) ||
		!regexp.MustCompile(`(?m)^vetroom_checks_total\{verdict="good",way="relay_tcp"\} [1-9]`).MatchString(text) {
		t.Errorf("counted:\n%s", text)
	}
}

// TestACheckOnAnyAddress: the relay and the echo are bound to all addresses, and meet inside; the browser still knows its
// relay for one.
func TestACheckOnAnyAddress(t *testing.T) {
	dir := t.TempDir()
	p := serve(t, dir, []string{"VETROOM_TURN_ADDR=0.0.0.0:0"})
	vet := addVet(t, p, dir, nil, "wide")
	visit := followUp(vet, soon(time.Hour), 20)
	owner := newTab(t, "owner", 360, 740, "ko-KR")
	owner.open(visit.at("link") + "?to=check")
	eval[bool](owner, relayed("udp")+`; true`)
	if way := owner.checks(); way != "relay_udp" {
		t.Errorf("the way is %s", way)
	}
	if local := eval[string](owner, `(async () => {
		const stats = await window.vetroomEcho.getStats();
		const transport = [...stats.values()].find((s) => s.selectedCandidatePairId);
		return stats.get(stats.get(transport.selectedCandidatePairId).localCandidateId).candidateType;
	})()`); local != "relay" {
		t.Errorf("its end of the connection is taken for %s", local)
	}
}

// waitsAndChecks: in the waiting room the check runs by itself, once.
func (b *tab) waitsAndChecks(p *process, visit object) {
	b.t.Helper()
	room := p.url + "/room?" + url.Values{"id": {visit.at("room.id")}}.Encode()
	b.open(room)
	b.holds(40*time.Second, "the third tick says how the connection is", `['good', 'fair'].includes(document.querySelector('[data-tick-verdict]').dataset.tickVerdict)`)
	b.holds(5*time.Second, "nothing of it goes on", `window.vetroomEcho.connectionState === 'closed'`)
	b.shot("waiting-checked")
	b.open(room)
	b.holds(5*time.Second, "it says so again at once", `['good', 'fair'].includes(document.querySelector('[data-tick-verdict]').dataset.tickVerdict)`)
	if eval[bool](b, `'vetroomEcho' in window`) {
		b.t.Error("it was tried again")
	}
}

// TestAChecksBadNews: a camera that is not allowed, and a server that sends nothing back: the page says what to do.
func TestAChecksBadNews(t *testing.T) {
	dir := t.TempDir()
	p := serve(t, dir, []string{"VETROOM_TURN_ADDR=off"})
	vet := addVet(t, p, dir, nil, "silent")
	visit := followUp(vet, soon(time.Hour), 20)
	b := newTab(t, "owner", 360, 740, "ko-KR", chromedp.Flag("use-fake-ui-for-media-stream", false)) // it is really asked
	b.open(visit.at("link") + "?to=https://elsewhere.example/")
	b.holdsPath("/reservations/" + visit.at("id"))
	for _, what := range []string{"camera", "microphone"} {
		b.permit(what, permission.PermissionSettingDenied)
	}
	b.open(p.url + "/reservations/" + visit.at("id") + "/check")
	b.press("[data-start]")
	b.says(`[data-tick="camera"]`, "허용 안 됨")
	b.says(`[data-do="allow_desktop"]`, "카메라와 마이크를 허용해 주세요")
	b.says("[data-verdict-title]", "연결은 여기서 미리 확인할 수 없어요")
	b.shot("denied")
	for _, what := range []string{"camera", "microphone"} {
		b.permit(what, permission.PermissionSettingGranted)
	}
	b.press("[data-start]")
	b.says(`[data-tick="camera"]`, "좋아요")
	b.says(`[data-tick="microphone"]`, "좋아요") // it beeps each second: it is heard, though nothing comes back
	b.holds(5*time.Second, "there is nothing left to allow", `!document.querySelector('[data-do^="allow"]') && document.querySelector('[data-own]').videoWidth > 0`)
	if got := details(vet, visit); len(got) != 0 {
		t.Errorf("the timeline says %v", got)
	}
}

// TestTheDoorGoesBeforeTheCheck: it opens while the waiting room's check runs: that ends at once, nothing of it is left at
// the server, and the call begins.
func TestTheDoorGoesBeforeTheCheck(t *testing.T) {
	dir := t.TempDir()
	p := serve(t, dir, []string{withTURN})
	vet := addVet(t, p, dir, nil, "early")
	visit := followUp(vet, soon(5*time.Minute), 20)
	owner := newTab(t, "owner", 360, 740, "en-GB")
	owner.open(visit.at("link"))
	owner.open(p.url + "/room?id=" + visit.at("room.id"))
	owner.holds(30*time.Second, "the check runs", `window.vetroomEcho?.connectionState === 'connected'`)
	vet.want(200, "POST", "/api/v1/vet/rooms/"+visit.at("room.id")+"/open", nil)
	owner.holds(5*time.Second, "goes in, and the check is over", `document.querySelector('.call').dataset.entered === 'true' &&
		window.vetroomEcho.connectionState === 'closed'`)
	eventually(t, 5*time.Second, "the echo is over", func() error {
		if text := metricsOf(t, p.url); !strings.Contains(text, "vetroom_echo_running 0\n") || !strings.Contains(text, "vetroom_echo_begun_total 1\n") {
			return errors.New("not so")
		}
		return nil
	})
	if got := details(vet, visit); len(got) != 0 {
		t.Errorf("a check that was broken off is in the timeline: %v", got)
	}
}
