package main

type migrateCmd struct{}

// Run brings the database to the newest schema. Doing so again changes nothing.
func (migrateCmd) Run(a *app) error {
	s, err := openStore(a.ctx, a.cfg, a.log, nil)
	if err != nil {
		return a.opening(err)
	}
	defer s.Close()
	if err := s.Migrate(a.ctx); err != nil {
		return a.opening(err)
	}
	return a.say("the schema is the newest")
}
