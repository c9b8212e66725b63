package web

import (
	"net/url"
	"slices"
	"strings"
)

// RedFlags are the signs that want a hospital at once and no consultation by video, in the order in which they are asked.
var RedFlags = []string{"breathing", "bleeding", "seizure", "belly", "poison", "standing"}

// NoFlags is the answer that none of them is there.
const NoFlags = "none"

// Flags is the screen of red-flag questions that stands before a form. It works without scripts; a page that draws it
// gives them js/flags.js and the texts "near.", for the hospitals around a position that only the browser knows.
type Flags struct {
	// Path is where an answer goes, as ?flags=SIGN or ?flags=none, together with Keep: what its address holds beside.
	Path string
	Keep url.Values
	// Flag is the sign that is there, one of RedFlags: the screen says to go now. Empty asks.
	Flag string
	// Near is where the owner is, "LAT,LON"; empty: not known. Hospitals are those around it, nearest first.
	Near      string
	Hospitals []Hospital
}

// Hospital is an animal hospital of the national register, as somebody near it sees it.
type Hospital struct {
	Name, Address string
	Phone         string // as the register writes it; empty: none
	Lat, Lon      float64
	DistanceKm    float64
}

// flagIcon is the icon of a sign.
func flagIcon(sign string) string {
	return map[string]string{
		"breathing": "wind", "bleeding": "droplet", "seizure": "zap", "belly": "circle-alert", "poison": "pill", "standing": "paw-print",
	}[sign]
}

// kept are the names and values that an answer carries along, by name.
func (f Flags) kept() [][2]string {
	var pairs [][2]string
	for name, values := range f.Keep {
		for _, v := range values {
			if v != "" {
				pairs = append(pairs, [2]string{name, v})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	return pairs
}

// again leads back to the questions.
func (f Flags) again() string {
	q := url.Values{}
	for _, pair := range f.kept() {
		q.Add(pair[0], pair[1])
	}
	if len(q) == 0 {
		return f.Path
	}
	return f.Path + "?" + q.Encode()
}

// hospitals leads to the page of all hospitals around.
func (f Flags) hospitals() string {
	q := url.Values{"urgent": {"true"}}
	if f.Near != "" {
		q.Set("near", f.Near)
	}
	return "/hospitals?" + q.Encode()
}
