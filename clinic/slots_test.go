package clinic

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

func testVet(t testing.TB, zoneName string, weekly ...Window) *Vet {
	h := DefaultHours()
	h.Weekly = weekly
	return &Vet{ID: "vet", Zone: zone(t, zoneName), Hours: h}
}

func window(day time.Weekday, from, to ClockTime) Window { return Window{Day(day), from, to} }

func TestSlotsOfAMorning(t *testing.T) {
	v := testVet(t, "Asia/Seoul", window(time.Tuesday, 9*60, 10*60+30))
	v.Hours.BufferMinutes = 5
	now := at(t, "2026-12-01T00:10:00Z") // 09:10 in Seoul, a Tuesday
	busy := []Span{{at(t, "2026-12-01T00:50:00Z"), at(t, "2026-12-01T01:10:00Z")}}
	got := v.Slots(date(t, "2026-11-30"), 3, busy, now)
	want := []struct {
		start string
		state SlotState
	}{
		{"2026-12-01T00:00:00Z", SlotPast},
		{"2026-12-01T00:25:00Z", SlotFree},
		{"2026-12-01T00:50:00Z", SlotTaken},
	}
	if len(got) != len(want) {
		t.Fatalf("%d slots, want %d: %v", len(got), len(want), got)
	}
	for i, w := range want {
		if !got[i].Start.Equal(at(t, w.start)) || got[i].State != w.state {
			t.Errorf("slot %d is %v %s, want %v %s", i, got[i].Start.UTC(), got[i].State, w.start, w.state)
		}
	}
	if free, ok := v.NextFree(busy, now); !ok || !free.Equal(got[1].Start) {
		t.Errorf("next free is %v, %v", free, ok)
	}
}

func TestSlotsObeyExceptionsNoticeAndHorizon(t *testing.T) {
	v := testVet(t, "Asia/Seoul", window(time.Tuesday, 9*60, 10*60), window(time.Wednesday, 9*60, 10*60))
	now := at(t, "2026-11-30T23:30:00Z") // Tuesday 08:30
	v.Hours.Exceptions = []Exception{
		{Date: date(t, "2026-12-02"), Closed: true},
		{Date: date(t, "2026-12-06"), From: 14 * 60, To: 14*60 + 20}, // a Sunday
	}
	v.Hours.NoticeMinutes = 45
	v.Hours.HorizonDays = 7
	got := v.Slots(date(t, "2026-12-01"), 31, nil, now)
	var free []string
	for _, s := range got {
		if s.State == SlotFree {
			free = append(free, s.Start.Format(time.RFC3339))
		}
	}
	want := []string{
		"2026-12-01T00:20:00Z", "2026-12-01T00:40:00Z", // 09:00 lies inside the notice
		"2026-12-06T05:00:00Z",
		"2026-12-08T00:00:00Z", "2026-12-08T00:20:00Z", "2026-12-08T00:40:00Z", // the seventh day is the last
	}
	if len(free) != len(want) {
		t.Fatalf("free: %v, want %v", free, want)
	}
	for i := range want {
		if free[i] != want[i] {
			t.Errorf("free slot %d is %s, want %s", i, free[i], want[i])
		}
	}
}

func TestOffered(t *testing.T) {
	v := testVet(t, "Asia/Seoul", window(time.Tuesday, 9*60, 10*60))
	now := at(t, "2026-11-30T00:00:00Z")
	if s, err := v.Offered(at(t, "2026-12-01T00:20:00Z"), now); err != nil || s.End.Sub(s.Start) != 20*time.Minute {
		t.Errorf("an offered slot: %v, %v", s, err)
	}
	for name, start := range map[string]string{
		"between two slots":  "2026-12-01T00:10:00Z",
		"too near the end":   "2026-12-01T00:50:00Z",
		"outside the hours":  "2026-12-01T03:00:00Z",
		"another weekday":    "2026-12-03T00:20:00Z",
		"past":               "2026-11-24T00:20:00Z",
		"beyond the horizon": "2027-01-05T00:20:00Z",
	} {
		if _, err := v.Offered(at(t, start), now); !errors.Is(err, ErrSlotNotOffered) {
			t.Errorf("%s: %v, want ErrSlotNotOffered", name, err)
		}
	}
}

