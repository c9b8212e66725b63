package clinic

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"
)

// Card is a vet as a list shows it.
type Card struct {
	*Vet
	NextFree time.Time // zero if nothing is free within the vet's horizon
	Areas    []Area    // that the vet may see today
}

// Vets gives one page of vets with their next free time, and the cursor of the next page, or "".
func (d *Desk) Vets(ctx context.Context, q VetQuery) ([]Card, string, error) {
	now := d.Clock.Now()
	q.Day = now
	if d.Permits == PermitsOff {
		q.Area = ""
	}
	vets, next, err := d.Store.Vets(ctx, q)
	if err != nil {
		return nil, "", err
	}
	cards, err := d.cards(ctx, vets, now)
	return cards, next, err
}

// Vet gives one vet with the next free time. It returns ErrNotFound.
func (d *Desk) Vet(ctx context.Context, id string) (Card, error) {
	vet, err := d.Store.Vet(ctx, id)
	if err != nil {
		return Card{}, err
	}
	cards, err := d.cards(ctx, []*Vet{vet}, d.Clock.Now())
	if err != nil {
		return Card{}, err
	}
	return cards[0], nil
}

func (d *Desk) cards(ctx context.Context, vets []*Vet, now time.Time) ([]Card, error) {
	free, err := d.nextFree(ctx, vets, now)
	if err != nil {
		return nil, err
	}
	cards := make([]Card, len(vets))
	for i, v := range vets {
		cards[i] = Card{v, free[v.ID], v.AreasOn(d.Permits, DateOf(now, v.Zone))}
	}
	return cards, nil
}

// nearDays is within how many days almost every vet has a free time.
const nearDays = 2

// nextFree gives the next free time of each vet who has one. What is taken is read of the next days, and farther only
// of those vets who have nothing free until then: two reads at most, however many vets there are.
func (d *Desk) nextFree(ctx context.Context, vets []*Vet, now time.Time) (map[string]time.Time, error) {
	free, horizon := make(map[string]time.Time, len(vets)), 0
	for _, v := range vets {
		horizon = max(horizon, v.Hours.HorizonDays+2)
	}
	for _, days := range []int{min(nearDays, horizon), horizon} {
		ids, known := make([]string, len(vets)), now.AddDate(0, 0, days)
		for i, v := range vets {
			ids[i] = v.ID
		}
		busy, err := d.Store.Busy(ctx, ids, Span{now, known})
		if err != nil {
			return nil, err
		}
		var farther []*Vet
		for _, v := range vets {
			at, ok := v.NextFree(busy[v.ID], now)
			switch {
			case ok && (days == horizon || at.Add(v.Hours.slot()).Before(known)):
				free[v.ID] = at
			case ok:
				farther = append(farther, v)
			}
		}
		if vets = farther; len(vets) == 0 {
			break
		}
	}
	return free, nil
}

// Slots gives a vet's slots of days days from day from, local to the vet; the zero Date means today.
// It returns ErrNotFound, and ErrInvalid for days outside 1 to MaxSlotDays.
func (d *Desk) Slots(ctx context.Context, vetID string, from Date, days int) (*Vet, []Slot, error) {
	var p problems
	p.check(days >= 1 && days <= MaxSlotDays, "days", "must be from 1 to %d", MaxSlotDays)
	if err := p.err(); err != nil {
		return nil, nil, err
	}
	vet, err := d.Store.Vet(ctx, vetID)
	if err != nil {
		return nil, nil, err
	}
	now := d.Clock.Now()
	if from.IsZero() {
		from = DateOf(now, vet.Zone)
	}
	span := Span{ClockTime(0).First(from, vet.Zone), ClockTime(0).Last(from.AddDays(days+1), vet.Zone)}
	busy, err := d.Store.Busy(ctx, []string{vetID}, span)
	if err != nil {
		return nil, nil, err
	}
	return vet, vet.Slots(from, days, busy[vetID], now), nil
}

// Reservation gives a visit to who may see it: its vet, or an owner who holds it. It returns ErrNotFound to others.
func (d *Desk) Reservation(ctx context.Context, who Who, id string) (*View, error) {
	v, err := d.Store.Visit(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := d.role(ctx, who, v); err != nil {
		return nil, err
	}
	return d.view(ctx, v)
}

// RoleIn tells which seat of a room is theirs. It returns ErrNotFound where none is.
func (d *Desk) RoleIn(ctx context.Context, who Who, roomID string) (Role, *Visit, error) {
	v, err := d.Store.VisitOfRoom(ctx, roomID)
	if err != nil {
		return "", nil, err
	}
	role, err := d.role(ctx, who, v)
	return role, v, err
}

func (d *Desk) role(ctx context.Context, who Who, v *Visit) (Role, error) {
	if who.VetID != "" && who.VetID == v.Reservation.VetID {
		return RoleVet, nil
	}
	if who.Session == "" {
		return "", ErrNotFound
	}
	ok, err := d.Store.Granted(ctx, who.Session, v.Reservation.ID)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", ErrNotFound
	}
	return RoleOwner, nil
}

