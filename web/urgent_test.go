package web

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func urgentSamples() map[string]Page {
	ready := Ready{Online: 3, Free: 2, UsualWait: 80 * time.Second}
	form := UrgentPage{Layout: at("/urgent?flags=none"), Ready: ready, Areas: []string{"skin", "eye"}, Key: "k1", Form: Form{Values: map[string]string{"visit.area": "eye"}}}
	flags, sign, nobody, waiting, wrong := form, form, form, form, form
	flags.Flags = &Flags{Path: "/urgent", Keep: url.Values{"vet": {"v1"}}}
	sign.Flags = &Flags{Path: "/urgent", Flag: "breathing"}
	nobody.Ready, nobody.Flags = Ready{}, flags.Flags
	waiting.Waiting, waiting.Flags = "q1", flags.Flags
	vet := sampleVet()
	wrong.Vet, wrong.Photo, wrong.Ready.Free = &vet, &AttachedPhoto{ID: "s1", Img: "/api/v1/screenings/s1/photo", State: "done", Finding: "A2"}, 0
	wrong.Form = Form{Code: "nobody_permitted", Values: map[string]string{"owner.name": "보호자"}, Errors: []FieldError{{Field: "visit.area"}, {Field: "owner.phone", Code: "required"}}}
	wait := func(state string) UrgentWaitPage {
		return UrgentWaitPage{Layout: asOwner("/urgent/q1"), ID: "q1", State: state, ExpiresAt: noon.Add(14 * time.Minute), Ready: ready, Pet: "보리", Area: "skin"}
	}
	ringing, second, next, lonely, accepted, over := wait("ringing"), wait("queued"), wait("queued"), wait("queued"), wait("accepted"), wait("accepted")
	ringing.Vet, ringing.RingEnds = &vet, noon.Add(42*time.Second)
	second.Position, next.Position, lonely.Position, lonely.Ready = 3, 1, 1, Ready{}
	accepted.Vet, accepted.ReservationID, accepted.RoomID, accepted.Open = &vet, "r1", "room1", true
	over.Vet, over.ReservationID, over.RoomID = &vet, "r1", "room1"
	return map[string]Page{
		"ring/ringing": VetHoursPage{Layout: asVet("/vet/hours"), Hours: Hours{TimeZone: "Asia/Seoul"}},
		"urgent/flags": flags, "urgent/sign": sign, "urgent/form": form, "urgent/wrong": wrong, "urgent/nobody": nobody, "urgent/waiting": waiting,
		"wait/ringing": ringing, "wait/queued": second, "wait/next": next, "wait/nobody": lonely, "wait/over": over,
		"wait/expired": wait("expired"), "wait/left": wait("left"), "wait/accepted": accepted,
	}
}

// rings answers what rings for the vet of a page: something on the sample that shows it, and else nothing.
func rings(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "application/json")
	if !strings.Contains(r.Referer(), "/ring/ringing") {
		io.WriteString(rw, `{"requests":[],"waiting":0}`)
		return
	}
	io.WriteString(rw, `{"waiting":2,"requests":[{"id":"q1","state":"ringing","rings_until":"2026-12-01T03:00:42.000Z",
		"pet":{"name":"보리","breed":"말티즈","birth_year":2019,"weight_kg":4.2},"visit":{"area":"skin","prior_visit_on":"2026-10-02"},
		"symptoms":"갑자기 얼굴이 부었어요.\n계속 긁어요.","screening":{"state":"done","photo":"/api/v1/screenings/s1/photo",
		"findings":[{"code":"A5","label":"미란·궤양","score":0.71}]}}]}`)
}

