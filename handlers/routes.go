package handlers

import "net/http"

// need says who may call.
type need int

const (
	anyone  need = iota
	vetOnly      // else 401 no_session, or the login page
)

// endpoint reads a call, does one thing and answers it.
type endpoint func(c *call) (reply, error)

// route is one line of the table of routes.
type route struct {
	method  string
	pattern string
	need    need
	do      endpoint
}

// api is contract §2 as far as it is built.
func (h *Handler) api() []route {
	const v1 = "/api/v1"
	return []route{
		{"POST", v1 + "/session", anyone, h.renewSession},

		{"GET", v1 + "/vets", anyone, h.listVets},
		{"GET", v1 + "/vets/{id}", anyone, h.readVet},
		{"GET", v1 + "/vets/{id}/slots", anyone, h.listSlots},
		{"GET", v1 + "/reservations", anyone, h.listReservations},
		{"POST", v1 + "/reservations", anyone, h.bookReservation},
		{"POST", v1 + "/reservations/lookup", anyone, h.lookupReservation},
		{"GET", v1 + "/reservations/{id}", anyone, h.readReservation},
		{"POST", v1 + "/reservations/{id}/cancel", anyone, h.cancelReservation},
		{"POST", v1 + "/reservations/{id}/reschedule", anyone, h.rescheduleReservation},
		{"GET", v1 + "/reservations/{id}/timeline", anyone, h.readTimeline},
		{"GET", v1 + "/reservations/{id}/calendar.ics", anyone, h.readCalendar},
		{"GET", v1 + "/reservations/{id}/chat", anyone, h.readChat},
		{"GET", v1 + "/reservations/{id}/alternatives", anyone, h.listAlternatives},
		{"POST", v1 + "/reservations/{id}/transfer", anyone, h.transferReservation},
		{"GET", v1 + "/reservations/{id}/stills", anyone, h.listStills},
		{"POST", v1 + "/reservations/{id}/stills", anyone, h.postStill},
		{"GET", v1 + "/hospitals", anyone, h.listHospitals},

		{"GET", v1 + "/instant", anyone, h.readReady},
		{"POST", v1 + "/instant", anyone, h.askNow},
		{"GET", v1 + "/instant/{id}", anyone, h.readInstant},
		{"DELETE", v1 + "/instant/{id}", anyone, h.leaveInstant},
		{"GET", v1 + "/vet/instant", vetOnly, h.listRings},
		{"POST", v1 + "/vet/instant/{id}/accept", vetOnly, h.acceptRing},
		{"POST", v1 + "/vet/instant/{id}/decline", vetOnly, h.declineRing},

		{"POST", v1 + "/screenings", anyone, h.postScreening},
		{"GET", v1 + "/screenings/{id}", anyone, h.readScreening},
		{"GET", v1 + "/screenings/{id}/photo", anyone, h.readPhoto},
		{"POST", v1 + "/vet/screenings/{id}/review", vetOnly, h.reviewScreening},

		{"GET", v1 + "/stills/{id}/photo", anyone, h.readStill},
		{"PUT", v1 + "/vet/stills/{id}/marks", vetOnly, h.drawOnStill},
		{"POST", v1 + "/vet/stills/{id}/screen", vetOnly, h.screenStill},

		{"POST", v1 + "/vet/login", anyone, h.login},
		{"POST", v1 + "/vet/logout", vetOnly, h.logout},
		{"GET", v1 + "/vet/me", vetOnly, h.me},
		{"PUT", v1 + "/vet/online", vetOnly, h.setOnline},
		{"GET", v1 + "/vet/hours", vetOnly, h.readHours},
		{"PUT", v1 + "/vet/hours", vetOnly, h.replaceHours},
		{"GET", v1 + "/vet/permits", vetOnly, h.listPermits},
		{"GET", v1 + "/vet/reservations", vetOnly, h.listVisits},
		{"POST", v1 + "/vet/reservations", vetOnly, h.bookFollowUp},
		{"POST", v1 + "/vet/reservations/{id}/cancel", vetOnly, h.cancelVisit},
		{"POST", v1 + "/vet/reservations/{id}/no-show", vetOnly, h.markNoShow},
		{"POST", v1 + "/vet/reservations/{id}/complete", vetOnly, h.completeVisit},
		{"GET", v1 + "/vet/reservations/{id}/record", vetOnly, h.readRecord},
		{"PUT", v1 + "/vet/reservations/{id}/record", vetOnly, h.saveRecord},
		{"GET", v1 + "/vet/reservations/{id}/record/versions", vetOnly, h.listVersions},
		{"POST", v1 + "/vet/rooms/{id}/open", vetOnly, h.openRoom},
		{"POST", v1 + "/vet/rooms/{id}/close", vetOnly, h.closeRoom},
		{"POST", v1 + "/vet/rooms/{id}/delay", vetOnly, h.delayRoom},
		{"POST", v1 + "/vet/rooms/{id}/extend", vetOnly, h.extendRoom},
	}
}

