package web

import (
	"strings"
	"testing"
	"time"

	"vetroom/clinic"
)

// sampleScreening is a photo of which the baseline saw two things.
func sampleScreening() clinic.Screening {
	return clinic.Screening{
		ID: "s1", State: clinic.ScreeningDone, BodyPart: "belly", Model: "baseline@1", CreatedAt: noon,
		Quality:  clinic.Quality{Sharp: true, Lit: true},
		Findings: []clinic.Finding{{Code: clinic.FindingPapule, Score: 0.736}, {Code: clinic.FindingScale, Score: 0.41}, {Code: clinic.FindingNone, Score: 0.26}},
	}
}

func screened(change func(*clinic.Screening)) *clinic.Screening {
	s := sampleScreening()
	change(&s)
	return &s
}

func checkSamples() map[string]Page {
	wrong := func(code string, retry time.Duration) CheckPage {
		return CheckPage{Layout: at("/check"), Form: Form{Code: code}, RetryAfter: retry}
	}
	missing := wrong("invalid", 0)
	missing.Form.Errors = []FieldError{{Field: "photo", Code: "required"}, {Field: "body_part"}}
	result := func(change func(*clinic.Screening)) ScreeningPage {
		return ScreeningPage{Layout: asOwner("/check/s1"), Screening: screened(change)}
	}
	ofVet := result(func(s *clinic.Screening) {
		s.Model, s.BodyPart, s.Quality.Notes = "skin@2", "왼쪽 <b>귀</b> 뒤", []clinic.QualityNote{clinic.PhotoDark}
	})
	ofVet.Layout = asVet("/check/s1")
	return map[string]Page{
		"check/fresh":   CheckPage{Layout: at("/check")},
		"check/heic":    wrong("heic", 0),
		"check/large":   wrong("too_large", 0),
		"check/braked":  wrong("rate_limited", 41*time.Second),
		"check/missing": missing,
		"check/queued": result(func(s *clinic.Screening) {
			s.State, s.Model, s.Findings = clinic.ScreeningQueued, "", nil
			s.Quality.Notes = []clinic.QualityNote{clinic.PhotoBlurred}
		}),
		"check/failed": result(func(s *clinic.Screening) {
			s.State, s.Model, s.Findings, s.Reason = clinic.ScreeningFailed, "", nil, clinic.ReasonUnavailable
		}),
		"check/done": result(func(*clinic.Screening) {}),
		"check/poor": result(func(s *clinic.Screening) {
			s.Quality.Notes = []clinic.QualityNote{clinic.PhotoTooSmall, clinic.PhotoBlurred, clinic.PhotoDark, clinic.PhotoBright}
		}),
		"check/nothing": result(func(s *clinic.Screening) {
			s.Model, s.BodyPart = "skin@2", ""
			s.Findings = []clinic.Finding{{Code: clinic.FindingNone, Score: 0.9}}
		}),
		"check/reviewed": result(func(s *clinic.Screening) {
			s.Review = clinic.Review{VetID: "v1", Finding: clinic.FindingPustule, At: noon}
		}),
		"check/agreed": result(func(s *clinic.Screening) { s.Review = clinic.Review{VetID: "v1", Agrees: true, At: noon} }),
		"check/vet":    ofVet,
		"check/gone":   ScreeningPage{Layout: at("/check/s1")},
	}
}

