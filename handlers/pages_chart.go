package handlers

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"vetroom/clinic"
	"vetroom/web"
)

// recordPage is "/vet/reservations/{id}", with ?version= of an older version of its record.
func (h *Handler) recordPage(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	in := c.query()
	version := in.whole("version", 0, 1, math.MaxInt32)
	if in.faults.err() != nil {
		return reply{}, clinic.ErrNotFound
	}
	p, err := h.chartPage(c, id, int64(version))
	if err != nil {
		return reply{}, err
	}
	p.Saved = c.URL.Query().Get("saved") == "1"
	return c.page(http.StatusOK, p)
}

// chartPage fills the page of one of the vet's visits.
func (h *Handler) chartPage(c *call, id string, version int64) (web.RecordPage, error) {
	layout, err := c.layout()
	if err != nil {
		return web.RecordPage{}, err
	}
	if layout.Vet == nil {
		return web.RecordPage{}, clinic.ErrNotFound
	}
	chart, err := h.Desk.Chart(c.ctx(), c.who.VetID, id, version)
	if err != nil {
		return web.RecordPage{}, err
	}
	p := web.RecordPage{Layout: layout, Case: c.caseOf(chart), Record: shownRecord(chart.Record), Newest: chart.Newest()}
	for _, v := range slices.Backward(chart.Versions) {
		p.Versions = append(p.Versions, shownRecord(&v))
	}
	for _, m := range chart.Chat {
		p.Chat = append(p.Chat, web.ChatLine{From: string(m.From), Text: m.Text, At: m.At})
	}
	for _, s := range chart.Stills {
		p.Stills = append(p.Stills, web.Still{StillView: s, Seen: shownPhoto(s.Screening)})
	}
	for _, e := range chart.Timeline {
		p.Timeline = append(p.Timeline, shownEntry(e))
	}
	return p, nil
}

// caseOf is a chart without its record.
func (c *call) caseOf(chart *clinic.Chart) web.Case {
	k := web.Case{Reservation: c.shownReservation(chart.View)}
	for _, e := range chart.Earlier {
		v := clinic.View{Visit: e.Visit, Vet: chart.Vet, At: chart.At}
		shown := web.EarlierVisit{Reservation: c.shownReservation(&v)}
		if e.Record != nil {
			r := shownRecord(e.Record)
			shown.Record = &r
		}
		k.Earlier = append(k.Earlier, shown)
	}
	return k
}

func shownRecord(r *clinic.Record) web.RecordText {
	return web.RecordText{
		Version: r.Version, At: r.At, Subjective: r.Subjective, Objective: r.Objective, Assessment: r.Assessment,
		Plan: r.Plan, Aftercare: r.Aftercare, VisitAdvised: r.VisitAdvised,
	}
}

func shownPhoto(s *clinic.Screening) *web.SeenPhoto {
	if s == nil {
		return nil
	}
	p := &web.SeenPhoto{
		ID: s.ID, State: string(s.State), Untrained: s.Untrained(), BodyPart: s.BodyPart, TakenAt: s.CreatedAt,
		Notes: words(s.Quality.Notes),
	}
	for _, f := range s.Findings {
		p.Findings = append(p.Findings, web.SeenFinding{Code: string(f.Code), Score: f.Score})
	}
	if s.Review.VetID != "" {
		p.Review = &web.PhotoReview{Agrees: s.Review.Agrees, Finding: string(s.Review.Finding), At: s.Review.At}
	}
	return p
}

// recordForm is POST /vet/reservations/{id}: the record as it is written without a script.
func (h *Handler) recordForm(c *call) (reply, error) {
	id, form, err := c.posted()
	if err != nil {
		return reply{}, err
	}
	w, err := decode(recordDocument(form), readWriting)
	if err == nil {
		_, err = h.Desk.SaveRecord(c.ctx(), c.who.VetID, id, w.Note, w.basedOn)
	}
	if err == nil {
		return redirect("/vet/reservations/" + id + "?saved=1"), nil
	}
	r, shown := h.shown(err)
	if !shown {
		return reply{}, err
	}
	p, err := h.chartPage(c, id, 0)
	if err != nil {
		return reply{}, err
	}
	return c.page(r.status, refusedRecord(p, form, r))
}

// refusedRecord shows what was typed again, and beside it what another window has saved.
func refusedRecord(p web.RecordPage, form url.Values, r refusal) web.RecordPage {
	if r.Code == clinic.ErrRecordChanged.Code {
		theirs := p.Record
		p.Theirs = &theirs
	}
	p.Path, p.Form = "/vet/reservations/"+p.Reservation.ID, formOf(nil, r)
	p.Record.Subjective, p.Record.Objective, p.Record.Assessment = form.Get("subjective"), form.Get("objective"), form.Get("assessment")
	p.Record.Plan, p.Record.Aftercare = form.Get("plan"), form.Get("aftercare")
	p.Record.VisitAdvised = form.Get("visit_advised") == "true"
	if n, err := strconv.ParseInt(form.Get("version"), 10, 64); err == nil {
		p.Record.Version = n
	}
	return p
}

// recordDocument makes of a posted record the JSON document that says the same. Its line ends are those of the scripts,
// so that nothing is taken for a change that is none.
func recordDocument(form url.Values) document {
	root := map[string]any{"visit_advised": form.Get("visit_advised") == "true"}
	for _, name := range []string{"subjective", "objective", "assessment", "plan", "aftercare"} {
		root[name] = strings.ReplaceAll(form.Get(name), "\r\n", "\n")
	}
	if version := form.Get("version"); version != "" {
		root["version"] = json.Number(version)
	}
	return document{root: root}
}

// reviewForm is POST /vet/reservations/{id}/review: what the vet says to the photo that came with the visit, or to a
// still's.
func (h *Handler) reviewForm(c *call) (reply, error) {
	id, form, err := c.posted()
	if err != nil {
		return reply{}, err
	}
	view, err := h.Desk.Reservation(c.ctx(), clinic.Who{VetID: c.who.VetID}, id)
	if err != nil {
		return reply{}, err
	}
	screening, place := form.Get("screening"), "#stills-title"
	if view.Screening != nil && (screening == "" || screening == view.Screening.ID) {
		screening, place = view.Screening.ID, "#photo-title"
	}
	if !isID(screening) {
		return reply{}, clinic.ErrNotFound
	}
	review := clinic.Review{Agrees: form.Get("agrees") == "true"}
	if !review.Agrees {
		review.Finding = clinic.FindingCode(form.Get("finding"))
	}
	if _, err := h.Desk.ReviewScreening(c.ctx(), c.who.VetID, screening, review); err != nil {
		return reply{}, err
	}
	return redirect("/vet/reservations/" + id + place), nil
}
