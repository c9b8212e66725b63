package clinic

import (
	"context"
	"errors"
	"slices"
	"time"
)

// InstantView is a request as somebody sees it at an instant.
type InstantView struct {
	*InstantRequest
	Position int // among those that wait, from 1; 0 for one that does not
}

// Instant gives a request to the owner who made it. It returns ErrNotFound to others.
func (d *Desk) Instant(ctx context.Context, who Who, id string) (*InstantView, error) {
	if who.Session == "" {
		return nil, ErrNotFound
	}
	r, err := d.Store.Instant(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.Session != who.Session {
		return nil, ErrNotFound
	}
	return d.placed(ctx, r)
}

// Asking gives the request that an owner's session has standing, or nil.
func (d *Desk) Asking(ctx context.Context, session string) (*InstantView, error) {
	if session == "" {
		return nil, nil
	}
	standing, err := d.InstantNews(ctx, nil)
	for _, v := range standing {
		if v.Session == session {
			return v, nil
		}
	}
	return nil, err
}

// placed gives a request with its place in the queue.
func (d *Desk) placed(ctx context.Context, r *InstantRequest) (*InstantView, error) {
	v := &InstantView{InstantRequest: r}
	if r.State != InstantQueued {
		return v, nil
	}
	before, err := d.Store.QueuedBefore(ctx, r)
	v.Position = before + 1
	return v, err
}

// InstantNews gives all requests that stand, oldest first, and those of ids that do not any more.
func (d *Desk) InstantNews(ctx context.Context, ids []string) ([]*InstantView, error) {
	requests, err := d.Store.Instants(ctx, ids)
	if err != nil {
		return nil, err
	}
	views, waiting := make([]*InstantView, len(requests)), 0
	for i, r := range requests {
		views[i] = &InstantView{InstantRequest: r}
		if r.State == InstantQueued {
			waiting++
			views[i].Position = waiting
		}
	}
	return views, nil
}

// LeaveInstant gives an owner's request up. It returns ErrNotFound to others, and ErrTaken once a vet has accepted.
func (d *Desk) LeaveInstant(ctx context.Context, who Who, id string) error {
	err := d.changeInstant(ctx, id, func(r *InstantRequest, now time.Time) error {
		if who.Session == "" || r.Session != who.Session {
			return ErrNotFound
		}
		return r.Leave(now)
	})
	if err == nil {
		_, _ = d.Dispatch(ctx) // it is left; whoever leads looks whom the vet may be rung by now
	}
	return err
}

// DeclineInstant notes that a vet will not come, and rings the next. It returns ErrNotFound, ErrTaken and ErrClosed.
func (d *Desk) DeclineInstant(ctx context.Context, vetID, id string) (*InstantView, error) {
	err := d.changeInstant(ctx, id, func(r *InstantRequest, now time.Time) error { return r.Decline(vetID, now) })
	if err != nil {
		return nil, err
	}
	return d.dispatched(ctx, id)
}

// errHad says that the vet accepted this request before.
var errHad = errors.New("accepted before")

// AcceptInstant makes of a request a vet's consultation, whose room is open. A repeat by the same vet gives the same
// reservation. It returns ErrNotFound, ErrTaken if another vet was faster, ErrClosed if nobody waits any more,
// ErrNotOnline, ErrNotPermitted, ErrPriorVisitRequired, and ErrSlotTaken if the vet is not free.
func (d *Desk) AcceptInstant(ctx context.Context, vetID, id string) (*View, error) {
	engaged, err := d.Store.Engaged(ctx, []string{vetID})
	if err != nil {
		return nil, err
	}
	var vet *Vet
	var had string
	r, v, err := d.Store.AcceptInstant(ctx, id, vetID, func(r *InstantRequest, found *Vet, now time.Time) (*Visit, []Event, error) {
		if r.State == InstantAccepted && r.VetID == vetID {
			had = r.ReservationID
			return nil, nil, errHad
		}
		vet = found
		return d.accept(r, vet, engaged[vetID], now)
	})
	if errors.Is(err, errHad) {
		return d.Reservation(ctx, Who{VetID: vetID}, had)
	}
	if err != nil {
		return nil, err
	}
	d.told(r)
	view := viewOf(v, vet, d.Clock.Now())
	return &view, nil
}

func (d *Desk) accept(r *InstantRequest, vet *Vet, engaged []Span, now time.Time) (*Visit, []Event, error) {
	if err := r.stands(); err != nil {
		return nil, nil, err
	}
	if !vet.Online {
		return nil, nil, ErrNotOnline
	}
	if err := vet.Covers(d.Permits, r.Purpose, now); err != nil {
		return nil, nil, err
	}
	if vet.freeAt(engaged, now).After(now) {
		return nil, nil, ErrSlotTaken.With("You are with somebody, or will be before this could end.")
	}
	ids, err := d.newVisitIDs()
	if err != nil {
		return nil, nil, err
	}
	if err := r.Accept(vet.ID, ids.Reservation, now); err != nil {
		return nil, nil, err
	}
	v, facts := NewInstantVisit(ids, vet, r.Request, now)
	return v, facts, nil
}

// RingingFor gives what rings for a vet: one request, or none.
func (d *Desk) RingingFor(ctx context.Context, vetID string) ([]*InstantView, error) {
	views, err := d.InstantNews(ctx, nil)
	return slices.DeleteFunc(views, func(v *InstantView) bool { return v.State != InstantRinging || v.VetID != vetID }), err
}

// Dispatch brings every request that stands to where it should be: it ends rings that were not answered, rings the next
// vet, and lets requests expire. It gives the next instant at which it is needed by the clock alone; zero if nothing
// stands. Any number of processes may dispatch at once: each change is one compare-and-set, and a vet is rung by one
// request at a time.
func (d *Desk) Dispatch(ctx context.Context) (next time.Time, err error) {
	standing, err := d.Store.Instants(ctx, nil)
	if err != nil || len(standing) == 0 {
		return time.Time{}, err
	}
	board, err := d.switchboard(ctx, standing)
	if err != nil {
		return time.Time{}, err
	}
	for _, r := range standing {
		if r, err = d.moveOn(ctx, board, r); err != nil {
			return time.Time{}, err
		}
		if !r.Standing() {
			continue
		}
		at := r.Deadline()
		if r.State == InstantQueued {
			at = board.wake(r)
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next, nil
}

func (d *Desk) switchboard(ctx context.Context, standing []*InstantRequest) (*switchboard, error) {
	vets, err := d.Store.OnlineVets(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(vets))
	for i, v := range vets {
		ids[i] = v.ID
	}
	engaged, err := d.Store.Engaged(ctx, ids)
	if err != nil {
		return nil, err
	}
	return newSwitchboard(d.Permits, vets, engaged, standing, d.Clock.Now()), nil
}

// errStale says that a request is not what was decided on: whoever changed it dispatches too.
var errStale = errors.New("changed meanwhile")

// moveOn does what is to be done about one request, and gives it as it is then.
func (d *Desk) moveOn(ctx context.Context, b *switchboard, r *InstantRequest) (*InstantRequest, error) {
	rung := r.VetID
	if r.State == InstantRinging && b.answers(r) {
		return r, nil
	}
	for {
		var vet *Vet
		if b.now.Before(r.ExpiresAt) {
			vet = b.next(r)
		}
		if vet == nil && r.State == InstantQueued && b.now.Before(r.ExpiresAt) {
			return r, nil
		}
		after, err := d.Store.ChangeInstant(ctx, r.ID, func(f *InstantRequest, now time.Time) error {
			if f.Rev != r.Rev {
				return errStale
			}
			return b.step(f, vet, now)
		})
		switch {
		case errors.Is(err, ErrRung): // by another process's hand: the next one, then
			b.rung[vet.ID] = true
			continue
		case errors.Is(err, errStale), errors.Is(err, ErrTooEarly), errors.Is(err, ErrNotFound):
			return r, nil
		case err != nil:
			return nil, err
		}
		if delete(b.rung, rung); vet != nil {
			b.rung[vet.ID] = true
		}
		d.told(after)
		return after, nil
	}
}

// step ends what does not ring any more, and rings the vet, if there is one, or lets the request expire.
func (b *switchboard) step(r *InstantRequest, vet *Vet, now time.Time) error {
	by := BySystem // the vet went away, or is with somebody
	if !b.now.Before(r.RingEnds) {
		by = BySchedule
	}
	r.PassOver(by, now)
	if vet != nil {
		return r.Ring(vet.ID, now)
	}
	if err := r.Expire(now); err != nil && !errors.Is(err, ErrTooEarly) {
		return err
	}
	return nil
}

// changeInstant saves a change of a request and tells of it.
func (d *Desk) changeInstant(ctx context.Context, id string, decide func(*InstantRequest, time.Time) error) error {
	r, err := d.Store.ChangeInstant(ctx, id, decide)
	if err == nil {
		d.told(r)
	}
	return err
}

func (d *Desk) told(r *InstantRequest) {
	if d.InstantChanged != nil {
		d.InstantChanged(r.ID, r.State)
	}
}

// Readiness is what the clinic can do now for who asks.
type Readiness struct {
	Online    int           // vets who are online and permitted for anything today
	Free      int           // of them, those who are with nobody and are not rung
	Waiting   int           // requests that no vet has accepted yet
	Areas     []Area        // that somebody online may see today, in the order of [Areas]
	UsualWait time.Duration // how long it took lately until a vet accepted; 0 if that is not known
}

// Readiness counts who is there now, and tells how long it usually takes.
func (d *Desk) Readiness(ctx context.Context) (Readiness, error) {
	standing, err := d.Store.Instants(ctx, nil)
	if err != nil {
		return Readiness{}, err
	}
	board, err := d.switchboard(ctx, standing)
	if err != nil {
		return Readiness{}, err
	}
	out := Readiness{Waiting: len(standing)}
	seen := map[Area]bool{}
	for _, v := range board.vets {
		areas := v.AreasOn(d.Permits, DateOf(board.now, v.Zone))
		if len(areas) == 0 {
			continue
		}
		for _, a := range areas {
			seen[a] = true
		}
		out.Online++
		if !board.rung[v.ID] && board.free(v) {
			out.Free++
		}
	}
	out.Areas = slices.DeleteFunc(slices.Clone(Areas), func(a Area) bool { return !seen[a] })
	out.UsualWait, err = d.Store.UsualWait(ctx)
	return out, err
}

// SlotsIn gives the slots of a vet that share time with a span, as they are now.
func (d *Desk) SlotsIn(ctx context.Context, vetID string, span Span) ([]Slot, error) {
	vet, err := d.Store.Vet(ctx, vetID)
	if err != nil {
		return nil, err
	}
	from := DateOf(span.Start, vet.Zone).AddDays(-1) // a day's last slot may reach into the next
	to := DateOf(span.End, vet.Zone)
	days := 1
	for day := from; day.Before(to) && days <= MaxSlotDays; day = day.AddDays(1) {
		days++
	}
	around := Span{span.Start.Add(-vet.Hours.slot()), span.End.Add(vet.Hours.slot())}
	busy, err := d.Store.Busy(ctx, []string{vetID}, around)
	if err != nil {
		return nil, err
	}
	slots := vet.Slots(from, days, busy[vetID], d.Clock.Now())
	return slices.DeleteFunc(slots, func(s Slot) bool { return !s.Overlaps(span) }), nil
}
