package handlers

import (
	"net"
	"net/http"
	"strings"

	"vetroom/clinic"
)

// reading guards what only reads and is not for people: GET and HEAD, else 405.
func (h *Handler) reading(do http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			h.newCall(w, r).send(refusal{Error: errMethod, status: http.StatusMethodNotAllowed}.problem())
			return
		}
		do(w, r)
	}
}

// healthz says that the process is alive, whatever else is not.
func (h *Handler) healthz(w http.ResponseWriter, r *http.Request) {
	answer, _ := asJSON(http.StatusOK, map[string]string{"status": "ok", "version": h.Version})
	h.newCall(w, r).send(answer)
}

// readyz says whether the process can do its work: 200, or 503 with what is missing.
func (h *Handler) readyz(w http.ResponseWriter, r *http.Request) {
	checks, ready := []Check{}, true
	if h.Ready != nil {
		checks = append(checks, h.Ready(r.Context())...)
	}
	for _, c := range checks {
		ready = ready && (c.OK || c.Aside)
	}
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
	}
	answer, _ := asJSON(status, struct { // strings and bools always encode
		Ready  bool    `json:"ready"`
		Checks []Check `json:"checks"`
	}{ready, checks})
	if !ready {
		answer = answer.with("Retry-After", "2")
	}
	h.newCall(w, r).send(answer)
}

// metrics are for this machine, and for who knows the operators' token.
func (h *Handler) metrics(w http.ResponseWriter, r *http.Request) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	known := h.OpsToken != "" && bearer && same(token, h.OpsToken)
	switch {
	case h.Metrics == nil:
		h.newCall(w, r).send(refusal{Error: clinic.ErrNotFound, status: http.StatusNotFound}.problem())
	case !known && !isLocal(r, h.TrustedProxies):
		w.Header().Set("WWW-Authenticate", "Bearer")
		h.newCall(w, r).send(refusal{Error: errForbidden, status: http.StatusForbidden}.problem())
	default:
		w.Header().Set("Cache-Control", "no-store")
		h.Metrics.ServeHTTP(w, r)
	}
}

// devMail shows the mails of a demo to this machine, under its own name: another site's page that was made to point here
// gets none of their links.
func (h *Handler) devMail(w http.ResponseWriter, r *http.Request) {
	name, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		name = r.Host
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	own := r.Host == h.base.Host || name == "localhost" || ip.IsLoopback()
	switch {
	case h.DevMail == nil:
		h.newCall(w, r).send(refusal{Error: clinic.ErrNotFound, status: http.StatusNotFound}.problem())
	case !own || !isLocal(r, h.TrustedProxies):
		h.newCall(w, r).send(refusal{Error: errForbidden, status: http.StatusForbidden}.problem())
	default:
		h.DevMail.ServeHTTP(w, r)
	}
}
