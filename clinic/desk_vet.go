package clinic

import (
	"context"
	"errors"
	"time"
)

// SetOnline goes online or offline, and publishes it if that is a change.
func (d *Desk) SetOnline(ctx context.Context, vetID string, online bool, reason ReasonCode) (*Vet, error) {
	if online {
		if err := d.Store.Attend(ctx, []string{vetID}); err != nil {
			return nil, err
		}
	}
	return d.Store.ChangeVet(ctx, vetID, func(v *Vet, now time.Time) ([]Event, error) {
		return v.SetOnline(online, reason, now), nil
	})
}

// AbsentAfter is how long a vet stays online after the last socket is gone (contract §2).
const AbsentAfter = time.Minute

// SweepAbsent sets those vets offline whose last socket is gone for AbsentAfter.
func (d *Desk) SweepAbsent(ctx context.Context) error {
	ids, err := d.Store.Absent(ctx, d.Clock.Now().Add(-AbsentAfter))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := d.SetOnline(ctx, id, false, ReasonAbsent); err != nil {
			return err
		}
	}
	return nil
}

// SetHours replaces a vet's hours; zone nil keeps the time zone. Standing reservations stay as they are.
// It returns ErrInvalid.
func (d *Desk) SetHours(ctx context.Context, vetID string, h Hours, zone *time.Location) (*Vet, error) {
	if err := h.Validate(); err != nil {
		return nil, err
	}
	return d.Store.ChangeVet(ctx, vetID, func(v *Vet, now time.Time) ([]Event, error) {
		v.Hours = h
		if zone != nil {
			v.Zone = zone
		}
		return nil, nil
	})
}

// MaxVisitDays bounds how many days of a vet's reservations one question may span.
const MaxVisitDays = 62

// VetReservations gives a vet's reservations of days days from day from; the zero Date means today.
func (d *Desk) VetReservations(ctx context.Context, vetID string, from Date, days int) ([]View, error) {
	var p problems
	p.check(days >= 1 && days <= MaxVisitDays, "days", "must be from 1 to %d", MaxVisitDays)
	if err := p.err(); err != nil {
		return nil, err
	}
	vet, err := d.Store.Vet(ctx, vetID)
	if err != nil {
		return nil, err
	}
	now := d.Clock.Now()
	if from.IsZero() {
		from = DateOf(now, vet.Zone)
	}
	span := Span{ClockTime(0).First(from, vet.Zone), ClockTime(0).First(from.AddDays(days), vet.Zone)}
	visits, err := d.Store.VisitsOfVet(ctx, vetID, span)
	if err != nil {
		return nil, err
	}
	views, all := make([]View, len(visits)), make([]*View, len(visits))
	for i, v := range visits {
		views[i] = viewOf(v, vet, now)
		all[i] = &views[i]
	}
	return views, errors.Join(d.addLateness(ctx, all...), d.addScreenings(ctx, all...))
}

// VetCancel cancels one of the vet's own reservations at any time before it is over.
func (d *Desk) VetCancel(ctx context.Context, vetID, id, reason string) (*View, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return d.asVet(ctx, vetID, id, func(v *Visit, _ *Vet, now time.Time) ([]Event, error) {
		return v.Cancel(Cancellation{By: ByVet, Code: ReasonVet, Text: reason}, now)
	})
}

// Complete says that one of the vet's visits took place. See [Visit.Complete].
func (d *Desk) Complete(ctx context.Context, vetID, id string) (*View, error) {
	return d.asVet(ctx, vetID, id, func(v *Visit, _ *Vet, now time.Time) ([]Event, error) { return v.Complete(now) })
}

// NoShow says that the owner of one of the vet's visits did not come. See [Visit.NoShow].
func (d *Desk) NoShow(ctx context.Context, vetID, id string) (*View, error) {
	return d.asVet(ctx, vetID, id, func(v *Visit, _ *Vet, now time.Time) ([]Event, error) { return v.NoShow(now) })
}

// asVet changes a visit of the vet's own. It returns ErrNotFound for another's.
func (d *Desk) asVet(ctx context.Context, vetID, id string, decide func(*Visit, *Vet, time.Time) ([]Event, error)) (*View, error) {
	return d.change(ctx, id, func(v *Visit, vet *Vet, now time.Time) ([]Event, error) {
		if vetID == "" || v.Reservation.VetID != vetID {
			return nil, ErrNotFound
		}
		return decide(v, vet, now)
	})
}

// OpenRoom opens a room of the vet's before its start and sets the vet online. See [Visit.OpenEarly].
func (d *Desk) OpenRoom(ctx context.Context, vetID, roomID string) (*View, error) {
	if err := d.Store.Attend(ctx, []string{vetID}); err != nil {
		return nil, err
	}
	return d.inRoom(ctx, vetID, roomID, func(v *Visit, vet *Vet, now time.Time) ([]Event, error) {
		events, err := v.OpenEarly(now)
		if err != nil {
			return nil, err
		}
		return append(events, vet.SetOnline(true, ReasonVet, now)...), nil
	})
}

// CloseRoom ends the call in a room of the vet's. See [Visit.Close].
func (d *Desk) CloseRoom(ctx context.Context, vetID, roomID string) (*View, error) {
	return d.inRoom(ctx, vetID, roomID, func(v *Visit, _ *Vet, now time.Time) ([]Event, error) { return v.Close(now) })
}

// DelayRoom announces that the vet will be late. See [Visit.Delay].
func (d *Desk) DelayRoom(ctx context.Context, vetID, roomID string, minutes int) (*View, error) {
	return d.inRoom(ctx, vetID, roomID, func(v *Visit, _ *Vet, now time.Time) ([]Event, error) { return v.Delay(minutes, now) })
}

// ExtendRoom moves the end of a visit into free time. It returns ErrSlotTaken where there is none. See [Visit.Extend].
func (d *Desk) ExtendRoom(ctx context.Context, vetID, roomID string, minutes int) (*View, error) {
	return d.inRoom(ctx, vetID, roomID, func(v *Visit, _ *Vet, now time.Time) ([]Event, error) { return v.Extend(minutes, now) })
}

func (d *Desk) inRoom(ctx context.Context, vetID, roomID string, decide func(*Visit, *Vet, time.Time) ([]Event, error)) (*View, error) {
	v, err := d.Store.VisitOfRoom(ctx, roomID)
	if err != nil {
		return nil, err
	}
	return d.asVet(ctx, vetID, v.Reservation.ID, decide)
}
