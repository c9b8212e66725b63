package handlers

import (
	"net/url"
	"time"
)

// zoneCookie tells the time zone of the reader's browser by its IANA name; static/js/zone.js sets it.
const zoneCookie = "vetroom_zone"

// zone is the reader's time zone, nil where nobody knows it.
func (c *call) zone() *time.Location {
	k, err := c.Cookie(zoneCookie)
	if err != nil || len(k.Value) > 100 {
		return nil
	}
	name, err := url.QueryUnescape(k.Value)
	if err != nil {
		return nil
	}
	zone, err := loadZone(name)
	if err != nil {
		return nil
	}
	return zone
}

// ownZone is the reader's time zone where its clock differs from a vet's, now or half a year from now; nil where it does
// not, or nobody knows.
func (c *call) ownZone(vet *time.Location) *time.Location {
	own := c.zone()
	if own == nil || own.String() == vet.String() {
		return nil
	}
	for _, at := range []time.Time{c.now, c.now.AddDate(0, 6, 0)} {
		_, a := at.In(own).Zone()
		if _, b := at.In(vet).Zone(); a != b {
			return own
		}
	}
	return nil
}
