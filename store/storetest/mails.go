package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/store"
)

// claimed claims all mails that are due.
func (h *house) claimed(claim string) (kinds []clinic.MailKind, mails []clinic.Mail) {
	h.Helper()
	mails, err := h.ClaimMails(h.Context(), claim, time.Minute, 100)
	h.must(err)
	for _, m := range mails {
		kinds = append(kinds, m.Kind)
	}
	return kinds, mails
}

func testMails(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := h.book(h.vet(), hour(30), 20) // request says an address
	kinds, first := h.claimed("a")
	if !slices.Equal(kinds, []clinic.MailKind{clinic.MailConfirmed}) || first[0].ReservationID != v.Reservation.ID ||
		first[0].VetID != v.Reservation.VetID || !first[0].Start.Equal(v.Reservation.Start) {
		h.Fatalf("after a booking %+v", first)
	}
	h.must(h.PlanMails(h.Context(), first[0].Reminders(h.Now())))
	h.must(h.PlanMails(h.Context(), first[0].Reminders(h.Now()))) // once more changes nothing
	h.must(h.FinishMail(h.Context(), first[0], "sent"))
	h.change(v.Reservation.ID, moveTo(hour(40), 20))
	h.change(v.Reservation.ID, delay(5))
	h.change(v.Reservation.ID, cancel)
	if kinds, _ := h.claimed("a"); !slices.Equal(kinds, []clinic.MailKind{clinic.MailMoved, clinic.MailCancelled}) {
		h.Errorf("after a move and a cancel %q", kinds)
	}
	if kinds, _ := h.claimed("b"); len(kinds) != 0 {
		h.Errorf("another gets %q, too", kinds)
	}
	silent := booking(h.vet(), spanAt(hour(50), 20))
	decide := silent.Decide
	silent.Decide = func(vet *clinic.Vet, now time.Time) (*clinic.Visit, []clinic.Event, error) {
		v, facts, err := decide(vet, now)
		v.Reservation.Owner.Email = ""
		v.Restate(facts)
		return v, facts, err
	}
	_, _, err := h.Book(h.Context(), silent)
	h.must(err)
	if kinds, _ := h.claimed("b"); len(kinds) != 0 {
		h.Errorf("without an address: %q", kinds)
	}
	h.must(h.Prune(h.Context(), -time.Minute))
	h.must(h.PlanMails(h.Context(), first)) // it is forgotten, and so there again
	if kinds, _ := h.claimed("b"); !slices.Equal(kinds, []clinic.MailKind{clinic.MailConfirmed}) {
		h.Errorf("after pruning %q", kinds)
	}
}

func testMailClaims(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	const mails = 40
	var all []clinic.Mail
	for range mails {
		all = append(all, clinic.Mail{ReservationID: NewID(), Kind: clinic.MailSoon, Sequence: 1, VetID: NewID(), Start: hour(1), DueAt: hour(-1)})
	}
	h.must(h.PlanMails(h.Context(), all))
	var mu sync.Mutex
	won := map[string]int{}
	stores := []*store.Store{h.Store, h.again(), h.again()}
	h.must(stores[1].SyncClock(h.Context()))
	h.must(stores[2].SyncClock(h.Context()))
	race(times(9, func(i int) {
		got, err := stores[i%3].ClaimMails(h.Context(), string(rune('a'+i)), time.Minute, mails)
		if err != nil {
			h.Errorf("claim: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, m := range got {
			won[m.Key()]++
		}
	})...)
	for key, n := range won {
		if n != 1 {
			h.Errorf("%s was claimed %d times", key, n)
		}
	}
	if len(won) != mails {
		h.Errorf("%d of %d were claimed", len(won), mails)
	}
	again := clinic.Mail{ReservationID: NewID(), Kind: clinic.MailSoon, Sequence: 1, VetID: NewID(), Start: hour(1), DueAt: hour(-1)}
	h.must(h.PlanMails(h.Context(), []clinic.Mail{again}))
	h.claimedOnce("x", again, 0)
	h.must(h.PostponeMail(h.Context(), "y", again, hour(-1))) // not y's
	if _, got := h.claimed("y"); len(got) != 0 {
		h.Errorf("held by x, and claimed by y: %+v", got)
	}
	h.must(h.PostponeMail(h.Context(), "x", again, hour(-1)))
	h.claimedOnce("y", again, 1)
	h.must(h.PostponeMail(h.Context(), "y", again, hour(2)))
	if _, got := h.claimed("y"); len(got) != 0 {
		h.Errorf("before its time: %+v", got)
	}
	expired, err := h.ClaimMails(h.Context(), "z", -time.Minute, 1)
	if err != nil || len(expired) != 0 {
		h.Errorf("before its time: %+v, %v", expired, err)
	}
}

func (h *house) claimedOnce(claim string, want clinic.Mail, tries int) {
	h.Helper()
	_, got := h.claimed(claim)
	if len(got) != 1 || got[0].Key() != want.Key() || got[0].Tries != tries {
		h.Errorf("%s claimed %+v", claim, got)
	}
}
