package web

// CallCheckPage is "/reservations/{id}/check": camera, microphone, speaker and connection before the call.
type CallCheckPage struct {
	Layout
	Reservation Reservation
}

// Over says that there is no call to check for any more.
func (page CallCheckPage) Over() bool { return !page.Reservation.Waits() }

// back leads to the reservation, as whoever looks sees it.
func (page CallCheckPage) back() string {
	if page.Reservation.Door.Seat == "vet" {
		return page.Reservation.recordAddress()
	}
	return page.Reservation.address()
}

// other is whom the call is with.
func (page CallCheckPage) other() string {
	if page.Reservation.Door.Seat == "vet" {
		return page.Reservation.Pet.Name
	}
	return page.Reservation.Vet.Name
}

// lastCheck is the newest entry that tells of a check by the owner, nil without one.
func lastCheck(entries []Entry) *Entry {
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].What == "checked" && entries[i].By == "owner" {
			return &entries[i]
		}
	}
	return nil
}

// checkAddress leads to the check before the call.
func (r Reservation) checkAddress() string { return r.address() + "/check" }
