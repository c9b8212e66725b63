package events

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"vetroom/clinic"
)

var update = flag.Bool("update", false, "write the golden files anew")

var start = time.Date(2026, 12, 1, 5, 30, 0, 0, time.UTC)

// samples holds one fact of each kind, with personal data in every field that could leak it.
func samples() []clinic.Event {
	v := &clinic.Visit{
		Reservation: clinic.Reservation{
			ID: "0193d0f0-0000-7000-8000-000000000001", Number: "SECRET-number", VetID: "0193d0f0-0000-7000-8000-000000000003",
			RoomID: "0193d0f0-0000-7000-8000-000000000002", Kind: clinic.KindScheduled, State: clinic.StateConfirmed,
			Span: clinic.Span{Start: start, End: start.Add(20 * time.Minute)}, Reason: "SECRET-reason", CancelledBy: clinic.ByOwner,
			Request: clinic.Request{
				Owner:    clinic.Owner{Name: "SECRET-name", Phone: "SECRET-phone", Email: "SECRET-mail"},
				Pet:      clinic.Pet{Name: "SECRET-pet"},
				Symptoms: "SECRET-symptoms",
			},
		},
		Room: clinic.Room{
			ID: "0193d0f0-0000-7000-8000-000000000002", ReservationID: "0193d0f0-0000-7000-8000-000000000001",
			VetID: "0193d0f0-0000-7000-8000-000000000003", OpensAt: start, ClosesAt: start.Add(25 * time.Minute),
		},
	}
	delayed := *v
	delayed.Room.DelayedMinutes = 10
	vet := &clinic.Vet{ID: v.Reservation.VetID, Login: "SECRET-login", PasswordHash: "SECRET-hash", OnlineSince: start}
	vet.Name = "SECRET-vet-name"
	photo := &clinic.Screening{
		ID: "0193d0f0-0000-7000-8000-000000000004", Session: "SECRET-session", BodyPart: "SECRET-part", State: clinic.ScreeningQueued,
		Quality: clinic.Quality{Lit: true, Notes: []clinic.QualityNote{clinic.PhotoBlurred}},
	}
	done := *photo
	done.State, done.Model = clinic.ScreeningDone, "baseline@1"
	done.Findings = []clinic.Finding{{Code: clinic.FindingScale, Score: 0.75}, {Code: clinic.FindingNone, Score: 0.25}}
	reviewed := done
	reviewed.Review = clinic.Review{VetID: vet.ID, Finding: clinic.FindingPapule}
	all := []clinic.Event{
		{Kind: clinic.BookingConfirmed, Visit: v},
		{Kind: clinic.BookingRescheduled, Visit: v, PreviousStart: start.Add(-24 * time.Hour)},
		{Kind: clinic.BookingCancelled, Visit: v, Reason: clinic.ReasonOwner},
		{Kind: clinic.BookingCompleted, Visit: v},
		{Kind: clinic.BookingNoShow, Visit: v},
		{Kind: clinic.BookingReminder, Visit: v, Before: 10 * time.Minute},
		{Kind: clinic.VetOnline, Vet: vet, Reason: clinic.ReasonVet},
		{Kind: clinic.VetOffline, Vet: vet, Reason: clinic.ReasonAbsent},
		{Kind: clinic.RoomOpen, Visit: v, OpenedBy: clinic.BySchedule},
		{Kind: clinic.RoomDelayed, Visit: &delayed},
		{Kind: clinic.RoomExtended, Visit: v},
		{Kind: clinic.RoomRescheduled, Visit: v},
		{Kind: clinic.RoomClosed, Visit: v, Reason: clinic.ReasonEnded},
		{Kind: clinic.AIRequested, Screening: photo},
		{Kind: clinic.AIResult, Screening: &done},
		{Kind: clinic.AIFailed, Screening: photo, Reason: clinic.ReasonUnavailable},
		{Kind: clinic.AIReviewed, Screening: &reviewed},
	}
	for i := range all {
		all[i].ID, all[i].Version, all[i].Due = "0193d0f0-0000-7000-8000-00000000000a", int64(i+1), start
	}
	return all
}

