package handlers

import (
	"slices"
	"strings"
	"testing"
)

func TestVets(t *testing.T) {
	s := newSite(t)
	s.addVet("park", "Park")
	b := s.browser()
	a := b.get("/api/v1/vets").ok(200)
	list := decoded[vetsJSON](a)
	if len(list.Vets) != 2 || list.NextCursor != nil || !strings.Contains(string(a.body), `"next_cursor":null`) {
		t.Fatalf("vets %s", a.body)
	}
	raw := a.object()["vets"].([]any)[0].(obj)
	keys := []string{}
	for k := range raw {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	want := []string{"description", "id", "img", "lat", "location", "lon", "name", "next_free", "online", "time_zone"}
	if !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
	if v := list.Vets[0]; v.NextFree == nil || *v.NextFree != "2026-11-30T03:00:00.000Z" || v.TimeZone != "Asia/Seoul" {
		t.Errorf("vet %+v", v)
	}
	near := decoded[vetsJSON](b.get("/api/v1/vets?near=37.5665,126.9780").ok(200))
	if km := near.Vets[0].DistanceKm; km == nil || *km < 6 || *km > 6.6 {
		t.Errorf("distance %v", km)
	}
	if got := decoded[vetsJSON](b.get("/api/v1/vets?online=true").ok(200)); len(got.Vets) != 0 {
		t.Errorf("online %+v", got)
	}
	if got := decoded[vetsJSON](b.get("/api/v1/vets?area=teeth").ok(200)); len(got.Vets) != 0 {
		t.Errorf("teeth %+v", got)
	}
	first := decoded[vetsJSON](b.get("/api/v1/vets?limit=1").ok(200))
	second := decoded[vetsJSON](b.get("/api/v1/vets?limit=1&cursor=" + *first.NextCursor).ok(200))
	if first.Vets[0].Name != "Kim" || second.Vets[0].Name != "Park" || second.NextCursor != nil {
		t.Errorf("pages %+v %+v", first, second)
	}
	for query, field := range map[string]string{
		"near=1": "near", "near=91,0": "near", "near=NaN,0": "near", "online=yes": "online", "area=tail": "area", "limit=0": "limit",
		"q=" + strings.Repeat("x", 201): "q", "limit=x": "limit",
	} {
		b.get("/api/v1/vets?"+query).refused(422, "invalid").at(t, field)
	}
}

func TestVet(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	v := decoded[vetDetailJSON](b.get("/api/v1/vets/" + s.vet.ID).ok(200))
	if v.SlotMinutes != 20 || !slices.Equal(v.Languages, []string{"ko"}) || len(v.Areas) != 2 || v.DistanceKm != nil {
		t.Errorf("vet %+v", v)
	}
	b.get("/api/v1/vets/019ad2a4-0000-7000-8000-000000000000").refused(404, "not_found")
	b.get("/api/v1/vets/kim").refused(404, "not_found")
}

func TestSlots(t *testing.T) {
	s := newSite(t)
	b, path := s.browser(), "/api/v1/vets/"+s.vet.ID+"/slots"
	week := decoded[slotsJSON](b.get(path).ok(200))
	if len(week.Slots) != 5*27 || week.Slots[0].State != "past" {
		t.Errorf("%d slots, first %+v", len(week.Slots), week.Slots[0])
	}
	for query, field := range map[string]string{
		"days=0": "days", "days=32": "days", "days=-5": "days", "days=x": "days", "from=2026-02-30": "from", "from=1": "from",
	} {
		b.get(path+"?"+query).refused(422, "invalid").at(t, field)
	}
	if none := b.get(path + "?from=2026-12-05&days=1").ok(200); !strings.Contains(string(none.body), `"slots":[]`) {
		t.Errorf("a Saturday: %s", none.body)
	}
	b.get("/api/v1/vets/x/slots").refused(404, "not_found")
}
