package main

import (
	"errors"
	"fmt"
	"time"

	"vetroom/clinic"
)

type vetAddCmd struct {
	Login string `required:"" placeholder:"LOGIN" help:"What the vet signs in with."`
	Name  string `required:"" placeholder:"NAME" help:"The vet's name, as owners see it."`
	passwordFlags

	Location    string   `placeholder:"PLACE" help:"Where the vet works, as people say it."`
	Lat         *float64 `placeholder:"DEGREES" help:"Latitude of that place, WGS 84."`
	Lon         *float64 `placeholder:"DEGREES" help:"Longitude of that place, WGS 84."`
	Description string   `placeholder:"TEXT" help:"What the vet says about the practice."`
	Img         string   `placeholder:"FILE" help:"Picture of the vet: a JPEG or PNG of at most ${picture_limit}."`
	Licence     string   `placeholder:"NO" help:"Number of the licence."`
	Languages   []string `default:"ko" placeholder:"TAG" help:"Languages that the vet speaks, such as ko,en (${default})."`
	TimeZone    string   `default:"Asia/Seoul" placeholder:"ZONE" help:"IANA time zone that the hours are in (${default})."`

	permitFlags

	hoursFlags
}

// Run registers the vet.
func (c vetAddCmd) Run(a *app) error {
	newcomer, err := c.newcomer()
	if err != nil {
		return err
	}
	var portrait picture
	if c.Img != "" {
		if portrait, err = readPicture(c.Img); err != nil {
			return err
		}
		newcomer.Profile.Img = portrait.path()
	}
	return a.atDesk(func(d *desk) error {
		if err := d.loginFree(a, c.Login); err != nil {
			return err
		}
		var err error
		if newcomer.PasswordHash, err = c.ask(a); err != nil {
			return err
		}
		if err := d.keepPicture(a, portrait); err != nil {
			return err
		}
		vets, err := d.AddVets(a.ctx, []clinic.NewVet{newcomer})
		if err != nil {
			return fmt.Errorf("register %s: %w", c.Login, err)
		}
		return a.say("registered %s %s", vets[0].Login, vets[0].ID)
	})
}

// keepPicture keeps a picture, if there is one.
func (d *desk) keepPicture(a *app, p picture) error {
	if p.name == "" {
		return nil
	}
	return d.pictures.AddPicture(a.ctx, p.name, p.body)
}

// loginFree spares a person who is asked for a password to be told afterwards that it was for nothing.
func (d *desk) loginFree(a *app, login string) error {
	switch _, err := d.findVet(a, login); {
	case err == nil:
		return fmt.Errorf("register %s: %w", login, clinic.ErrLoginTaken)
	case errors.Is(err, errNoVet):
		return nil
	default:
		return err
	}
}

// newcomer is the vet without the password.
func (c vetAddCmd) newcomer() (clinic.NewVet, error) {
	zone, err := loadZone(c.TimeZone)
	if err != nil {
		return clinic.NewVet{}, usage("--time-zone: %w", err)
	}
	hours, err := c.hours()
	if err != nil {
		return clinic.NewVet{}, err
	}
	permit, err := c.permit()
	if err != nil {
		return clinic.NewVet{}, err
	}
	n := clinic.NewVet{Login: c.Login, Zone: zone, Hours: hours, Profile: clinic.Profile{
		Name: c.Name, Location: c.Location, Description: c.Description, LicenceNo: c.Licence,
		Lat: c.Lat, Lon: c.Lon, Languages: c.Languages,
	}}
	if permit != nil {
		n.Permits = []clinic.Permit{*permit}
	}
	return n, n.Profile.Validate()
}

// loadZone loads an IANA time zone. "Local" and "" would be whatever the machine is in.
func loadZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not a time zone such as Asia/Seoul", name)
	}
	return zone, nil
}
