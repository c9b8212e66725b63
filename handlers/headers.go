package handlers

import (
	"log/slog"
	"net/http"
	"time"
)

// policy lets pages load from this site alone and run nothing inline. Pictures may be data and blobs (a frame of the
// camera), media may be blobs.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// secure sets what every answer carries.
func (h *Handler) secure(head http.Header) {
	head.Set("Content-Security-Policy", policy)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("X-Frame-Options", "DENY")
	head.Set("Referrer-Policy", "same-origin")
	head.Set("Permissions-Policy", "camera=(self), microphone=(self)")
	head.Set("Cross-Origin-Opener-Policy", "same-origin")
	if h.base.Scheme == "https" {
		head.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// told logs and counts an answered call by its route's pattern: paths and queries may hold tokens, ids and names.
func (h *Handler) told(r *http.Request, rec *recorder, took time.Duration) {
	route, level := r.Pattern, slog.LevelInfo
	switch route {
	case "/static/", "/healthz", "/readyz", "/metrics":
		level = slog.LevelDebug
	case "":
		route = "/"
	}
	h.log.Log(r.Context(), level, "answered", "method", r.Method, "route", route, "status", rec.status, "bytes", rec.bytes, "took", took)
	if h.Observe != nil {
		h.Observe(route, rec.status, took)
	}
}
