package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"vetroom/clinic"
	"vetroom/cmd/vetroom/localdata"
)

type hospitalsCmd struct {
	Import hospitalsImportCmd `cmd:"" help:"Import the national register of animal hospitals, in the place of the one before."`
}

type hospitalsImportCmd struct {
	File string `arg:"" help:"LOCALDATA's file of animal hospitals (02_03_01_P): CSV in CP949 or UTF-8."`
}

// Run reads the whole register before it changes anything. Each row that is left out though its hospital may be in
// business is told by its line.
func (c hospitalsImportCmd) Run(a *app) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	all, sum, err := readRegister(a, file)
	if err != nil {
		return fmt.Errorf("%s: %w; nothing was changed", c.File, err)
	}
	if len(all) == 0 {
		return fmt.Errorf("%s: %s; nothing was changed", c.File, summaryText(sum))
	}
	return a.atDesk(func(d *desk) error {
		a.warn("saving %d hospitals", len(all))
		if err := d.ReplaceHospitals(a.ctx, all); err != nil {
			return fmt.Errorf("save the hospitals: %w", err)
		}
		return a.say("%s", summaryText(sum))
	})
}

func readRegister(a *app, file *os.File) (all []clinic.Hospital, sum localdata.Summary, err error) {
	r, err := localdata.NewReader(file)
	if err != nil {
		return nil, sum, err
	}
	p := newProgress(a.stderr, sizeOf(file), "rows read")
	defer p.end()
	for a.ctx.Err() == nil {
		h, left, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			p.done(r.Read)
			return all, r.Summary, nil
		case err != nil:
			return nil, r.Summary, err
		case h != nil:
			all = append(all, *h)
		case left != nil:
			p.line(left.String())
		}
		p.at(r.BytesRead(), r.Read)
	}
	return nil, r.Summary, a.ctx.Err()
}

func summaryText(s localdata.Summary) string {
	return fmt.Sprintf("read %s: %d taken, %d not in business, %d without coordinates, %d bad",
		count(s.Read, "row"), s.Taken, s.Closed, s.Placeless, s.Bad)
}

// count says how many there are of a thing.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
