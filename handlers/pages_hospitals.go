package handlers

import (
	"net/http"

	"vetroom/clinic"
	"vetroom/web"
)

// maxSearch bounds what is looked for, in bytes.
const maxSearch = 200

// hospitalsPage is "/hospitals". A place that cannot be right is as none.
func (h *Handler) hospitalsPage(c *call) (reply, error) {
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	in := c.query()
	near, words := in.place("near"), in.text("q", maxSearch)
	p := web.HospitalsPage{Layout: layout, Urgent: in.option("urgent"), Query: words}
	if near != nil {
		p.Near, p.Query = in.Get("near"), ""
	}
	if p.Found, err = h.hospitals(c, near, p.Query); err != nil {
		return reply{}, err
	}
	if len(p.Found) == 0 {
		any, err := h.Desk.Hospitals(c.ctx(), clinic.Place{}, 1)
		if err != nil {
			return reply{}, err
		}
		p.Empty = len(any) == 0
	}
	return c.page(http.StatusOK, p)
}

// hospitals gives those near a place, or those that some words find.
func (h *Handler) hospitals(c *call, near *clinic.Place, words string) ([]clinic.NearHospital, error) {
	switch {
	case near != nil:
		return h.Desk.Hospitals(c.ctx(), *near, nearestHospitals)
	case words != "":
		return h.Desk.FindHospitals(c.ctx(), words, nearestHospitals)
	}
	return nil, nil
}
