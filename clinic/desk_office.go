package clinic

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"
)

// NewVet is a vet to be registered.
type NewVet struct {
	Login        string
	PasswordHash string // argon2id in PHC form
	Profile      Profile
	Zone         *time.Location
	Hours        Hours
	Permits      []Permit
}

// AddVets registers vets, all or none. It returns ErrInvalid for the first that cannot be right, and ErrLoginTaken.
func (d *Desk) AddVets(ctx context.Context, newcomers []NewVet) ([]*Vet, error) {
	vets := make([]*Vet, len(newcomers))
	for i, n := range newcomers {
		n.Normalise()
		if err := n.Validate(); err != nil {
			return nil, err
		}
		var p problems
		if p.check(n.PasswordHash != "", "password", "is missing"); p.err() != nil {
			return nil, p.err()
		}
		vets[i] = &Vet{
			ID: d.NewID(), Login: n.Login, PasswordHash: n.PasswordHash, Profile: n.Profile, Zone: n.Zone,
			Hours: n.Hours, Permits: n.Permits,
		}
	}
	if err := d.Store.AddVets(ctx, vets); err != nil {
		return nil, err
	}
	return vets, nil
}

// Normalise brings the login into the form in which it is looked for.
func (n *NewVet) Normalise() { n.Login = strings.ToLower(strings.TrimSpace(n.Login)) }

// Validate returns ErrInvalid naming the fields that cannot be right, all of one part of the vet at a time. It does not
// look at the password, which takes long to hash.
func (n NewVet) Validate() error {
	var p problems
	textField(&p, "login", n.Login, 1, 100)
	p.check(!strings.ContainsAny(n.Login, " \t\r\n"), "login", "must not contain spaces")
	p.check(n.Zone != nil, "time_zone", "is missing")
	if err := p.err(); err != nil {
		return err
	}
	if err := n.Profile.Validate(); err != nil {
		return err
	}
	for _, permit := range n.Permits {
		if err := permit.Validate(); err != nil {
			return err
		}
	}
	return n.Hours.Validate()
}

// RevokedFor is how long an ended session is remembered: longer than any cookie that is still about lives.
const RevokedFor = 2 * time.Hour

// SessionFamily names all sessions of a vet that were begun with one password. A hash has salt enough that nothing of
// the password can be told from it.
func SessionFamily(vetID, passwordHash string) string {
	sum := sha256.Sum256([]byte("session family " + passwordHash))
	return vetID + "-" + base64.RawURLEncoding.EncodeToString(sum[:12])
}

// SetPassword replaces a vet's password and ends the sessions that were begun with the one before.
func (d *Desk) SetPassword(ctx context.Context, vetID, hash string) error {
	before := ""
	_, err := d.Store.ChangeVet(ctx, vetID, func(v *Vet, _ time.Time) ([]Event, error) {
		before, v.PasswordHash = v.PasswordHash, hash
		return nil, nil
	})
	if err != nil || before == hash {
		return err
	}
	return d.Store.Revoke(ctx, SessionFamily(vetID, before), d.Clock.Now().Add(RevokedFor))
}

// Uncovered tells which standing visits of a vet the given permits would not cover any more.
func (d *Desk) Uncovered(ctx context.Context, vetID string, permits []Permit) ([]View, error) {
	vet, err := d.Store.Vet(ctx, vetID)
	if err != nil {
		return nil, err
	}
	now := d.Clock.Now()
	visits, err := d.Store.VisitsOfVet(ctx, vetID, Span{now, now.AddDate(2, 0, 0)})
	if err != nil {
		return nil, err
	}
	with := *vet
	with.Permits = permits
	var views []View
	for _, v := range visits {
		if v.underway(now) == nil && with.Covers(d.Permits, v.Reservation.Purpose, v.Reservation.Start) != nil {
			views = append(views, viewOf(v, vet, now))
		}
	}
	return views, nil
}

// ErrPermitsChanged says that a vet's permits are others by now than those that were looked at.
var ErrPermitsChanged = errors.New("the vet's permits were changed meanwhile")

// SetPermits replaces a vet's permits, if they are still those before, and cancels, in the same transaction, the standing
// visits that they no longer cover. It returns those, ErrInvalid, and ErrPermitsChanged.
func (d *Desk) SetPermits(ctx context.Context, vetID string, before, permits []Permit) ([]*Visit, error) {
	for _, p := range permits {
		if err := p.Validate(); err != nil {
			return nil, err
		}
	}
	return d.recheckPermits(ctx, vetID, func(v *Vet) error {
		if !slices.EqualFunc(v.Permits, before, Permit.equal) {
			return ErrPermitsChanged
		}
		v.Permits = permits
		return nil
	})
}

func (d *Desk) recheckPermits(ctx context.Context, vetID string, set func(*Vet) error) ([]*Visit, error) {
	var cancelled []*Visit
	_, err := d.Store.ChangePermits(ctx, vetID, func(vet *Vet, standing []*Visit, now time.Time) (map[*Visit][]Event, error) {
		if err := set(vet); err != nil {
			return nil, err
		}
		cancelled = nil
		facts := map[*Visit][]Event{}
		for _, v := range standing {
			if vet.Covers(d.Permits, v.Reservation.Purpose, v.Reservation.Start) == nil {
				continue
			}
			events, err := v.Cancel(Cancellation{By: BySystem, Code: ReasonPermit}, now)
			if err != nil {
				continue // over by now: there is nothing left to cancel
			}
			facts[v] = events
			cancelled = append(cancelled, v)
		}
		return facts, nil
	})
	if err != nil {
		return nil, err
	}
	return cancelled, nil
}

// SweepPermits looks at every visit that opens within the given time and cancels what no permit covers, so that a
// door that opens is always covered, whatever changed the permits or the rule.
func (d *Desk) SweepPermits(ctx context.Context, within time.Duration) error {
	now := d.Clock.Now()
	visits, err := d.Store.OpeningIn(ctx, Span{now, now.Add(within)})
	if err != nil {
		return err
	}
	views, err := d.views(ctx, visits)
	if err != nil {
		return err
	}
	var vets []string
	for _, v := range views {
		uncovered := v.Vet.Covers(d.Permits, v.Reservation.Purpose, v.Reservation.Start) != nil
		if uncovered && !slices.Contains(vets, v.Vet.ID) {
			vets = append(vets, v.Vet.ID)
		}
	}
	for _, id := range vets {
		if _, err := d.recheckPermits(ctx, id, func(*Vet) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}
