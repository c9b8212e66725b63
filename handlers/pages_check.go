package handlers

import (
	"net/http"

	"vetroom/clinic"
	"vetroom/web"
)

// checkPage is "/check".
func (h *Handler) checkPage(c *call) (reply, error) {
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	return c.page(http.StatusOK, web.CheckPage{Layout: layout})
}

// checkForm is POST /check: a photo by form, which leads to the page of its result.
func (h *Handler) checkForm(c *call) (reply, error) {
	s, refused := h.screen(c)
	if refused == nil {
		return redirect("/check/" + s.ID), nil
	}
	r := h.refusalOf(refused)
	if r.status == http.StatusInternalServerError {
		return reply{}, refused
	}
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	layout.Path = "/check"
	answer, err := c.page(r.status, web.CheckPage{Layout: layout, Form: wrongPhoto(r), RetryAfter: r.retry})
	return r.told(answer), err
}

// heic is by what the pages tell a photo of a phone's own kind from other files that cannot be read.
const heic = "heic"

// wrongPhoto is the form of a refused photo, of which nothing can be shown again.
func wrongPhoto(r refusal) web.Form {
	f := formOf(nil, r)
	if r.Detail == clinic.ErrPhotoHEIF.Detail {
		f.Code = heic
	}
	return f
}

// screeningPage is "/check/{id}". Whoever may not see it is told why that may be, and nothing of whether it is there.
func (h *Handler) screeningPage(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	layout, err := c.layout()
	if err != nil {
		return reply{}, err
	}
	s, err := h.Desk.Screening(c.ctx(), c.who, id)
	if isNothing(err) {
		return c.page(http.StatusNotFound, web.ScreeningPage{Layout: layout})
	}
	if err != nil {
		return reply{}, err
	}
	return c.page(http.StatusOK, web.ScreeningPage{Layout: layout, Screening: s})
}