// pages are what people see. A path that only takes a form sends a reader to where the form stands.
func (h *Handler) pages() []route {
	return []route{
		{"GET", "/{$}", anyone, h.homePage},
		{"GET", "/check", anyone, h.checkPage},
		{"POST", "/check", anyone, h.checkForm},
		{"GET", "/check/{id}", anyone, h.screeningPage},
		{"GET", "/hospitals", anyone, h.hospitalsPage},
		{"GET", "/vets", anyone, h.vetsPage},
		{"GET", "/vets/{id}", anyone, h.vetPage},
		{"POST", "/vets/{id}/book", anyone, h.bookForm},
		{"GET", "/vets/{id}/book", anyone, h.bookPage},
		{"GET", "/reservations", anyone, h.reservationsPage},
		{"POST", "/reservations/lookup", anyone, h.lookupForm},
		{"GET", "/reservations/lookup", anyone, upTo("/reservations")},
		{"GET", "/reservations/{id}", anyone, h.reservationPage},
		{"GET", "/reservations/{id}/check", anyone, h.callCheckPage},
		{"POST", "/reservations/{id}/cancel", anyone, h.cancelForm},
		{"GET", "/reservations/{id}/cancel", anyone, upTo("/reservations/")},
		{"POST", "/reservations/{id}/reschedule", anyone, h.rescheduleForm},
		{"GET", "/reservations/{id}/reschedule", anyone, upTo("/reservations/")},
		{"POST", "/reservations/{id}/transfer", anyone, h.transferForm},
		{"GET", "/reservations/{id}/transfer", anyone, upTo("/reservations/")},
		{"GET", "/urgent", anyone, h.urgentPage},
		{"POST", "/urgent", anyone, h.askForm},
		{"GET", "/urgent/{id}", anyone, h.waitPage},
		{"POST", "/urgent/{id}/leave", anyone, h.leaveForm},
		{"GET", "/urgent/{id}/leave", anyone, upTo("/urgent/")},
		{"GET", "/r/{token}", anyone, h.redeemLink},
		{"GET", "/room", anyone, h.roomPage},
		{"GET", "/lang/{lang}", anyone, h.setLanguage},
		{"GET", "/vet/login", anyone, h.loginPage},
		{"POST", "/vet/login", anyone, h.loginForm},
		{"POST", "/vet/logout", vetOnly, h.logoutForm},
		{"GET", "/vet/logout", anyone, upTo("/")},
		{"GET", "/vet", vetOnly, h.vetDayPage},
		{"GET", "/vet/hours", vetOnly, h.hoursPage},
		{"POST", "/vet/hours", vetOnly, h.hoursForm},
		{"GET", "/vet/reservations/{id}", vetOnly, h.recordPage},
		{"POST", "/vet/reservations/{id}", vetOnly, h.recordForm},
		{"POST", "/vet/reservations/{id}/review", vetOnly, h.reviewForm},
		{"GET", "/vet/reservations/{id}/review", anyone, upTo("/vet/reservations/")},
	}
}

// site is what is there for people and their programs: nothing in a process that has another role.
func (h *Handler) site() []route {
	if h.OpsOnly {
		return nil
	}
	return append(h.api(), h.pages()...)
}

// routes builds the table: by path first, so that a known path under another method is 405, not 404.
func (h *Handler) routes() *http.ServeMux {
	mux, byPath := http.NewServeMux(), map[string]map[string]route{}
	for _, r := range h.site() {
		if byPath[r.pattern] == nil {
			byPath[r.pattern] = map[string]route{}
		}
		byPath[r.pattern][r.method] = r
	}
	for pattern, methods := range byPath {
		mux.HandleFunc(pattern, h.funnel(methods))
	}
	mux.HandleFunc("/", h.funnel(nil))
	for pattern, do := range map[string]http.HandlerFunc{
		"/static/": h.Web.Static().ServeHTTP, "/img/{name}": h.picture, "/healthz": h.healthz, "/readyz": h.readyz, "/metrics": h.metrics, "/dev/mail": h.devMail,
		"/openapi.json": h.document, "/asyncapi.json": h.document,
	} {
		mux.HandleFunc(pattern, h.reading(do))
	}
	return mux
}
