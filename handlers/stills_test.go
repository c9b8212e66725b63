package handlers

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vetroom/clinic"
)

// inTheRoom books a visit and opens its door, and gives both browsers and the path of its stills.
func inTheRoom(s *testSite) (owner, vet *browser, r reservationJSON, path string) {
	s.t.Helper()
	owner, vet = s.browser(), s.signedIn("kim")
	r = owner.booked(tuesday9)
	vet.post("/api/v1/vet/rooms/"+r.Room.ID+"/open", obj{}).ok(200)
	return owner, vet, r, "/api/v1/reservations/" + r.ID + "/stills"
}

func TestStillsOfAVisit(t *testing.T) {
	s := photoSite(t)
	var told []string
	s.h.Desk.StillChanged = func(room, id string) { told = append(told, room+" "+id) }
	owner, vet, r, path := inTheRoom(s)
	if none := decoded[stillsJSON](owner.get(path).ok(200)); none.Stills == nil || len(none.Stills) != 0 {
		t.Errorf("at first %+v", none)
	}
	first := decoded[stillJSON](vet.uploadTo(path, "photo", "photo of skin").ok(201))
	second := decoded[stillJSON](owner.uploadTo(path, "photo", "photo of an ear").ok(201))
	if first.By != clinic.ByVet || second.By != clinic.ByOwner || first.Width != 4032 || first.Height != 3024 || first.Marks == nil || first.Screening != nil {
		t.Errorf("taken as %+v and %+v", first, second)
	}
	if want := []string{r.Room.ID + " " + first.ID, r.Room.ID + " " + second.ID}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	for _, b := range []*browser{owner, vet} {
		if list := decoded[stillsJSON](b.get(path).ok(200)); len(list.Stills) != 2 || list.Stills[0].ID != first.ID {
			t.Errorf("listed as %+v", list)
		}
		photo := b.get(first.Photo).ok(200)
		if string(photo.body) != "photo of skin" || photo.Header.Get("Content-Type") != "image/jpeg" || photo.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("the photo is %q with %v", photo.body, photo.Header)
		}
		if small := b.get(first.Small).ok(200); string(small.body) != "small photo" {
			t.Errorf("the small one is %q", small.body)
		}
		b.get(first.Photo+"?small=1").refused(422, "invalid").at(t, "small")
	}
	s.addVet("park", "Park")
	for _, b := range []*browser{s.browser(), s.signedIn("park")} {
		b.get(path).refused(404, "not_found")
		b.get(first.Photo).refused(404, "not_found")
		b.uploadTo(path, "photo", "photo").refused(404, "not_found")
	}
}

func TestStillRefused(t *testing.T) {
	s := photoSite(t)
	owner, vet := s.browser(), s.signedIn("kim")
	r := owner.booked(tuesday9)
	path := "/api/v1/reservations/" + r.ID + "/stills"
	owner.uploadTo(path, "photo", "photo").refused(409, "room_locked")
	vet.post("/api/v1/vet/rooms/"+r.Room.ID+"/open", obj{}).ok(200)
	vet.uploadTo(path, "photo", strings.Repeat("photo ", maxPhoto/6+1)).refused(413, "too_large")
	vet.uploadTo(path, "photo", "GIF89a").refused(415, "unsupported_type")
	vet.uploadTo(path, "photo", "bomb").refused(422, "unreadable_image")
	vet.uploadTo(path).refused(422, "invalid").at(t, "photo")
	vet.uploadTo(path, "photo", "photo", "body_part", "ear").refused(422, "invalid").at(t, "body_part")
	vet.post(path, obj{"photo": "x"}).refused(415, "unsupported_type")
	vet.uploadTo("/api/v1/reservations/nonsense/stills", "photo", "photo").refused(404, "not_found")
	for range clinic.MaxStills {
		vet.uploadTo(path, "photo", "photo").ok(201)
	}
	vet.uploadTo(path, "photo", "photo").refused(409, "too_many_stills")
	vet.post("/api/v1/vet/rooms/"+r.Room.ID+"/close", obj{}).ok(200)
	vet.uploadTo(path, "photo", "photo").refused(409, "room_closed")
}

