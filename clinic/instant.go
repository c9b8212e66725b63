package clinic

import (
	"slices"
	"time"
)

// InstantRequest asks for a consultation now. It rings one vet after another, and waits while nobody is free.
//
//	             Ring
//	         ┌──────────▶ ringing ──────┐
//	queued ──┤               │          ├── Accept ──▶ accepted
//	  ▲  │   └───────────────┼──────────┘
//	  │  │                   │
//	  │  └─ Leave, Expire ───┤ ──────────▶ left, expired
//	  └── Decline, PassOver ─┘
//
// Whom it rings next is decided by the [Desk]; any vet who may see the animal and is free may accept, rung or not.
type InstantRequest struct {
	ID          string
	Session     string // the owner's, which holds the request and then the reservation
	WantedVetID string // to be asked first, or ""
	Request
	State         InstantState
	CreatedAt     time.Time
	ExpiresAt     time.Time // nobody accepted until then
	VetID         string    // who is rung, or who accepted; else ""
	RingEnds      time.Time // when the ring goes on to the next vet; zero unless ringing
	SettledAt     time.Time // when it was accepted, left or expired; zero before
	ReservationID string    // once accepted
	Steps         []Step    // what happened so far, oldest first
	Rev           int64     // compare-and-set
}

// InstantState is what a request for a consultation now is.
type InstantState string

// The states; the diagram stands at [InstantRequest].
const (
	InstantQueued   InstantState = "queued"  // nobody is free
	InstantRinging  InstantState = "ringing" // one vet is asked
	InstantAccepted InstantState = "accepted"
	InstantExpired  InstantState = "expired" // nobody accepted in time
	InstantLeft     InstantState = "left"    // the owner gave up
)

// Step is one thing that happened to a request. Once there is a reservation all are in its timeline.
type Step struct {
	At    time.Time `json:"at"`
	What  What      `json:"what"`
	By    Party     `json:"by"`
	VetID string    `json:"vet_id,omitempty"`
}

// How long things last.
const (
	RingTime  = time.Minute      // for one vet to answer
	RingPause = time.Minute      // before a vet who did not answer is rung again by the same request
	AskTime   = 15 * time.Minute // for any vet to accept: longer than a consultation's rest, shorter than patience
)

// NewInstantRequest makes a request that waits. Whether anybody may see the animal is asked before.
func NewInstantRequest(id string, q AskRequest, now time.Time) *InstantRequest {
	at := Millis(now)
	return &InstantRequest{
		ID: id, Session: q.Session, WantedVetID: q.VetID, Request: q.Request, State: InstantQueued,
		CreatedAt: at, ExpiresAt: at.Add(AskTime), Steps: []Step{{At: at, What: WhatAsked, By: ByOwner}},
	}
}

// Standing tells whether the request still wants a vet.
func (r *InstantRequest) Standing() bool {
	return r.State == InstantQueued || r.State == InstantRinging
}

// stands returns ErrTaken for a request that was accepted and ErrClosed for one that was left or expired.
func (r *InstantRequest) stands() error {
	switch {
	case r.State == InstantAccepted:
		return ErrTaken
	case !r.Standing():
		return ErrClosed.With("Nobody waits for this any more.")
	}
	return nil
}

func (r *InstantRequest) step(what What, by Party, vetID string, now time.Time) {
	r.Steps = append(slices.Clip(r.Steps), Step{Millis(now), what, by, vetID})
}

// Ring asks a vet. It returns ErrTaken or ErrClosed if the request does not stand.
func (r *InstantRequest) Ring(vetID string, now time.Time) error {
	if err := r.stands(); err != nil {
		return err
	}
	r.State, r.VetID, r.RingEnds = InstantRinging, vetID, Millis(now).Add(RingTime)
	if r.ExpiresAt.Before(r.RingEnds) {
		r.RingEnds = r.ExpiresAt
	}
	r.step(WhatRung, BySystem, vetID, now)
	return nil
}

// PassOver ends a ring that was not answered. One that does not ring stays as it is.
func (r *InstantRequest) PassOver(by Party, now time.Time) {
	if r.State == InstantRinging {
		r.step(WhatUnanswered, by, r.VetID, now)
		r.silence()
	}
}

func (r *InstantRequest) silence() {
	r.State, r.VetID, r.RingEnds = InstantQueued, "", time.Time{}
}

// Decline notes that a vet will not come; it is not rung by this request again. It returns ErrTaken or ErrClosed if the
// request does not stand.
func (r *InstantRequest) Decline(vetID string, now time.Time) error {
	if err := r.stands(); err != nil {
		return err
	}
	if !r.declinedBy(vetID) {
		r.step(WhatDeclined, ByVet, vetID, now)
	}
	if r.State == InstantRinging && r.VetID == vetID {
		r.silence()
	}
	return nil
}

// Accept gives the request to a vet, with the reservation that is made of it. It returns ErrTaken if another vet was
// faster and ErrClosed if the owner does not wait any more.
func (r *InstantRequest) Accept(vetID, reservationID string, now time.Time) error {
	if err := r.stands(); err != nil {
		return err
	}
	if !now.Before(r.ExpiresAt) {
		return ErrClosed.With("Nobody waits for this any more.")
	}
	r.step(WhatAccepted, ByVet, vetID, now)
	r.settle(InstantAccepted, now)
	r.VetID, r.ReservationID = vetID, reservationID
	return nil
}

func (r *InstantRequest) settle(to InstantState, now time.Time) {
	r.State, r.VetID, r.RingEnds, r.SettledAt = to, "", time.Time{}, Millis(now)
}

// Leave is the owner's giving up. What was left or expired stays as it is; it returns ErrTaken once a vet has accepted.
func (r *InstantRequest) Leave(now time.Time) error {
	if r.State == InstantAccepted {
		return ErrTaken.With("A vet has accepted. Cancel the reservation instead.")
	}
	if r.Standing() {
		r.settle(InstantLeft, now)
	}
	return nil
}

// Expire ends a request for which nobody came in time. It returns ErrTooEarly before, and ErrTaken or ErrClosed if the
// request does not stand.
func (r *InstantRequest) Expire(now time.Time) error {
	if err := r.stands(); err != nil {
		return err
	}
	if now.Before(r.ExpiresAt) {
		return ErrTooEarly
	}
	r.settle(InstantExpired, now)
	return nil
}

// Deadline gives the next instant at which something is to be done about a request that stands.
func (r *InstantRequest) Deadline() time.Time {
	if r.State == InstantRinging {
		return r.RingEnds
	}
	return r.ExpiresAt
}

// Entries gives what the timeline of the request's reservation tells of how it came about.
func (r *InstantRequest) Entries() []Entry {
	entries := make([]Entry, len(r.Steps))
	for i, s := range r.Steps {
		entries[i] = Entry{ReservationID: r.ReservationID, At: s.At, What: s.What, By: s.By}
	}
	return entries
}

// StateFor gives what the request is to a vet: it rings one only, and to the others it waits.
func (r *InstantRequest) StateFor(vetID string) InstantState {
	if r.State == InstantRinging && r.VetID != vetID {
		return InstantQueued
	}
	return r.State
}

func (r *InstantRequest) declinedBy(vetID string) bool {
	return slices.ContainsFunc(r.Steps, func(s Step) bool { return s.What == WhatDeclined && s.VetID == vetID })
}

// unansweredBy gives when a vet last let the request ring, or the zero time.
func (r *InstantRequest) unansweredBy(vetID string) (at time.Time) {
	for _, s := range r.Steps {
		if s.What == WhatUnanswered && s.VetID == vetID {
			at = s.At
		}
	}
	return at
}
