package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// upload posts a photo and gives the answer.
func (b *browser) upload(photo []byte) (int, object) {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("photo", "IMG_0001.JPG")
	if err != nil {
		b.t.Fatal(err)
	}
	part.Write(photo)
	form.Close()
	res, err := b.http.Post(b.base+"/api/v1/screenings", form.FormDataContentType(), &body)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	got := object{}
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, got
}

// screened posts a photo that must be taken, and gives its id.
func (b *browser) screened() string {
	b.t.Helper()
	status, got := b.upload(encodeJPEG(b.t.(*testing.T), corner(640, 480)))
	if status != http.StatusAccepted || got.at("state") != "queued" {
		b.t.Fatalf("a photo was answered %d: %v", status, got)
	}
	return got.at("id")
}

// becomes waits until a screening has a state.
func (b *browser) becomes(id, state string, within time.Duration) object {
	b.t.Helper()
	var got object
	eventually(b.t, within, "the screening is "+state, func() error {
		if got = b.want(200, "GET", "/api/v1/screenings/"+id, nil); got.at("state") != state {
			return errors.New(got.at("state"))
		}
		return nil
	})
	return got
}

// aiServer answers photos with what it is told, one after the other, the last for ever.
type aiServer struct {
	*httptest.Server
	mu    sync.Mutex // guards what follows
	plan  []int      // statuses; 0 hangs, -1 is garbage
	tries []time.Time
}

func newAIServer(t *testing.T, plan ...int) *aiServer {
	t.Helper()
	s := &aiServer{plan: plan}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *aiServer) serve(w http.ResponseWriter, r *http.Request) {
	file, _, err := r.FormFile("photo")
	if err == nil {
		_, _, err = image.DecodeConfig(file)
	}
	s.mu.Lock()
	status := s.plan[0]
	if len(s.plan) > 1 {
		s.plan = s.plan[1:]
	}
	s.tries = append(s.tries, time.Now())
	s.mu.Unlock()
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case status == 0:
		<-r.Context().Done()
	case status == -1:
		io.WriteString(w, "<html>it works</html>")
	default:
		w.WriteHeader(status)
		io.WriteString(w, `{"model":"skin@2","findings":[{"code":"A6","label":"x","score":0.75}]}`)
	}
}

// tell changes what comes next, and gives how often it was asked until then.
func (s *aiServer) tell(plan ...int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan = plan
	return len(s.tries)
}

func (s *aiServer) asked() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.tries...)
}

