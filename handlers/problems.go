package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"vetroom/clinic"
	"vetroom/web"
)

// The refusals of HTTP itself, beside those of the domain.
var (
	errMalformed      = &clinic.Error{Code: "malformed", Detail: "This is not the JSON that was expected."}
	errTooLarge       = &clinic.Error{Code: "too_large", Detail: "At most 256 KB are read."}
	errType           = &clinic.Error{Code: "unsupported_type", Detail: "Send application/json."}
	errMethod         = &clinic.Error{Code: "method_not_allowed", Detail: "This path does not know that method."}
	errCrossOrigin    = &clinic.Error{Code: "cross_origin", Detail: "Another site's page sent this. Open this site and do it there."}
	errNoSession      = &clinic.Error{Code: "no_session", Detail: "No session is open, or it has expired. Sign in again."}
	errBadCredentials = &clinic.Error{Code: "bad_credentials", Detail: "Login or password is wrong."}
	errForbidden      = &clinic.Error{Code: "forbidden", Detail: "This is answered to operators only."}
	errRateLimited    = &clinic.Error{Code: "rate_limited", Detail: "Too many of these for now. Wait a little."}
	errBusy           = &clinic.Error{Code: "unavailable", Detail: "This cannot be answered at the moment. Try again."}
	errInternal       = &clinic.Error{Code: "internal", Detail: "Something went wrong here. It has been noted."}
)

// statuses is the one table from a refusal to its status.
var statuses = map[clinic.Code]int{
	errMalformed.Code:      http.StatusBadRequest,
	errBadCredentials.Code: http.StatusUnauthorized,
	errNoSession.Code:      http.StatusUnauthorized,
	errCrossOrigin.Code:    http.StatusForbidden,
	errForbidden.Code:      http.StatusForbidden,
	errMethod.Code:         http.StatusMethodNotAllowed,
	errTooLarge.Code:       http.StatusRequestEntityTooLarge,
	errType.Code:           http.StatusUnsupportedMediaType,
	errRateLimited.Code:    http.StatusTooManyRequests,
	errBusy.Code:           http.StatusServiceUnavailable,
	errInternal.Code:       http.StatusInternalServerError,

	clinic.ErrPhotoUnreadable.Code:    http.StatusUnprocessableEntity,
	clinic.ErrNotScreened.Code:        http.StatusConflict,
	clinic.ErrNotFound.Code:           http.StatusNotFound,
	clinic.ErrInvalid.Code:            http.StatusUnprocessableEntity,
	clinic.ErrSlotNotOffered.Code:     http.StatusUnprocessableEntity,
	clinic.ErrNotPermitted.Code:       http.StatusUnprocessableEntity,
	clinic.ErrPriorVisitRequired.Code: http.StatusUnprocessableEntity,
	clinic.ErrKeyReused.Code:          http.StatusUnprocessableEntity,
	clinic.ErrSlotTaken.Code:          http.StatusConflict,
	clinic.ErrTaken.Code:              http.StatusConflict,
	clinic.ErrNotOnline.Code:          http.StatusConflict,
	clinic.ErrTooLate.Code:            http.StatusConflict,
	clinic.ErrTooEarly.Code:           http.StatusConflict,
	clinic.ErrClosed.Code:             http.StatusConflict,
	clinic.ErrRoomLocked.Code:         http.StatusConflict,
	clinic.ErrRoomClosed.Code:         http.StatusConflict,
	clinic.ErrLoginTaken.Code:         http.StatusConflict,
	clinic.ErrRecordChanged.Code:      http.StatusConflict,
	clinic.ErrTooManyStills.Code:      http.StatusConflict,
	clinic.ErrTooManyStanding.Code:    http.StatusTooManyRequests,
}

// How long a client is asked to wait where nothing better is known.
const (
	retryAway     = 2 * time.Second // the store is away: it comes back by itself
	retryStanding = time.Hour       // a phone's reservations have to end or be cancelled
)

// problem is RFC 9457, with a stable code.
type problem struct {
	Type   string              `json:"type"`
	Title  string              `json:"title"`
	Status int                 `json:"status"`
	Detail string              `json:"detail"`
	Code   clinic.Code         `json:"code"`
	Errors []clinic.FieldError `json:"errors,omitempty"`
	// Hospitals is the page of the nearest hospitals, where the animal may be seen only in person.
	Hospitals string `json:"hospitals,omitempty"`
}

