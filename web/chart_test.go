package web

import (
	"fmt"
	"testing"
	"time"
)

func samplePhoto() *SeenPhoto {
	return &SeenPhoto{
		ID: "s1", State: "done", Untrained: true, BodyPart: "배", TakenAt: noon.Add(-time.Hour), Notes: []string{"too_small", "blurred", "dark", "bright"},
		Findings: []SeenFinding{{"A5", 0.62}, {"A1", 0.25}, {"A7", 0.13}},
	}
}

func sampleNote(version int64) RecordText {
	return RecordText{
		Version: version, At: noon.Add(time.Duration(version-9) * time.Minute), Subjective: "사흘째 긁음", Objective: "배에 붉은 반점", Assessment: "알레르기 의심",
		Plan: "약 7일", Aftercare: "목욕은 쉬어 주세요.\n긁으면 다시 오세요.", VisitAdvised: true,
	}
}

// sampleCase is a visit that soon begins, with all that can be known of it.
func sampleCase(id string) *Case {
	r := visitIn(5 * time.Minute)
	r.ID, r.Door.RoomID, r.Door.Seat, r.Photo = id, "room-"+id, "vet", samplePhoto()
	before, unwritten := pastVisit("completed", "ended"), pastVisit("no_show", "no_show")
	before.ID, unwritten.ID = "r8", "r9"
	note := sampleNote(3)
	return &Case{Reservation: r, Earlier: []EarlierVisit{{before, &note}, {unwritten, nil}}}
}

func chartSamples() map[string]Page {
	with := func(change func(p *RecordPage)) RecordPage {
		p := RecordPage{Layout: asVet("/vet/reservations/r2"), Case: *sampleCase("r2"), Record: sampleNote(2), Newest: 2, Versions: []RecordText{sampleNote(2), sampleNote(1)}}
		p.Timeline = []Entry{{At: noon.Add(-time.Hour), What: "booked", By: "owner"}}
		p.Chat = []ChatLine{{"owner", "사흘째 긁어요", noon}, {"vet", "보여 주세요", noon}}
		change(&p)
		return p
	}
	photo := func(change func(s *SeenPhoto)) func(p *RecordPage) {
		return func(p *RecordPage) { change(p.Reservation.Photo) }
	}
	set := map[string]Page{
		"record/empty": with(func(p *RecordPage) {
			p.Record, p.Newest, p.Versions, p.Chat, p.Timeline = RecordText{}, 0, nil, nil, nil
			p.Reservation.Photo, p.Earlier, p.Reservation.Symptoms = nil, nil, ""
		}),
		"record/checked": with(func(p *RecordPage) {
			p.Timeline = append(p.Timeline, Entry{At: noon.Add(-time.Minute), What: "checked", By: "owner", Detail: "audio udp"})
		}),
		"record/written":   with(func(*RecordPage) {}),
		"record/saved":     with(func(p *RecordPage) { p.Saved = true }),
		"record/old":       with(func(p *RecordPage) { p.Record = sampleNote(1) }),
		"record/queued":    with(photo(func(s *SeenPhoto) { s.State, s.Findings, s.Notes = "queued", nil, nil })),
		"record/failed":    with(photo(func(s *SeenPhoto) { s.State, s.Findings = "failed", nil })),
		"record/agreed":    with(photo(func(s *SeenPhoto) { s.Review = &PhotoReview{Agrees: true, At: noon} })),
		"record/disagreed": with(photo(func(s *SeenPhoto) { s.Review = &PhotoReview{Finding: "A2", At: noon} })),
		"record/open_said": with(photo(func(s *SeenPhoto) { s.Review = &PhotoReview{At: noon} })),
		"record/stills":    with(func(p *RecordPage) { p.Stills = sampleStills() }),
		"record/wrong":     with(func(p *RecordPage) { p.Form = Form{Code: "invalid", Errors: []FieldError{{Field: "plan"}}} }),
		"record/changed": with(func(p *RecordPage) {
			theirs := sampleNote(2)
			p.Theirs, p.Form, p.Record.Version, p.Record.Plan = &theirs, Form{Code: "record_changed"}, 1, "내가 적은 <b>계획</b>"
		}),
	}
	for state, door := range map[string]Reservation{"open": openVisit(), "over": pastVisit("confirmed", "ended"), "completed": pastVisit("completed", "ended"), "cancelled": pastVisit("cancelled", "cancelled")} {
		set["record/"+state] = with(func(p *RecordPage) {
			door.ID, door.Door.Seat, door.Kind, door.PriorVisitOn = "r2", "vet", "follow_up", "2026-10-02"
			p.Reservation = door
		})
	}
	return set
}

