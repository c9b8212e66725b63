package web

import (
	"testing"
	"time"

	"vetroom/clinic"
)

// visitSamples is the page of a reservation around its visit: while the vet is late, and afterwards.
func visitSamples() map[string]Page {
	page := func(r Reservation, change func(*ReservationPage)) Page {
		p := ReservationPage{Layout: asOwner("/reservations/r1"), Reservation: r}
		change(&p)
		return p
	}
	late := withDoor(openVisit(), func(d *Door) { d.DelayedMinutes, d.Late = 7, true })
	late.CanChange = false
	other := sampleVet()
	other.ID, other.Name, other.HasDistance = "v2", "바다 동물의료센터", false
	over := pastVisit("completed", "vet")
	chat := []ChatLine{{"owner", "사흘째 긁어요.\n<b>배</b> 쪽이에요.", noon}, {"vet", "사진을 보여 주세요.", noon.Add(time.Minute)}}
	cancelled := func(by, reason string) Reservation {
		r := pastVisit("cancelled", "cancelled")
		r.CancelledBy, r.Reason = by, reason
		return r
	}
	return map[string]Page{
		"visit/late": page(late, func(p *ReservationPage) { p.Late = &LateOffers{CanMove: true, Vets: []Vet{other}} }),
		"visit/late_alone": page(late, func(p *ReservationPage) {
			p.Late, p.Transfer = &LateOffers{}, Form{Code: "slot_taken"}
		}),
		"visit/came":   page(openVisit(), func(p *ReservationPage) { p.Transfer = Form{Code: "too_early"} }),
		"visit/handed": page(late, func(p *ReservationPage) { p.Late, p.Handed = &LateOffers{CanMove: true, Vets: []Vet{other}}, true }),
		"visit/aftercare": page(over, func(p *ReservationPage) {
			p.Chat = chat
			p.Aftercare = &Aftercare{Text: "목욕은 쉬어 주세요.\n<i>연고</i>는 하루 두 번 발라 주세요.", VisitAdvised: true, Vet: "한강 동물병원", At: noon}
			p.Photo = &clinic.Screening{ID: "s1", State: clinic.ScreeningDone, Findings: []clinic.Finding{{Code: clinic.FindingErosion, Score: 0.73}, {Code: clinic.FindingNodule, Score: 0.1}}}
		}),
		"visit/stills": page(over, func(p *ReservationPage) { p.Stills = sampleStills() }),
		"visit/unseen": page(visitIn(75*time.Hour), func(p *ReservationPage) { p.Photo = &clinic.Screening{ID: "s1", State: clinic.ScreeningQueued} }),
		"visit/advised": page(over, func(p *ReservationPage) {
			p.Aftercare = &Aftercare{VisitAdvised: true, Vet: "한강 동물병원", At: noon}
		}),
		"visit/unwritten": page(over, func(*ReservationPage) {}),
		"visit/by_vet":    page(cancelled("vet", "급한 수술이 생겼어요."), func(*ReservationPage) {}),
		"visit/by_owner":  page(cancelled("owner", ""), func(*ReservationPage) {}),
		"visit/by_system": page(cancelled("system", ""), func(*ReservationPage) {}),
		"visit/ended":     page(withDoor(openVisit(), func(d *Door) { d.State, d.Reason = "closed", "ended" }), func(*ReservationPage) {}),
	}
}

// TestAVisitShowsItsStates looks for what tells each state of a visit apart: selector, and how often it is there.
func TestAVisitShowsItsStates(t *testing.T) {
	w, all := newWeb(t), visitSamples()
	for name, want := range map[string]map[string]int{
		"visit/late":       {`form.door[data-state="late"][data-late="true"] .door-options[href="/reservations/r1#late"]`: 1, "#late .offers > li": 4, `form[action="/reservations/r1/transfer"] input[name="vet_id"][value="v2"]`: 1, `#late a[href="/vets/v1?move=r1#times"]`: 1, `#late a[href="/room?id=room1"]`: 1, ".notice.wrong": 0},
		"visit/late_alone": {"#late .offers > li": 2, `#late a[href="/hospitals"]`: 1, `form[action$="/transfer"]`: 0, `.notice.wrong[role="alert"]`: 1},
		"visit/came":       {"#late": 0, ".notice.wrong": 1, `form.door[data-state="open"]`: 1},
		"visit/handed":     {"#late": 0, ".notice.good": 1},
		"visit/aftercare":  {"[data-aftercare]": 1, "[data-aftercare] i": 0, `.aftercare a[href="/hospitals"]`: 1, "[data-print]": 1, ".kept-chat .said": 2, `.said[data-mine="true"]`: 1, ".said b": 0, ".attached li": 2, `.attached img[src="/api/v1/screenings/s1/photo"][alt]`: 1, "form.door": 0, `a.button[href="/vets/v1"]`: 0},
		"visit/stills":     {".still": 3, `.still-picture[href="/api/v1/stills/still1/photo"] img[src="/api/v1/stills/still1/photo?small=true"][alt][width="4032"][height="3024"]`: 1, `.marks .mark-line`: 3, ".marks": 1, ".still li": 1, ".review": 0},
		"visit/unseen":     {".attached li": 0, ".attached p": 3},
		"visit/advised":    {"[data-aftercare]": 0, `.aftercare a[href="/hospitals"]`: 1},
		"visit/unwritten":  {".aftercare": 1, "[data-print]": 0, ".kept-chat": 0},
		"visit/by_vet":     {`[data-ended-as="cancelled_vet"] p`: 3, `[data-ended-as] a[href="/vets/v1"]`: 1, ".aftercare": 0},
		"visit/by_owner":   {`[data-ended-as="cancelled_owner"]`: 1},
		"visit/by_system":  {`[data-ended-as="cancelled_system"]`: 1},
		"visit/ended":      {`[data-ended-as="ended"] a[href="/vets/v1"]`: 1, ".aftercare": 0},
	} {
		doc, _ := draw(t, w, "ko", all[name])
		for selector, n := range want {
			if got := doc.Find(selector).Length(); got != n {
				t.Errorf("%s: %d of %q, want %d", name, got, selector, n)
			}
		}
	}
}

// TestOpenDoorsComeFirst: what can be entered stands above what is ahead.
func TestOpenDoorsComeFirst(t *testing.T) {
	doc, _ := draw(t, newWeb(t), "ko", samples()["reservations/list"])
	for section, n := range map[string]int{"open": 1, "upcoming": 2, "past": 2} {
		if got := doc.Find(`section[aria-labelledby="` + section + `"] .visit`).Length(); got != n {
			t.Errorf("%s: %d, want %d", section, got, n)
		}
	}
}
