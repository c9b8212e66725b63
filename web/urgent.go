package web

import (
	"net/url"
	"time"
)

// UrgentPage is "/urgent": who could be asked for a consultation now, and the form that asks.
type UrgentPage struct {
	Layout
	Ready Ready
	// Flags are the questions that stand before the form; nil: they were answered, and none of the signs is there.
	Flags *Flags
	// Areas are those that somebody online may see today.
	Areas []string
	// Vet is asked first; nil asks whoever is free.
	Vet *Vet
	// Photo is what goes along; nil: nothing.
	Photo *AttachedPhoto
	// Waiting is the request that this browser has standing already, by its id; empty: none.
	Waiting string
	// Form carries what was typed and what was wrong with it. Fresh, it may hold a chosen "visit.area".
	Form Form
	// Key is the idempotency key of this form, made anew for a fresh form and kept when the form is shown again.
	Key string
}

// Ready is who is there now.
type Ready struct {
	Online int // vets who may see somebody today
	Free   int // of them, those who could be asked at once
	// UsualWait is how long it took lately until a vet accepted; zero where that is not known.
	UsualWait time.Duration
}

// Minutes is the usual wait in whole minutes, rounded up; 0 where it is not known.
func (r Ready) Minutes() int { return int((r.UsualWait + time.Minute - 1) / time.Minute) }

// asks says whether the page asks the red-flag questions, or tells what follows from them.
func (p UrgentPage) asks() bool {
	return p.Flags != nil && (p.Flags.Flag != "" || p.Waiting == "" && p.Ready.Online > 0)
}

// offered says whether the page has a form: somebody is there whom it could ask.
func (p UrgentPage) offered() bool { return !p.asks() && p.Waiting == "" && p.Ready.Online > 0 }

// again is the address of the same page, asked anew.
func (p UrgentPage) again() string {
	if p.Path == "" {
		return "/urgent"
	}
	return p.Path
}

// UrgentWaitPage is "/urgent/{id}": the place where the owner waits until a vet accepts.
type UrgentWaitPage struct {
	Layout
	ID    string
	State string // ringing, queued, accepted, expired or left
	// Position is the place among those that wait, from 1; 0 for one that does not.
	Position int
	// Vet is who is asked, or who accepted; nil for nobody.
	Vet *Vet
	// RingEnds is when the next vet is asked, ExpiresAt when nobody is asked any more.
	RingEnds, ExpiresAt time.Time
	Ready               Ready
	Pet                 string
	Area                string
	// ReservationID is what came of it, RoomID its room, and Open says that this can be entered; empty before.
	ReservationID, RoomID string
	Open                  bool
}

// standing says whether the owner still waits.
func (p UrgentWaitPage) standing() bool { return p.State == "ringing" || p.State == "queued" }

// ahead is how many are asked before.
func (p UrgentWaitPage) ahead() int { return max(0, p.Position-1) }

func (p UrgentWaitPage) address() string { return "/urgent/" + url.PathEscape(p.ID) }

// until is the wire form of an instant, empty for none.
func until(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return iso(at)
}

// waitIcon is the icon of a request's state.
func waitIcon(state string) string {
	return map[string]string{
		"ringing": "bell", "queued": "hourglass", "accepted": "door-open", "expired": "clock-alert", "left": "circle-check",
	}[state]
}

// waitWords says where a request is.
func (p *printer) waitWords(page UrgentWaitPage) string {
	switch {
	case page.State == "accepted" && !page.Open:
		return p.t("urgent.over")
	case (page.State == "ringing" || page.State == "accepted") && page.Vet != nil:
		return p.t("urgent."+page.State, "vet", page.Vet.Name)
	case page.State == "queued" && page.Ready.Online == 0:
		return p.t("urgent.queued_nobody")
	case page.State == "queued" && page.ahead() > 0:
		return p.t("urgent.queued", "n", page.ahead())
	case page.State == "queued":
		return p.t("urgent.queued_next")
	}
	return p.t("urgent." + page.State)
}
