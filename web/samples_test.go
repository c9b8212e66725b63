package web

import (
	"bytes"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

var (
	seoul = mustZone("Asia/Seoul")
	noon  = time.Date(2026, 12, 1, 12, 0, 0, 0, seoul) // a Tuesday
)

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// samples is every page in each of its states, by "page/state".
func samples() map[string]Page {
	all := map[string]Page{}
	for _, set := range []map[string]Page{ownerSamples(), reservationSamples(), visitSamples(), vetSamples(), chartSamples(), roomSamples(), errorSamples(), checkSamples(), hospitalSamples(), urgentSamples(), bookSamples()} {
		for name, page := range set {
			all[name] = page
		}
	}
	return all
}

func at(path string) Layout      { return Layout{Path: path, Now: noon} }
func asOwner(path string) Layout { return Layout{Path: path, Now: noon, Owner: true} }
func asVet(path string) Layout {
	return Layout{Path: path, Now: noon, Vet: &SignedVet{ID: "v1", Name: "한강 동물병원", Online: true}}
}

func sampleVet() Vet {
	return Vet{
		ID: "v1", Name: "한강 동물병원", Location: "서울 마포구", Description: "피부와 귀를 주로 봐요. 천천히 설명해 드려요.",
		Online: true, Zone: seoul, NextFree: noon.Add(150 * time.Minute), SlotMinutes: 20,
		Areas: []string{"skin", "eye"}, Languages: []string{"ko", "en"}, DistanceKm: 2.34, HasDistance: true,
	}
}

// visitIn is a reservation that starts after a while.
func visitIn(after time.Duration) Reservation {
	start := noon.Add(after)
	return Reservation{
		ID: "r1", Number: "4821-73", State: "confirmed", Kind: "scheduled",
		Start: start, End: start.Add(20 * time.Minute), Zone: seoul, Vet: sampleVet(),
		Owner: Owner{Name: "보호자", Phone: "010-1234-5678"}, Pet: Pet{Name: "보리", Breed: "말티즈", BirthYear: 2019, WeightKg: 4.2},
		Area: "skin", Symptoms: "사흘 전부터 배를 자꾸 긁어요.\n붉은 점이 보여요.",
		CancelUntil: start.Add(-30 * time.Minute), CanChange: after > 30*time.Minute,
		Door: Door{RoomID: "room1", State: "locked", OpensAt: start, ClosesAt: start.Add(25 * time.Minute), Seat: "owner", Version: 3},
	}
}

func withDoor(r Reservation, change func(*Door)) Reservation {
	change(&r.Door)
	return r
}

func openVisit() Reservation {
	return withDoor(visitIn(-time.Minute), func(d *Door) { d.State = "open" })
}

func pastVisit(state, reason string) Reservation {
	r := withDoor(visitIn(-48*time.Hour), func(d *Door) { d.State, d.Reason = "closed", reason })
	r.State = state
	return r
}

func sampleWeek() []Day {
	var days []Day
	for i := range 7 {
		date := time.Date(2026, 12, 1+i, 0, 0, 0, 0, seoul)
		day := Day{Date: date}
		for s := range 10 {
			if i == 5 || i == 6 {
				break
			}
			start := date.Add(time.Duration(10*60+s*20) * time.Minute)
			state := "free"
			if start.Before(noon) {
				state = "past"
			} else if (s+i)%3 == 0 {
				state = "taken"
			}
			day.Slots = append(day.Slots, Slot{Start: start, End: start.Add(20 * time.Minute), State: state})
		}
		days = append(days, day)
	}
	return days
}

func ownerSamples() map[string]Page {
	vet := VetPage{Layout: at("/vets/v1"), Vet: sampleVet(), Days: sampleWeek(), Later: "2026-12-08", From: "2026-12-01", Count: 7}
	chosen, abroad, move, full, taken := vet, vet, vet, vet, vet
	chosen.Form.Values = map[string]string{"start": "2026-12-02T01:20:00.000Z"}
	chosen.Carry = Carry{Screening: "s1", Near: "37.5,127", Cleared: true}
	abroad.Zone, abroad.Form = mustZone("America/New_York"), chosen.Form
	taken.Days = []Day{{Date: noon, Slots: []Slot{{Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour), State: "taken"}}}}
	moved := visitIn(26 * time.Hour)
	move.Move, move.Layout = &moved, asOwner("/vets/v1?move=r1")
	move.Earlier = "2026-11-24"
	full.Days = []Day{{Date: noon}, {Date: noon.AddDate(0, 0, 1), Slots: []Slot{{Start: noon.Add(-time.Hour), End: noon, State: "past"}}}}
	next := visitIn(4 * time.Minute)
	offline := sampleVet()
	offline.ID, offline.Name, offline.Online, offline.NextFree, offline.HasDistance = "v2", "바다 동물의료센터", false, time.Time{}, false
	return map[string]Page{
		"home/empty":    HomePage{Layout: at("/")},
		"home/wait":     HomePage{Layout: at("/"), Online: 2, UsualWait: 100 * time.Second},
		"home/next":     HomePage{Layout: asOwner("/"), Next: &next, Online: 3},
		"vets/list":     VetsPage{Layout: at("/vets?online=true"), Vets: []Vet{sampleVet(), offline}, Online: true, NextCursor: "c2"},
		"vets/near":     VetsPage{Layout: at("/vets?near=37.5,127"), Vets: []Vet{sampleVet()}, Near: "37.5,127.0", Area: "skin", Query: "한강"},
		"vets/filtered": VetsPage{Layout: at("/vets?q=x"), Query: "x", Online: true, Area: "joint", Near: "1,2"},
		"vets/empty":    VetsPage{Layout: at("/vets")},
		"vets/photo":    VetsPage{Layout: at("/vets?screening=s1"), Vets: []Vet{sampleVet()}, Screening: "s1", Zone: mustZone("America/New_York")},
		"vet/fresh":     vet,
		"vet/chosen":    chosen,
		"vet/abroad":    abroad,
		"vet/taken":     taken,
		"vet/move":      move,
		"vet/full":      full,
	}
}