func TestARecordShowsItsStates(t *testing.T) {
	w, all := newWeb(t), chartSamples()
	const form, base = `form.record[method="post"][action="/vet/reservations/r2"]`, `form.record input[name="version"]`
	for name, want := range map[string]map[string]int{
		"record/empty":     {form + " textarea": 5, base + `[value="0"]`: 1, ".photo": 0, ".history details": 0, "[data-versions] li": 0, ".said li": 0},
		"record/written":   {"[data-stills][hidden]": 1, base + `[value="2"]`: 1, `input[name="visit_advised"][checked]`: 1, "[data-versions] a": 2, `[data-versions] a[href="/vet/reservations/r2?version=1"]`: 1, ".said li": 2, ".history details": 2, ".bars meter": 3, `.bars meter[value="0.620"]`: 1, `.zoom[href="/api/v1/screenings/s1/photo"]`: 1, `.review button[name="agrees"]`: 2, `.review option`: 7, `[data-act][data-first]:not([hidden])`: 1, `[data-act="no-show"][disabled]`: 1},
		"record/old":       {form: 0, ".read dt": 6 + 6, ".notice a": 1},
		"record/queued":    {".bars": 0, ".review": 0},
		"record/failed":    {".bars": 0, ".review": 0, ".zoom img": 1},
		"record/agreed":    {`.review button[value="true"]`: 0, ".reviewed": 1},
		"record/disagreed": {`.review button[value="true"]`: 1, `option[value="A2"][selected]`: 1},
		"record/stills":    {"[data-stills]:not([hidden]) .still": 3, "[data-stills] .mark.mark-yellow .mark-line": 1, "[data-stills] .bars meter": 1, `[data-stills] .review input[name="screening"][value="s2"]`: 1, `[data-stills] form[action="/vet/reservations/r2/review"] option`: 7},
		"record/wrong":     {".notice.wrong": 1, "textarea[aria-invalid]": 1, ".field-error:not([hidden])": 1},
		"record/changed":   {base + `[value="2"]`: 1, "textarea b": 0, `.notice.late[role="alert"][autofocus] .read`: 1},
		"record/open":      {`[data-act="close"][data-first]:not([hidden])`: 1, `[data-act="extend"][disabled]`: 0, `[data-act="no-show"][disabled]`: 1},
		"record/over":      {`[data-act="complete"][data-first]:not([hidden])`: 1, `[data-act="no-show"]:not([disabled])`: 1, `[data-act="delay"][disabled]`: 1, "form.door": 0},
		"record/completed": {"[data-actions]": 0, form: 1},
		"record/cancelled": {"[data-actions]": 0},
	} {
		doc, _ := draw(t, w, "ko", all[name])
		for selector, n := range want {
			if got := doc.Find(selector).Length(); got != n {
				t.Errorf("%s: %d of %q, want %d", name, got, selector, n)
			}
		}
	}
}

// TestTheVetsButtons: each state offers what the clinic would take, and a missing owner only after a grace.
func TestTheVetsButtons(t *testing.T) {
	acts := []string{"open", "delay", "close", "extend", "complete", "no-show", "cancel"}
	for _, c := range []struct {
		r     Reservation
		after time.Duration
		want  string
	}{
		{visitIn(time.Hour), 0, "open: open delay cancel"},
		{openVisit(), 0, "close: delay close extend complete cancel"},
		{openVisit(), 3*time.Minute + 59*time.Second, "close: delay close extend complete cancel"},
		{openVisit(), 4 * time.Minute, "close: delay close extend complete no-show cancel"},
		{pastVisit("confirmed", "ended"), 0, "complete: complete no-show"},
		{pastVisit("completed", "ended"), 0, ":"},
		{pastVisit("cancelled", "cancelled"), 0, ":"},
	} {
		got := c.r.First() + ":"
		for _, act := range acts {
			if c.r.May(act, noon.Add(c.after)) {
				got += " " + act
			}
		}
		if got != c.want {
			t.Errorf("%s, %s after %v: %q, want %q", c.r.State, c.r.Door.State, c.after, got, c.want)
		}
	}
}

func TestAPetInWords(t *testing.T) {
	p := newWeb(t).printer("en")
	for _, c := range []struct {
		pet  Pet
		want string
	}{
		{Pet{Name: "Bori", Breed: "Maltese", BirthYear: 2019, WeightKg: 4.2}, "Bori · Maltese · 7 y · 4.2 kg"},
		{Pet{Name: "Bori", BirthYear: 2027, WeightKg: 12}, "Bori · 0 y · 12 kg"},
		{Pet{Name: "Bori"}, "Bori"},
	} {
		if got := p.petInWords(c.pet, noon); got != c.want {
			t.Errorf("%+v: %q, want %q", c.pet, got, c.want)
		}
	}
	if got, want := p.onPaper(noon), "Tue 1 Dec 2026 12:00 pm"; got != want {
		t.Errorf("on paper %q, want %q", got, want)
	}
	if got, want := p.findingsInWords(samplePhoto()), "Erosion or ulcer 62%, Papule or plaque 25%, Nothing found 13%"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for want, note := range map[string]RecordText{"a": {Subjective: "s", Assessment: "a", Plan: "p"}, "s": {Subjective: "s"}, "": {}} {
		if got := note.Summary(); got != want {
			t.Errorf("%s of %s", got, fmt.Sprint(note))
		}
	}
}
