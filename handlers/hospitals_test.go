package handlers

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	"vetroom/clinic"
)

func (m *memory) Hospitals(ctx context.Context, near clinic.Place, limit int) ([]clinic.Hospital, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	all := slices.Clone(m.hospitals)
	slices.SortFunc(all, func(a, b clinic.Hospital) int { return cmp.Compare(a.KmTo(near), b.KmTo(near)) })
	return all[:min(limit, len(all))], nil
}

func (m *memory) FindHospitals(ctx context.Context, words []string, limit int) ([]clinic.Hospital, error) {
	unlock, err := m.in(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	found := slices.DeleteFunc(slices.Clone(m.hospitals), func(h clinic.Hospital) bool {
		return slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(h.Name+"\n"+h.Address, w) })
	})
	return found[:min(limit, len(found))], nil
}

func (m *memory) ReplaceHospitals(ctx context.Context, all []clinic.Hospital) error {
	unlock, err := m.in(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	m.hospitals = slices.Clone(all)
	return nil
}

func TestHospitals(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	if a := b.get("/api/v1/hospitals?near=37.5665,126.9780").ok(200); strings.TrimSpace(string(a.body)) != `{"hospitals":[]}` {
		t.Errorf("an empty register is %s", a.body)
	}
	var all []clinic.Hospital
	for i := range 30 {
		place := clinic.Place{Lat: 37.5665 + float64(29-i)/100, Lon: 126.9780}
		all = append(all, clinic.Hospital{Name: "마포 동물병원", Address: "서울 마포구", Phone: "02-123-4567", Place: place})
	}
	if err := s.h.Desk.ReplaceHospitals(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	a := b.get("/api/v1/hospitals?near=37.5665,126.9780")
	list := decoded[hospitalsJSON](a.ok(200)).Hospitals
	if len(list) != 20 || list[0] != (hospitalJSON{"마포 동물병원", "서울 마포구", "02-123-4567", 37.5665, 126.978, 0}) || list[1].DistanceKm != 1.112 {
		t.Errorf("the nearest are %s", a.body)
	}
	if !slices.IsSortedFunc(list, func(a, b hospitalJSON) int { return cmp.Compare(a.DistanceKm, b.DistanceKm) }) {
		t.Errorf("not nearest first: %s", a.body)
	}
	if raw := a.object()["hospitals"].([]any)[0].(obj); len(raw) != 6 {
		t.Errorf("the keys are %v", raw)
	}
	if few := decoded[hospitalsJSON](b.get("/api/v1/hospitals?near=37.5665,126.9780&limit=3").ok(200)); len(few.Hospitals) != 3 {
		t.Errorf("limited to 3 they are %d", len(few.Hospitals))
	}
	for query, field := range map[string]string{
		"": "near", "near=": "near", "near=Seoul": "near", "near=91,0": "near", "near=0,181": "near", "near=NaN,0": "near", "near=1": "near",
		"near=1,2,3": "near", "near=0,0&limit=0": "limit", "near=0,0&limit=101": "limit", "near=0,0&limit=x": "limit", "near=Inf,0&limit=-1": "limit",
	} {
		b.get("/api/v1/hospitals?"+query).refused(422, "invalid").at(t, field)
	}
}

// TestHospitalsAreOfferedInstead holds that whoever may not be seen by video is told where an animal is seen in person,
// and nobody else.
func TestHospitalsAreOfferedInstead(t *testing.T) {
	s := newSite(t)
	for area, code := range map[string]string{"teeth": "not_permitted", "eye": "prior_visit_required", "tail": "invalid"} {
		body := s.booking(tuesday9)
		body["visit"] = obj{"area": area}
		want := "/hospitals"
		if code == "invalid" {
			want = ""
		}
		if p := s.browser().post("/api/v1/reservations", body).refused(422, code); p.Hospitals != want {
			t.Errorf("%s offers %q, want %q", code, p.Hospitals, want)
		}
	}
}

// TestHospitalsAreFoundByWords holds that words find hospitals, and that what is longer than any name asks nobody.
func TestHospitalsAreFoundByWords(t *testing.T) {
	s := newSite(t)
	if err := s.h.Desk.ReplaceHospitals(t.Context(), []clinic.Hospital{{Name: "마포 동물병원", Address: "서울"}}); err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]int{"마포": 1, " 서울  동물병원 ": 1, "부산": 0, "": 0, strings.Repeat("마포 ", 1000): 0} {
		if found, err := s.h.Desk.FindHospitals(t.Context(), words, 5); err != nil || len(found) != want {
			t.Errorf("%.20q finds %d (%v), want %d", words, len(found), err, want)
		}
	}
}

func TestRegisterMustBeRight(t *testing.T) {
	s := newSite(t)
	right := clinic.Hospital{Name: "마포 동물병원", Place: clinic.Place{Lat: 37, Lon: 127}}
	nameless, nowhere := right, right
	nameless.Name, nowhere.Lat = "", 91
	for name, all := range map[string][]clinic.Hospital{"nothing": nil, "nameless": {right, nameless}, "nowhere": {right, nowhere}} {
		if err := s.h.Desk.ReplaceHospitals(t.Context(), all); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if len(s.store.hospitals) > 0 {
		t.Errorf("it holds %v", s.store.hospitals)
	}
}
