package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"vetroom/clinic"
	"vetroom/cmd/vetroom/sheet"
)

type vetImportCmd struct {
	File string `arg:"" help:"CSV with the columns ${vet_columns}; the first three must be there. A password may be an argon2id hash in PHC form."`

	hoursFlags
}

// vetColumns are the columns of the table (contract §1), the first neededColumns of which must be there.
var vetColumns = strings.Split("login,password,name,location,lat,lon,description,licence_no,time_zone,"+
	"permit_no,permit_areas,follow_up_only,permit_from,permit_until", ",")

const neededColumns = 3

// Run registers all vets of the table, or says of each bad row what is wrong with it and registers none.
func (c vetImportCmd) Run(a *app) error {
	hours, err := c.hours()
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, err := readVets(file, hours)
	if err != nil {
		return fmt.Errorf("%s: %w; nobody was registered", c.File, err)
	}
	return a.atDesk(func(d *desk) error { return d.importVets(a, c.File, rows) })
}

func (d *desk) importVets(a *app, file string, rows []vetRow) error {
	if err := d.checkLogins(a, rows); err != nil {
		return err
	}
	bad := 0
	for _, r := range rows {
		if bad += min(len(r.faults), 1); len(r.faults) > 0 {
			a.warn("line %d: %s", r.line, strings.Join(r.faults, "; "))
		}
	}
	if bad > 0 {
		return fmt.Errorf("%s: %d of %s are bad; nobody was registered", file, bad, count(len(rows), "row"))
	}
	warnOfShort(a, rows)
	newcomers, err := hashAll(a, rows)
	if err != nil {
		return err
	}
	vets, err := d.AddVets(a.ctx, newcomers)
	if err != nil {
		return fmt.Errorf("register the vets: %w; nobody was registered", err)
	}
	for _, v := range vets {
		if err := a.say("registered %s %s", v.Login, v.ID); err != nil {
			return err
		}
	}
	return nil
}

// warnOfShort says, as vet add does, that passwords are shorter than is advised.
func warnOfShort(a *app, rows []vetRow) {
	short := 0
	for _, r := range rows {
		if r.password != "" && utf8.RuneCountInString(r.password) < advisedPassword {
			short++
		}
	}
	if short > 0 {
		a.warn("warning: %s shorter than the %d characters that are advised", count(short, "password"), advisedPassword)
	}
}

// vetRow is one row of the table: a vet to be, or what is wrong with it.
type vetRow struct {
	line     int
	vet      clinic.NewVet // without a hash where there is a password
	password string
	faults   []string
}

func (r *vetRow) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

// adopt takes over what the domain says is wrong.
func (r *vetRow) adopt(err error) {
	if err != nil {
		r.faults = append(r.faults, strings.Split(errorText(err), "\n")...)
	}
}

// readVets reads the table. What is wrong with a row stands in the row.
func readVets(file io.Reader, hours clinic.Hours) ([]vetRow, error) {
	s, err := sheet.New(file)
	if err != nil {
		return nil, err
	}
	columns, err := vetTable(s)
	if err != nil {
		return nil, err
	}
	var rows []vetRow
	for {
		row, err := s.Next()
		var unread *sheet.BadRow
		switch {
		case errors.Is(err, io.EOF) && len(rows) == 0:
			return nil, errors.New("there is no vet in it")
		case errors.Is(err, io.EOF):
			markTwice(rows)
			return rows, nil
		case errors.As(err, &unread):
			rows = append(rows, vetRow{line: unread.Line, faults: []string{unread.Why}})
		case err != nil:
			return nil, err
		default:
			rows = append(rows, readVet(row, columns, hours))
		}
	}
}

// vetTable finds the columns. One that nobody knows may be a name mistyped, and so is refused.
func vetTable(s *sheet.Sheet) (map[string]int, error) {
	columns := map[string]int{}
	for i, name := range vetColumns {
		columns[name] = s.Column(name)
		if i < neededColumns && columns[name] < 0 {
			return nil, fmt.Errorf("it has no column %s; the columns are %s", name, strings.Join(vetColumns, ","))
		}
	}
	seen := map[string]bool{}
	for _, there := range s.Names {
		name := strings.ToLower(there)
		if _, known := columns[name]; !known || seen[name] {
			return nil, fmt.Errorf("the column %q is unknown, or there twice; the columns are %s", there, strings.Join(vetColumns, ","))
		}
		seen[name] = true
	}
	return columns, nil
}

// markTwice faults the rows whose login another row before them has.
func markTwice(rows []vetRow) {
	first := map[string]int{}
	for i := range rows {
		login := rows[i].vet.Login
		if before := first[login]; login != "" && before > 0 {
			rows[i].fault("login: %q is that of line %d", login, before)
			continue
		}
		first[login] = rows[i].line
	}
}

// checkLogins faults the rows whose login a registered vet has.
func (d *desk) checkLogins(a *app, rows []vetRow) error {
	for i := range rows {
		r := &rows[i]
		if r.vet.Login == "" {
			continue
		}
		switch _, err := d.Store.VetByLogin(a.ctx, r.vet.Login); {
		case err == nil:
			r.fault("login: %q is taken by another vet", r.vet.Login)
		case !errors.Is(err, clinic.ErrNotFound):
			return fmt.Errorf("look for the logins: %w", err)
		}
	}
	return nil
}

// hashAll hashes the passwords, on all processors and with progress: each takes some hundredths of a second.
func hashAll(a *app, rows []vetRow) ([]clinic.NewVet, error) {
	newcomers, hashed := make([]clinic.NewVet, len(rows)), make(chan struct{}, len(rows))
	work, ctx := errgroup.WithContext(a.ctx)
	work.SetLimit(runtime.GOMAXPROCS(0) + 1)
	work.Go(func() error {
		p := newProgress(a.stderr, int64(len(rows)), "passwords hashed")
		defer p.end()
		for n := range rows {
			select {
			case <-hashed:
				p.at(int64(n+1), n+1)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		p.done(len(rows))
		return nil
	})
	for i, r := range rows {
		work.Go(func() (err error) {
			if newcomers[i] = r.vet; r.password != "" {
				newcomers[i].PasswordHash, err = hashPassword(r.password)
			}
			hashed <- struct{}{}
			return cmp.Or(err, ctx.Err())
		})
	}
	return newcomers, work.Wait()
}