func TestUrgentPagesShowTheirStates(t *testing.T) {
	w := newWeb(t)
	const refresh = `head noscript`
	for name, want := range map[string]map[string]int{
		"urgent/flags":   {"form.flags": 1, "form[data-ask]": 0, ".presence.on": 1, `input[name="vet"][value="v1"]`: 1},
		"urgent/sign":    {".go-now": 1, "form[data-ask]": 0},
		"urgent/form":    {`form[data-ask][method="post"][action="/urgent"]`: 1, `input[name="idempotency_key"][value="k1"]`: 1, `input[name="visit.area"]`: 2, `input[value="eye"][checked]`: 1, `[name="screening_id"]`: 0, `[name="vet_id"]`: 0, ".notice": 0},
		"urgent/wrong":   {".notice.wrong": 1, `input[name="vet_id"][value="v1"]`: 1, `input[name="screening_id"][value="s1"]`: 1, `img[src="/api/v1/screenings/s1/photo"]`: 1, ".field-error:not([hidden])": 2, `main a[href^="/hospitals"]`: 1},
		"urgent/nobody":  {"form": 0, `main a[href^="/hospitals"]`: 1, `main a[href="/vets"]`: 1, ".notice.late": 1},
		"urgent/waiting": {"form": 0, `a[href="/urgent/q1"]`: 1},
		"wait/ringing":   {`[data-wait="q1"][data-state="ringing"][data-rings="2026-12-01T03:00:42.000Z"]`: 1, `form[method="post"][action="/urgent/q1/leave"]`: 1, `a[href^="/room"]`: 0, refresh: 1, `script[src*="urgent.js"]`: 1},
		"wait/queued":    {`[data-state="queued"][data-rings=""]`: 1, `form[action$="/leave"]`: 1, refresh: 1},
		"wait/nobody":    {`[data-state="queued"]`: 1, `main a[href^="/hospitals"]`: 1},
		"wait/accepted":  {`[data-room="room1"] a.button[href="/room?id=room1"]`: 1, `form[action$="/leave"]`: 0, refresh: 0, `script[src*="urgent.js"]`: 1},
		"wait/over":      {`[data-room=""] a[href="/reservations/r1"]`: 1, `a[href^="/room"]`: 0, `script[src*="urgent.js"]`: 0},
		"wait/expired":   {`a.button[href="/urgent"]`: 1, `main a[href^="/hospitals"]`: 1, `main a[href="/vets"]`: 1, refresh: 0},
		"wait/left":      {`a.button[href="/urgent"]`: 1, `form[action$="/leave"]`: 0},
	} {
		doc, _ := draw(t, w, "ko", samples()[name])
		for selector, n := range want {
			if got := doc.Find(selector).Length(); got != n {
				t.Errorf("%s: %d of %q, want %d", name, got, selector, n)
			}
		}
	}
}

func TestWaitingIsSaidInWords(t *testing.T) {
	w, all := newWeb(t), samples()
	for name, want := range map[string]string{
		"wait/ringing": "We are asking 한강 동물병원", "wait/queued": "2 ahead of you", "wait/next": "You are next",
		"wait/nobody": "No vet is online", "wait/accepted": "한강 동물병원 is there", "wait/over": "is over",
		"wait/expired": "within 15 minutes", "wait/left": "Nobody is called",
	} {
		doc, _ := draw(t, w, "en", all[name])
		if got := doc.Find("#wait-words").Text(); !strings.Contains(got, want) {
			t.Errorf("%s says %q, want %q", name, got, want)
		}
	}
}

// TestEveryPageOfAVetCanRing: a signed-in vet may look at whatever page when somebody needs one.
func TestEveryPageOfAVetCanRing(t *testing.T) {
	w := newWeb(t)
	for name, page := range samples() {
		doc, _ := draw(t, w, "ko", page)
		want := 0
		if page.layout().Vet != nil {
			want = 1
		}
		for _, selector := range []string{"[data-ring][hidden]", `script[src*="js/ring.js"]`, `link[href*="css/ring.css"]`} {
			if got := doc.Find(selector).Length(); got != want {
				t.Errorf("%s: %d of %q, want %d", name, got, selector, want)
			}
		}
		if scripts := doc.Find(`script[type="module"][src]`); want == 1 && !strings.Contains(scripts.Eq(scripts.Length()-2).AttrOr("src", ""), "js/ring.js") {
			t.Errorf("%s: what rings does not come after the page's own scripts", name)
		}
	}
}