func bookSamples() map[string]Page {
	slot := Slot{Start: noon.Add(150 * time.Minute), End: noon.Add(170 * time.Minute), State: "free"}
	fresh := BookPage{Layout: at("/vets/v1/book?flags=none"), Vet: sampleVet(), Slot: slot, Key: "k1", Carry: Carry{Cleared: true}}
	flags, urgent, photo, wrong, lost, full, refused := fresh, fresh, fresh, fresh, fresh, fresh, fresh
	ask := Flags{Path: "/vets/v1/book", Keep: url.Values{"start": {iso(slot.Start)}}}
	flags.Flags = &ask
	sign := ask
	sign.Flag, sign.Near = "bleeding", "37.5,127"
	sign.Hospitals = []Hospital{{Name: "가온 동물병원", Address: "서울 마포구 1", Phone: "02-123-4567", DistanceKm: 0.84}, {Name: "누리 동물병원", DistanceKm: 12}}
	urgent.Flags = &sign
	photo.Photo = &AttachedPhoto{ID: "s1", Img: "/api/v1/screenings/s1/photo", State: "done", Finding: "A2"}
	photo.Carry.Screening, photo.FollowUpOnly, photo.Zone = "s1", []string{"eye"}, mustZone("America/New_York")
	wrong.FollowUpOnly = []string{"skin", "eye"}
	wrong.Photo = &AttachedPhoto{ID: "s1", Img: "/api/v1/screenings/s1/photo", State: "queued"}
	wrong.Form = Form{
		Code:   "invalid",
		Values: map[string]string{"owner.name": "보호자", "pet.name": "보리", "visit.area": "eye", "symptoms": "<b>눈곱</b>", "start": iso(slot.Start), "screening_id": ""},
		Errors: []FieldError{{Field: "owner.phone", Code: "required"}, {Field: "pet.birth_year"}, {Field: "visit.prior_visit_on"}, {Field: "screening_id"}},
	}
	lost.Slot.State, lost.Nearest = "taken", []Slot{{Start: noon.Add(130 * time.Minute), State: "free"}, {Start: noon.Add(190 * time.Minute), State: "free"}, {Start: noon.Add(26 * time.Hour), State: "free"}}
	lost.Form = Form{Code: "slot_taken", Values: map[string]string{"owner.name": "보호자"}, Errors: []FieldError{{Field: "start", Code: "slot_taken"}}}
	full.Slot.State, full.Photo = "taken", &AttachedPhoto{ID: "s1", Img: "/api/v1/screenings/s1/photo", State: "failed"}
	refused.Form = Form{Code: "not_permitted", Values: map[string]string{"visit.area": "skin"}, Errors: []FieldError{{Field: "visit.area", Code: "not_permitted"}}}
	link := "https://vetroom.example/r/abcdefghijklmnopqrstuvwxyz012345"
	booked := BookedPage{Layout: asOwner("/reservations/r1"), Reservation: visitIn(75 * time.Hour), Link: link}
	mailed := booked
	mailed.Reservation, mailed.Mail = visitIn(4*time.Minute), "owner@mail.example"
	mailed.Reservation.Zone = mustZone("America/New_York")
	return map[string]Page{
		"booked/far": booked, "booked/soon": mailed,
		"book/flags": flags, "book/urgent": urgent, "book/fresh": fresh, "book/photo": photo, "book/wrong": wrong,
		"book/lost": lost, "book/full": full, "book/refused": refused,
	}
}

