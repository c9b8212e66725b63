package clinic

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"
)

// Desk is the front desk: every use case, each of them one decision of the domain and one transaction of the store.
type Desk struct {
	Store   Store
	Clock   Clock
	Permits PermitRule
	NewID   func() string // UUIDv7
	Random  io.Reader     // cryptographic
	Queued  func()        // hears that a photo waits to be looked at; may be nil

	// InstantChanged, if set, hears of each saved change of an instant request. It must be quick.
	InstantChanged func(id string, state InstantState)

	// RecordSaved, if set, hears of each saved record of a visit, by its room. It must be quick.
	RecordSaved func(roomID string)

	// StillChanged, if set, hears of each still that was taken, drawn on or screened, by its room. It must be quick.
	StillChanged func(roomID, stillID string)

	grids grids
	lists shared[listKey, vetList]
	cards shared[string, Card]
	weeks shared[weekKey, Timetable]
}

// View is a visit as somebody sees it at an instant.
type View struct {
	*Visit
	Vet *Vet
	At  time.Time // the room's state is that of this instant

	Lateness  Lateness   // at that instant; where nobody asked who is in the room, as announced
	Aftercare *Aftercare // of one that was asked for alone; nil until the visit is over, and where there is none

	Screening *Screening // that the reservation has; nil where there is none, or where it was not asked for
}

func viewOf(v *Visit, vet *Vet, at time.Time) View {
	return View{Visit: v, Vet: vet, At: at, Lateness: v.Lateness(true, at)}
}

// Booked is a new reservation and the token of its link, which is told this once.
type Booked struct {
	View
	Token    string
	Repeated bool // the same request had been answered before
}

// BookRequest asks for one of a vet's slots.
type BookRequest struct {
	VetID   string
	Start   time.Time
	Session string // the owner's, which will hold the reservation
	Key     *IdempotencyKey
	Request
}

// Book reserves a slot. It returns ErrInvalid, ErrNotFound for an unknown vet, ErrSlotNotOffered, ErrNotPermitted,
// ErrPriorVisitRequired, ErrTooManyStanding, ErrSlotTaken if another booking won, and ErrKeyReused.
func (d *Desk) Book(ctx context.Context, q BookRequest) (*Booked, error) {
	decide := func(vet *Vet, ids VisitIDs, now time.Time) (*Visit, []Event, error) {
		slot, err := vet.Offered(q.Start, now)
		if err != nil {
			return nil, nil, err
		}
		if err := vet.Covers(d.Permits, q.Purpose, slot.Start); err != nil {
			return nil, nil, err
		}
		v, facts := NewVisit(ids, KindScheduled, vet.ID, slot, q.Request, now)
		return v, facts, nil
	}
	return d.book(ctx, q, true, decide)
}

// FollowUpRequest asks for a visit outside the offered grid, by the vet.
type FollowUpRequest struct {
	VetID   string
	Start   time.Time
	Minutes int
	Key     *IdempotencyKey
	Request
}

// FollowUp books for an owner whom the vet knows. It returns ErrInvalid for a start in the past or minutes outside 5
// to 180, ErrNotPermitted, ErrPriorVisitRequired and ErrSlotTaken.
func (d *Desk) FollowUp(ctx context.Context, q FollowUpRequest) (*Booked, error) {
	start := Millis(q.Start)
	decide := func(vet *Vet, ids VisitIDs, now time.Time) (*Visit, []Event, error) {
		var p problems
		p.check(!start.Before(Millis(now)), "start", "lies in the past")
		p.check(start.Before(now.AddDate(1, 0, 1)), "start", "lies more than a year ahead")
		p.check(q.Minutes >= MinMinutes && q.Minutes <= MaxMinutes, "minutes", "must be from %d to %d", MinMinutes, MaxMinutes)
		if err := p.err(); err != nil {
			return nil, nil, err
		}
		if err := vet.Covers(d.Permits, q.Purpose, start); err != nil {
			return nil, nil, err
		}
		span := Span{start, start.Add(time.Duration(q.Minutes) * time.Minute)}
		v, facts := NewVisit(ids, KindFollowUp, vet.ID, span, q.Request, now)
		return v, facts, nil
	}
	return d.book(ctx, BookRequest{VetID: q.VetID, Start: start, Key: q.Key, Request: q.Request}, false, decide)
}

