package storetest

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// photo is a body that no text column would keep.
var photo = append([]byte{0xFF, 0xD8, 0, 0x27, 0x5C, 0xFE}, bytes.Repeat([]byte("'\\\x00\xff"), 300_000)...)

// screen takes a photo in.
func (h *house) screen(session string) *clinic.Screening {
	h.Helper()
	q := clinic.Quality{Sharp: true, Notes: []clinic.QualityNote{clinic.PhotoDark}}
	s, facts, err := clinic.NewScreening(NewID(), session, "등 🐾", q, h.Now())
	h.must(err)
	h.must(h.AddScreening(h.Context(), s, photo, facts))
	return s
}

func (h *house) screening(id string) *clinic.Screening {
	h.Helper()
	s, err := h.Screening(h.Context(), id)
	h.must(err)
	return s
}

var seen = []clinic.Finding{{Code: clinic.FindingNone, Score: 0.125}, {Code: clinic.FindingScale, Score: 0.875}}

func finish(model string) func(*clinic.Screening, time.Time) ([]clinic.Event, error) {
	return func(s *clinic.Screening, now time.Time) ([]clinic.Event, error) {
		return s.Finish(model, seen, now), nil
	}
}

func testScreenings(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	s := h.screen("owner")
	if read := h.screening(s.ID); !reflect.DeepEqual(read, s) {
		h.Errorf("saved %+v, read %+v", s, read)
	}
	if body, err := h.ScreeningPhoto(h.Context(), s.ID); err != nil || !bytes.Equal(body, photo) {
		h.Errorf("the photo came back with %d bytes, %v", len(body), err)
	}
	done, err := h.ChangeScreening(h.Context(), s.ID, finish("baseline@1"))
	h.must(err)
	again, err := h.ChangeScreening(h.Context(), s.ID, finish("other@1"))
	h.must(err)
	if read := h.screening(s.ID); !reflect.DeepEqual(read, done) || !reflect.DeepEqual(again, done) || read.Model != "baseline@1" {
		h.Errorf("finished as %+v, read %+v, finished again as %+v", done, read, again)
	}
	_, err = h.ChangeScreening(h.Context(), s.ID, func(s *clinic.Screening, now time.Time) ([]clinic.Event, error) {
		return s.Judge(clinic.Review{VetID: NewID(), Agrees: true, Finding: clinic.FindingScale}, now)
	})
	h.must(err)
	h.wantScreeningFacts(s.ID, "ai.requested", "ai.result", "ai.reviewed")
	if judged := h.screening(s.ID); !judged.Review.Agrees || judged.Review.At.IsZero() || judged.Version != 3 {
		h.Errorf("judged %+v", judged)
	}
	for _, id := range []string{NewID(), "", "è", strings.Repeat("x", 200)} {
		_, err := h.Screening(h.Context(), id)
		h.wantError(err, clinic.ErrNotFound, "screening %q", id)
		_, err = h.ScreeningPhoto(h.Context(), id)
		h.wantError(err, clinic.ErrNotFound, "photo of %q", id)
		_, err = h.ChangeScreening(h.Context(), id, finish("x@1"))
		h.wantError(err, clinic.ErrNotFound, "change of %q", id)
	}
}

// wantScreeningFacts looks at all rows that a screening left in the outbox: numbered from 1, and what each says.
func (h *house) wantScreeningFacts(id string, want ...string) {
	h.Helper()
	rows := h.waiting(id)
	h.wantKinds(rows, want...)
	for i, r := range rows {
		d, err := events.Decode(r.Body)
		h.must(err)
		if r.Version != int64(i+1) || d.AI == nil || d.AI.ScreeningID != id || d.AI.Version != r.Version || d.ID != r.ID {
			h.Errorf("row %d of version %d says %+v", i, r.Version, d)
		}
		if bytes.Contains(r.Body, []byte("owner")) || bytes.Contains(r.Body, []byte("등")) {
			h.Errorf("the event tells of its owner: %s", r.Body)
		}
	}
}

// attaching is a booking that has a screening.
func attaching(vet, screening string, start time.Time) clinic.Booking {
	b := booking(vet, spanAt(start, 20))
	decide := b.Decide
	b.Decide = func(v *clinic.Vet, now time.Time) (*clinic.Visit, []clinic.Event, error) {
		visit, _, err := decide(v, now)
		r := visit.Reservation
		r.Request.ScreeningID = screening
		visit, facts := clinic.NewVisit(clinic.VisitIDs{Reservation: r.ID, Room: r.RoomID, Number: r.Number}, r.Kind, v.ID, r.Span, r.Request, now)
		return visit, facts, err
	}
	return b
}

