package main

import (
	"errors"
	"fmt"
	"slices"

	"vetroom/clinic"
)

type vetPermitCmd struct {
	Login string `arg:"" help:"Login of the vet."`
	permitFlags
	Remove  []string `placeholder:"NO" help:"Numbers of permits to take away."`
	Replace bool     `help:"The permit named, or none, takes the place of all that there were."`
	Yes     bool     `help:"Cancel the standing reservations that the change leaves without a permit."`
}

// Run changes a vet's permits. Where that would cancel standing reservations it says which, and does it only with --yes.
func (c vetPermitCmd) Run(a *app) error {
	permit, err := c.permit()
	if err != nil {
		return err
	}
	return a.atDesk(func(d *desk) error {
		for {
			err := c.change(a, d, permit)
			if !errors.Is(err, clinic.ErrPermitsChanged) {
				return err
			}
		}
	})
}

// change looks at the vet's permits and changes them. It returns clinic.ErrPermitsChanged if another came between.
func (c vetPermitCmd) change(a *app, d *desk, permit *clinic.Permit) error {
	vet, err := d.findVet(a, c.Login)
	if err != nil {
		return err
	}
	if permit == nil && len(c.Remove) == 0 && !c.Replace {
		return printPermits(a, vet.Permits)
	}
	permits, err := c.changed(vet.Permits, permit)
	if err != nil {
		return err
	}
	return d.changePermits(a, vet, permits, c.Yes)
}

// changed gives what the permits shall be. A permit takes the place of the one with its number.
func (c vetPermitCmd) changed(before []clinic.Permit, permit *clinic.Permit) ([]clinic.Permit, error) {
	after := slices.Clone(before)
	for _, number := range c.Remove {
		i := slices.IndexFunc(after, func(p clinic.Permit) bool { return p.Number == number })
		if i < 0 {
			return nil, fmt.Errorf("%s has no permit %q; it has: %s", c.Login, number, permitsText(before))
		}
		after = slices.Delete(after, i, i+1)
	}
	if c.Replace {
		after = nil
	}
	if permit == nil {
		return after, nil
	}
	after = slices.DeleteFunc(after, func(p clinic.Permit) bool { return p.Number == permit.Number })
	return append(after, *permit), nil
}

func (d *desk) changePermits(a *app, vet *clinic.Vet, permits []clinic.Permit, yes bool) error {
	uncovered, err := d.Uncovered(a.ctx, vet.ID, permits)
	if err != nil {
		return fmt.Errorf("look what the permits cover: %w", err)
	}
	if len(uncovered) > 0 && !yes {
		for _, view := range uncovered {
			a.warn("would cancel %s", visitText(view.Visit, vet))
		}
		return fmt.Errorf("nothing was changed: the change would cancel %s; say --yes to do it", reservations(len(uncovered)))
	}
	cancelled, err := d.SetPermits(a.ctx, vet.ID, vet.Permits, permits)
	if err != nil {
		return fmt.Errorf("set the permits: %w", err)
	}
	for _, v := range cancelled {
		if err := a.say("cancelled %s", visitText(v, vet)); err != nil {
			return err
		}
	}
	return printPermits(a, permits)
}

// visitText names a visit without anybody's name: number, start in the vet's time, and body area.
func visitText(v *clinic.Visit, vet *clinic.Vet) string {
	r := v.Reservation
	return fmt.Sprintf("%s  %s  %s", r.Number, r.Start.In(vet.Zone).Format(vetTime), r.Purpose.Area)
}

func reservations(n int) string {
	if n == 1 {
		return "1 standing reservation"
	}
	return fmt.Sprintf("%d standing reservations", n)
}

func printPermits(a *app, permits []clinic.Permit) error {
	if len(permits) == 0 {
		return a.say("no permits")
	}
	for _, p := range permits {
		if err := a.say("permit %s", permitText(p)); err != nil {
			return err
		}
	}
	return nil
}
