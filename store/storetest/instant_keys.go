package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"vetroom/clinic"
)

// testInstantKeys asks again and again by one key, at last from many hands at once.
func testInstantKeys(t *testing.T, fresh func(*testing.T) string) {
	var clock travel
	h := enter(t, fresh, clock.config)
	key := clinic.IdempotencyKey{Key: randomBytes(), Body: randomBytes()}
	other := clinic.IdempotencyKey{Key: key.Key, Body: randomBytes()}
	_, err := h.AskedBefore(h.Context(), key)
	h.wantError(err, clinic.ErrNotFound, "an unused key")

	ids, asked := make([]string, 8), sync.WaitGroup{}
	for i := range ids {
		asked.Go(func() {
			r := clinic.NewInstantRequest(NewID(), clinic.AskRequest{Session: "s", Request: request()}, h.Now())
			id, err := h.AddInstant(h.Context(), r, &key)
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
		})
	}
	asked.Wait()
	all, err := h.Instants(h.Context(), nil)
	h.must(err)
	if len(all) != 1 || slices.ContainsFunc(ids, func(id string) bool { return id != all[0].ID }) {
		h.Errorf("one key asked for %v, and %d stand", ids, len(all))
	}
	if id, err := h.AskedBefore(h.Context(), key); id != all[0].ID || err != nil {
		h.Errorf("asked before: %q, %v", id, err)
	}
	again := clinic.NewInstantRequest(NewID(), clinic.AskRequest{Session: "s", Request: request()}, h.Now())
	_, err = h.AddInstant(h.Context(), again, &other)
	h.wantError(err, clinic.ErrKeyReused, "another body")
	_, err = h.AskedBefore(h.Context(), other)
	h.wantError(err, clinic.ErrKeyReused, "another body, looked up")

	clock.to(time.Now().Add(clinic.IdempotencyWindow + time.Second))
	if id, err := h.AddInstant(h.Context(), again, &other); id != again.ID || err != nil {
		h.Errorf("the key used anew: %q, %v", id, err)
	}
}

// testAskedAgain repeats a request in a browser that lost the session of the first answer.
func testAskedAgain(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	desk, vet := h.desks()[0], h.online(1)[0]
	q := clinic.AskRequest{Session: "lost", Key: &clinic.IdempotencyKey{Key: randomBytes(), Body: randomBytes()}, Request: request()}
	first, err := desk.Ask(h.Context(), q)
	h.must(err)
	q.Session = "kept"
	again, err := desk.Ask(h.Context(), q)
	h.must(err)
	if again.ID != first.ID || again.State != clinic.InstantRinging || h.instant(first.ID).Session != "kept" {
		h.Errorf("asked %+v, again %+v", first, again)
	}
	v, err := desk.AcceptInstant(h.Context(), vet, first.ID)
	h.must(err)
	q.Session = "later"
	if again, err = desk.Ask(h.Context(), q); err != nil || again.ReservationID != v.Reservation.ID {
		h.Errorf("again once accepted: %+v, %v", again, err)
	}
	for session, want := range map[string]bool{"lost": false, "kept": true, "later": true} {
		if held, err := h.Granted(h.Context(), session, v.Reservation.ID); held != want || err != nil {
			h.Errorf("%s holds the reservation: %v, %v", session, held, err)
		}
	}
	q.Key = &clinic.IdempotencyKey{Key: q.Key.Key, Body: randomBytes()}
	_, err = desk.Ask(h.Context(), q)
	h.wantError(err, clinic.ErrKeyReused, "another body")
}
