package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// tableCmd shows what results files hold. Runs of one benchmark are put together, round behind round, so that long ones
// can be made in several sittings.
type tableCmd struct {
	Files []string `arg:"" help:"Results files (--results)." type:"existingfile"`
	Size  string   `enum:"full,small" default:"full" help:"Of which size."`
}

// Run prints a table a benchmark.
func (c tableCmd) Run(context.Context) error {
	var all []*report
	for _, name := range c.Files {
		if err := c.read(name, &all); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, r := range all {
		r.print(os.Stdout)
	}
	return nil
}

func (c tableCmd) read(name string, all *[]*report) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	for in := json.NewDecoder(file); ; {
		var line record
		if err := in.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if line.Size == c.Size {
			row := reportOf(all, line.Bench).row(line.Case, line.Name, line.Unit, line.Goal)
			row.Product, row.Floor = append(row.Product, line.Product...), append(row.Floor, line.Floor...)
		}
	}
}

// reportOf gives the report of a benchmark, and makes it at first.
func reportOf(all *[]*report, bench string) *report {
	for _, r := range *all {
		if r.bench == bench {
			return r
		}
	}
	r := &report{bench: bench}
	*all = append(*all, r)
	return r
}
