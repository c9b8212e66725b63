package web

import (
	"testing"
	"time"
)

func TestWhenIsSaidAsPeopleDo(t *testing.T) {
	newYork := mustZone("America/New_York")
	for _, c := range []struct {
		at     time.Time
		ko, en string
	}{
		{noon.Add(150 * time.Minute), "오늘 오후 2시 30분", "today 2:30 pm"},
		{noon.Add(-12 * time.Hour), "오늘 오전 12시", "today 12:00 am"},
		{noon, "오늘 오후 12시", "today 12:00 pm"},
		{noon.Add(21*time.Hour + 5*time.Minute), "내일 오전 9시 5분", "tomorrow 9:05 am"},
		{noon.Add(-24 * time.Hour), "어제 오후 12시", "yesterday 12:00 pm"},
		{noon.AddDate(0, 0, 3), "12월 4일 (금) 오후 12시", "Fri 4 Dec 12:00 pm"},
		{noon.AddDate(0, 2, 0), "2027년 2월 1일 (월) 오후 12시", "Mon 1 Feb 2027 12:00 pm"},
		// Noon in Seoul is the evening before in New York: its own today.
		{noon.In(newYork), "오늘 오후 10시", "today 10:00 pm"},
		{noon.Add(3 * time.Hour).In(newYork), "내일 오전 1시", "tomorrow 1:00 am"},
	} {
		ko, en := times{catalogue(t, "ko")}, times{catalogue(t, "en")}
		if got := ko.when(c.at, noon); got != c.ko {
			t.Errorf("ko: %q, want %q", got, c.ko)
		}
		if got := en.when(c.at, noon); got != c.en {
			t.Errorf("en: %q, want %q", got, c.en)
		}
	}
}

func TestZonesAreNamed(t *testing.T) {
	ko := times{catalogue(t, "ko")}
	summer := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for zone, want := range map[string]string{
		"Asia/Seoul":       "한국 시간 (UTC+9)",
		"America/New_York": "New York (UTC−4)",
		"Asia/Kolkata":     "Kolkata (UTC+5:30)",
	} {
		if got := ko.zone(summer.In(mustZone(zone))); got != want {
			t.Errorf("%s: %q, want %q", zone, got, want)
		}
	}
}
