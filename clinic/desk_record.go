package clinic

import (
	"context"
	"errors"
)

// Record gives a version of the record of one of the vet's visits, the newest for 0; its Version is 0 while nothing was
// written. It returns ErrNotFound for another vet's visit and for a version that there is not.
func (d *Desk) Record(ctx context.Context, vetID, id string, version int64) (*Record, error) {
	if err := d.ofVet(ctx, vetID, id); err != nil {
		return nil, err
	}
	r, err := d.Store.Record(ctx, id, version)
	if errors.Is(err, ErrNotFound) && version == 0 {
		return &Record{ReservationID: id, VetID: vetID}, nil
	}
	return r, err
}

// RecordVersions gives the versions of a record, without what they say, oldest first.
func (d *Desk) RecordVersions(ctx context.Context, vetID, id string) ([]Record, error) {
	if err := d.ofVet(ctx, vetID, id); err != nil {
		return nil, err
	}
	return d.Store.RecordVersions(ctx, id)
}

// SaveRecord writes a record's next version; what changes nothing makes none. It returns ErrInvalid, ErrNotFound for
// another vet's visit, and ErrRecordChanged if basedOn is given and not the newest version.
func (d *Desk) SaveRecord(ctx context.Context, vetID, id string, n Note, basedOn *int64) (*Record, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if vetID == "" {
		return nil, ErrNotFound
	}
	r, err := d.Store.SaveRecord(ctx, id, vetID, n, basedOn)
	if err == nil && d.RecordSaved != nil {
		if v, err := d.Store.Visit(ctx, id); err == nil { // if not, whoever waits for it looks again
			d.RecordSaved(v.Room.ID)
		}
	}
	return r, err
}

// ofVet returns ErrNotFound unless the visit is the vet's.
func (d *Desk) ofVet(ctx context.Context, vetID, id string) error {
	v, err := d.Store.Visit(ctx, id)
	if err == nil && (vetID == "" || v.Reservation.VetID != vetID) {
		err = ErrNotFound
	}
	return err
}

// addAftercare adds what the owner may read of the record, once the visit is over.
func (d *Desk) addAftercare(ctx context.Context, v *View) error {
	if !v.Over() {
		return nil
	}
	r, err := d.Store.Record(ctx, v.Reservation.ID, 0)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case r.Aftercare == "" && !r.VisitAdvised:
		return nil
	}
	vet := v.Vet
	if r.VetID != vet.ID {
		if vet, err = d.Store.Vet(ctx, r.VetID); err != nil {
			return err
		}
	}
	v.Aftercare = &Aftercare{r.Aftercare, r.VisitAdvised, vet.Name, r.At}
	return nil
}
