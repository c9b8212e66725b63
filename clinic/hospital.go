package clinic

import (
	"context"
	"math"
	"strings"
)

// Hospital is an animal hospital in business, of the national register: where an owner can go in person.
type Hospital struct {
	Name    string
	Address string // as the register writes it, by road where it knows that
	Phone   string // as the register writes it, or ""
	Place          // WGS 84
}

// NearHospital is a hospital as seen from somewhere.
type NearHospital struct {
	Hospital
	DistanceKm float64 // as the crow flies
}

// HospitalStore keeps the register of hospitals.
type HospitalStore interface {
	// Hospitals gives those nearest to a place, nearest first.
	Hospitals(ctx context.Context, near Place, limit int) ([]Hospital, error)
	// FindHospitals gives those whose name and address together hold all of some words, in the register's order. How
	// letters are cased does not matter.
	FindHospitals(ctx context.Context, words []string, limit int) ([]Hospital, error)
	// ReplaceHospitals puts a register in the place of the one before. Nobody ever reads a part of either.
	ReplaceHospitals(ctx context.Context, all []Hospital) error
}

// MaxHospitals is how many hospitals are listed at most.
const MaxHospitals = 100

// Hospitals gives the nearest hospitals of the register, nearest first; none if no register was imported. It returns
// ErrInvalid for a limit outside 1 to MaxHospitals.
func (d *Desk) Hospitals(ctx context.Context, near Place, limit int) ([]NearHospital, error) {
	var p problems
	p.check(near.valid(), "near", "must be a place on earth")
	p.check(limit >= 1 && limit <= MaxHospitals, "limit", "must be from 1 to %d", MaxHospitals)
	if err := p.err(); err != nil {
		return nil, err
	}
	found, err := d.Store.Hospitals(ctx, near, limit)
	if err != nil {
		return nil, err
	}
	hospitals := make([]NearHospital, len(found))
	for i, h := range found {
		hospitals[i] = NearHospital{h, h.KmTo(near)}
	}
	return hospitals, nil
}

// maxHospitalText is how many bytes a name and an address may have together.
const maxHospitalText = 4 * (200 + 500)

// FindHospitals gives hospitals whose name and address hold all words of a text, for whoever does not say where they are:
// none has a distance. A text without words finds none, and so does one that is longer than any name and address. It returns ErrInvalid for a limit outside 1 to MaxHospitals.
func (d *Desk) FindHospitals(ctx context.Context, text string, limit int) ([]NearHospital, error) {
	var p problems
	p.check(limit >= 1 && limit <= MaxHospitals, "limit", "must be from 1 to %d", MaxHospitals)
	words := strings.Fields(text)
	if err := p.err(); err != nil || len(words) == 0 || len(text) > maxHospitalText {
		return nil, err
	}
	found, err := d.Store.FindHospitals(ctx, words, limit)
	if err != nil {
		return nil, err
	}
	hospitals := make([]NearHospital, len(found))
	for i, h := range found {
		hospitals[i].Hospital = h
	}
	return hospitals, nil
}

// ReplaceHospitals puts a register in the place of the one before. It returns ErrInvalid if it holds nothing, or
// something that cannot be right.
func (d *Desk) ReplaceHospitals(ctx context.Context, all []Hospital) error {
	var p problems
	p.check(len(all) > 0, "hospitals", "are missing")
	for _, h := range all {
		if err := h.Validate(); err != nil {
			return err
		}
	}
	if err := p.err(); err != nil {
		return err
	}
	return d.Store.ReplaceHospitals(ctx, all)
}

// Validate returns ErrInvalid naming every field that cannot be right.
func (h Hospital) Validate() error {
	var bad problems
	textField(&bad, "name", h.Name, 1, 200)
	textField(&bad, "address", h.Address, 0, 500)
	textField(&bad, "phone", h.Phone, 0, 100)
	bad.check(h.valid(), "lat", "and lon must be a place on earth")
	return bad.err()
}

func (p Place) valid() bool { return math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 }

// KmTo gives the great-circle distance between two places.
// The haversine formula on a sphere of 6,371.0088 km (the mean radius, IUGG).
func (p Place) KmTo(q Place) float64 {
	rad := func(deg float64) float64 { return deg * math.Pi / 180 }
	sinLat := math.Sin(rad(p.Lat-q.Lat) / 2)
	sinLon := math.Sin(rad(p.Lon-q.Lon) / 2)
	h := sinLat*sinLat + math.Cos(rad(q.Lat))*math.Cos(rad(p.Lat))*sinLon*sinLon
	return 2 * 6371.0088 * math.Asin(math.Min(1, math.Sqrt(h)))
}