func TestGolden(t *testing.T) {
	for _, e := range samples() {
		t.Run(string(e.Kind), func(t *testing.T) {
			m, err := Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", string(e.Kind)+".json")
			if *update {
				if err := os.WriteFile(file, append(m.Body, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(m.Body)+"\n" != string(want) {
				t.Errorf("encoded as\n%s\nwant\n%s", m.Body, want)
			}
			if strings.Contains(string(m.Body), "SECRET") {
				t.Errorf("personal data in %s", m.Body)
			}
		})
	}
}

// A result that found nothing says so.
func TestAResultWithoutFindings(t *testing.T) {
	for _, findings := range [][]clinic.Finding{nil, {}} {
		s := &clinic.Screening{ID: "0193d0f0-0000-7000-8000-000000000004", State: clinic.ScreeningDone, Model: "m@1", Findings: findings}
		m, err := Encode(clinic.Event{Kind: clinic.AIResult, ID: "e", Version: 1, Due: start, Screening: s})
		if err != nil || !strings.Contains(string(m.Body), `"findings":[]`) {
			t.Errorf("encoded as %s, %v", m.Body, err)
		}
		m, err = Encode(clinic.Event{Kind: clinic.AIReviewed, ID: "e", Version: 1, Due: start, Screening: s})
		if err != nil || strings.Contains(string(m.Body), "findings") {
			t.Errorf("encoded as %s, %v", m.Body, err)
		}
	}
}

// TestAnotherReaderUnderstands reads each message with the kept CloudEvents library, as a subscriber would.
func TestAnotherReaderUnderstands(t *testing.T) {
	for _, e := range samples() {
		m, err := Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		var ce cloudevents.Event
		if err := json.Unmarshal(m.Body, &ce); err != nil {
			t.Fatalf("%s: %v", e.Kind, err)
		}
		if err := ce.Validate(); err != nil {
			t.Errorf("%s: %v", e.Kind, err)
		}
		_, id := e.Aggregate()
		if ce.ID() != m.ID || ce.Subject() != id || ce.Type() != "vetroom."+string(e.Kind) || m.Subject != ce.Type()+"."+id {
			t.Errorf("%s: id %s, subject %s, type %s, published to %s", e.Kind, ce.ID(), ce.Subject(), ce.Type(), m.Subject)
		}
	}
}

func TestDecodeReadsWhatEncodeWrites(t *testing.T) {
	for _, e := range samples() {
		m, err := Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Decode(m.Body)
		if err != nil {
			t.Fatalf("%s: %v", e.Kind, err)
		}
		var version int64
		switch {
		case d.Booking != nil:
			version = d.Booking.Version
		case d.Vet != nil:
			version = d.Vet.Version
		case d.Room != nil:
			version = d.Room.Version
		case d.AI != nil:
			version = d.AI.Version
		}
		if d.Kind != e.Kind || d.ID != e.ID || version != e.Version || !d.Time.Equal(clinic.Millis(e.Due)) {
			t.Errorf("%s came back as %+v", e.Kind, d)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, body := range []string{
		``, `{`, `[]`, `null`, `{}`,
		`{"specversion":"0.3","id":"x","type":"vetroom.room.open","data":{}}`,
		`{"specversion":"1.0","id":"","type":"vetroom.room.open","data":{}}`,
		`{"specversion":"1.0","id":"x","type":"other.room.open","data":{}}`,
		`{"specversion":"1.0","id":"x","type":"vetroom.moon.open","data":{}}`,
		`{"specversion":"1.0","id":"x","type":"vetroom.room.open"}`,
		`{"specversion":"1.0","id":"x","type":"vetroom.room.open","data":{"opens_at":"yesterday"}}`,
	} {
		if d, err := Decode([]byte(body)); !errors.Is(err, ErrMalformed) {
			t.Errorf("Decode(%s) = %+v, %v", body, d, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range samples() {
		m, err := Encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(m.Body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := Decode(body)
		if (d == nil) == (err == nil) {
			t.Fatalf("Decode gave %v and %v", d, err)
		}
		if err == nil && d.Booking == nil && d.Vet == nil && d.Room == nil && d.AI == nil {
			t.Fatalf("decoded to nothing: %+v", d)
		}
	})
}