// TestStillIsKeptOnce: whose answer was lost sends the same again under its key, also once the room is closed.
func TestStillIsKeptOnce(t *testing.T) {
	s := photoSite(t)
	_, vet, r, path := inTheRoom(s)
	vet.headers["Idempotency-Key"] = "k"
	first := decoded[stillJSON](vet.uploadTo(path, "photo", "photo").ok(201))
	vet.uploadTo(path, "photo", "photo of another").refused(422, "key_reused")
	vet.post("/api/v1/vet/rooms/"+r.Room.ID+"/close", obj{}).ok(200)
	if again := decoded[stillJSON](vet.uploadTo(path, "photo", "photo").ok(201)); again.ID != first.ID || len(s.store.stills) != 1 {
		t.Errorf("kept again as %+v of %d", again, len(s.store.stills))
	}
	vet.headers["Idempotency-Key"] = strings.Repeat("k", 256)
	vet.uploadTo(path, "photo", "photo").refused(422, "invalid").at(t, "Idempotency-Key")
}

// TestStillsAreBraked as photos for screening are; a vet's own calls are exempt.
func TestStillsAreBraked(t *testing.T) {
	s := photoSite(t)
	owner, vet, _, path := inTheRoom(s) // the booking counts, too
	for range 19 {
		owner.uploadTo(path, "photo", "photo").ok(201)
	}
	owner.uploadTo(path, "photo", "photo").braked("rate_limited")
	vet.uploadTo(path, "photo", "photo").ok(201)
}

func TestDrawOnStill(t *testing.T) {
	s := photoSite(t)
	owner, vet, _, path := inTheRoom(s)
	still := decoded[stillJSON](vet.uploadTo(path, "photo", "photo").ok(201))
	marks := "/api/v1/vet/stills/" + still.ID + "/marks"
	arrow := obj{"kind": "arrow", "colour": "red", "points": []any{[]any{0, 1}, []any{0.123456, 0.5}}}
	drawn := decoded[stillJSON](vet.do("PUT", marks, "application/json", []byte(`{"marks":[{"kind":"arrow","colour":"red","points":[[0,1],[0.123456,5e-1]]}]}`)).ok(200))
	if want := (clinic.Mark{Kind: "arrow", Colour: "red", Points: [][2]float64{{0, 1}, {0.12345, 0.5}}}); len(drawn.Marks) != 1 || fmt.Sprint(drawn.Marks[0]) != fmt.Sprint(want) {
		t.Errorf("drawn as %+v", drawn.Marks)
	}
	if seen := decoded[stillsJSON](owner.get(path).ok(200)); len(seen.Stills[0].Marks) != 1 {
		t.Errorf("the owner sees %+v", seen)
	}
	for field, mark := range map[string]obj{
		"marks[0].kind":   {"kind": "text", "colour": "red", "points": []any{[]any{0, 1}, []any{0, 0}}},
		"marks[0].colour": {"kind": "pen", "colour": "#f00", "points": []any{[]any{0, 1}, []any{0, 0}}},
		"marks[0].points": {"kind": "pen", "colour": "red", "points": []any{[]any{0, 1}, []any{0, "1"}}},
		"marks[0].width":  {"kind": "pen", "colour": "red", "width": 3, "points": []any{[]any{0, 1}, []any{0, 0}}},
	} {
		vet.send("PUT", marks, obj{"marks": []any{mark}}).refused(422, "invalid").at(t, field)
	}
	vet.send("PUT", marks, obj{"marks": []any{obj{"kind": "pen", "colour": "red", "points": []any{[]any{0, 1, 2}}}}}).refused(422, "invalid").at(t, "marks[0].points")
	vet.send("PUT", marks, obj{"marks": slices.Repeat([]any{arrow}, clinic.MaxMarks+1)}).refused(422, "invalid").at(t, "marks")
	vet.send("PUT", marks, obj{}).refused(422, "invalid").at(t, "marks")
	owner.send("PUT", marks, obj{"marks": []any{}}).refused(401, "no_session")
	s.addVet("park", "Park")
	s.signedIn("park").send("PUT", marks, obj{"marks": []any{}}).refused(404, "not_found")
	if none := decoded[stillJSON](vet.send("PUT", marks, obj{"marks": []any{}}).ok(200)); none.Marks == nil || len(none.Marks) != 0 {
		t.Errorf("wiped to %+v", none.Marks)
	}
}

