package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"vetroom/clinic"
	"vetroom/store"
)

// newVets makes n vets who work from nine to six, each day, and may see everything.
func newVets(n int) ([]*clinic.Vet, error) {
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		return nil, err
	}
	hours := clinic.DefaultHours()
	for day := range time.Weekday(7) {
		hours.Weekly = append(hours.Weekly, clinic.Window{Day: clinic.Day(day), From: 9 * 60, To: 18 * 60})
	}
	vets := make([]*clinic.Vet, n)
	for i := range vets {
		lat, lon := 37.5+float64(i%100)/1000, 127+float64(i%77)/1000
		vets[i] = &clinic.Vet{
			ID: newID(), Login: fmt.Sprintf("vet%06d", i), PasswordHash: "x", Zone: seoul, Hours: hours,
			Profile: clinic.Profile{
				Name: fmt.Sprintf("수의사 %06d", i), Location: "서울 마포구", Description: "피부와 눈을 봅니다.",
				Lat: &lat, Lon: &lon, Languages: []string{"ko", "en"},
			},
			Permits: []clinic.Permit{{
				Number: fmt.Sprintf("P-%d", i), Areas: clinic.Areas,
				ValidFrom: clinic.Date{Year: 2020, Month: 1, Day: 1}, ValidUntil: clinic.Date{Year: 2099, Month: 12, Day: 31},
			}},
		}
	}
	return vets, nil
}

// addVets saves new vets and gives their ids.
func addVets(ctx context.Context, s *store.Store, n int) ([]string, error) {
	vets, err := newVets(n)
	if err != nil {
		return nil, err
	}
	ids := make([]string, n)
	for i, v := range vets {
		ids[i] = v.ID
	}
	for at := 0; at < n; at += 500 {
		if err := s.AddVets(ctx, vets[at:min(at+500, n)]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// aRequest is what an owner says.
func aRequest() clinic.Request {
	return clinic.Request{
		Owner:    clinic.Owner{Name: "보호자", Phone: "01012345678", Email: "owner@example.org", Locale: "ko"},
		Pet:      clinic.Pet{Name: "보리", Breed: "진돗개", BirthYear: 2020, WeightKg: 12.5},
		Purpose:  clinic.Purpose{Area: clinic.AreaSkin, PriorVisitOn: clinic.Date{Year: 2026, Month: 10, Day: 2}},
		Symptoms: "어제부터 귀 뒤를 계속 긁어요. 빨갛게 부었어요.",
	}
}

// settle lets the garbage of one measurement not fall into the next.
func settle() { runtime.GC() }