func TestSlotsAcrossTheSpringChange(t *testing.T) {
	v := testVet(t, "Europe/Berlin", window(time.Sunday, 60, 4*60)) // 01:00 to 04:00, of which 02 to 03 is skipped
	v.Hours.SlotMinutes = 60
	got := v.Slots(date(t, "2027-03-28"), 1, nil, at(t, "2027-03-27T00:00:00Z"))
	if len(got) != 2 || !got[0].Start.Equal(at(t, "2027-03-28T00:00:00Z")) || !got[1].End.Equal(at(t, "2027-03-28T02:00:00Z")) {
		t.Errorf("slots %v, want two of an hour each", got)
	}
	autumn := v.Slots(date(t, "2026-10-25"), 1, nil, at(t, "2026-10-24T00:00:00Z"))
	if len(autumn) != 4 {
		t.Errorf("%d slots on the day with an hour more, want 4: %v", len(autumn), autumn)
	}
}

// TestSlotsHoldTheirPromises draws hours at random and checks what every timetable must hold.
func TestSlotsHoldTheirPromises(t *testing.T) {
	zones := []string{"Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		v := testVet(t, zones[rng.IntN(len(zones))])
		v.Hours.SlotMinutes = 5 * (1 + rng.IntN(36))
		v.Hours.BufferMinutes = 5 * rng.IntN(4)
		v.Hours.NoticeMinutes = 5 * rng.IntN(50)
		for day := range time.Weekday(7) {
			from := ClockTime(5 * rng.IntN(200))
			v.Hours.Weekly = append(v.Hours.Weekly, window(day, from, min(from+ClockTime(5*(1+rng.IntN(100))), 1440)))
		}
		if err := v.Hours.Validate(); err != nil {
			t.Fatal(err)
		}
		now := at(t, "2026-03-20T00:00:00Z").Add(time.Duration(rng.IntN(300*24)) * time.Hour)
		checkTimetable(t, v, now, rng)
	}
}

func checkTimetable(t *testing.T, v *Vet, now time.Time, rng *rand.Rand) {
	t.Helper()
	busyStart := now.Add(time.Duration(rng.IntN(72*3600)) * time.Second)
	busy := []Span{{busyStart, busyStart.Add(time.Duration(1+rng.IntN(180)) * time.Minute)}}
	var last time.Time
	for _, s := range v.Slots(DateOf(now, v.Zone), 8, busy, now) {
		if s.Start.Before(last) {
			t.Fatalf("slot %v begins before the one ahead of it ends, %v (%+v in %v)", s, last, v.Hours, v.Zone)
		}
		last = s.End
		if got := s.End.Sub(s.Start); got != time.Duration(v.Hours.SlotMinutes)*time.Minute {
			t.Fatalf("slot of %v", got)
		}
		if s.Start.Unix()%300 != 0 {
			t.Fatalf("slot %v is not on a cell's edge", s.Start)
		}
		if s.State == SlotFree && s.Overlaps(busy[0]) {
			t.Fatalf("slot %v is free and overlaps %v", s, busy[0])
		}
		_, err := v.Offered(s.Start, now)
		if (err == nil) != (s.State != SlotPast) {
			t.Fatalf("slot %v in state %s, offered: %v", s, s.State, err)
		}
	}
}

func TestHoursThatCannotBe(t *testing.T) {
	change := func(f func(*Hours)) Hours {
		h := DefaultHours()
		h.Weekly = []Window{window(time.Monday, 9*60, 12*60)}
		f(&h)
		return h
	}
	for field, h := range map[string]Hours{
		"slot_minutes":          change(func(h *Hours) { h.SlotMinutes = 7 }),
		"buffer_minutes":        change(func(h *Hours) { h.BufferMinutes = -5 }),
		"notice_minutes":        change(func(h *Hours) { h.NoticeMinutes = 3 }),
		"cancel_cutoff_minutes": change(func(h *Hours) { h.CancelCutoffMinutes = 1e6 }),
		"horizon_days":          change(func(h *Hours) { h.HorizonDays = 0 }),
		"weekly[1]":             change(func(h *Hours) { h.Weekly = append(h.Weekly, window(time.Monday, 11*60, 13*60)) }),
		"weekly[0]":             change(func(h *Hours) { h.Weekly[0].To = 9 * 60 }),
		"exceptions[0].date":    change(func(h *Hours) { h.Exceptions = []Exception{{Closed: true}} }),
		"exceptions[0]":         change(func(h *Hours) { h.Exceptions = []Exception{{Date: date(t, "2026-12-25")}} }),
		"exceptions[1]": change(func(h *Hours) {
			h.Exceptions = []Exception{{Date: date(t, "2026-12-25"), Closed: true}, {Date: date(t, "2026-12-25"), From: 60, To: 120}}
		}),
	} {
		var e *Error
		if err := h.Validate(); !errors.As(err, &e) || !errors.Is(err, ErrInvalid) || e.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := change(func(*Hours) {}).Validate(); err != nil {
		t.Errorf("good hours: %v", err)
	}
}
