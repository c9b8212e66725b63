package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"vetroom/configs/configstest"
	"vetroom/signaling/signalingtest"
)

// seat joins a room by a socket of the browser's.
func (b *browser) seat(room string) (*signalingtest.Client, signalingtest.Frame) {
	b.t.Helper()
	u, err := url.Parse(b.base)
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := signalingtest.Dial(b.t.Context(), b.base, signalingtest.Options{Cookies: b.http.Jar.Cookies(u)})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(c.Break)
	return c, c.Join(b.t, room)
}

// devMails gives what /dev/mail shows, newest first.
func (b *browser) devMails() []object {
	b.t.Helper()
	var all []object
	list, _ := b.want(200, "GET", "/dev/mail", nil)["mails"].([]any)
	for _, m := range list {
		all = append(all, object(m.(map[string]any)))
	}
	return all
}

// byMail opens the newest mail of a kind in a browser of its own, by its link.
func byMail(t *testing.T, p *process, kind string) *browser {
	t.Helper()
	owner := newBrowser(t, p.url)
	var link *url.URL
	eventually(t, 10*time.Second, "a mail: "+kind, func() (err error) {
		for _, m := range owner.devMails() {
			if m.at("kind") == kind {
				link, err = url.Parse(m.at("link"))
				return err
			}
		}
		return errNotYet
	})
	owner.want(200, "GET", link.Path, nil)
	return owner
}

// TestAConsultation is a visit from the mail about it to the aftercare: its vet is late, another takes over, the two
// talk, the process dies and comes back, and the record says what is to be done.
func TestAConsultation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, []string{"VETROOM_ADDR=" + configstest.FreeAddr(t)}, "--demo")
	late, other := addVet(t, p, dir, nil, "late"), addVet(t, p, dir, nil, "other")
	body := object{
		"start": time.Now().Add(5 * time.Second).UTC().Format(wireTime), "minutes": 20, "pet": object{"name": "초코"},
		"owner": object{"name": "보호자", "phone": "010-1234-5678", "email": "me@owner.example"}, "visit": object{"area": "skin"},
	}
	r := late.want(201, "POST", "/api/v1/vet/reservations", body)
	path, room := "/api/v1/reservations/"+r.at("id"), r.at("room.id")
	former, _ := late.seat(room) // waits, and goes before the start
	former.Send(t, object{"type": "leave"})
	owner := byMail(t, p, "confirmed")
	waiting, at := owner.seat(room)
	if at.State != "open" {
		waiting.Expect(t, "room", signalingtest.InState("open"))
	}
	takeOver(t, owner, other, path)
	byMail(t, p, "moved").want(200, "GET", path, nil)
	late.want(404, "POST", "/api/v1/vet/rooms/"+room+"/extend", object{"minutes": 5})
	if _, f := other.seat(room); f.Role != "vet" || f.State != "open" {
		t.Fatalf("who took over got %s", f.Raw)
	}
	waiting.Send(t, object{"type": "chat", "text": "사흘째 긁어요", "id": "c1"})
	waiting.Expect(t, "kept")
	p.kill() // at once: what was told to be kept is kept

	p = serve(t, dir, []string{"VETROOM_BASE_URL=" + p.url, "VETROOM_ADDR=" + strings.TrimPrefix(p.url, "http://")}, "--demo")
	chat := owner.want(200, "GET", path+"/chat", nil)
	if !strings.Contains(fmt.Sprint(chat), "사흘째 긁어요") {
		t.Fatalf("after the crash the chat is %v", chat)
	}
	finish(t, owner, other, path, r.at("id"))
	if log := p.log.String(); strings.Contains(log, "긁어요") || strings.Contains(log, "owner.example") {
		t.Errorf("the log tells what was said, or to whom:\n%s", log)
	}
}

// takeOver gives the visit to the other vet, once that one is online.
func takeOver(t *testing.T, owner, other *browser, path string) {
	t.Helper()
	me := other.want(200, "GET", "/api/v1/vet/me", nil).at("id")
	owner.want(422, "POST", path+"/transfer", object{"vet_id": me})
	other.want(200, "PUT", "/api/v1/vet/online", object{"online": true})
	found := owner.want(200, "GET", path+"/alternatives", nil)
	if found.at("late") != "true" || !strings.Contains(fmt.Sprint(found["vets"]), me) {
		t.Fatalf("alternatives %v", found)
	}
	if got := owner.want(200, "POST", path+"/transfer", object{"vet_id": me}); got.at("vet.id") != me || got.at("room.state") != "open" {
		t.Fatalf("transferred %v", got)
	}
}

// finish has the vet write the record and complete the visit, and the owner read what is the owner's.
func finish(t *testing.T, owner, vet *browser, path, id string) {
	t.Helper()
	note := object{
		"subjective": "사흘째 긁음", "objective": "", "assessment": "", "plan": "", "aftercare": "목욕은 쉬어 주세요", "visit_advised": false,
	}
	record := "/api/v1/vet/reservations/" + id + "/record"
	vet.want(200, "PUT", record, note)
	note["visit_advised"] = true
	if got := vet.want(200, "PUT", record, note); got.at("version") != "2" {
		t.Errorf("the record is %v", got)
	}
	if got := vet.want(200, "GET", record, nil); !strings.Contains(fmt.Sprint(got["chat"]), "사흘째 긁어요") {
		t.Errorf("the record holds %v", got)
	}
	vet.want(http.StatusOK, "POST", "/api/v1/vet/reservations/"+id+"/complete", nil)
	got := owner.want(200, "GET", path, nil)
	if got.at("aftercare.text") != "목욕은 쉬어 주세요" || got.at("aftercare.visit_advised") != "true" || strings.Contains(fmt.Sprint(got), "긁음") {
		t.Errorf("the owner reads %v", got)
	}
}
