package signaling

import "vetroom/clinic"

// goOver ends what the former vet had at a door whose reservation went over to another: the seat here, and the watching
// of the room, also of a browser that has an owner's right to it: that may watch again. The hold on the door stays with
// the watcher's reader, which gives it back at its next watch. Another process that has the seat hears the same news. d.mu is held; the seat is for wentOver, after it.
func (d *door) goOver(former string) (gone *seat) {
	if former == "" || former == d.room.VetID {
		return nil
	}
	for p := range d.watchers {
		if p.who.VetID == former {
			delete(d.watchers, p)
			p.send(errorFrame(errForbidden))
		}
	}
	i := seatIndex(clinic.RoleVet)
	t := d.seats[i]
	if t == nil {
		return nil
	}
	t.wake()
	d.seats[i], d.early[i], d.connected = nil, nil, false
	t.line.replace(errGoneOver)
	d.tellPeer(clinic.RoleVet, false)
	return t
}

// wentOver tells of a seat that was taken away, if there was one.
func (s *Server) wentOver(d *door, t *seat) {
	if t == nil {
		return
	}
	d.mu.Lock()
	entry := clinic.Entry{ReservationID: d.room.ReservationID, At: clinic.Millis(s.now()), What: clinic.WhatLeft, By: clinic.ByVet}
	d.mu.Unlock()
	s.diary.note(entry)
	s.announce(busSeat{Room: d.id, Role: t.role, Epoch: t.epoch, Gone: true})
	s.stats.seats.Add(-1)
	s.hub.release(d)
}
