package clinic

import (
	"context"
	"time"
)

// Store keeps the clinic. Every change is one transaction that saves the changed aggregates and their facts, those
// of now and those ahead, or nothing. Reads return ErrNotFound where there is nothing.
//
// A decide function may be called again with fresher values when another change came between; it must have no other
// effect than on what it is given. now is the store's clock, which is everybody's.
type Store interface {
	VetStore
	VisitStore
	KeyStore
	RecordStore
	ChatStore
	LateStore
	HospitalStore
	InstantStore
	ScreeningStore
	StillStore
}

// VetStore keeps vets. A vet that a read gives may be given to others too: nobody changes it but through ChangeVet and
// ChangePermits, whose decide functions are given one of their own. It is never older than the question.
type VetStore interface {
	Vet(ctx context.Context, id string) (*Vet, error)
	VetByLogin(ctx context.Context, login string) (*Vet, error)
	// VetsByID gives those of ids that exist.
	VetsByID(ctx context.Context, ids []string) (map[string]*Vet, error)
	// Vets gives one page and the cursor of the next, or "".
	Vets(ctx context.Context, q VetQuery) ([]*Vet, string, error)
	// AddVets saves new vets, all or none. It returns ErrLoginTaken.
	AddVets(ctx context.Context, vets []*Vet) error
	// ChangeVet saves what decide did to anything but the permits, and its facts.
	ChangeVet(ctx context.Context, id string, decide func(v *Vet, now time.Time) ([]Event, error)) (*Vet, error)
	// ChangePermits locks the vet against bookings, lets decide set the permits and change the standing visits that
	// have not ended, and saves all of it at once. decide returns the facts of each visit that it changed.
	ChangePermits(ctx context.Context, id string, decide func(v *Vet, standing []*Visit, now time.Time) (map[*Visit][]Event, error)) (*Vet, error)
	// Busy gives the spans that reservations take of each vet's time and that touch span.
	Busy(ctx context.Context, vetIDs []string, span Span) (map[string][]Span, error)
	// Calendar gives a vet and the spans that reservations take of the vet's time and that touch the span which within
	// gives for the vet. within may be called again with a fresher vet.
	Calendar(ctx context.Context, vetID string, within func(*Vet) Span) (*Vet, []Span, error)
	// Attend notes that the vets have a socket, or just went online, at now.
	Attend(ctx context.Context, vetIDs []string) error
	// Absent gives the online vets who were last attended before since.
	Absent(ctx context.Context, since time.Time) ([]string, error)
}

// VetQuery asks for vets: by name, or nearest first if Near is given.
type VetQuery struct {
	Near   *Place
	Online bool // only those online
	Area   Area // only those permitted for this area on Day; "" for any
	Day    time.Time
	Text   string // in name, place or description
	Cursor string
	Limit  int
}

// VisitStore keeps visits.
type VisitStore interface {
	Visit(ctx context.Context, reservationID string) (*Visit, error)
	VisitOfRoom(ctx context.Context, roomID string) (*Visit, error)
	// Look gives a visit with what somebody who asks for it may want to know, in as few trips as can be.
	Look(ctx context.Context, q Looking) (*Seen, error)
	VisitByNumber(ctx context.Context, number string) (*Visit, error)
	// VisitsOfSession gives what an owner's session holds, soonest first.
	VisitsOfSession(ctx context.Context, session string) ([]*Visit, error)
	// VisitsOfVet gives those that touch span, in order of start, cancelled ones too.
	VisitsOfVet(ctx context.Context, vetID string, span Span) ([]*Visit, error)
	// OpeningIn gives the standing visits whose rooms open within span.
	OpeningIn(ctx context.Context, span Span) ([]*Visit, error)
	// StandingByPhone counts the standing reservations of a phone that have not ended, and its instant requests.
	StandingByPhone(ctx context.Context, phone string) (int, error)
	// Book saves a new visit. It returns ErrSlotTaken if another holds a part of its time, ErrKeyReused, and
	// ErrNoSuchScreening for a screening that is not there. If the
	// booking's key was used for the same body before, it returns that visit and true.
	Book(ctx context.Context, b Booking) (*Visit, bool, error)
	// ChangeVisit saves what decide did to the visit and to whether the vet is online, and the facts. It returns
	// ErrSlotTaken if the visit's new time is not free.
	ChangeVisit(ctx context.Context, reservationID string, decide func(v *Visit, vet *Vet, now time.Time) ([]Event, error)) (*Visit, *Vet, error)
	Timeline(ctx context.Context, reservationID string) ([]Entry, error)
}

// Looking asks for the visit of a reservation or of a room; the other is "".
type Looking struct {
	Reservation, Room string
	Session           string // whether it holds the reservation is told; or ""
	Timeline          bool   // is told too
}

