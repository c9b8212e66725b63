package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"vetroom/clinic"
)

// demoVet is what differs between the demo vets.
type demoVet struct {
	login, name, place, words string
	lat, lon                  float64
	areas                     []clinic.Area
	followUpOnly              bool
	from, to                  clinic.ClockTime
}

var demoVets = []demoVet{
	{"haneul", "하늘 수의사", "서울 마포구", "피부와 눈을 오래 봐 왔어요. 밝은 곳에서 보여 주시면 더 잘 볼 수 있어요.", 37.5563, 126.9236,
		[]clinic.Area{clinic.AreaSkin, clinic.AreaEye}, false, 0, 24 * 60},
	{"bada", "바다 수의사", "부산 해운대구", "눈 질환과 수술 뒤 경과를 봐요.", 35.1631, 129.1635,
		[]clinic.Area{clinic.AreaEye, clinic.AreaTeeth}, false, 9 * 60, 21 * 60},
	{"namu", "나무 수의사", "대전 유성구", "관절과 걸음걸이를 봐요. 첫 진료는 병원에서 받으신 뒤에 예약해 주세요.", 36.3623, 127.3563,
		[]clinic.Area{clinic.AreaJoint, clinic.AreaSkin}, true, 10 * 60, 18 * 60},
	{"byeol", "별 수의사", "광주 서구", "저녁과 밤에 상담해요. Consultations in English are welcome.", 35.1520, 126.8895,
		[]clinic.Area{clinic.AreaSkin, clinic.AreaTeeth, clinic.AreaJoint}, false, 18 * 60, 24 * 60},
}

// addDemo adds the demo vets to a database without any vet, and prints their logins, this once.
func addDemo(a *app, desk *clinic.Desk) error {
	vets, _, err := desk.Vets(a.ctx, clinic.VetQuery{Limit: 1})
	if err != nil || len(vets) > 0 {
		return err
	}
	newcomers := make([]clinic.NewVet, len(demoVets))
	lines := make([]string, len(demoVets))
	for i, d := range demoVets {
		password := rand.Text()[:12]
		if newcomers[i], err = d.newcomer(password); err != nil {
			return err
		}
		lines[i] = fmt.Sprintf("  login %-8s password %s  %s", d.login, password, d.name)
	}
	switch _, err := desk.AddVets(a.ctx, newcomers); {
	case errors.Is(err, clinic.ErrLoginTaken):
		return nil // another process was faster, and tells them
	case err != nil:
		return fmt.Errorf("add the demo vets: %w", err)
	}
	if err := a.say("demo vets, told this once (vetroom vet password LOGIN sets a new one):"); err != nil {
		return err
	}
	for _, line := range lines {
		if err := a.say("%s", line); err != nil {
			return err
		}
	}
	return nil
}

func (d demoVet) newcomer(password string) (clinic.NewVet, error) {
	hash, err := hashPassword(password)
	if err != nil {
		return clinic.NewVet{}, err
	}
	zone, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		return clinic.NewVet{}, err
	}
	hours := clinic.DefaultHours()
	for day := range time.Weekday(7) {
		hours.Weekly = append(hours.Weekly, clinic.Window{Day: clinic.Day(day), From: d.from, To: d.to})
	}
	today := clinic.DateOf(time.Now(), zone)
	return clinic.NewVet{
		Login: d.login, PasswordHash: hash, Zone: zone, Hours: hours,
		Profile: clinic.Profile{
			Name: d.name, Location: d.place, Description: d.words, LicenceNo: "demo", Lat: &d.lat, Lon: &d.lon,
			Languages: []string{"ko"},
		},
		Permits: []clinic.Permit{{
			Number: "demo-" + d.login, Areas: d.areas, FollowUpOnly: d.followUpOnly,
			ValidFrom: today.AddDays(-30), ValidUntil: today.AddDays(365),
		}},
	}, nil
}
