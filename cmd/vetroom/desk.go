package main

import (
	"errors"
	"fmt"

	"vetroom/clinic"
	"vetroom/store"
)

// desk is the front desk as a command uses it.
type desk struct {
	*clinic.Desk
	pictures *store.Store
}

// atDesk opens the database, refuses one whose schema is old, does what the command is for, and tells a running
// scheduler if that left something to publish.
func (a *app) atDesk(do func(*desk) error) error {
	s, err := openStore(a.ctx, a.cfg, a.log, a.due.note)
	if err != nil {
		return a.opening(err)
	}
	defer s.Close()
	if err := s.SchemaState(a.ctx); err != nil {
		return a.opening(err)
	}
	if err := do(&desk{openDesk(a.cfg, s), s}); err != nil {
		return err
	}
	a.nudge()
	return nil
}

// opening says what to do about a database that is away.
func (a *app) opening(err error) error {
	switch {
	case !errors.Is(err, store.ErrUnavailable):
		return err
	case a.cfg.ExternalDatabase():
		return fmt.Errorf("%w: is it running, and is VETROOM_DATABASE_URL right?", err)
	case a.cfg.DatabaseURL != "":
		return fmt.Errorf("%w: may you write beside the file that VETROOM_DATABASE_URL names, and is there room on its disk?", err)
	}
	return fmt.Errorf("%w: may you write in %s, and is there room on its disk?", err, a.cfg.DataDir)
}