func reservationSamples() map[string]Page {
	timeline := []Entry{{At: noon.Add(-time.Hour), What: "booked", By: "owner"}, {At: noon.Add(12 * time.Millisecond), What: "due", By: "system"}, {At: noon.Add(15 * time.Millisecond), What: "emitted", By: "system"}, {At: noon.Add(31 * time.Millisecond), What: "owner_told", By: "owner"}, {At: noon.Add(time.Second), What: "unheard_of", By: ""},
		{At: noon.Add(2 * time.Second), What: "quality", By: "owner", Detail: "good"}, {At: noon.Add(3 * time.Second), What: "quality", By: "vet", Detail: "good relay"}, {At: noon.Add(62 * time.Second), What: "quality", By: "owner", Detail: "good"}}
	checked := append(slices.Clone(timeline[:1]), Entry{At: noon.Add(-40 * time.Minute), What: "checked", By: "vet", Detail: "poor udp"},
		Entry{At: noon.Add(-30 * time.Minute), What: "checked", By: "owner", Detail: "good relay_tcp"}, Entry{At: noon.Add(-20 * time.Minute), What: "checked", By: "vet", Detail: "none none"})
	refused := ReservationPage{Layout: asOwner("/reservations/r1"), Reservation: visitIn(20 * time.Minute), Cancel: Form{Code: "too_late", Values: map[string]string{"reason": "x"}}}
	booked := visitIn(75 * time.Hour)
	return map[string]Page{
		"reservations/list":     ReservationsPage{Layout: asOwner("/reservations"), Upcoming: []Reservation{openVisit(), visitIn(4 * time.Minute), visitIn(75 * time.Hour)}, Past: []Reservation{pastVisit("completed", "ended"), pastVisit("cancelled", "cancelled")}},
		"reservations/empty":    ReservationsPage{Layout: at("/reservations")},
		"reservations/expired":  ReservationsPage{Layout: at("/reservations"), Expired: true},
		"reservations/notfound": ReservationsPage{Layout: at("/reservations"), Lookup: Form{Code: "not_found", Values: map[string]string{"number": "1234-56", "phone": "010"}}},
		"reservations/throttle": ReservationsPage{Layout: at("/reservations"), Lookup: Form{Code: "too_many"}},
		"reservation/far":       ReservationPage{Layout: asOwner("/reservations/r1"), Reservation: booked, Timeline: timeline[:1]},
		"reservation/checked":   ReservationPage{Layout: asOwner("/reservations/r1"), Reservation: visitIn(8 * time.Minute), Timeline: checked},
		"reservation/open":      ReservationPage{Layout: asOwner("/reservations/r1"), Reservation: openVisit(), Timeline: timeline},
		"reservation/late":      ReservationPage{Layout: asOwner("/reservations/r1"), Reservation: withDoor(visitIn(8*time.Minute), func(d *Door) { d.DelayedMinutes = 10 })},
		"reservation/late_open": ReservationPage{Layout: asOwner("/reservations/r1"), Reservation: withDoor(openVisit(), func(d *Door) { d.DelayedMinutes, d.Late = 10, true })},
		"reservation/too_late":  refused,
		"reservation/cancelled": ReservationPage{Layout: asOwner("/reservations/r1"), Reservation: pastVisit("cancelled", "cancelled")},
		"reservation/over":      ReservationPage{Layout: asOwner("/reservations/r1"), Reservation: withDoor(openVisit(), func(d *Door) { d.State, d.Reason = "closed", "vet" })},
		"reservation/no_show":   ReservationPage{Layout: asOwner("/reservations/r1"), Reservation: pastVisit("no_show", "no_show")},
	}
}

