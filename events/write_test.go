package events

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// TestWrittenAsTheLibraryWould: what writes itself has every field, in order, and escapes what must be.
func TestWrittenAsTheLibraryWould(t *testing.T) {
	for _, e := range samples() {
		for _, id := range []string{e.ID, "", "<&>\"\\\n\u2028강아지\x7f\xff"} {
			env := envelope[any]{SpecVersion: "1.0", ID: id, Source: Source, Type: Type(e.Kind), Subject: id, Time: Time{e.Due}, Data: payload(e)}
			want, err := json.Marshal(env)
			if err != nil {
				t.Fatal(err)
			}
			var o object
			if err := env.write(&o); err != nil || string(o.buf) != string(want) {
				t.Errorf("%s is written as\n%s, %v, want\n%s", e.Kind, o.buf, err, want)
			}
		}
	}
}

// TestEveryFieldIsWritten: a payload without an empty field is written as the library would.
func TestEveryFieldIsWritten(t *testing.T) {
	at := Time{time.Date(2026, 12, 1, 5, 30, 0, 7_000_000, time.FixedZone("KST", 9*3600))}
	for _, full := range []writer{
		Booking{
			Version: 1, ReservationID: "r", VetID: "v", Start: at, End: at, Kind: "scheduled", RoomID: "m", PreviousStart: &at,
			PreviousVetID: "w", CancelledBy: "owner", ReasonCode: "permit", MinutesBefore: 10,
		},
		Room{
			Version: 2, RoomID: "m", ReservationID: "r", VetID: "v", OpensAt: at, ClosesAt: at, OpenedBy: "vet",
			ScheduledFor: &at, OpenedAt: &at, DelayedMinutes: 15, Reason: "ended",
		},
	} {
		for i, fields := 0, reflect.ValueOf(full); i < fields.NumField(); i++ {
			if fields.Field(i).IsZero() {
				t.Errorf("%T: this test gives %s no value", full, fields.Type().Field(i).Name)
			}
		}
		want, err := json.Marshal(full)
		if err != nil {
			t.Fatal(err)
		}
		var o object
		if full.write(&o); string(o.buf)+"}" != string(want) {
			t.Errorf("written as\n%s}, want\n%s", o.buf, want)
		}
	}
}

func TestTimesOnTheWire(t *testing.T) {
	for _, at := range []time.Time{
		{}, time.Unix(0, 0), time.UnixMilli(1), time.UnixMilli(1_796_102_999_999), time.Date(2026, 1, 2, 3, 4, 5, 60_999_999, time.UTC),
	} {
		if got, want := string(Time{at}.append(nil)), `"`+at.UTC().Format(timeFormat)+`"`; got != want {
			t.Errorf("written as %s, want %s", got, want)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	all := samples()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := Encode(all[i%len(all)]); err != nil {
			b.Fatal(err)
		}
	}
}
