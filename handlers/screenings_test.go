package handlers

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"vetroom/clinic"
)

// plainIntake keeps a file that begins with "photo" as it is.
type plainIntake struct{}

func (plainIntake) Take(_ context.Context, body []byte) (clinic.Photo, error) {
	switch {
	case bytes.HasPrefix(body, []byte("photo")):
		return clinic.Photo{JPEG: body, Quality: clinic.Quality{Sharp: true, Lit: true, Notes: []clinic.QualityNote{clinic.PhotoTooSmall}}}, nil
	case bytes.HasPrefix(body, []byte("heic")):
		return clinic.Photo{}, clinic.ErrPhotoHEIF
	case bytes.HasPrefix(body, []byte("bomb")):
		return clinic.Photo{}, clinic.ErrPhotoUnreadable
	}
	return clinic.Photo{}, clinic.ErrPhotoKind
}

func (p plainIntake) TakeWhole(ctx context.Context, body []byte) (clinic.Photo, error) {
	photo, err := p.Take(ctx, body)
	return clinic.Photo{JPEG: photo.JPEG, Small: []byte("small photo"), Width: 4032, Height: 3024}, err
}

// photoSite is a site that takes photos in.
func photoSite(t *testing.T) *testSite {
	t.Helper()
	return newSite(t, func(c *Config) { c.Intake = plainIntake{} })
}

// upload posts a form of name and value pairs; the value of a photo is its file.
func (b *browser) upload(pairs ...string) answer {
	b.s.t.Helper()
	return b.uploadTo("/api/v1/screenings", pairs...)
}

func (b *browser) uploadTo(path string, pairs ...string) answer {
	b.s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		create := w.CreateFormField
		if pairs[i] == "photo" {
			create = func(name string) (io.Writer, error) {
				return w.CreateFormFile(name, "IMG_0001.JPG")
			}
		}
		part, err := create(pairs[i])
		if err != nil {
			b.s.t.Fatal(err)
		}
		part.Write([]byte(pairs[i+1]))
	}
	w.Close()
	return b.do("POST", path, w.FormDataContentType(), body.Bytes())
}

// screened uploads a photo and has it looked at.
func (b *browser) screened(findings ...clinic.Finding) screeningJSON {
	b.s.t.Helper()
	j := decoded[screeningJSON](b.upload("photo", "photo of a dog", "body_part", "배").ok(202))
	if _, err := b.s.h.Desk.FinishScreening(context.Background(), j.ID, "baseline@1", findings); err != nil {
		b.s.t.Fatal(err)
	}
	return j
}

func TestPostScreening(t *testing.T) {
	s := photoSite(t)
	queued := false
	s.h.Desk.Queued = func() { queued = true }
	owner := s.browser()
	a := owner.upload("photo", "photo of a dog", "body_part", " 배 ").ok(202)
	j := decoded[screeningJSON](a)
	if !isID(j.ID) || j.State != "queued" || j.BodyPart != "배" || !j.Quality.Sharp || !queued || a.Header.Get("Location") != "/api/v1/screenings/"+j.ID {
		t.Errorf("answered %+v", j)
	}
	if owner.jar["vetroom_owner"] == nil {
		t.Error("no cookie")
	}
	again := decoded[screeningJSON](owner.get("/api/v1/screenings/" + j.ID).ok(200))
	if again.ID != j.ID || again.State != "queued" || again.Findings == nil || again.Advice == "" {
		t.Errorf("read %+v", again)
	}
	photo := owner.get(j.Photo).ok(200)
	if string(photo.body) != "photo of a dog" || photo.Header.Get("Content-Type") != "image/jpeg" || photo.Header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("the photo is %q with %v", photo.body, photo.Header)
	}
	for _, path := range []string{"/api/v1/screenings/" + j.ID, j.Photo} {
		s.browser().get(path).refused(404, "not_found")
		s.signedIn("kim").get(path).refused(404, "not_found")
	}
	owner.get("/api/v1/screenings/nonsense").refused(404, "not_found")
}