func (d *Desk) view(ctx context.Context, v *Visit) (*View, error) {
	vet, err := d.Store.Vet(ctx, v.Reservation.VetID)
	if err != nil {
		return nil, err
	}
	return &View{v, vet, d.Clock.Now()}, nil
}

// Reservations gives what an owner's session holds, soonest first.
func (d *Desk) Reservations(ctx context.Context, session string) ([]View, error) {
	visits, err := d.Store.VisitsOfSession(ctx, session)
	if err != nil {
		return nil, err
	}
	return d.views(ctx, visits)
}

func (d *Desk) views(ctx context.Context, visits []*Visit) ([]View, error) {
	ids := make([]string, len(visits))
	for i, v := range visits {
		ids[i] = v.Reservation.VetID
	}
	vets, err := d.Store.VetsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	now, views := d.Clock.Now(), make([]View, len(visits))
	for i, v := range visits {
		views[i] = View{v, vets[v.Reservation.VetID], now}
	}
	return views, nil
}

// Cancel gives an owner's reservation back. It returns ErrNotFound, ErrTooLate past the vet's cut-off, ErrClosed.
func (d *Desk) Cancel(ctx context.Context, who Who, id, reason string) (*View, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return d.asOwner(ctx, who, id, func(v *Visit, vet *Vet, now time.Time) ([]Event, error) {
		return v.Cancel(Cancellation{By: ByOwner, Code: ReasonOwner, Text: reason}, now)
	})
}

func checkReason(reason string) error {
	var p problems
	textField(&p, "reason", reason, 0, 1000)
	return p.err()
}

// Reschedule moves an owner's reservation to another offered slot of the same vet. It returns ErrNotFound,
// ErrTooLate, ErrClosed, ErrSlotNotOffered, ErrNotPermitted, ErrPriorVisitRequired and ErrSlotTaken.
func (d *Desk) Reschedule(ctx context.Context, who Who, id string, start time.Time) (*View, error) {
	return d.asOwner(ctx, who, id, func(v *Visit, vet *Vet, now time.Time) ([]Event, error) {
		if v.Reservation.Start.Equal(start) {
			return nil, nil
		}
		slot, err := vet.Offered(start, now)
		if err != nil {
			return nil, err
		}
		if err := vet.Covers(d.Permits, v.Reservation.Purpose, slot.Start); err != nil {
			return nil, err
		}
		return v.Move(slot, ByOwner, now)
	})
}

// asOwner changes a visit that the owner holds, within the vet's cut-off. The vet of a visit is its owner's
// counterpart, not its owner: only a session's grant counts here.
func (d *Desk) asOwner(ctx context.Context, who Who, id string, decide func(*Visit, *Vet, time.Time) ([]Event, error)) (*View, error) {
	ok, err := d.Store.Granted(ctx, who.Session, id)
	if err != nil {
		return nil, err
	}
	if who.Session == "" || !ok {
		return nil, ErrNotFound
	}
	return d.change(ctx, id, func(v *Visit, vet *Vet, now time.Time) ([]Event, error) {
		cutoff := time.Duration(vet.Hours.CancelCutoffMinutes) * time.Minute
		if err := v.OwnerMayChange(cutoff, now); err != nil {
			return nil, err
		}
		return decide(v, vet, now)
	})
}

func (d *Desk) change(ctx context.Context, id string, decide func(*Visit, *Vet, time.Time) ([]Event, error)) (*View, error) {
	v, vet, err := d.Store.ChangeVisit(ctx, id, decide)
	if err != nil {
		return nil, err
	}
	return &View{v, vet, d.Clock.Now()}, nil
}

// Lookup lets a session hold the reservation of a number and its phone. It returns ErrNotFound, in the same words
// for an unknown number as for a wrong phone.
func (d *Desk) Lookup(ctx context.Context, session, number, phone string) (*View, error) {
	v, err := d.Store.VisitByNumber(ctx, NormalNumber(number))
	if errors.Is(err, ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(NormalPhone(phone)), []byte(v.Reservation.Owner.Phone)) != 1 {
		return nil, ErrNotFound
	}
	if d.Clock.Now().After(v.Reservation.End.Add(LinkLife)) {
		return nil, ErrNotFound
	}
	if err := d.Store.Grant(ctx, session, v.Reservation.ID); err != nil {
		return nil, err
	}
	return d.view(ctx, v)
}

// Redeem lets a session hold the reservation of a capability link. It returns ErrNotFound for one that is unknown
// or was valid once.
func (d *Desk) Redeem(ctx context.Context, session, token string) (reservationID string, err error) {
	id, err := d.Store.LinkedTo(ctx, HashToken(token))
	if err != nil {
		return "", err
	}
	return id, d.Store.Grant(ctx, session, id)
}

// Timeline gives what happened to a reservation, oldest first, to who may see it.
func (d *Desk) Timeline(ctx context.Context, who Who, id string) ([]Entry, error) {
	_, entries, err := d.History(ctx, who, id)
	return entries, err
}

// History gives a reservation with its timeline, to who may see it.
func (d *Desk) History(ctx context.Context, who Who, id string) (*View, []Entry, error) {
	view, err := d.Reservation(ctx, who, id)
	if err != nil {
		return nil, nil, err
	}
	entries, err := d.Store.Timeline(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	return view, view.withClock(entries), nil
}