func vetSamples() map[string]Page {
	mine := func(r Reservation, id string) Reservation {
		r.ID, r.Door.RoomID, r.Door.Seat = id, "room-"+id, "vet"
		return r
	}
	week := []DayList{{Date: noon.AddDate(0, 0, 1), Reservations: []Reservation{mine(visitIn(26*time.Hour), "r4")}}}
	for i := 2; i <= 6; i++ {
		week = append(week, DayList{Date: noon.AddDate(0, 0, i)})
	}
	hours := Hours{
		TimeZone: "Asia/Seoul", SlotMinutes: "20", BufferMinutes: "0", NoticeMinutes: "0", HorizonDays: "30", CancelCutoffMinutes: "30",
		Weekly:     []HoursRow{{"mon", "09:00", "12:00"}, {"mon", "13:00", "18:00"}, {"fri", "13:00", "24:00"}},
		Exceptions: []HoursException{{Date: "2026-12-25", Closed: true}, {Date: "2026-12-31", From: "09:00", To: "12:00"}},
	}
	bad := hours
	bad.SlotMinutes = "7"
	return map[string]Page{
		"vetlogin/fresh": VetLoginPage{Layout: at("/vet/login"), Next: "/vet/hours"},
		"vetlogin/wrong": VetLoginPage{Layout: at("/vet/login"), Form: Form{Code: "bad_credentials", Values: map[string]string{"login": "han"}}},
		"vetday/full":    VetDayPage{Layout: asVet("/vet"), Zone: seoul, SlotMinutes: 20, Week: week, Chosen: sampleCase("r2"), Today: []Reservation{mine(openVisit(), "r1"), mine(visitIn(5*time.Minute), "r2"), mine(pastVisit("completed", "ended"), "r3")}},
		"vetday/empty":   VetDayPage{Layout: asVet("/vet"), Zone: seoul, SlotMinutes: 20},
		"vethours/form":  VetHoursPage{Layout: asVet("/vet/hours"), Hours: hours},
		"vethours/saved": VetHoursPage{Layout: asVet("/vet/hours"), Hours: hours, Saved: true, Outside: []Reservation{visitIn(26 * time.Hour)}},
		"vethours/wrong": VetHoursPage{Layout: asVet("/vet/hours"), Hours: bad, Form: Form{Code: "invalid", Errors: []FieldError{{Field: "slot_minutes"}, {Field: "weekly"}, {Field: "weekly.tue"}, {Field: "exceptions"}}}},
	}
}

func roomSamples() map[string]Page {
	vetSide := withDoor(openVisit(), func(d *Door) { d.Seat = "vet" })
	return map[string]Page{
		"room/waiting":    RoomPage{Layout: asOwner("/room?id=room1"), Reservation: visitIn(4 * time.Minute)},
		"room/open":       RoomPage{Layout: asOwner("/room?id=room1"), Reservation: openVisit()},
		"room/vet":        RoomPage{Layout: asVet("/room?id=room1"), Reservation: vetSide},
		"callcheck/owner": CallCheckPage{Layout: asOwner("/reservations/r1/check"), Reservation: visitIn(26 * time.Hour)},
		"callcheck/soon":  CallCheckPage{Layout: asOwner("/reservations/r1/check"), Reservation: visitIn(8 * time.Minute)},
		"callcheck/vet":   CallCheckPage{Layout: asVet("/reservations/r1/check"), Reservation: vetSide},
		"callcheck/over":  CallCheckPage{Layout: asOwner("/reservations/r1/check"), Reservation: pastVisit("completed", "ended")},
		"room/closed":     RoomPage{Layout: asOwner("/room?id=room1"), Reservation: pastVisit("completed", "ended")},
	}
}

func errorSamples() map[string]Page {
	set := map[string]Page{"error/429": ErrorPage{Layout: at("/vets"), Status: 429, RetryAfter: 61 * time.Second}}
	for _, status := range []int{400, 403, 404, 410, 413, 500, 503} {
		set["error/"+strconv.Itoa(status)] = ErrorPage{Layout: at("/x"), Status: status}
	}
	return set
}

// draw renders a page and returns it parsed, and as it was.
func draw(t *testing.T, w *Web, lang string, page Page) (*goquery.Document, string) {
	t.Helper()
	var buf bytes.Buffer
	if err := w.Render(&buf, lang, page); err != nil {
		t.Fatal(err)
	}
	html := buf.String()
	doc, err := goquery.NewDocumentFromReader(&buf)
	if err != nil {
		t.Fatal(err)
	}
	return doc, html
}

func newWeb(t *testing.T) *Web {
	t.Helper()
	w, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return w
}