func TestScreenStill(t *testing.T) {
	s := photoSite(t)
	owner, vet, _, path := inTheRoom(s)
	still := decoded[stillJSON](vet.uploadTo(path, "photo", "photo").ok(201))
	screen := "/api/v1/vet/stills/" + still.ID + "/screen"
	owner.post(screen, obj{}).refused(401, "no_session")
	s.addVet("park", "Park")
	s.signedIn("park").post(screen, obj{}).refused(404, "not_found")
	queued := 0
	s.h.Desk.Queued = func() { queued++ }
	first := decoded[stillJSON](vet.post(screen, obj{}).ok(202))
	again := decoded[stillJSON](vet.post(screen, obj{}).ok(202))
	if first.Screening == nil || first.Screening.State != "queued" || again.Screening.ID != first.Screening.ID || queued != 1 || first.ID != still.ID {
		t.Fatalf("screened as %+v, again as %+v; %d queued", first.Screening, again.Screening, queued)
	}
	id := first.Screening.ID
	if _, err := s.h.Desk.FailScreening(context.Background(), id, clinic.ReasonUnavailable); err != nil {
		t.Fatal(err)
	}
	id = decoded[stillJSON](vet.post(screen, obj{}).ok(202)).Screening.ID
	if _, err := s.h.Desk.FinishScreening(context.Background(), id, "skin@2", []clinic.Finding{{Code: "A2", Score: 0.8}}); err != nil {
		t.Fatal(err)
	}
	if id == first.Screening.ID || decoded[stillJSON](vet.post(screen, obj{}).ok(202)).Screening.ID != id {
		t.Error("who failed is looked at again, who is done is not")
	}
	vet.post("/api/v1/vet/screenings/"+id+"/review", obj{"agrees": true}).ok(200)
	owner.headers["Accept-Language"] = "en"
	seen := decoded[stillsJSON](owner.get(path).ok(200)).Stills[0].Screening
	if seen == nil || seen.State != "done" || seen.Findings[0].Label != "Scale or collarette" || seen.Review == nil {
		t.Errorf("the owner sees %+v", seen)
	}
	owner.get(seen.Photo).ok(200)
}

// TestStillsUnderWayAreBounded: a photo on its way to be kept has one of the same places as one that is to be screened.
func TestStillsUnderWayAreBounded(t *testing.T) {
	s := photoSite(t)
	owner, _, _, path := inTheRoom(s)
	for range maxOfOne {
		leave, err := s.h.upload.enter(t.Context(), neighbourhood(s.call("GET", "/", &bytes.Buffer{}).address))
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	owner.from = "192.0.2.1:4000"
	owner.uploadTo(path, "photo", "photo").braked("rate_limited")
}

// TestPhotosOnTheirWayOutAreBounded: nobody has the server keep more of them in memory than a browser asks for at once.
func TestPhotosOnTheirWayOutAreBounded(t *testing.T) {
	s := photoSite(t)
	owner, vet, _, path := inTheRoom(s)
	still := decoded[stillJSON](vet.uploadTo(path, "photo", "photo").ok(201))
	owner.get(still.Photo).ok(200)
	owner.get("/api/v1/stills/"+strings.Replace(still.ID, "0", "1", 1)+"/photo").refused(404, "not_found")
	if len(s.h.download.of) != 0 || len(s.h.download.places) != 0 {
		t.Fatalf("places are kept: %v", s.h.download.of)
	}
	for range maxShownTo {
		leave, err := s.h.download.enter(t.Context(), neighbourhood(s.call("GET", "/", &bytes.Buffer{}).address))
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	owner.from = "192.0.2.1:4000"
	owner.get(still.Photo).braked("rate_limited")
	owner.get(still.Small).ok(200)
	vet.from = owner.from
	vet.get(still.Photo).ok(200)
}

// TestAPhotoThatNobodyReads is given up, and its place is free again.
func TestAPhotoThatNobodyReads(t *testing.T) {
	left, begun := false, make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		c := &call{Request: r, w: w}
		defer c.haste(20 * time.Millisecond)()
		for err := error(nil); err == nil; {
			_, err = w.Write(make([]byte, 1<<20))
		}
		left = true
	})
	server := httptest.NewServer(h)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	server.Close() // waits for the handler
	if !left {
		t.Error("it is still being written")
	}
}

