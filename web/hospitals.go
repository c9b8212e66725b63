package web

import (
	"net/url"
	"strconv"
	"strings"

	"vetroom/clinic"
)

// HospitalsPage is "/hospitals": where to go in person.
type HospitalsPage struct {
	Layout
	Urgent bool   // urgent=true: somebody should go now
	Near   string // near: "LAT,LON", or empty
	Query  string // q: words of a name or an address, or empty; Near goes before it
	// Found are the nearest to Near, nearest first, or those that Query finds; their distance counts with Near only.
	Found []clinic.NearHospital
	// Empty says that no register was imported, so that nothing can ever be found.
	Empty bool
}

// with is the address of the page with a filter, which takes the place of the other.
func (page HospitalsPage) with(name, value string) string {
	q := url.Values{name: {value}}
	if page.Urgent {
		q.Set("urgent", "true")
	}
	return "/hospitals?" + q.Encode()
}

// asked says that the reader asked for hospitals somewhere.
func (page HospitalsPage) asked() bool { return page.Near != "" || page.Query != "" }

// dialled is a telephone number as a link dials it: the digits that a register wrote among other signs.
func dialled(number string) string {
	return "tel:" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, number)
}

// mapLink leads to a place on a public map, in the reader's language. Only the reader's own step goes there.
func (p *printer) mapLink(h clinic.Hospital) string {
	lat, lon := strconv.FormatFloat(h.Lat, 'f', 6, 64), strconv.FormatFloat(h.Lon, 'f', 6, 64)
	if p.lang == "ko" {
		name := strings.NewReplacer(",", "", "/", " ").Replace(h.Name)
		return "https://map.kakao.com/link/map/" + url.PathEscape(name) + "," + lat + "," + lon
	}
	return "https://www.openstreetmap.org/?mlat=" + lat + "&mlon=" + lon + "#map=17/" + lat + "/" + lon
}
