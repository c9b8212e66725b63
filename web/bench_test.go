package web

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"
	"time"
)

// fullSamples are pages as large as they get in daily use: a whole list of
// vets, a timetable of slots of ten minutes.
func fullSamples() map[string]Page {
	list := VetsPage{Layout: asOwner("/vets")}
	for i := range 50 {
		v := sampleVet()
		v.ID, v.NextFree = fmt.Sprintf("0190a5c4-7e4b-7000-8000-%012d", i), noon.Add(time.Duration(i)*7*time.Hour)
		list.Vets = append(list.Vets, v)
	}
	week := VetPage{Layout: asOwner("/vets/v1"), Vet: sampleVet(), Later: "2026-12-08"}
	for i := range 7 {
		day := Day{Date: noon.AddDate(0, 0, i)}
		for n := range 54 {
			start := day.Date.Add(time.Duration(n*10-180) * time.Minute)
			day.Slots = append(day.Slots, Slot{Start: start, End: start.Add(10 * time.Minute), State: []string{"free", "taken"}[n%2]})
		}
		week.Days = append(week.Days, day)
	}
	return map[string]Page{"vets/fifty": list, "vet/ten_minutes": week}
}

// BenchmarkRender tells what each page costs in each of its states.
func BenchmarkRender(b *testing.B) {
	w, err := New()
	if err != nil {
		b.Fatal(err)
	}
	all := samples()
	maps.Copy(all, fullSamples())
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Render(io.Discard, "ko", all[name]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
