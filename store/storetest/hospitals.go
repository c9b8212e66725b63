package storetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"vetroom/clinic"
)

// newHospitals makes hospitals all over the world, all named alike.
func newHospitals(n int, name string) []clinic.Hospital {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	all := make([]clinic.Hospital, n)
	for i := range all {
		all[i] = clinic.Hospital{Name: name, Address: fmt.Sprintf("서울 마포구 %d 🐕", i), Phone: fmt.Sprintf("02-%04d", i)}
		all[i].Lat, all[i].Lon = math.Asin(2*random.Float64()-1)*180/math.Pi, 360*random.Float64()-180
	}
	return all
}

// testHospitals holds that the nearest are found, wherever one stands, and by every process after an import in one.
func testHospitals(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	other := h.again()
	seoul := clinic.Place{Lat: 37.5665, Lon: 126.9780}
	for _, s := range []clinic.HospitalStore{h, other} {
		if found, err := s.Hospitals(h.Context(), seoul, 20); err != nil || len(found) != 0 {
			h.Errorf("an empty register gives %v, %v", found, err)
		}
	}
	all := newHospitals(3000, "동물병원")
	h.must(h.ReplaceHospitals(h.Context(), all))
	for _, near := range []clinic.Place{seoul, {Lat: 90}, {Lat: -90, Lon: 17}, {Lon: 180}, {Lat: 10, Lon: -180}, all[7].Place} {
		want := slices.Clone(all)
		slices.SortStableFunc(want, func(a, b clinic.Hospital) int {
			return int(math.Copysign(1, a.KmTo(near)-b.KmTo(near)))
		})
		for _, s := range []clinic.HospitalStore{h, other} {
			if found, err := s.Hospitals(h.Context(), near, 20); err != nil || !slices.Equal(found, want[:20]) {
				h.Errorf("near %v are %v, %v\nwant %v", near, found, err, want[:20])
			}
		}
	}
	few := newHospitals(3, "새 동물병원")
	few[1].Name = "Seoul Animal Clinic"
	h.must(other.ReplaceHospitals(h.Context(), few))
	for _, s := range []clinic.HospitalStore{h, other} {
		if found, err := s.Hospitals(h.Context(), seoul, 20); err != nil || len(found) != 3 || !slices.Contains(few, found[0]) {
			h.Errorf("after another import: %v, %v", found, err)
		}
		checkFinding(h, s, few)
	}
}

// checkFinding holds that words are looked for in names and addresses, whatever their case, and in the register's order.
func checkFinding(h *house, s clinic.HospitalStore, few []clinic.Hospital) {
	h.Helper()
	for _, c := range []struct {
		words []string
		limit int
		want  []clinic.Hospital
	}{
		{[]string{"마포구"}, 20, few}, {[]string{"마포구"}, 2, few[:2]}, {[]string{"새", "마포구", "🐕"}, 20, []clinic.Hospital{few[0], few[2]}},
		{[]string{"SEOUL", "clinic", "마포구 1"}, 20, few[1:2]}, {[]string{"%"}, 20, nil}, {[]string{"마포구", "부산"}, 20, nil},
	} {
		if found, err := s.FindHospitals(h.Context(), c.words, c.limit); err != nil || !slices.Equal(found, c.want) {
			h.Errorf("%q finds %v, %v", c.words, found, err)
		}
	}
}

// testHospitalsWhole holds that nobody reads a half of a register, while two processes import in turns and others,
// who have read nothing yet, read. Each register has a size of its own, and one name.
func testHospitalsWhole(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	sizes := map[string]int{"a": 40, "b": 70}
	h.must(h.ReplaceHospitals(h.Context(), newHospitals(sizes["a"], "a")))
	var importers, readers sync.WaitGroup
	over := make(chan struct{})
	for name, n := range sizes {
		s := h.again()
		importers.Go(func() {
			for range 15 {
				if err := s.ReplaceHospitals(h.Context(), newHospitals(n, name)); err != nil {
					h.Errorf("import: %v", err)
				}
			}
		})
	}
	for range 3 {
		s := h.again()
		readers.Go(func() {
			for done := false; !done; {
				select {
				case <-over:
					done = true // once more, of what is left
				default:
				}
				found, err := s.Hospitals(h.Context(), clinic.Place{}, 100)
				others := slices.ContainsFunc(found, func(x clinic.Hospital) bool { return x.Name != found[0].Name })
				if err != nil || len(found) == 0 || others || len(found) != sizes[found[0].Name] {
					h.Errorf("read %d, %v", len(found), err)
					return
				}
			}
		})
	}
	importers.Wait()
	close(over)
	readers.Wait()
}
