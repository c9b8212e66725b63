package clinic

import (
	"fmt"
	"strings"
)

// Code is the stable name of a refusal, as clients see it.
type Code string

// Error is a refusal: a stable code, a sentence that says what to do, and the fields at fault.
// Two Errors are the same to errors.Is if their codes are.
type Error struct {
	Code   Code
	Detail string
	Fields []FieldError
}

// FieldError names one field of the input, as the client spells it, and what is wrong with it.
type FieldError struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Detail
	}
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + ": " + f.Detail
	}
	return e.Detail + " (" + strings.Join(parts, "; ") + ")"
}

// Is compares codes.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// With gives the same refusal with a detail of its own.
func (e *Error) With(format string, args ...any) *Error {
	return &Error{Code: e.Code, Detail: fmt.Sprintf(format, args...), Fields: e.Fields}
}

// The refusals of the domain.
var (
	ErrNotFound           = &Error{Code: "not_found", Detail: "There is nothing here that you may see."}
	ErrInvalid            = &Error{Code: "invalid", Detail: "Some of what was sent cannot be right."}
	ErrSlotTaken          = &Error{Code: "slot_taken", Detail: "Another booking has this time. Choose another."}
	ErrSlotNotOffered     = &Error{Code: "slot_not_offered", Detail: "The vet does not offer this time. Choose one of the free slots."}
	ErrNotPermitted       = &Error{Code: "not_permitted", Detail: "The vet's permits do not cover this body area on this day. Choose another vet, or visit an animal hospital."}
	ErrPriorVisitRequired = &Error{Code: "prior_visit_required", Detail: "This vet may only see follow-ups by video. Give the date of the first visit in person, or visit an animal hospital."}
	ErrTooLate            = &Error{Code: "too_late", Detail: "It is too late to change this reservation."}
	ErrClosed             = &Error{Code: "closed", Detail: "This visit is over."}
	ErrRoomLocked         = &Error{Code: "room_locked", Detail: "The room is not open yet."}
	ErrRoomClosed         = &Error{Code: "room_closed", Detail: "The room is closed."}
	ErrTooManyStanding    = &Error{Code: "too_many_reservations", Detail: "This phone number holds as many reservations as it may. Cancel one first."}
	ErrKeyReused          = &Error{Code: "key_reused", Detail: "This Idempotency-Key was used for another request."}
	ErrLoginTaken         = &Error{Code: "login_taken", Detail: "Another vet has this login."}
	ErrRecordChanged      = &Error{Code: "record_changed", Detail: "The record was changed in another window. Read it again before writing."}
	ErrTooEarly           = &Error{Code: "too_early", Detail: "This cannot be said before the start."}
	ErrTaken              = &Error{Code: "taken", Detail: "Another vet was faster."}
	ErrNotOnline          = &Error{Code: "not_online", Detail: "Go online first."}
)

// problems gathers the fields at fault.
type problems []FieldError

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, FieldError{Field: field, Detail: fmt.Sprintf(format, args...)})
}

func (p *problems) check(ok bool, field, format string, args ...any) {
	if !ok {
		p.add(field, format, args...)
	}
}

// err is nil, or ErrInvalid with all the fields.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &Error{Code: ErrInvalid.Code, Detail: ErrInvalid.Detail, Fields: p}
}