// TestStillsStandOnThePages of both sides, with the vet's marks and what was seen; the vet judges it by a form.
func TestStillsStandOnThePages(t *testing.T) {
	s := photoSite(t)
	owner, vet, r, path := inTheRoom(s)
	still := decoded[stillJSON](vet.uploadTo(path, "photo", "photo").ok(201))
	vet.send("PUT", "/api/v1/vet/stills/"+still.ID+"/marks", obj{"marks": []any{obj{"kind": "circle", "colour": "red", "points": []any{[]any{0, 0}, []any{0.5, 0.5}}}}}).ok(200)
	id := decoded[stillJSON](vet.post("/api/v1/vet/stills/"+still.ID+"/screen", obj{}).ok(202)).Screening.ID
	if _, err := s.h.Desk.FinishScreening(context.Background(), id, "skin@2", []clinic.Finding{{Code: "A2", Score: 0.8}}); err != nil {
		t.Fatal(err)
	}
	record := "/vet/reservations/" + r.ID
	page := vet.get(record).ok(200).page()
	const shown = `.still .still-picture svg .mark-red .mark-line`
	if page.Find(shown).Length() != 1 || page.Find(`.still .bars meter`).Length() != 1 {
		t.Errorf("the record shows %s", page.Find("[data-stills]").Text())
	}
	vet.form(record+"/review", url.Values{"agrees": {"true"}, "screening": {"nonsense"}}).ok(404)
	a := vet.form(record+"/review", url.Values{"agrees": {"true"}, "screening": {id}}).ok(303)
	if to := a.Header.Get("Location"); to != record+"#stills-title" {
		t.Errorf("sent on to %s", to)
	}
	if page = vet.get(record).ok(200).page(); page.Find(".still .reviewed").Length() != 1 {
		t.Errorf("after the vet's word the record shows %s", page.Find("[data-stills]").Text())
	}
	page = owner.get("/reservations/" + r.ID).ok(200).page()
	if page.Find(shown).Length() != 1 || page.Find(".still li").Length() != 1 || page.Find(".still form").Length() != 0 {
		t.Errorf("the owner sees %s", page.Find(`[data-part="stills"]`).Text())
	}
	other := owner.booked("2026-12-01T01:00:00.000Z")
	lee := s.addVet("lee", "Lee")
	s.signedIn(lee.Login).form("/vet/reservations/"+other.ID+"/review", url.Values{"agrees": {"true"}, "screening": {id}}).ok(404)
}

// goneMeanwhile is a store in which the visit goes over to another vet just before a still is saved.
type goneMeanwhile struct{ clinic.Store }

func (g goneMeanwhile) AddStill(ctx context.Context, t clinic.StillTaking) (*clinic.Still, bool, error) {
	decide := t.Decide
	t.Decide = func(v *clinic.Visit, had int, now time.Time) (*clinic.Still, error) {
		gone := *v
		gone.Reservation.VetID = "another"
		return decide(&gone, had, now)
	}
	return g.Store.AddStill(ctx, t)
}

// TestAVisitThatGoesOverTakesNoStillOfItsFormerVet, not even one that was on its way.
func TestAVisitThatGoesOverTakesNoStillOfItsFormerVet(t *testing.T) {
	s := photoSite(t)
	owner, vet, _, path := inTheRoom(s)
	s.h.Desk.Store = goneMeanwhile{s.h.Desk.Store}
	vet.uploadTo(path, "photo", "photo of skin").refused(404, "not_found")
	owner.uploadTo(path, "photo", "photo of skin").ok(201)
}
