package main

import "fmt"

type configCmd struct{}

// Run prints the configuration in the form of its file, secrets masked.
func (configCmd) Run(a *app) error {
	text, err := a.cfg.YAML()
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	_, err = a.stdout.Write(text)
	return err
}