func TestPostScreeningRefuses(t *testing.T) {
	s := photoSite(t)
	owner := s.browser()
	large := strings.Repeat("photo ", maxPhoto/6+1)
	owner.upload("photo", large).refused(413, "too_large")
	owner.upload("photo", strings.Repeat("photo ", maxTooLarge/6)).refused(413, "too_large")
	if p := owner.upload("photo", "heic photo").refused(415, "unsupported_type"); !strings.Contains(p.Detail, "JPEG") {
		t.Errorf("of HEIC it says %q", p.Detail)
	}
	owner.upload("photo", "GIF89a").refused(415, "unsupported_type")
	owner.upload("photo", "bomb").refused(422, "unreadable_image")
	owner.upload("body_part", "배").refused(422, "invalid").at(t, "photo")
	owner.upload("photo", "").refused(422, "invalid").at(t, "photo")
	owner.upload("photo", "photo", "photo", "photo").refused(422, "invalid").at(t, "photo")
	owner.upload("photo", "photo", "owner", "Lee").refused(422, "invalid").at(t, "owner")
	owner.upload("photo", "photo", "body_part", strings.Repeat("배", 51)).refused(422, "invalid").at(t, "body_part")
	owner.upload("photo", "photo", "body_part", "\xff").refused(422, "invalid").at(t, "body_part")
	owner.upload(slices.Repeat([]string{"photo", "photo"}, 1)...).ok(202)
	many := []string{"photo", "photo"}
	for _, name := range strings.Split("abcdefghijklmnop", "") {
		many = append(many, name, "x")
	}
	owner.upload(many...).refused(400, "malformed")
	owner.do("POST", "/api/v1/screenings", "multipart/form-data; boundary=x", []byte("--x\r\ncut")).refused(400, "malformed")
	owner.post("/api/v1/screenings", obj{"photo": "x"}).refused(415, "unsupported_type")
	foreign := s.browser()
	foreign.headers["Sec-Fetch-Site"] = "cross-site"
	foreign.upload("photo", "photo").refused(403, "cross_origin")
	if len(s.store.screenings) != 1 {
		t.Errorf("%d screenings are kept", len(s.store.screenings))
	}
}

// TestPhotosAndReservationsShareABrake: 20 of both a minute for an address; a vet's own calls are exempt. A photo counts
// whatever came of it, unless nothing of it was read.
func TestPhotosAndReservationsShareABrake(t *testing.T) {
	s := photoSite(t)
	owner := s.browser()
	owner.booked(tuesday9)
	for range 6 {
		owner.post("/api/v1/screenings", obj{"photo": "x"}).refused(415, "unsupported_type") // does not count
		owner.upload("photo", "bomb").ok(422)
		owner.upload("body_part", "배").refused(422, "invalid")
		owner.upload("photo", "photo").ok(202)
	}
	owner.do("POST", "/api/v1/screenings", "multipart/form-data; boundary=x", []byte("--x\r\ncut")).refused(400, "malformed")
	if retry := owner.upload("photo", "photo").braked("rate_limited"); retry < 1 || retry > 60 {
		t.Errorf("asked to wait %d s", retry)
	}
	vet := s.signedIn("kim")
	vet.upload("photo", "photo").ok(202)
}

// slowIntake takes no photo before it may.
type slowIntake struct {
	plainIntake
	may chan struct{}
}

func (s slowIntake) Take(ctx context.Context, body []byte) (clinic.Photo, error) {
	<-s.may
	return plainIntake{}.Take(ctx, body)
}

func TestUploadsUnderWayOfOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		may := make(chan struct{})
		s := newSite(t, func(c *Config) { c.Intake = slowIntake{may: may} })
		var wg sync.WaitGroup
		var braked atomic.Int64
		send := func(b *browser) {
			wg.Go(func() {
				switch a := b.upload("photo", "photo"); a.StatusCode {
				case 202:
				case 429:
					a.braked("rate_limited")
					braked.Add(1)
				default:
					t.Errorf("answered %d", a.StatusCode)
				}
			})
		}
		for range maxOfOne + 3 {
			send(s.browser())
		}
		synctest.Wait() // each is being taken in, or was refused
		if braked.Load() != 3 {
			t.Errorf("%d of %d refused", braked.Load(), maxOfOne+3)
		}
		elsewhere := s.browser()
		elsewhere.from = "192.0.2.9:1"
		send(elsewhere)
		synctest.Wait()
		close(may)
		wg.Wait()
		s.browser().upload("photo", "photo").ok(202)
		if braked.Load() != 3 || len(s.h.upload.of) != 0 || len(s.h.upload.places) != 0 {
			t.Errorf("%d refused in the end; places are kept: %v", braked.Load(), s.h.upload.of)
		}
	})
}

