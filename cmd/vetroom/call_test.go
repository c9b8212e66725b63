package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"vetroom/configs/configstest"
)

const (
	connected  = `document.documentElement.dataset.call === 'connected'`
	stageWords = `document.querySelector('[data-stage-words]').textContent`
	theirs     = `document.querySelector('[data-quality-theirs]').textContent`
	shownCode  = `document.querySelector('[data-sign="code"][data-code="shown"] [data-code-digits]')?.textContent ?? ''`
)

// called are a vet and an owner whose call is on.
type called struct {
	vet, owner *tab
	api        *browser
	p          *process
	dir        string
	visit      object
}

func inACall(t *testing.T, login string, settings ...string) called {
	t.Helper()
	dir := t.TempDir()
	settings = append(settings, "VETROOM_ADDR="+configstest.FreeAddr(t)) // a restart comes back where it was
	p := serve(t, dir, settings)
	api := addVet(t, p, dir, settings, login)
	vet, owner := visitTabs(t, p, login)
	visit, room := openRoom(api)
	owner.open(visit.at("link"))
	both := []*tab{vet, owner}
	for _, b := range both {
		b.open(p.url + "/room?id=" + room)
	}
	for _, b := range both {
		b.holds(20*time.Second, "is connected", connected)
	}
	return called{vet, owner, api, p, dir, visit}
}

// details gives the details of what the timeline tells of one kind.
func (c called) details(what string) (all []string) {
	answer := c.api.want(200, "GET", "/api/v1/reservations/"+c.visit.at("id")+"/timeline", nil)
	entries, _ := answer["entries"].([]any)
	for _, e := range entries {
		entry := object(e.(map[string]any))
		if entry["what"] == what {
			all = append(all, fmt.Sprint(entry["by"], " ", entry["detail"]))
		}
	}
	return all
}

// narrow makes a page's browser say that hardly anything of what it sends arrives.
const narrow = `(() => {
	const real = RTCPeerConnection.prototype.getStats;
	window.widen = () => (RTCPeerConnection.prototype.getStats = real);
	RTCPeerConnection.prototype.getStats = async function (...args) {
		const all = new Map(await real.apply(this, args));
		for (const [id, r] of all) {
			if (r.type === 'remote-inbound-rtp') all.set(id, {...r, fractionLost: 0.4});
			if (r.type === 'candidate-pair') all.set(id, {...r, availableOutgoingBitrate: 30_000});
			if (r.type === 'outbound-rtp') all.set(id, {...r, qualityLimitationReason: 'bandwidth'});
		}
		return all;
	};
	return true;
})()`

const sendsPicture = `window.vetroomPeer.getSenders().find((s) => s.track?.kind === 'video').getParameters().encodings[0].active`

// TestACallTellsHowItGoes: both see the same code and how good it is for either; who switches the camera off is not taken for
// a bad line; where the line carries no picture both are told, sound goes on, and the picture comes back; all of it is in
// the timeline.
func TestACallTellsHowItGoes(t *testing.T) {
	c := inACall(t, "tells")
	vet, owner := c.vet, c.owner
	for _, b := range []*tab{vet, owner} {
		b.holds(10*time.Second, "shows a code", shownCode)
		b.holds(10*time.Second, "knows how good it is for both", `document.querySelector('[data-sign="quality"]').dataset.level === 'good' && `+theirs+`.includes('좋아요')`)
	}
	eventually(t, 5*time.Second, "both see the same code", func() error { // another connection has another
		code, other := eval[string](vet, shownCode), eval[string](owner, shownCode)
		if code != other || !regexp.MustCompile(`^\d{3} \d{3}$`).MatchString(code) {
			return fmt.Errorf("the vet sees %q, the owner %q", code, other)
		}
		return nil
	})
	owner.click(`[data-sign="code"] summary`)
	owner.shot("code")
	owner.click(`[data-sign="quality"] summary`)
	owner.shot("quality")

	owner.click(`button[data-camera]`)
	vet.holds(5*time.Second, "reads that the owner did it", stageWords+` === '보호자가 카메라를 껐어요'`)
	vet.shot("camera-off")
	owner.click(`button[data-camera]`)
	vet.holds(5*time.Second, "sees again", stageWords+` === ''`)

	eval[bool](owner, narrow)
	owner.holds(15*time.Second, "sends sound alone", `!`+sendsPicture)
	vet.holds(5*time.Second, "reads why no picture comes", stageWords+`.includes('보호자 소리만')`)
	owner.holds(5*time.Second, "reads why none is sent", stageWords+`.includes('내 소리만')`)
	vet.holds(15*time.Second, "reads how it is for the owner", theirs+`.includes('나빠요')`)
	vet.shot("sound-alone")
	heard := eval[media](vet, readStats)
	eventually(t, 10*time.Second, "the sound goes on", func() error {
		if now := eval[media](vet, readStats); now.AudioPackets < heard.AudioPackets+50 || now.AudioEnergy <= heard.AudioEnergy {
			return fmt.Errorf("%+v after %+v", now, heard)
		}
		return nil
	})
	eval[bool](owner, `(window.widen(), true)`)
	owner.holds(40*time.Second, "sends its picture again", sendsPicture)
	vet.hears(15*time.Second, 5)

	eventually(t, 15*time.Second, "the timeline tells of both", func() error {
		all := strings.Join(c.details("quality"), "; ")
		for _, want := range []string{"owner good", "vet good", "owner poor audio"} {
			if !strings.Contains(all, want) {
				return fmt.Errorf("no %q in %s", want, all)
			}
		}
		return nil
	})
}
