package clinic

import (
	"math"
	"slices"
	"time"
)

// Vet is a licensed veterinarian who may be booked.
type Vet struct {
	ID           string
	Login        string
	PasswordHash string // argon2id in PHC form
	Profile
	Zone        *time.Location
	Hours       Hours
	Permits     []Permit
	PermitsRev  int64 // rises with every change of Permits: what a booking was decided on
	Online      bool
	OnlineSince time.Time // since when Online is what it is; zero if it never changed
	Rev         int64     // compare-and-set
	Version     int64     // of the vet's newest event
}

// Profile is what a vet shows to everybody.
type Profile struct {
	Name        string
	Img         string // path or URL of a picture, or ""
	Location    string // as people say it: "서울 마포구"
	Description string
	LicenceNo   string
	Lat, Lon    *float64 // WGS 84 degrees; both or neither
	Languages   []string // BCP 47 tags
}

// Permit is one entry of the regulatory exemption under which a vet may see animals by video.
type Permit struct {
	Number       string `json:"number"`
	Areas        []Area `json:"areas"`
	FollowUpOnly bool   `json:"follow_up_only"` // only after a first visit in person
	ValidFrom    Date   `json:"valid_from"`     // first day, local to the vet
	ValidUntil   Date   `json:"valid_until"`    // last day
}

func (p Permit) equal(q Permit) bool {
	return p.Number == q.Number && slices.Equal(p.Areas, q.Areas) && p.FollowUpOnly == q.FollowUpOnly &&
		p.ValidFrom == q.ValidFrom && p.ValidUntil == q.ValidUntil
}

// Area is a part of the body that a permit names.
type Area string

// The areas: eye since the exemption's beginning, skin, teeth and joint since late 2024. Other is for places where
// permits are not enforced, or that permit more.
const (
	AreaEye   Area = "eye"
	AreaSkin  Area = "skin"
	AreaTeeth Area = "teeth"
	AreaJoint Area = "joint"
	AreaOther Area = "other"
)

// Areas are all that a booking may name.
var Areas = []Area{AreaSkin, AreaEye, AreaTeeth, AreaJoint, AreaOther}

// PermitRule says whether permits are asked for at all.
type PermitRule string

// The rules: Enforce, or Off for places without such a law.
const (
	PermitsEnforced PermitRule = "enforce"
	PermitsOff      PermitRule = "off"
)

// Validate returns ErrInvalid naming every field that cannot be right.
func (p Permit) Validate() error {
	var bad problems
	bad.check(p.Number != "", "number", "is missing")
	bad.check(len(p.Areas) > 0, "areas", "must name at least one of skin, eye, teeth, joint, other")
	for _, a := range p.Areas {
		bad.check(slices.Contains(Areas, a), "areas", "%q is not one of skin, eye, teeth, joint, other", a)
	}
	bad.check(!p.ValidFrom.IsZero(), "valid_from", "is missing")
	bad.check(!p.ValidUntil.IsZero(), "valid_until", "is missing")
	bad.check(!p.ValidUntil.Before(p.ValidFrom), "valid_until", "is before valid_from")
	return bad.err()
}

// covers tells whether the permit names area and is valid on day.
func (p Permit) covers(area Area, day Date) bool {
	return slices.Contains(p.Areas, area) && !day.Before(p.ValidFrom) && !day.After(p.ValidUntil)
}

// Covers says whether the vet may see purpose at start. It returns ErrNotPermitted if no permit names the area on
// that day, and ErrPriorVisitRequired if one does but only for follow-ups and no first visit before start is given.
// The rule is the Korean exemption's: listed hospitals, listed areas, follow-ups, validity dates.
func (v *Vet) Covers(rule PermitRule, purpose Purpose, start time.Time) error {
	if rule == PermitsOff {
		return nil
	}
	day := DateOf(start, v.Zone)
	err := error(ErrNotPermitted)
	for _, p := range v.Permits {
		if !p.covers(purpose.Area, day) {
			continue
		}
		if !p.FollowUpOnly || (!purpose.PriorVisitOn.IsZero() && !purpose.PriorVisitOn.After(day)) {
			return nil
		}
		err = ErrPriorVisitRequired
	}
	return err
}

// AreasOn gives the areas that the vet may see on day, in the order of Areas.
func (v *Vet) AreasOn(rule PermitRule, day Date) []Area {
	areas := []Area{}
	for _, a := range Areas {
		if rule == PermitsOff || slices.ContainsFunc(v.Permits, func(p Permit) bool { return p.covers(a, day) }) {
			areas = append(areas, a)
		}
	}
	return areas
}

// SetOnline goes online or offline. If that changes nothing there is no fact.
func (v *Vet) SetOnline(online bool, reason ReasonCode, now time.Time) []Event {
	if v.Online == online {
		return nil
	}
	v.Online, v.OnlineSince = online, Millis(now)
	kind := VetOffline
	if online {
		kind = VetOnline
	}
	vet := *v
	return []Event{{Kind: kind, Due: v.OnlineSince, Vet: &vet, By: ByVet, Reason: reason}}
}

// Validate returns ErrInvalid naming every field of the profile that cannot be right.
func (p Profile) Validate() error {
	var bad problems
	textField(&bad, "name", p.Name, 1, 100)
	textField(&bad, "img", p.Img, 0, 500)
	textField(&bad, "location", p.Location, 0, 200)
	textField(&bad, "description", p.Description, 0, 4000)
	textField(&bad, "licence_no", p.LicenceNo, 0, 100)
	bad.check((p.Lat == nil) == (p.Lon == nil), "lat", "and lon come together")
	bad.check(p.Lat == nil || math.Abs(*p.Lat) <= 90, "lat", "must be from -90 to 90")
	bad.check(p.Lon == nil || math.Abs(*p.Lon) <= 180, "lon", "must be from -180 to 180")
	return bad.err()
}

// Place is a point on the ground, WGS 84 degrees.
type Place struct {
	Lat, Lon float64
}

// DistanceKm gives the great-circle distance from the vet to p, and false if the vet says no place.
func (v *Vet) DistanceKm(p Place) (float64, bool) {
	if v.Lat == nil || v.Lon == nil {
		return 0, false
	}
	return Place{*v.Lat, *v.Lon}.KmTo(p), true
}
