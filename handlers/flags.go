package handlers

import (
	"maps"
	"net/url"
	"slices"

	"vetroom/clinic"
	"vetroom/web"
)

// flagHospitals is how many hospitals stand right beside the word to go now; the page of hospitals has more.
const flagHospitals = 5

// redFlags reads the answer to the red-flag questions that stand before the form at path, and fills their screen; keep
// is what its address holds beside the answer and the position (?near=). clear says that none of the signs is there: the form is next.
func (h *Handler) redFlags(c *call, path string, keep url.Values) (f web.Flags, clear bool, err error) {
	in := c.query()
	f = web.Flags{Path: path, Keep: url.Values{}}
	maps.Copy(f.Keep, keep)
	near := in.place("near")
	if near != nil {
		f.Near = in.Get("near")
		f.Keep.Set("near", f.Near)
	}
	said := in.Get("flags")
	if !slices.Contains(web.RedFlags, said) {
		return f, said == web.NoFlags, nil
	}
	if f.Flag = said; near == nil {
		return f, false, nil
	}
	found, err := h.Desk.Hospitals(c.ctx(), *near, flagHospitals)
	f.Hospitals = shownHospitals(found)
	return f, false, err
}

func shownHospitals(found []clinic.NearHospital) []web.Hospital {
	shown := make([]web.Hospital, len(found))
	for i, h := range found {
		shown[i] = web.Hospital{Name: h.Name, Address: h.Address, Phone: h.Phone, Lat: h.Lat, Lon: h.Lon, DistanceKm: h.DistanceKm}
	}
	return shown
}
