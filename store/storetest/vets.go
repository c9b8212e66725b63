package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"vetroom/clinic"
)

func testVets(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	v := newVets(1)[0]
	lat, lon := 37.556512345, -126.9104
	v.Lat, v.Lon, v.Login, v.Description = &lat, &lon, "수의사", "피부 🐕"
	v.Permits = append(v.Permits, clinic.Permit{Number: "2", Areas: []clinic.Area{clinic.AreaEye}, FollowUpOnly: true, ValidFrom: anyTime.ValidFrom, ValidUntil: anyTime.ValidFrom})
	v.Hours.Weekly = []clinic.Window{{Day: clinic.Day(time.Monday), From: 540, To: 1080}}
	v.Hours.Exceptions = []clinic.Exception{{Date: clinic.Date{Year: 2026, Month: 12, Day: 25}, Closed: true}}
	h.must(h.AddVets(h.Context(), []*clinic.Vet{v}))
	read, err := h.VetByLogin(h.Context(), "수의사")
	h.must(err)
	if !reflect.DeepEqual(read, v) {
		h.Errorf("saved %+v\nread  %+v", v, read)
	}
	// All or none.
	both := newVets(2)
	both[1].Login = v.Login
	h.wantError(h.AddVets(h.Context(), both), clinic.ErrLoginTaken, "a login in use")
	_, err = h.Vet(h.Context(), both[0].ID)
	h.wantError(err, clinic.ErrNotFound, "the other of the two")

	changed, err := h.ChangeVet(h.Context(), v.ID, func(v *clinic.Vet, now time.Time) ([]clinic.Event, error) {
		v.Hours.Weekly[0].To = 720
		return v.SetOnline(true, clinic.ReasonVet, now), nil
	})
	h.must(err)
	read, err = h.Vet(h.Context(), v.ID)
	h.must(err)
	if !reflect.DeepEqual(read, changed) || !read.Online || read.Hours.Weekly[0].To != 720 {
		h.Errorf("saved %+v\nread  %+v", changed, read)
	}
	h.wantKinds(h.waiting(v.ID), "vet.online")
	same, err := h.ChangeVet(h.Context(), v.ID, func(v *clinic.Vet, now time.Time) ([]clinic.Event, error) {
		return v.SetOnline(true, clinic.ReasonVet, now), nil
	})
	if err != nil || same.Rev != changed.Rev {
		h.Errorf("no change gave rev %d after %d, %v", same.Rev, changed.Rev, err)
	}
	h.wantKinds(h.waiting(v.ID), "vet.online")
	byID, err := h.VetsByID(h.Context(), []string{v.ID, v.ID, NewID()})
	if err != nil || len(byID) != 1 || !reflect.DeepEqual(byID[v.ID], read) {
		h.Errorf("by id: %v, %v", byID, err)
	}
}

func testVetPages(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	seoul := clinic.Place{Lat: 37.5665, Lon: 126.9780}
	vets := newVets(25)
	for i, v := range vets {
		v.Name, v.Location = fmt.Sprintf("Vet %02d", i*7%25/2), "서울 마포구"
		if i%5 != 0 {
			lat, lon := seoul.Lat+float64(i*11%25)/50, seoul.Lon-float64(i*13%25)/50
			v.Lat, v.Lon = &lat, &lon
		}
		v.Online = i%2 == 0
		if i%3 == 0 {
			v.Permits[0].Areas = []clinic.Area{clinic.AreaSkin}
		}
	}
	vets[3].Description, vets[4].Description = "100% Dogs", "100 dogs"
	h.must(h.AddVets(h.Context(), vets))
	now := time.Now()
	h.wantPages(clinic.VetQuery{Day: now}, vets, func(a, b *clinic.Vet) bool { return a.Name <= b.Name })
	h.wantPages(clinic.VetQuery{Day: now, Near: &seoul}, vets, func(a, b *clinic.Vet) bool {
		x, okA := a.DistanceKm(seoul)
		y, okB := b.DistanceKm(seoul)
		return okA && !okB || okA == okB && x <= y*1.01
	})
	keep := func(ok func(i int) bool) (kept []*clinic.Vet) {
		for i, v := range vets {
			if ok(i) {
				kept = append(kept, v)
			}
		}
		return kept
	}
	all := func(a, b *clinic.Vet) bool { return true }
	h.wantPages(clinic.VetQuery{Online: true, Day: now}, keep(func(i int) bool { return i%2 == 0 }), all)
	h.wantPages(clinic.VetQuery{Area: clinic.AreaTeeth, Day: now, Near: &seoul}, keep(func(i int) bool { return i%3 != 0 }), all)
	h.wantPages(clinic.VetQuery{Area: clinic.AreaTeeth, Day: now.AddDate(-20, 0, 0)}, nil, all)
	h.wantPages(clinic.VetQuery{Text: "100% dogs"}, vets[3:4], all)
	h.wantPages(clinic.VetQuery{Text: "DOGS"}, vets[3:5], all)
	h.wantPages(clinic.VetQuery{Text: "마포"}, vets, all)
	h.wantPages(clinic.VetQuery{Text: "_|\\' \xff"}, nil, all)
	for _, cursor := range []string{"x", "e30", "eyJuIjpudWxsLCJpIjoieCJ9"} {
		if page, _, err := h.Vets(h.Context(), clinic.VetQuery{Cursor: cursor, Limit: 3, Day: now}); err != nil || len(page) != 3 {
			h.Errorf("a cursor that was never given: %d vets, %v", len(page), err)
		}
	}
}

