package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestServeDrainsAndEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	vet := addVet(t, p, dir, nil, "drains")
	visit := followUp(vet, soon(time.Hour), 5)
	door := ownerOf(vet, visit).wait(visit.at("room.id"))
	door.until(2*time.Second, "locked")
	began := time.Now()
	p.signal(syscall.SIGTERM)
	eventually(t, 3*time.Second, "sockets are told to go", func() error {
		if !door.heard("going_away") {
			return errNotYet
		}
		return nil
	})
	await(t, 20*time.Second, "the process ends", p.dead)
	if p.err != nil {
		t.Errorf("ended with %v", p.err)
	}
	t.Logf("drained in %v", time.Since(began).Round(time.Millisecond))
}

func TestServeRefusesAnOlderSchema(t *testing.T) {
	f := newDatabase(t)
	out, errText, code := tryCommand(t, t.TempDir(), []string{fleetKey, "VETROOM_DATABASE_URL=" + f}, "", "serve")
	if code != 1 || !strings.Contains(errText, "vetroom migrate") {
		t.Errorf("exit %d, said %q %q", code, out, errText)
	}
}

func TestServeWantsASessionKeyWithAnExternalDatabase(t *testing.T) {
	_, errText, code := tryCommand(t, t.TempDir(), []string{"VETROOM_DATABASE_URL=mysql://root@127.0.0.1:1/x"}, "", "serve")
	if code != 2 || !strings.Contains(errText, "VETROOM_SESSION_KEY") {
		t.Errorf("exit %d, said %q", code, errText)
	}
}

func TestTwoServersOnOneFolderAreRefused(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, nil)
	_, errText, code := tryCommand(t, dir, nil, "", "serve")
	if code != 1 || !strings.Contains(errText, "nats") {
		t.Errorf("exit %d, said %q", code, errText)
	}
}

func TestDemoPrintsItsLoginsOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil, "--demo")
	line := ""
	for l := range strings.Lines(p.log.String()) {
		if strings.Contains(l, "login haneul") {
			line = l
		}
	}
	words := strings.Fields(line)
	if len(words) < 4 {
		t.Fatalf("no demo login in %q", p.log.String())
	}
	vet := newBrowser(t, p.url)
	vet.want(200, "POST", "/api/v1/vet/login", object{"login": words[1], "password": words[3]})
	p.signal(syscall.SIGTERM)
	await(t, 20*time.Second, "the process ends", p.dead)
	if again := serve(t, dir, nil, "--demo"); strings.Contains(again.log.String(), "login haneul") {
		t.Error("the logins were printed again")
	}
}