// Seen is a visit as one look shows it.
type Seen struct {
	*Visit
	Vet      *Vet
	Held     bool // by the session
	Timeline []Entry
}

// Booking is a new visit to be saved. Decide makes it from the vet as it is.
type Booking struct {
	VetID   string
	Decide  func(vet *Vet, now time.Time) (*Visit, []Event, error)
	Link    LinkHash        // of the capability link that is given out
	Session string          // the owner's session that shall hold it, or ""
	Key     *IdempotencyKey // or nil
}

// IdempotencyKey says which request this is, and what it said.
type IdempotencyKey struct {
	Key, Body [32]byte // SHA-256
}

// IdempotencyWindow is how long a key is remembered (contract §2).
const IdempotencyWindow = 24 * time.Hour

// LinkHash is the SHA-256 of a capability link's token: all that is stored of it.
type LinkHash [32]byte

// LinkLife is how long a link is valid after the end of its reservation (contract §2).
const LinkLife = 30 * 24 * time.Hour

// KeyStore keeps who may see which reservation.
type KeyStore interface {
	// Replayed finds the visit that a key with the same body gave before, or returns ErrNotFound or ErrKeyReused.
	Replayed(ctx context.Context, key IdempotencyKey) (*Visit, error)
	AddLink(ctx context.Context, reservationID string, link LinkHash) error
	// LinkedTo gives the reservation of a link that is still valid.
	LinkedTo(ctx context.Context, link LinkHash) (reservationID string, err error)
	Grant(ctx context.Context, session, reservationID string) error
	Granted(ctx context.Context, session, reservationID string) (bool, error)
	// Revoke ends a session, or all of a [SessionFamily], for good; Revoked tells whether one of some was ended.
	Revoke(ctx context.Context, session string, until time.Time) error
	Revoked(ctx context.Context, sessions ...string) (bool, error)
}

// Entry is one line of a reservation's timeline: the proof of what happened and when.
type Entry struct {
	ReservationID string
	At            time.Time // UTC, to the millisecond
	What          What
	By            Party // or "" where nobody did it
	// Detail says more of what happened, in at most [MaxDetail] bytes of short ASCII words of ours with a space between
	// them, such as "poor relay"; or "". It never holds what a person wrote.
	Detail string
}

// MaxDetail bounds the detail of an entry, in bytes.
const MaxDetail = 64

// What happened.
type What string

// What a timeline tells.
const (
	WhatBooked      What = "booked"
	WhatMoved       What = "moved"
	WhatCancelled   What = "cancelled"
	WhatDelayed     What = "delayed"
	WhatExtended    What = "extended"
	WhatCompleted   What = "completed"
	WhatNoShow      What = "no_show"
	WhatOpened      What = "opened"       // the vet opened before the start
	WhatDue         What = "due"          // the start came
	WhatEmitted     What = "emitted"      // the opening was published and the stream holds it
	WhatOwnerTold   What = "owner_told"   // the owner's browser acknowledged the open door
	WhatVetTold     What = "vet_told"     // the vet's browser did
	WhatOwnerJoined What = "owner_joined" // took the seat
	WhatVetJoined   What = "vet_joined"
	WhatConnected   What = "connected" // offer and answer both reached their peer in the open room
	WhatLeft        What = "left"      // gave the seat up, or was gone for longer than a resume takes
	WhatClosed      What = "closed"

	WhatChecked What = "checked" // camera, microphone and connection were tried; Detail says how that went
	WhatQuality What = "quality" // how well the call went at that moment; Detail says
	WhatStill   What = "still"   // a photo was taken in the call, and is kept

	WhatAsked      What = "asked"      // the owner asked for a consultation now
	WhatRung       What = "rung"       // a vet was asked
	WhatUnanswered What = "unanswered" // did not answer in time, or went away
	WhatDeclined   What = "declined"
	WhatAccepted   What = "accepted"
)

// ScreeningStore keeps screenings and their photos.
type ScreeningStore interface {
	Screening(ctx context.Context, id string) (*Screening, error)
	// ScreeningsByID gives those of ids that exist.
	ScreeningsByID(ctx context.Context, ids []string) (map[string]*Screening, error)
	ScreeningPhoto(ctx context.Context, id string) ([]byte, error)
	// VisitsOfScreening gives the visits whose reservations have it.
	VisitsOfScreening(ctx context.Context, id string) ([]*Visit, error)
	AddScreening(ctx context.Context, s *Screening, jpeg []byte, facts []Event) error
	// ChangeScreening saves what decide did to the screening, and its facts.
	ChangeScreening(ctx context.Context, id string, decide func(s *Screening, now time.Time) ([]Event, error)) (*Screening, error)
	// ForgetScreenings deletes those from before an instant, with their photos, that no reservation has but cancelled ones
	// and no instant request that stands.
	ForgetScreenings(ctx context.Context, before time.Time) error
}
