package clinic

import (
	"errors"
	"math"
	"testing"
	"time"
)

func TestPermitsCover(t *testing.T) {
	v := testVet(t, "Asia/Seoul")
	v.Permits = []Permit{
		{Number: "1", Areas: []Area{AreaEye}, ValidFrom: date(t, "2026-01-01"), ValidUntil: date(t, "2026-12-31")},
		{Number: "2", Areas: []Area{AreaSkin, AreaTeeth}, FollowUpOnly: true, ValidFrom: date(t, "2026-06-01"), ValidUntil: date(t, "2026-12-01")},
	}
	inPerson := date(t, "2026-10-02")
	for _, c := range []struct {
		name    string
		purpose Purpose
		start   string
		want    error
	}{
		{"covered", Purpose{Area: AreaEye}, "2026-12-01T05:30:00Z", nil},
		{"the last day, late, local to the vet", Purpose{Area: AreaSkin, PriorVisitOn: inPerson}, "2026-12-01T14:59:00Z", nil},
		{"the day after, local to the vet", Purpose{Area: AreaSkin, PriorVisitOn: inPerson}, "2026-12-01T15:00:00Z", ErrNotPermitted},
		{"before the first day", Purpose{Area: AreaTeeth, PriorVisitOn: inPerson}, "2026-05-31T14:59:00Z", ErrNotPermitted},
		{"another area", Purpose{Area: AreaJoint}, "2026-12-01T05:30:00Z", ErrNotPermitted},
		{"no first visit given", Purpose{Area: AreaSkin}, "2026-12-01T05:30:00Z", ErrPriorVisitRequired},
		{"a first visit after the start", Purpose{Area: AreaSkin, PriorVisitOn: date(t, "2026-12-02")}, "2026-12-01T05:30:00Z", ErrPriorVisitRequired},
	} {
		if err := v.Covers(PermitsEnforced, c.purpose, at(t, c.start)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if err := v.Covers(PermitsOff, c.purpose, at(t, c.start)); err != nil {
			t.Errorf("%s, permits off: %v", c.name, err)
		}
	}
	if got := v.AreasOn(PermitsEnforced, date(t, "2026-12-02")); len(got) != 1 || got[0] != AreaEye {
		t.Errorf("areas on the day after: %v", got)
	}
}

func TestSetOnlineIsAFactOnlyIfItChanges(t *testing.T) {
	v, now := testVet(t, "Asia/Seoul"), at(t, "2026-12-01T05:30:00.1234Z")
	if got := v.SetOnline(false, ReasonVet, now); got != nil {
		t.Errorf("offline again: %v", got)
	}
	got := v.SetOnline(true, ReasonVet, now)
	if len(got) != 1 || got[0].Kind != VetOnline || !v.OnlineSince.Equal(at(t, "2026-12-01T05:30:00.123Z")) {
		t.Errorf("online: %v since %v", got, v.OnlineSince)
	}
	if got := v.SetOnline(true, ReasonVet, now.Add(time.Hour)); got != nil || !v.OnlineSince.Equal(at(t, "2026-12-01T05:30:00.123Z")) {
		t.Errorf("online again: %v since %v", got, v.OnlineSince)
	}
}

func TestDistance(t *testing.T) {
	lat, lon := 37.5665, 126.9780 // Seoul City Hall
	v := &Vet{Profile: Profile{Lat: &lat, Lon: &lon}}
	// Busan City Hall; the great circle on the mean sphere, from the spherical law of cosines.
	p := Place{35.1796, 129.0756}
	rad := math.Pi / 180
	want := 6371.0088 * math.Acos(math.Sin(lat*rad)*math.Sin(p.Lat*rad)+math.Cos(lat*rad)*math.Cos(p.Lat*rad)*math.Cos((lon-p.Lon)*rad))
	if got, ok := v.DistanceKm(p); !ok || math.Abs(got-want) > 0.001 || got < 320 || got > 330 {
		t.Errorf("distance %v, want %v", got, want)
	}
	if _, ok := (&Vet{}).DistanceKm(p); ok {
		t.Error("a vet without a place has a distance")
	}
}

func TestNormalPhone(t *testing.T) {
	for in, want := range map[string]string{
		"010-1234-5678": "01012345678", "+82 10 1234 5678": "01012345678", "+82-010-1234-5678": "01012345678",
		" 02) 123-4567": "021234567", "+49 170 1234567": "+491701234567",
	} {
		if got := NormalPhone(in); got != want {
			t.Errorf("NormalPhone(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	n := NewNumber([8]byte{0, 1, 2, 3, 23, 24, 25, 255})
	if len(n) != 9 || n[4] != '-' || NormalNumber(n) != n {
		t.Errorf("number %q", n)
	}
	if got := NormalNumber(" k7ma 93xd"); got != "K7MA-93XD" {
		t.Errorf("typed by hand: %q", got)
	}
}

func TestRequestsThatCannotBe(t *testing.T) {
	now := at(t, "2026-12-01T05:30:00Z")
	good := func() Request {
		return Request{Owner: Owner{Name: "Owner", Phone: "01012345678", Locale: "ko"}, Pet: Pet{Name: "Dog"}, Purpose: Purpose{Area: AreaSkin}}
	}
	if err := good().Validate(now); err != nil {
		t.Fatal(err)
	}
	long := make([]byte, 5000)
	for i := range long {
		long[i] = 'x'
	}
	for field, f := range map[string]func(*Request){
		"owner.name":           func(q *Request) { q.Owner.Name = "" },
		"owner.phone":          func(q *Request) { q.Owner.Phone = "123" },
		"owner.email":          func(q *Request) { q.Owner.Email = "Owner <a@b.example>" },
		"owner.locale":         func(q *Request) { q.Owner.Locale = "xx" },
		"pet.name":             func(q *Request) { q.Pet.Name = "\x00" },
		"pet.breed":            func(q *Request) { q.Pet.Breed = string(long) },
		"pet.birth_year":       func(q *Request) { q.Pet.BirthYear = 1900 },
		"pet.weight_kg":        func(q *Request) { q.Pet.WeightKg = -1 },
		"visit.area":           func(q *Request) { q.Purpose.Area = "heart" },
		"visit.prior_visit_on": func(q *Request) { q.Purpose.PriorVisitOn = Date{2027, 6, 1} },
		"symptoms":             func(q *Request) { q.Symptoms = string(long) },
	} {
		q := good()
		f(&q)
		var e *Error
		if err := q.Validate(now); !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
