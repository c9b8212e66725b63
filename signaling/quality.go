package signaling

import (
	"time"

	"golang.org/x/time/rate"

	"vetroom/clinic"
)

// How often the timeline is told how a call goes.
const (
	sameQuality   = time.Minute     // what did not change
	changeQuality = 5 * time.Second // what did, in the long run
	changesAtOnce = 6
)

// course is how the call of one seat went so far, as the timeline was told.
type course struct {
	detail  string
	at      time.Time
	changes *rate.Limiter
}

// takes tells whether the timeline shall hear of a quality, and remembers it then. A browser that changes its mind faster
// than calls change is not heard.
func (c *course) takes(detail string, now time.Time) bool {
	if c.changes == nil {
		c.changes = rate.NewLimiter(rate.Every(changeQuality), changesAtOnce)
	}
	if detail == c.detail && now.Sub(c.at) < sameQuality || !c.changes.AllowN(now, 1) {
		return false
	}
	c.detail, c.at = detail, now
	return true
}

// detail says a quality in the words of the timeline: "fair", "poor audio", "good relay", "poor audio relay".
func (q Quality) detail() string {
	detail := string(q.Level)
	if !q.Video {
		detail += " audio"
	}
	if q.Relay {
		detail += " relay"
	}
	return detail
}

// quality notes in the timeline how the call goes, of a seat in an open room.
func (p *peer) quality(q Quality) {
	t, d := p.seat, p.at
	if t == nil {
		return
	}
	now := p.srv.now()
	d.mu.Lock()
	entry := clinic.Entry{ReservationID: d.room.ReservationID, At: clinic.Millis(now), What: clinic.WhatQuality, By: party(t.role), Detail: q.detail()}
	takes := d.seats[seatIndex(t.role)] == t && d.passable(now) == nil && t.went.takes(entry.Detail, now)
	d.mu.Unlock()
	if takes {
		p.srv.diary.note(entry)
	}
}