func TestScreeningByTheBaseline(t *testing.T) {
	t.Parallel()
	p := serve(t, t.TempDir(), nil, "--demo")
	owner := newBrowser(t, p.url)
	id := owner.screened()
	got := owner.becomes(id, "done", 5*time.Second)
	if got.at("model") != "baseline@1" || got.at("untrained") != "true" || !strings.Contains(got.at("advice"), "참고") {
		t.Errorf("the baseline says %v", got)
	}
	res, err := owner.http.Get(p.url + got.at("photo"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, kind, err := image.Decode(res.Body); err != nil || kind != "jpeg" {
		t.Errorf("the photo is kept as %q, %v", kind, err)
	}
	newBrowser(t, p.url).want(404, "GET", "/api/v1/screenings/"+id, nil)
	if status, got := owner.upload([]byte("\x00\x00\x00\x18ftypheic")); status != 415 || got.at("code") != "unsupported_type" {
		t.Errorf("HEIC: %d, %v", status, got)
	}
	bomb := encodePNG(t, image.NewGray(image.Rect(0, 0, 20_000, 10_000)))
	if status, got := owner.upload(bomb); status != 422 || got.at("code") != "unreadable_image" {
		t.Errorf("a bomb of %d bytes: %d, %v", len(bomb), status, got)
	}
	if status, got := owner.upload(make([]byte, 13<<20)); status != 413 || got.at("code") != "too_large" {
		t.Errorf("13 MiB: %d, %v", status, got)
	}
}

func TestScreeningByAServer(t *testing.T) {
	t.Parallel()
	ai := newAIServer(t, 200)
	p := serve(t, t.TempDir(), []string{"VETROOM_AI_URL=" + ai.URL + "/predict?key=secret"})
	owner := newBrowser(t, p.url)
	if got := owner.becomes(owner.screened(), "done", 5*time.Second); got.at("model") != "skin@2" || !strings.Contains(got.at("findings"), "결절") {
		t.Errorf("at once: %v", got)
	}
	before := ai.tell(500, 500, 200)
	owner.becomes(owner.screened(), "done", 10*time.Second)
	tries := ai.asked()[before:]
	if len(tries) != 3 || tries[1].Sub(tries[0]) > 2*time.Second+busyMachine {
		t.Errorf("after two failures: %v", tries)
	}
	for status, want := range map[int]string{500: "unavailable", -1: "invalid_result", 413: "refused"} {
		before := ai.tell(status)
		got := owner.becomes(owner.screened(), "failed", 10*time.Second)
		if tries := len(ai.asked()) - before; got.at("reason") != want || got.at("advice") == "" || (tries == 3) != (status == 500) {
			t.Errorf("%d: %d tries, %v", status, tries, got)
		}
	}
	ai.Close()
	if got := owner.becomes(owner.screened(), "failed", 10*time.Second); got.at("reason") != "unavailable" {
		t.Errorf("when nobody listens: %v", got)
	}
	if status, _ := owner.call("GET", "/readyz", nil); status != 200 {
		t.Errorf("without the AI server /readyz is %d", status)
	}
	for _, line := range []string{
		`vetroom_screenings_total{outcome="done"} 2`, `vetroom_screenings_total{outcome="failed"} 4`,
		`vetroom_ai_tries_total{outcome="unreachable"} 3`, `vetroom_ai_breaker{state="closed"} 1`,
	} {
		if err := (&member{process: p}).metric(line); err != nil {
			t.Error(err)
		}
	}
	if strings.Contains(p.log.String(), "secret") {
		t.Error("the log tells the AI server's secret")
	}
}

// TestScreeningOutlivesItsWorker kills the process that has a photo in hand: another takes it up, the owner and the vet
// hear of it on their sockets, and there is one result.
func TestScreeningOutlivesItsWorker(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.leader()
	ai := newAIServer(t, 0, 200)
	worker := func() *member {
		m := &member{}
		m.process = serve(t, f.dir, append(f.settings(f.dbURL, f.natsAddr), "VETROOM_AI_URL="+ai.URL), "--roles", "worker")
		return m
	}
	first := worker()
	owner := newBrowser(t, f.web.url)
	id := owner.screened()
	f.heard.once(t, 5*time.Second, "vetroom.ai.requested", id)
	eventually(t, 5*time.Second, "a worker asks", func() error {
		if len(ai.asked()) == 0 {
			return errNotYet
		}
		return nil
	})
	vet := f.vet.want(200, "GET", "/api/v1/vet/me", nil).at("id")
	booked := owner.want(201, "POST", "/api/v1/reservations", object{
		"vet_id": vet, "start": nextSlot(t, owner, vet), "owner": someone(), "pet": object{"name": "초코"},
		"visit": object{"area": "skin"}, "screening_id": id,
	})
	here, there := owner.wait(booked.at("room.id")), f.vet.wait(booked.at("room.id"))
	here.until(5*time.Second, "locked")
	there.until(5*time.Second, "locked")
	first.kill()
	worker()
	got := owner.becomes(id, "done", 30*time.Second)
	eventually(t, time.Second, "both hear of the result", func() error {
		if !here.heard("screening") || !there.heard("screening") {
			return fmt.Errorf("the owner %v, the vet %v", here.heard("screening"), there.heard("screening"))
		}
		return nil
	})
	f.heard.once(t, 5*time.Second, "vetroom.ai.result", id)
	if got.at("model") != "skin@2" || len(ai.asked()) != 2 {
		t.Errorf("%v after %d tries", got, len(ai.asked()))
	}
	f.vet.want(200, "POST", "/api/v1/vet/screenings/"+id+"/review", object{"agrees": true, "finding": "A6"})
	f.heard.once(t, 5*time.Second, "vetroom.ai.reviewed", id)
	f.heard.checkInvariants(t)
}

// nextSlot gives a free slot of a vet's.
func nextSlot(t *testing.T, b *browser, vet string) string {
	t.Helper()
	slots, _ := b.want(200, "GET", "/api/v1/vets/"+vet+"/slots", nil)["slots"].([]any)
	for _, s := range slots {
		if slot := object(s.(map[string]any)); slot.at("state") == "free" {
			return slot.at("start")
		}
	}
	t.Fatal("no slot is free")
	return ""
}