// wantPages reads all pages of a query.
func (h *house) wantPages(q clinic.VetQuery, want []*clinic.Vet, ordered func(a, b *clinic.Vet) bool) {
	h.Helper()
	var got []*clinic.Vet
	for q.Limit = 4; ; {
		page, next, err := h.Vets(h.Context(), q)
		h.must(err)
		if got = append(got, page...); next == "" {
			break
		}
		if len(page) != q.Limit || len(got) > len(want) {
			h.Fatalf("%+v: a page of %d, %d in all, want %d", q, len(page), len(got), len(want))
		}
		q.Cursor = next
	}
	for i := range len(got) - 1 {
		if !ordered(got[i], got[i+1]) {
			h.Errorf("%+v: %s comes before %s", q, got[i].Name, got[i+1].Name)
		}
	}
	if a, b := sortedIDs(got), sortedIDs(want); !slices.Equal(a, b) {
		h.Errorf("%+v: %d vets, want %d", q, len(a), len(b))
	}
}

func sortedIDs(vets []*clinic.Vet) []string {
	ids := make([]string, len(vets))
	for i, v := range vets {
		ids[i] = v.ID
	}
	slices.Sort(ids)
	return ids
}

func testPresence(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	ids := h.vets(3) // the last stays offline
	for _, id := range ids[:2] {
		_, err := h.ChangeVet(h.Context(), id, func(v *clinic.Vet, now time.Time) ([]clinic.Event, error) {
			return v.SetOnline(true, clinic.ReasonVet, now), nil
		})
		h.must(err)
	}
	absent := func(since time.Time) []string {
		h.Helper()
		got, err := h.Absent(h.Context(), since)
		h.must(err)
		return got
	}
	if got := absent(time.Now().Add(-time.Minute)); len(got) != 0 {
		h.Errorf("just online, and absent: %q", got)
	}
	went := time.Now()
	h.until("time passes", func() bool { return h.Now().After(went.Add(5 * time.Millisecond)) })
	h.must(h.Attend(h.Context(), []string{ids[0], ids[2], ids[0]}))
	h.must(h.Attend(h.Context(), nil))
	if got := absent(went.Add(5 * time.Millisecond)); !slices.Equal(got, ids[1:2]) {
		h.Errorf("absent are %q, want %q, who never had a socket", got, ids[1])
	}
	if got := absent(time.Now().Add(time.Minute)); !slices.Equal(got, ids[:2]) {
		h.Errorf("a minute on, absent are %q", got)
	}
}

func testPermitAgainstBooking(t *testing.T, fresh func(*testing.T) string) {
	h := enter(t, fresh)
	booked, cancelled, refused := 0, 0, 0
	for range 40 {
		vet := h.vet()
		b := booking(vet, spanAt(hour(3), 20))
		decide := b.Decide
		b.Decide = func(v *clinic.Vet, now time.Time) (*clinic.Visit, []clinic.Event, error) {
			if err := v.Covers(clinic.PermitsEnforced, request().Purpose, hour(3)); err != nil {
				return nil, nil, err
			}
			return decide(v, now)
		}
		var err error
		race(
			func() { _, _, err = h.Book(h.Context(), b) },
			func() {
				<-time.After(rand.N(4 * time.Millisecond)) // so that each comes first at times
				h.withdraw(vet)
			},
		)
		standing := h.disjoint(vet)
		if len(standing) != 0 {
			h.Errorf("%d visits stand without a permit", len(standing))
		}
		switch {
		case errors.Is(err, clinic.ErrNotPermitted):
			refused++
		case err == nil:
			booked++
			if all, _ := h.VisitsOfVet(h.Context(), vet, spanAt(hour(3), 20)); len(all) == 1 && all[0].Reservation.ReasonCode == clinic.ReasonPermit {
				cancelled++
			}
		default:
			h.Errorf("booked against a withdrawal: %v", err)
		}
	}
	if booked != cancelled {
		h.Errorf("%d were booked and %d of them cancelled", booked, cancelled)
	}
	h.Logf("%d booked and cancelled, %d refused", booked, refused)
}

// withdraw takes all permits and cancels what stands.
func (h *house) withdraw(vet string) {
	read, err := h.ChangePermits(h.Context(), vet, func(v *clinic.Vet, standing []*clinic.Visit, now time.Time) (map[*clinic.Visit][]clinic.Event, error) {
		v.Permits = nil
		facts := map[*clinic.Visit][]clinic.Event{}
		for _, visit := range standing {
			own, err := visit.Cancel(clinic.Cancellation{By: clinic.BySystem, Code: clinic.ReasonPermit}, now)
			if err != nil {
				return nil, err
			}
			facts[visit] = own
		}
		return facts, nil
	})
	if err != nil {
		h.Errorf("withdraw permits: %v", err)
		return
	}
	if saved, err := h.Vet(h.Context(), vet); err != nil || !reflect.DeepEqual(saved, read) {
		h.Errorf("withdrew to %+v, read %+v, %v", read, saved, err)
	}
}
