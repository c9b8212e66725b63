package web

import (
	"testing"
	"time"
)

func TestDoorInEachOfItsStates(t *testing.T) {
	w := newWeb(t)
	for name, c := range map[string]struct {
		r                       Reservation
		view, room, icon, words string
		live                    bool
	}{
		"far":        {visitIn(75 * time.Hour), "locked", "locked", "lock", "3일 뒤, 12월 4일 (금) 오후 3시에 열려요", false},
		"tomorrow":   {visitIn(26 * time.Hour), "locked", "locked", "lock", "내일 오후 2시에 열려요", false},
		"eleven":     {visitIn(11 * time.Minute), "locked", "locked", "lock", "오늘 오후 12시 11분에 열려요", false},
		"ten":        {visitIn(10 * time.Minute), "soon", "locked", "hourglass", "곧 열려요 · 오늘 오후 12시 10분", false},
		"overdue":    {visitIn(-time.Second), "soon", "locked", "hourglass", "곧 열려요 · 오늘 오전 11시 59분", false},
		"open":       {openVisit(), "open", "open", "door-open", "문이 열렸어요", true},
		"late":       {withDoor(visitIn(time.Hour), func(d *Door) { d.DelayedMinutes = 10 }), "late", "locked", "clock-alert", "약 10분 늦어져요", false},
		"late open":  {withDoor(openVisit(), func(d *Door) { d.DelayedMinutes, d.Late = 10, true }), "late", "open", "clock-alert", "문이 열렸어요 · 약 10분 늦어져요", true},
		"vet inside": {withDoor(openVisit(), func(d *Door) { d.DelayedMinutes = 10 }), "open", "open", "door-open", "문이 열렸어요", true},
		"closed":     {withDoor(openVisit(), func(d *Door) { d.State, d.Reason = "closed", "ended" }), "closed", "closed", "circle-check", "진료가 끝났어요", false},
		"by vet":     {withDoor(openVisit(), func(d *Door) { d.State, d.Reason = "closed", "vet" }), "closed", "closed", "circle-check", "수의사가 진료를 마쳤어요", false},
	} {
		t.Run(name, func(t *testing.T) {
			doc, _ := draw(t, w, "ko", doorPage(c.r))
			door := doc.Find("form.door")
			if got := door.AttrOr("data-state", ""); got != c.view {
				t.Errorf("data-state %q, want %q", got, c.view)
			}
			if got := door.AttrOr("data-room-state", ""); got != c.room {
				t.Errorf("data-room-state %q, want %q", got, c.room)
			}
			if got := door.Find(".door-words").Text(); got != c.words {
				t.Errorf("says %q, want %q", got, c.words)
			}
			if got := door.Find("use").AttrOr("href", ""); got != "#i-"+c.icon {
				t.Errorf("icon %q", got)
			}
			if live := door.Find("button[data-enter]:not([disabled])").Length() == 1; live != c.live {
				t.Errorf("button live: %v", live)
			}
		})
	}
}

// doorPage shows a reservation's door whether or not it still waits: the
// home page's next visit, with the state that the template does not look at.
func doorPage(r Reservation) Page {
	if r.Waits() {
		return HomePage{Layout: asOwner("/"), Next: &r}
	}
	return RoomPage{Layout: asOwner("/room?id=room1"), Reservation: r}
}

func TestDoorIsOneComponentThatWorksWithoutScripts(t *testing.T) {
	w := newWeb(t)
	for name, page := range samples() {
		doc, _ := draw(t, w, "en", page)
		doors := doc.Find("[data-door]")
		for i := range doors.Length() {
			door := doors.Eq(i)
			if !door.Is(`form[method="get"][action="/room"]`) || door.Find(`input[name="id"]`).AttrOr("value", "") != door.AttrOr("data-door", "-") {
				t.Errorf("%s: a door that leads nowhere", name)
			}
			if door.Find(`[role="status"][aria-live="polite"]`).Length() != 1 || door.Find("button").Length() != 1 {
				t.Errorf("%s: a door needs one status and one button", name)
			}
			if door.ParentsFiltered("form").Length() != 0 {
				t.Errorf("%s: a door within a form", name)
			}
		}
	}
}

func TestTheWaitingRoomSpeaksToItsSeat(t *testing.T) {
	w := newWeb(t)
	r := visitIn(4 * time.Minute)
	for seat, want := range map[string]string{"owner": "Waiting for the vet", "vet": "Waiting for the owner"} {
		doc, _ := draw(t, w, "en", RoomPage{Layout: asOwner("/room"), Reservation: withDoor(r, func(d *Door) { d.Seat = seat })})
		if got := doc.Find(".door-words").Text(); got != want {
			t.Errorf("%s: %q", seat, got)
		}
		if close := doc.Find("[data-close]").Length() == 1; close != (seat == "vet") {
			t.Errorf("%s may close: %v", seat, close)
		}
	}
}