func TestTheCheckShowsItsStates(t *testing.T) {
	onward := `.onward a[href$="screening=s1"]`
	checkStates(t, map[string]map[string]int{
		"check/fresh":    {`form[action="/check"][method="post"][enctype="multipart/form-data"]`: 1, `input[type="file"][name="photo"][required]`: 1, `input[capture]`: 0, `input[name="body_part"]`: len(BodyParts) + 1, `input[name="body_part"][value=""][checked]`: 1, `.notice.wrong:not([hidden])`: 0, `.go-now a[href="/hospitals?urgent=true"]`: 1, "h1 + .reference": 1},
		"check/heic":     {`.notice.wrong[autofocus]`: 1},
		"check/missing":  {`.field-error:not([hidden])`: 2, `input[name="photo"][aria-invalid]`: 1},
		"check/queued":   {`[data-state="queued"] [data-outcome] .notice`: 1, ".onward": 0, ".findings": 0, `script[src*="result.js"]`: 1, `[data-note]`: 1, "h1 + .reference": 1},
		"check/failed":   {`[data-state="failed"] .notice.late`: 1, ".findings": 0, onward: 3, `script[src*="result.js"]`: 0},
		"check/done":     {".findings li": 2, ".untrained": 1, onward: 3, `.onward a[href="/vets?area=skin&screening=s1"]`: 1, `.onward a[href="/vets?online=true&screening=s1"]`: 1, `.onward a[href="/urgent?screening=s1"]`: 1, `.onward a[href="/hospitals"]`: 1, `.onward a[href="/check"]`: 1, ".review": 0, `rect.fill[width="74%"]`: 1, `img[src="/api/v1/screenings/s1/photo"][alt]`: 1, "h1 + .reference": 1},
		"check/poor":     {"[data-note]": 4, `.better a[href="/check"]`: 1, `.onward a[href="/check"]`: 0},
		"check/nothing":  {`[data-finding="A7"]`: 1, ".untrained": 0},
		"check/reviewed": {".review strong": 1},
		"check/agreed":   {".review": 1, ".review strong": 0},
		"check/vet":      {".onward": 0, ".findings li": 2, "figcaption b": 0, ".better a": 0},
		"check/gone":     {`[data-state="gone"]`: 1, `.actions a[href="/check"]`: 1, `.actions a[href="/reservations"]`: 1},
	})
}

// checkStates looks in samples for what tells each apart: selector, and how often it is there.
func checkStates(t *testing.T, states map[string]map[string]int) {
	t.Helper()
	w, all := newWeb(t), samples()
	for name, want := range states {
		page, ok := all[name]
		if !ok {
			t.Errorf("no sample %q", name)
			continue
		}
		doc, _ := draw(t, w, "ko", page)
		for selector, n := range want {
			if got := doc.Find(selector).Length(); got != n {
				t.Errorf("%s: %d of %q, want %d", name, got, selector, n)
			}
		}
	}
}

// TestNothingSoundsLikeADiagnosis: each page about a photo begins by saying what it is not, and says nothing like it.
func TestNothingSoundsLikeADiagnosis(t *testing.T) {
	w, first := newWeb(t), map[string]string{"ko": "참고용이며 진단이 아닙니다.", "en": "For reference, not a diagnosis."}
	for name, page := range checkSamples() {
		for lang, want := range first {
			doc, _ := draw(t, w, lang, page)
			if got := strings.TrimSpace(doc.Find("h1 + .reference").Text()); got != want && name != "check/gone" {
				t.Errorf("%s begins with %q", name, got)
			}
			for _, bad := range []string{"your pet has", "is ill", "질병이", "병이에요", "%"} {
				if strings.Contains(doc.Find("main").Text(), bad) {
					t.Errorf("%s in %s says %q", name, lang, bad)
				}
			}
		}
	}
}

func TestARefusedPhotoSaysWhatToDo(t *testing.T) {
	w, all := newWeb(t), checkSamples()
	for name, want := range map[string]string{"check/heic": "Most Compatible", "check/large": "screenshot", "check/braked": "in 41 s"} {
		doc, _ := draw(t, w, "en", all[name])
		if got := doc.Find(".notice.wrong[autofocus]").Text(); !strings.Contains(got, want) {
			t.Errorf("%s says %q", name, got)
		}
	}
}

func TestBarsAreWords(t *testing.T) {
	say := catalogue(t, "en")
	for score, want := range map[float64]string{1.2: "clearly 100%", 0.6: "clearly 60%", 0.3: "somewhat 30%", 0.29: "slightly 29%", -1: "slightly 0%"} {
		bars := say.findings(&clinic.Screening{Findings: []clinic.Finding{{Code: clinic.FindingNodule, Score: score}}})
		if got := bars[0].Amount + " " + bars[0].Width; got != want {
			t.Errorf("%v is %q, want %q", score, got, want)
		}
	}
	if got := say.bodyPart("left ear"); got != "left ear" {
		t.Errorf("a part of its own words is %q", got)
	}
}
