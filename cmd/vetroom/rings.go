package main

import (
	"vetroom/clinic"
	"vetroom/scheduler"
	"vetroom/signaling"
)

// openRings has whoever leads the scheduler move requests for a consultation now on.
func (h *house) openRings() (err error) {
	h.rings, err = scheduler.NewRings(scheduler.RingsConfig{
		Leads: func() bool { return h.scheduler.Status().Leader }, Dispatch: h.desk.Dispatch, Clock: h.store,
		Log: h.log.With("part", "rings"),
	})
	if err != nil {
		return err
	}
	h.runs = append(h.runs, h.rings.Run)
	return h.listen(signaling.SubjectInstant, func([]byte) { h.rings.Changed() })
}

// nudged tells the scheduler of this process that something was saved: it may be due, and it may have freed a vet.
func (h *house) nudged() {
	h.scheduler.Nudge()
	h.rings.Freed()
}

// recordSaved tells whoever has the page of a visit open that its record was written.
func (h *house) recordSaved(room string) {
	if h.signaling != nil {
		h.signaling.TellRecord(room)
		return
	}
	if err := signaling.TellRecord(wire{h.bus}, room); err != nil {
		h.log.Debug("tell of a record", "error", err) // the page reads it when it is looked at again
	}
}

// stillChanged tells both sides of a visit that there is something new of a photo.
func (h *house) stillChanged(room, id string) {
	if h.signaling != nil {
		h.signaling.TellStill(room, id)
		return
	}
	if err := signaling.TellStill(wire{h.bus}, room, id); err != nil {
		h.log.Debug("tell of a still", "error", err) // the page reads them when it is looked at again
	}
}

// instantChanged tells everybody of a request that changed: its owner and vets by their sockets, wherever those are, and
// whoever leads.
func (h *house) instantChanged(id string, state clinic.InstantState) {
	h.metrics.instants.WithLabelValues(string(state)).Inc()
	if h.rings != nil {
		h.rings.Changed()
	}
	if h.signaling != nil {
		h.signaling.TellInstants(id)
		return
	}
	if err := signaling.TellInstants(wire{h.bus}, id); err != nil {
		h.log.Debug("tell of an instant request", "error", err) // the rows are read every few seconds
	}
}