// refusal is an error as it is told: a refusal, its status, and when to try again (0: that does not help).
type refusal struct {
	*clinic.Error
	status int
	retry  time.Duration
}

// refusalOf finds out what is told of an error. What is not known is ours: 500.
func (h *Handler) refusalOf(err error) refusal {
	var known *clinic.Error
	if h.away(err) {
		return refusal{errBusy, http.StatusServiceUnavailable, retryAway}
	}
	if !errors.As(err, &known) || statuses[known.Code] == 0 {
		return refusal{errInternal, http.StatusInternalServerError, 0}
	}
	r := refusal{Error: known, status: statuses[known.Code]}
	var braked *brakedError
	switch {
	case errors.As(err, &braked):
		r.retry = braked.retry
	case r.status == http.StatusTooManyRequests:
		r.retry = retryStanding
	}
	return r
}

// inPerson are the refusals after which an owner is offered the nearest hospital.
var inPerson = []clinic.Code{clinic.ErrNotPermitted.Code, clinic.ErrPriorVisitRequired.Code}

// statusHungUp stands in logs and metrics for a call whose caller did not wait for the answer, as nginx has it.
const statusHungUp = 499

// refuse makes the answer of an error: a problem for callers of the API, a page for readers, nothing for who has hung up.
func (c *call) refuse(err error) reply {
	if errors.Is(c.ctx().Err(), context.Canceled) {
		return reply{status: statusHungUp}
	}
	r := c.h.refusalOf(err)
	if r.status >= 500 {
		c.h.log.Error("a call failed", "route", c.Pattern, "status", r.status, "error", err)
	}
	if !c.isAPI() {
		return c.errorPage(r)
	}
	return r.problem()
}

func (r refusal) problem() reply {
	p := problem{
		Type: "about:blank", Title: http.StatusText(r.status), Status: r.status,
		Detail: r.Detail, Code: r.Code, Errors: r.Fields,
	}
	if slices.Contains(inPerson, r.Code) {
		p.Hospitals = hospitalsPath
	}
	body, _ := json.Marshal(p) // strings and numbers always encode
	return r.told(reply{status: r.status, body: append(body, '\n')}.with("Content-Type", "application/problem+json"))
}

// told adds when to try again.
func (r refusal) told(a reply) reply {
	if r.retry > 0 {
		a = a.with("Retry-After", strconv.Itoa(int(math.Ceil(r.retry.Seconds()))))
	}
	return a
}

// errorPage is the page of a refusal. If even that fails, its status is told in plain words.
func (c *call) errorPage(r refusal) reply {
	layout, err := c.layout()
	if err != nil {
		layout = web.Layout{Path: c.URL.RequestURI(), Now: c.now}
	}
	if c.Method != http.MethodGet {
		layout.Path = "/" // a form cannot be sent again by following a link
	}
	p, err := c.page(r.status, web.ErrorPage{Layout: layout, Status: r.status, RetryAfter: r.retry})
	if err != nil {
		c.h.log.Error("an error page failed", "status", r.status, "error", err)
		p = reply{status: r.status, body: []byte(http.StatusText(r.status) + "\n")}.with("Content-Type", "text/plain; charset=utf-8")
	}
	return r.told(p)
}

// panicked answers for a call that broke down. Of what was thrown only what cannot hold anybody's data is logged.
func (h *Handler) panicked(rec *recorder, r *http.Request, thrown any) {
	if thrown == http.ErrAbortHandler {
		panic(thrown)
	}
	what := fmt.Sprintf("%T", thrown)
	if e, ok := thrown.(runtime.Error); ok {
		what = e.Error()
	}
	h.log.Error("a call panicked", "route", r.Pattern, "panic", what, "stack", string(debug.Stack()))
	if rec.status != 0 {
		panic(http.ErrAbortHandler) // half an answer is out: better none than one that looks whole
	}
	c := h.newCall(rec, r)
	c.send(c.refuse(errInternal))
}