func testAttached(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	s, vet := h.screen("owner"), h.vet()
	if none, err := h.VisitsOfScreening(h.Context(), s.ID); err != nil || len(none) != 0 {
		h.Errorf("before it is attached: %v, %v", none, err)
	}
	v, _, err := h.Book(h.Context(), attaching(vet, s.ID, hour(3)))
	h.must(err)
	second, _, err := h.Book(h.Context(), attaching(vet, s.ID, hour(5)))
	h.must(err)
	all, err := h.VisitsOfScreening(h.Context(), s.ID)
	h.must(err)
	if len(all) != 2 || *all[0] != *v || *all[1] != *second {
		h.Errorf("attached to %v", all)
	}
	_, _, err = h.Book(h.Context(), attaching(vet, NewID(), hour(7)))
	h.wantError(err, clinic.ErrNoSuchScreening, "a screening that is not there")
	if left, _ := h.VisitsOfVet(h.Context(), vet, spanAt(hour(7), 20)); len(left) != 0 {
		h.Errorf("a refused booking left %v", left)
	}
	if read := h.screening(s.ID); !reflect.DeepEqual(read, s) {
		h.Errorf("attaching changed the screening to %+v", read)
	}

	other := h.screen("other")
	_, err = h.ChangeScreening(h.Context(), s.ID, finish("x@1"))
	h.must(err)
	news, err := h.ScreeningNews(h.Context(), []string{s.ID, NewID(), other.ID})
	h.must(err)
	slices.SortFunc(news, func(a, b clinic.ScreeningNews) int { return strings.Compare(a.ID, b.ID) })
	if len(news) != 2 || news[0].State != clinic.ScreeningDone || news[0].Session != "owner" ||
		!slices.Equal(news[0].Rooms, []string{v.Room.ID, second.Room.ID}) || len(news[1].Rooms) != 0 {
		h.Errorf("the news are %+v", news)
	}
	for after, want := range map[time.Duration]int{-time.Minute: 1, time.Minute: 0} {
		if ended, err := h.ScreeningsEnded(h.Context(), time.Now().Add(after)); err != nil || len(ended) != want {
			h.Errorf("ended since %v: %v, %v", after, ended, err)
		}
	}
}

func testForgetScreenings(t *testing.T, fresh func(*testing.T) string) {
	var clock travel
	h := enter(t, fresh, clock.config)
	kept := h.screen("owner")
	_, _, err := h.Book(h.Context(), attaching(h.vet(), kept.ID, hour(3)))
	h.must(err)
	var old []string
	for range 43 {
		old = append(old, h.screen("owner").ID)
	}
	once, twice := h.screen("owner"), h.screen("owner")
	vet := h.vet()
	for i, id := range []string{once.ID, twice.ID, twice.ID} {
		v, _, err := h.Book(h.Context(), attaching(vet, id, hour(5+2*i)))
		h.must(err)
		if i < 2 { // of the last photo another reservation stands
			_, _, err = h.ChangeVisit(h.Context(), v.Reservation.ID, cancel)
			h.must(err)
		}
	}
	old = append(old, once.ID)
	q := clinic.AskRequest{Session: "owner", Request: request()}
	q.ScreeningID = h.screen("owner").ID
	_, err = h.AddInstant(h.Context(), clinic.NewInstantRequest(NewID(), q, time.Now()), nil)
	h.must(err)
	clock.to(time.Now().Add(time.Hour))
	young := h.screen("owner")
	h.must(h.ForgetScreenings(h.Context(), time.Now().Add(time.Minute)))
	for _, id := range old {
		_, err := h.Screening(h.Context(), id)
		h.wantError(err, clinic.ErrNotFound, "an old screening")
		_, err = h.ScreeningPhoto(h.Context(), id)
		h.wantError(err, clinic.ErrNotFound, "an old photo")
		if has, err := h.VisitsOfScreening(h.Context(), id); err != nil || len(has) != 0 {
			h.Errorf("of an old screening stays which reservations had it: %v, %v", has, err)
		}
	}
	for _, id := range []string{kept.ID, twice.ID, young.ID, q.ScreeningID} {
		h.screening(id)
		_, err := h.ScreeningPhoto(h.Context(), id)
		h.must(err)
	}
}

