package web

import (
	"strings"
	"testing"

	"vetroom/clinic"
)

func sampleHospitals() []clinic.NearHospital {
	near := func(name, address, phone string, km float64) clinic.NearHospital {
		return clinic.NearHospital{Hospital: clinic.Hospital{Name: name, Address: address, Phone: phone, Place: clinic.Place{Lat: 37.55, Lon: 126.91}}, DistanceKm: km}
	}
	return []clinic.NearHospital{
		near("마포, 24시 동물의료센터", "서울특별시 마포구 월드컵로 1", "02-123-4567", 0.42),
		near("한강 동물병원", "서울특별시 마포구 토정로 2 (상수동)", "", 12.7),
	}
}

func hospitalSamples() map[string]Page {
	return map[string]Page{
		"hospitals/fresh":  HospitalsPage{Layout: at("/hospitals")},
		"hospitals/near":   HospitalsPage{Layout: at("/hospitals?near=37.5,127"), Near: "37.5,127", Found: sampleHospitals()},
		"hospitals/urgent": HospitalsPage{Layout: at("/hospitals?urgent=true&near=37.5,127"), Urgent: true, Near: "37.5,127", Found: sampleHospitals()},
		"hospitals/now":    HospitalsPage{Layout: at("/hospitals?urgent=true"), Urgent: true},
		"hospitals/named":  HospitalsPage{Layout: at("/hospitals?q=x"), Query: "마포", Found: sampleHospitals()},
		"hospitals/none":   HospitalsPage{Layout: at("/hospitals?q=x"), Query: "<b>x", Urgent: true},
		"hospitals/empty":  HospitalsPage{Layout: at("/hospitals?near=37.5,127"), Near: "37.5,127", Empty: true},
	}
}

func TestHospitalsShowTheirStates(t *testing.T) {
	checkStates(t, map[string]map[string]int{
		"hospitals/fresh":  {`button[data-near="/hospitals?near=LAT%2CLON"]`: 1, `input[name="q"]`: 1, `a[href="tel:114"]`: 1, ".hospital": 0, ".empty": 0, ".notice": 0},
		"hospitals/near":   {".hospital": 2, `a.call[href="tel:021234567"]`: 1, `a[rel^="external"]`: 2, ".hospital-head .num": 2, `a[href="tel:114"]`: 0, "a.danger": 0},
		"hospitals/urgent": {".notice.wrong": 1, "a.call.danger": 1, `input[name="urgent"]`: 1, `button[data-near="/hospitals?near=LAT%2CLON&urgent=true"]`: 1},
		"hospitals/now":    {".notice.wrong": 1, `button.wide[data-near]`: 1, ".hospital": 0},
		"hospitals/named":  {".hospital": 2, ".hospital-head .num": 0, `input[name="q"][value="마포"]`: 1},
		"hospitals/none":   {".empty": 1, `a[href="tel:114"]`: 1},
		"hospitals/empty":  {".empty": 1, `a[href="tel:114"]`: 1, "button[data-near]": 0, `input[name="q"]`: 0},
	})
}

// TestAMapIsTheReadersOwnStep: the page itself asks nobody; the link says the place and tells nothing of the reader.
func TestAMapIsTheReadersOwnStep(t *testing.T) {
	w, page := newWeb(t), hospitalSamples()["hospitals/near"]
	for lang, want := range map[string]string{
		"ko": "https://map.kakao.com/link/map/%EB%A7%88%ED%8F%AC%2024%EC%8B%9C%20",
		"en": "https://www.openstreetmap.org/?mlat=37.550000&mlon=126.910000#map=17/37.550000/126.910000",
	} {
		doc, _ := draw(t, w, lang, page)
		link := doc.Find(`a[rel="external noopener noreferrer"][target="_blank"]`).First()
		if got := link.AttrOr("href", ""); !strings.HasPrefix(got, want) || strings.Contains(got, "127") {
			t.Errorf("%s: to %q", lang, got)
		}
	}
}
