package clinic

import (
	"testing"
	"time"
)

func TestMailsOfAVisit(t *testing.T) {
	now := start.Add(-48 * time.Hour)
	v, facts := newVisit(t, now)
	if _, ok := MailOf(facts[0]); ok {
		t.Error("a mail to nobody")
	}
	v.Reservation.Owner.Email = "owner@example.org"
	v.Restate(facts)
	m, ok := MailOf(facts[0])
	if !ok || m.Kind != MailConfirmed || m.Sequence != 0 || !m.DueAt.Equal(now) || !m.Holds(v, now) {
		t.Fatalf("confirmed: %+v, %v", m, ok)
	}
	ahead := m.Reminders(now)
	if len(ahead) != 2 || !ahead[0].DueAt.Equal(start.Add(-24*time.Hour)) || !ahead[1].DueAt.Equal(start.Add(-10*time.Minute)) {
		t.Fatalf("reminders %+v", ahead)
	}
	if late := m.Reminders(start.Add(-time.Hour)); len(late) != 1 || late[0].Kind != MailSoon || ahead[0].Reminders(now) != nil {
		t.Errorf("an hour before: %+v", late)
	}
	for _, c := range []struct {
		name string
		m    Mail
		at   time.Duration // from the start
		want bool
	}{
		{"confirmation in the call", m, time.Minute, true},
		{"confirmation after the end", m, 20 * time.Minute, false},
		{"a day before, in time", ahead[0], -24 * time.Hour, true},
		{"a day before, half an hour before", ahead[0], -30 * time.Minute, false},
		{"soon, in time", ahead[1], -10 * time.Minute, true},
		{"soon, at the start", ahead[1], 0, false},
	} {
		if got := c.m.Holds(v, start.Add(c.at)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestAMailThatIsNoMoreTrueIsNotSent(t *testing.T) {
	now := start.Add(-48 * time.Hour)
	v, facts := newVisit(t, now)
	v.Reservation.Owner.Email = "owner@example.org"
	v.Restate(facts)
	confirmed, _ := MailOf(facts[0])
	soon := confirmed.Reminders(now)[1]

	moved, extended, given, cancelled := *v, *v, *v, *v
	own, _ := moved.Move(Span{start.Add(time.Hour), start.Add(80 * time.Minute)}, ByOwner, now)
	if m, ok := MailOf(own[0]); !ok || m.Kind != MailMoved || m.Sequence != 1 || !m.Holds(&moved, now) || m.Reminders(now)[1].Key() == soon.Key() {
		t.Errorf("moved: %+v", m)
	}
	if _, err := extended.Extend(10, now); err != nil || !confirmed.Holds(&extended, now) || !soon.Holds(&extended, now) {
		t.Error("an extension takes the mails away")
	}
	own, _ = given.Transfer(&Vet{ID: "other"}, now)
	if m, ok := MailOf(own[0]); !ok || m.VetID != "other" || !m.Holds(&given, now) || m.Reminders(now)[1].Key() != soon.Key() {
		t.Errorf("given away: %+v", m)
	}
	own, _ = cancelled.Cancel(Cancellation{By: ByVet, Code: ReasonVet}, now)
	if m, ok := MailOf(own[0]); !ok || m.Kind != MailCancelled || !m.Holds(&cancelled, now) || m.Holds(v, now) || m.Holds(&cancelled, start.Add(25*time.Hour)) {
		t.Errorf("cancelled: %+v", m)
	}
	for _, other := range []*Visit{&moved, &given, &cancelled} {
		if confirmed.Holds(other, now) || soon.Holds(other, now) && other != &given {
			t.Errorf("still said of %+v", other.Reservation)
		}
	}
	if !soon.Holds(&given, now) {
		t.Error("given away, it is reminded of no more: the reminder is there once for both vets")
	}
}