func testClaimPhotos(t *testing.T, fresh func(*testing.T) string) {
	var clock travel
	h, began := enter(t, fresh, clock.config), time.Now()
	clock.to(began)
	first, second, third := h.screen("a"), h.screen("b"), h.screen("c")
	claim := func(word string, n int) (ids []string) {
		h.Helper()
		got, err := h.ClaimScreenings(h.Context(), word, n, 10*time.Second)
		h.must(err)
		for _, s := range got {
			ids = append(ids, s.ID)
		}
		return ids
	}
	hold := func(id, word string, d time.Duration, want bool) {
		h.Helper()
		if held, err := h.HoldScreening(h.Context(), id, word, d); err != nil || held != want {
			h.Errorf("%s holds: %v, %v, want %v", word, held, err, want)
		}
	}
	if got := claim("one", 2); !slices.Equal(got, []string{first.ID, second.ID}) {
		h.Errorf("claimed %v", got)
	}
	if got := claim("two", 9); !slices.Equal(got, []string{third.ID}) {
		h.Errorf("claimed beside another %v", got)
	}
	hold(first.ID, "one", time.Minute, true)
	hold(first.ID, "two", time.Minute, false)
	hold(third.ID, "two", -time.Second, true) // given back
	if got := claim("three", 9); !slices.Equal(got, []string{third.ID}) {
		h.Errorf("claimed what was given back: %v", got)
	}
	clock.to(began.Add(20 * time.Second))
	if got := claim("four", 9); !slices.Equal(got, []string{second.ID, third.ID}) {
		h.Errorf("claimed of the dead %v", got)
	}
	hold(second.ID, "one", time.Minute, false)
	_, err := h.ChangeScreening(h.Context(), second.ID, finish("x@1"))
	h.must(err)
	hold(second.ID, "four", time.Minute, false)
	clock.to(began.Add(time.Hour))
	if got := claim("five", 9); !slices.Equal(got, []string{first.ID, third.ID}) {
		h.Errorf("claimed after a result %v", got)
	}
}

// testWorkersRace lets many workers, some of whom are taken for dead, look at the same photos.
func testWorkersRace(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	var ids []string
	for range 12 {
		ids = append(ids, h.screen("owner").ID)
	}
	var mu sync.Mutex // guards claims
	claims := map[string]int{}
	race(times(6, func(n int) {
		for range 8 {
			hold := time.Minute // nobody alive is slower
			if n == 0 {
				hold = 0 // dies at once
			}
			got, err := h.ClaimScreenings(h.Context(), NewID(), 3, hold)
			if err != nil {
				h.Error(err)
			}
			for _, s := range got {
				if n > 0 {
					mu.Lock()
					claims[s.ID]++
					mu.Unlock()
				}
				if _, err := h.ChangeScreening(h.Context(), s.ID, finish("x@1")); err != nil {
					h.Error(err)
				}
			}
		}
	})...)
	for _, id := range ids {
		if s := h.screening(id); s.State != clinic.ScreeningDone || s.Version != 2 || claims[id] > 1 {
			h.Errorf("%s: %s of version %d, claimed %d times by the living", id, s.State, s.Version, claims[id])
		}
		h.wantScreeningFacts(id, "ai.requested", "ai.result")
	}
}

// testBookingAgainstForgetting holds that a photo is attached or forgotten, never both.
func testBookingAgainstForgetting(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	vet := h.vet()
	for n := range 10 {
		s := h.screen("owner")
		var err error
		race(
			func() { _, _, err = h.Book(h.Context(), attaching(vet, s.ID, hour(3+n))) },
			func() {
				if err := h.ForgetScreenings(h.Context(), time.Now().Add(time.Hour)); err != nil {
					h.Error(err)
				}
			},
		)
		_, gone := h.ScreeningPhoto(h.Context(), s.ID)
		switch {
		case err == nil && gone != nil:
			h.Errorf("attached and forgotten: %v", gone)
		case err != nil && (!is(err, clinic.ErrNoSuchScreening) || !is(gone, clinic.ErrNotFound)):
			h.Errorf("not attached (%v), the photo: %v", err, gone)
		}
	}
}