func TestScreeningSpeaksTheCallersLanguage(t *testing.T) {
	s := photoSite(t)
	owner := s.browser()
	j := owner.screened(clinic.Finding{Code: "A7", Score: 0.1}, clinic.Finding{Code: "A2", Score: 0.8})
	for lang, want := range map[string][2]string{"ko": {"비듬", "참고 자료"}, "en-GB,en;q=0.5": {"Scale", "untrained reference"}} {
		owner.headers["Accept-Language"] = lang
		got := decoded[screeningJSON](owner.get("/api/v1/screenings/" + j.ID).ok(200))
		if got.State != "done" || got.Model != "baseline@1" || !got.Untrained || len(got.Findings) != 2 || got.Findings[0].Code != "A2" {
			t.Fatalf("read %+v", got)
		}
		if !strings.Contains(got.Findings[0].Label, want[0]) || !strings.Contains(got.Advice, want[1]) {
			t.Errorf("%s: %q, %q", lang, got.Findings[0].Label, got.Advice)
		}
	}
}

func TestScreeningIsAttached(t *testing.T) {
	s := photoSite(t)
	owner, other := s.browser(), s.browser()
	j := owner.screened(clinic.Finding{Code: "A5", Score: 0.7})
	body := s.booking(tuesday9)
	body["screening_id"] = j.ID
	other.post("/api/v1/reservations", body).refused(422, "invalid").at(t, "screening_id")
	body["screening_id"] = "mine"
	owner.post("/api/v1/reservations", body).refused(422, "invalid").at(t, "screening_id")
	body["screening_id"] = clinic.NewNumber([8]byte{1}) + "-0000-7000-8000-000000000000"
	owner.post("/api/v1/reservations", body).refused(422, "invalid").at(t, "screening_id")
	body["screening_id"] = j.ID
	r := decoded[reservationJSON](owner.post("/api/v1/reservations", body).ok(201))
	if got := decoded[reservationJSON](owner.get("/api/v1/reservations/" + r.ID).ok(200)); got.Screening == nil || got.Screening.ID != j.ID {
		t.Errorf("the reservation has %+v", got.Screening)
	}
	vet, colleague := s.signedIn("kim"), s.addVet("park", "Park")
	list := decoded[reservationsJSON](vet.get("/api/v1/vet/reservations?from=2026-12-01").ok(200))
	if len(list.Reservations) != 1 || list.Reservations[0].Screening == nil || list.Reservations[0].Screening.Findings[0].Code != "A5" {
		t.Fatalf("the vet sees %+v", list)
	}
	vet.get(j.Photo).ok(200)
	s.signedIn(colleague.Login).get(j.Photo).refused(404, "not_found")
	// Who holds the reservation by its link or number sees the photo too.
	finder := s.browser()
	finder.post("/api/v1/reservations/lookup", obj{"number": r.Number, "phone": "010-1234-5678"}).ok(200)
	finder.get("/api/v1/screenings/" + j.ID).ok(200)
}

func TestReviewScreening(t *testing.T) {
	s := photoSite(t)
	owner := s.browser()
	j := owner.screened(clinic.Finding{Code: "A2", Score: 0.8})
	path := "/api/v1/vet/screenings/" + j.ID + "/review"
	vet := s.signedIn("kim")
	vet.post(path, obj{"agrees": true}).refused(404, "not_found")
	body := s.booking(tuesday9)
	body["screening_id"] = j.ID
	owner.post("/api/v1/reservations", body).ok(201)
	owner.post(path, obj{"agrees": true}).refused(401, "no_session")
	vet.post(path, obj{}).refused(422, "invalid").at(t, "agrees")
	vet.post(path, obj{"agrees": false, "finding": "A9"}).refused(422, "invalid").at(t, "finding")
	vet.post(path, obj{"agrees": false, "why": "x"}).refused(422, "invalid").at(t, "why")
	vet.headers["Accept-Language"] = "en"
	got := decoded[screeningJSON](vet.post(path, obj{"agrees": false, "finding": "A1"}).ok(200))
	if got.Review == nil || got.Review.Agrees || got.Review.Finding != "A1" || got.Review.Label != "Papule or plaque" {
		t.Errorf("reviewed as %+v", got.Review)
	}
	if seen := decoded[screeningJSON](owner.get("/api/v1/screenings/" + j.ID).ok(200)); seen.Review == nil {
		t.Error("the owner does not see the review")
	}
	waiting := decoded[screeningJSON](owner.upload("photo", "photo").ok(202))
	body = s.booking("2026-12-01T01:00:00.000Z")
	body["screening_id"] = waiting.ID
	owner.post("/api/v1/reservations", body).ok(201)
	vet.post("/api/v1/vet/screenings/"+waiting.ID+"/review", obj{"agrees": true}).refused(409, "not_screened")
}
