package clinic

import (
	"context"
	"errors"
	"strings"
)

// Chart is all that a vet reads of one of the own visits.
type Chart struct {
	*View            // with its screening
	Record   *Record // of the version that was asked for; its Version is 0 while nothing was written
	Versions []Record
	Chat     []ChatMessage
	Stills   []StillView
	Timeline []Entry
	Earlier  []EarlierVisit // newest first
}

// Newest is the version of the record that was written last, 0 while there is none.
func (c *Chart) Newest() int64 {
	if len(c.Versions) == 0 {
		return 0
	}
	return c.Versions[len(c.Versions)-1].Version
}

// EarlierVisit is a visit of the same pet to the same vet.
type EarlierVisit struct {
	*Visit
	Record *Record // the newest; nil where nothing was written
}

// MaxEarlier is how many earlier visits a chart shows.
const MaxEarlier = 20

// Chart gives what there is of one of the vet's visits, with a version of its record, the newest for 0. It returns
// ErrNotFound for another vet's visit and for a version that there is not.
func (d *Desk) Chart(ctx context.Context, vetID, id string, version int64) (*Chart, error) {
	seen, err := d.Store.Look(ctx, Looking{Reservation: id, Timeline: true})
	if err != nil {
		return nil, err
	}
	if vetID == "" || seen.Reservation.VetID != vetID {
		return nil, ErrNotFound
	}
	view := viewOf(seen.Visit, seen.Vet, d.Clock.Now())
	c := &Chart{View: &view, Record: &Record{ReservationID: id, VetID: vetID}, Timeline: view.withClock(seen.Timeline)}
	if err := errors.Join(d.addLateness(ctx, &view), d.addScreenings(ctx, &view)); err != nil {
		return nil, err
	}
	return c, errors.Join(d.addRecord(ctx, c, version), d.addEarlier(ctx, c))
}

// addRecord adds the version of the record, the list of all, the chat and the stills. What is written between two of these reads is
// in the list though not shown, so that saving over it is refused.
func (d *Desk) addRecord(ctx context.Context, c *Chart, version int64) error {
	id := c.Reservation.ID
	r, err := d.Store.Record(ctx, id, version)
	switch {
	case err == nil:
		c.Record = r
	case !errors.Is(err, ErrNotFound) || version != 0:
		return err
	}
	if c.Versions, err = d.Store.RecordVersions(ctx, id); err != nil {
		return err
	}
	if c.Chat, err = d.Store.Chat(ctx, id); err != nil {
		return err
	}
	c.Stills, err = d.stills(ctx, id)
	return err
}

func (d *Desk) addEarlier(ctx context.Context, c *Chart) error {
	r := &c.Reservation
	visits, err := d.Store.VisitsBefore(ctx, r.VetID, r.Owner.Phone, r.Start)
	if err != nil {
		return err
	}
	var ids []string
	for _, v := range visits {
		if v.Reservation.State != StateCancelled && samePet(v.Reservation.Pet, r.Pet) && len(c.Earlier) < MaxEarlier {
			c.Earlier = append(c.Earlier, EarlierVisit{Visit: v})
			ids = append(ids, v.Reservation.ID)
		}
	}
	records, err := d.Store.NewestRecords(ctx, ids)
	for i := range c.Earlier {
		c.Earlier[i].Record = records[c.Earlier[i].Reservation.ID]
	}
	return err
}

// samePet goes by the name, as its owner writes it one time and another.
func samePet(a, b Pet) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a.Name), " "), strings.Join(strings.Fields(b.Name), " "))
}
