package store_test

import (
	"math/rand/v2"
	"testing"

	"vetroom/clinic"
	"vetroom/store/storetest"
	"vetroom/store/storetest/mariadb"
)

// BenchmarkHospitals asks for the nearest 20 of 10,000, each time from elsewhere in Korea; it also tells how long the
// first asking takes after an import, and the import itself.
func BenchmarkHospitals(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{
		"SQLite": storetest.SQLiteURL, "MariaDB": func(tb testing.TB) string { return mariadb.Shared(tb, mariadb.Options{}).Database(tb) },
	} {
		s, all := storetest.Open(b, url(b)), make([]clinic.Hospital, 10_000)
		for i := range all {
			all[i] = clinic.Hospital{Name: "동네 동물병원", Address: "서울특별시 마포구 양화로 45, 1층 (서교동)", Phone: "02-123-4567", Place: somewhere()}
		}
		ask := func(b *testing.B) {
			if found, err := s.Hospitals(b.Context(), somewhere(), 20); err != nil || len(found) != 20 {
				b.Fatal(len(found), err)
			}
		}
		load := func(b *testing.B) {
			if err := s.ReplaceHospitals(b.Context(), all); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(name+"/import", func(b *testing.B) {
			for b.Loop() {
				load(b)
			}
		})
		b.Run(name+"/first", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				load(b)
				b.StartTimer()
				ask(b)
			}
		})
		b.Run(name+"/nearest", func(b *testing.B) {
			for b.Loop() {
				ask(b)
			}
		})
	}
}

func somewhere() clinic.Place {
	return clinic.Place{Lat: 34 + 4*rand.Float64(), Lon: 126 + 3*rand.Float64()}
}