type decideVisit func(vet *Vet, ids VisitIDs, now time.Time) (*Visit, []Event, error)

// book does what every booking shares: repeats, checks of the request, ids, the link, and saving.
func (d *Desk) book(ctx context.Context, q BookRequest, braked bool, decide decideVisit) (*Booked, error) {
	if v, err := d.replayed(ctx, q); v != nil || err != nil {
		return d.repeat(ctx, v, q.Session, err)
	}
	q.Normalise()
	if err := q.Request.Validate(d.Clock.Now()); err != nil {
		return nil, err
	}
	if err := d.checkStanding(ctx, q.Owner.Phone, braked); err != nil {
		return nil, err
	}
	if err := d.mayAttach(ctx, q.Session, q.ScreeningID); err != nil {
		return nil, err
	}
	token, link, err := d.newLink()
	if err != nil {
		return nil, err
	}
	var vet *Vet
	v, repeated, err := d.Store.Book(ctx, Booking{
		VetID: q.VetID, Link: link, Session: q.Session, Key: q.Key,
		Decide: func(found *Vet, now time.Time) (*Visit, []Event, error) {
			vet = found
			ids, err := d.newVisitIDs()
			if err != nil {
				return nil, nil, err
			}
			return decide(found, ids, now)
		},
	})
	if err != nil || repeated {
		return d.repeat(ctx, v, q.Session, err)
	}
	return &Booked{View: viewOf(v, vet, d.Clock.Now()), Token: token}, nil
}

func (d *Desk) replayed(ctx context.Context, q BookRequest) (*Visit, error) {
	if q.Key == nil {
		return nil, nil
	}
	v, err := d.Store.Replayed(ctx, *q.Key)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return v, err
}

// repeat answers a request that was answered before: the same reservation, with a fresh link.
func (d *Desk) repeat(ctx context.Context, v *Visit, session string, err error) (*Booked, error) {
	if err != nil {
		return nil, err
	}
	token, link, err := d.newLink()
	if err != nil {
		return nil, err
	}
	if err := d.Store.AddLink(ctx, v.Reservation.ID, link); err != nil {
		return nil, err
	}
	if session != "" {
		if err := d.Store.Grant(ctx, session, v.Reservation.ID); err != nil {
			return nil, err
		}
	}
	vet, err := d.Store.Vet(ctx, v.Reservation.VetID)
	if err != nil {
		return nil, err
	}
	return &Booked{View: viewOf(v, vet, d.Clock.Now()), Token: token, Repeated: true}, nil
}

// checkStanding is a brake, not a rule: two bookings at the same instant may pass it together, unless the caller lets
// those of one phone in one after another.
func (d *Desk) checkStanding(ctx context.Context, phone string, braked bool) error {
	if !braked {
		return nil
	}
	n, err := d.Store.StandingByPhone(ctx, phone)
	if err == nil && n >= MaxStanding {
		err = ErrTooManyStanding
	}
	return err
}

func (d *Desk) newVisitIDs() (VisitIDs, error) {
	var random [8]byte
	if _, err := io.ReadFull(d.Random, random[:]); err != nil {
		return VisitIDs{}, fmt.Errorf("draw a reservation number: %w", err)
	}
	return VisitIDs{Reservation: d.NewID(), Room: d.NewID(), Number: NewNumber(random)}, nil
}

// newLink draws the token of a capability link, 256 bits in base64url, and its hash.
func (d *Desk) newLink() (token string, hash LinkHash, err error) {
	var secret [32]byte
	if _, err := io.ReadFull(d.Random, secret[:]); err != nil {
		return "", LinkHash{}, fmt.Errorf("draw a link: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	return token, HashToken(token), nil
}

// HashToken gives what is stored of a link's token.
func HashToken(token string) LinkHash { return sha256.Sum256([]byte(token)) }
