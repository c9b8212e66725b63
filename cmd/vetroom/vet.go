package main

import (
	"errors"
	"fmt"
	"strings"

	"vetroom/clinic"
)

type vetCmd struct {
	Add      vetAddCmd      `cmd:"" help:"Register a vet."`
	Import   vetImportCmd   `cmd:"" help:"Register the vets of a table, all or none."`
	List     vetListCmd     `cmd:"" help:"List the vets."`
	Permit   vetPermitCmd   `cmd:"" help:"Add, replace or remove a vet's permits; without flags, list them."`
	Password vetPasswordCmd `cmd:"" help:"Set a vet's password."`
}

// errNoVet says that no vet has a login.
var errNoVet = errors.New("no vet has this login")

// findVet gives the vet of a login, or errNoVet.
func (d *desk) findVet(a *app, login string) (*clinic.Vet, error) {
	vet, err := d.Store.VetByLogin(a.ctx, strings.ToLower(strings.TrimSpace(login)))
	if errors.Is(err, clinic.ErrNotFound) {
		return nil, fmt.Errorf("%w: %q; \"vetroom vet list\" shows all", errNoVet, login)
	}
	return vet, err
}

type vetPasswordCmd struct {
	Login string `arg:"" help:"Login of the vet."`
	passwordFlags
}

// Run replaces a vet's password, which signs out who came in with the one before.
func (c vetPasswordCmd) Run(a *app) error {
	return a.atDesk(func(d *desk) error {
		vet, err := d.findVet(a, c.Login)
		if err != nil {
			return err
		}
		hash, err := c.ask(a)
		if err != nil {
			return err
		}
		if err := d.SetPassword(a.ctx, vet.ID, hash); err != nil {
			return fmt.Errorf("set the password: %w", err)
		}
		a.signOut(vet.ID)
		return a.say("password of %s set", vet.Login)
	})
}
