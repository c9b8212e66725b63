package handlers

import (
	"math"
	"net/http"

	"vetroom/clinic"
)

// nearestHospitals is how many hospitals are listed where nobody says how many.
const nearestHospitals = 20

// hospitalsPath is the page on which hospitals are found: where whoever was refused a consultation is sent.
const hospitalsPath = "/hospitals"

type hospitalsJSON struct {
	Hospitals []hospitalJSON `json:"hospitals"`
}

type hospitalJSON struct {
	Name       string  `json:"name"`
	Address    string  `json:"address"`
	Phone      string  `json:"phone"` // "" where the register has none
	Lat        float64 `json:"lat"`   // WGS 84 degrees
	Lon        float64 `json:"lon"`   //
	DistanceKm float64 `json:"distance_km"`
}

func hospitalsOf(found []clinic.NearHospital) hospitalsJSON {
	j := hospitalsJSON{make([]hospitalJSON, len(found))}
	for i, h := range found {
		j.Hospitals[i] = hospitalJSON{h.Name, h.Address, h.Phone, h.Lat, h.Lon, math.Round(h.DistanceKm*1000) / 1000}
	}
	return j
}

type nearest struct {
	near  clinic.Place
	limit int
}

func readNearest(q *query) nearest {
	return nearest{q.neededPlace("near"), q.whole("limit", nearestHospitals, 1, clinic.MaxHospitals)}
}

// listHospitals is GET /api/v1/hospitals.
func (h *Handler) listHospitals(c *call) (reply, error) {
	q, err := ask(c, readNearest)
	if err != nil {
		return reply{}, err
	}
	found, err := h.Desk.Hospitals(c.ctx(), q.near, q.limit)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, hospitalsOf(found))
}

// neededPlace reads a place that must be there.
func (q *query) neededPlace(name string) clinic.Place {
	q.sketch.typed(name, aPlace)
	q.sketch.need(name)
	if q.Get(name) == "" {
		q.invalid(name, "is missing")
		return clinic.Place{}
	}
	if p := q.place(name); p != nil {
		return *p
	}
	return clinic.Place{}
}
