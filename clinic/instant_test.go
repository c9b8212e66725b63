package clinic

import (
	"errors"
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 12, 1, 3, 0, 0, 0, time.UTC) // in Seoul

func skinNow() *InstantRequest {
	return NewInstantRequest("q", AskRequest{Session: "s", Request: Request{Purpose: Purpose{Area: AreaSkin}}}, noon)
}

func TestInstantTransitions(t *testing.T) {
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	type act func(r *InstantRequest) error
	ring := func(vet string) act { return func(r *InstantRequest) error { return r.Ring(vet, at(time.Second)) } }
	decline := func(vet string) act {
		return func(r *InstantRequest) error { return r.Decline(vet, at(2*time.Second)) }
	}
	accept := func(vet string) act {
		return func(r *InstantRequest) error { return r.Accept(vet, "r", at(3*time.Second)) }
	}
	leave := func(r *InstantRequest) error { return r.Leave(at(4 * time.Second)) }
	expire := func(r *InstantRequest) error { return r.Expire(at(AskTime)) }
	pass := func(r *InstantRequest) error { r.PassOver(BySchedule, at(time.Minute)); return nil }
	for name, c := range map[string]struct {
		acts  []act
		err   error // of the last
		state InstantState
		vet   string
		steps int
	}{
		"rung":                      {[]act{ring("a")}, nil, InstantRinging, "a", 2},
		"declined":                  {[]act{ring("a"), decline("a")}, nil, InstantQueued, "", 3},
		"declined twice":            {[]act{ring("a"), decline("a"), decline("a")}, nil, InstantQueued, "", 3},
		"declined by another":       {[]act{ring("a"), decline("b")}, nil, InstantRinging, "a", 3},
		"passed over":               {[]act{ring("a"), pass}, nil, InstantQueued, "", 3},
		"passed over in the queue":  {[]act{pass}, nil, InstantQueued, "", 1},
		"accepted":                  {[]act{ring("a"), accept("a")}, nil, InstantAccepted, "a", 3},
		"accepted by another":       {[]act{ring("a"), accept("b")}, nil, InstantAccepted, "b", 3},
		"accepted from the queue":   {[]act{accept("b")}, nil, InstantAccepted, "b", 2},
		"accepted by two":           {[]act{accept("a"), accept("b")}, ErrTaken, InstantAccepted, "a", 2},
		"declined when taken":       {[]act{accept("a"), decline("b")}, ErrTaken, InstantAccepted, "a", 2},
		"left when taken":           {[]act{accept("a"), leave}, ErrTaken, InstantAccepted, "a", 2},
		"expired when taken":        {[]act{accept("a"), expire}, ErrTaken, InstantAccepted, "a", 2},
		"left":                      {[]act{ring("a"), leave}, nil, InstantLeft, "", 2},
		"left twice":                {[]act{leave, leave}, nil, InstantLeft, "", 1},
		"accepted when left":        {[]act{leave, accept("a")}, ErrClosed, InstantLeft, "", 1},
		"rung when left":            {[]act{leave, ring("a")}, ErrClosed, InstantLeft, "", 1},
		"expired":                   {[]act{expire}, nil, InstantExpired, "", 1},
		"left when expired":         {[]act{expire, leave}, nil, InstantExpired, "", 1},
		"expired too early":         {[]act{func(r *InstantRequest) error { return r.Expire(at(AskTime - 1)) }}, ErrTooEarly, InstantQueued, "", 1},
		"accepted when it is over":  {[]act{func(r *InstantRequest) error { return r.Accept("a", "r", at(AskTime)) }}, ErrClosed, InstantQueued, "", 1},
		"passed over when accepted": {[]act{accept("a"), pass}, nil, InstantAccepted, "a", 2},
	} {
		r := skinNow()
		var err error
		for _, do := range c.acts {
			err = do(r)
		}
		if !errors.Is(err, c.err) || r.State != c.state || r.VetID != c.vet || len(r.Steps) != c.steps {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
		if settled := !r.SettledAt.IsZero(); settled == r.Standing() || (r.State == InstantRinging) == r.RingEnds.IsZero() {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestARingNeverOutlivesItsRequest(t *testing.T) {
	r := skinNow()
	if err := r.Ring("a", r.ExpiresAt.Add(-time.Second)); err != nil || !r.RingEnds.Equal(r.ExpiresAt) || !r.Deadline().Equal(r.ExpiresAt) {
		t.Errorf("%v, %+v", err, r)
	}
	if r.StateFor("a") != InstantRinging || r.StateFor("b") != InstantQueued {
		t.Error("it rings another")
	}
}

// onDuty is a vet who may see skin, online for so many minutes.
func onDuty(id string, minutes int) *Vet {
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		panic(err)
	}
	return &Vet{
		ID: id, Zone: seoul, Hours: DefaultHours(), Online: true, OnlineSince: noon.Add(-time.Duration(minutes) * time.Minute),
		Permits: []Permit{{Number: "P", Areas: []Area{AreaSkin}, ValidFrom: Date{2026, 1, 1}, ValidUntil: Date{2026, 12, 31}}},
	}
}

func TestWhomARequestRings(t *testing.T) {
	engaged := func(from, to int) []Span {
		return []Span{{noon.Add(time.Duration(from) * time.Minute), noon.Add(time.Duration(to) * time.Minute)}}
	}
	a, b, c := onDuty("a", 30), onDuty("b", 20), onDuty("c", 10)
	eyes := onDuty("eyes", 99)
	eyes.Permits[0].Areas = []Area{AreaEye}
	for name, test := range map[string]struct {
		vets    []*Vet
		engaged map[string][]Span
		change  func(r *InstantRequest)
		other   string // rung by another request
		want    string
		wake    time.Duration // from noon, where there is nobody
	}{
		"longest online":             {vets: []*Vet{c, a, b, eyes}, want: "a"},
		"the wanted one":             {vets: []*Vet{a, b, c}, change: func(r *InstantRequest) { r.WantedVetID = "c" }, want: "c"},
		"the wanted one is busy":     {vets: []*Vet{a, b}, engaged: map[string][]Span{"b": engaged(-5, 10)}, change: func(r *InstantRequest) { r.WantedVetID = "b" }, want: "a"},
		"rung by another":            {vets: []*Vet{a, b}, other: "a", want: "b"},
		"declined":                   {vets: []*Vet{a, b}, change: func(r *InstantRequest) { _ = r.Decline("a", noon) }, want: "b"},
		"nobody may":                 {vets: []*Vet{eyes}, wake: AskTime},
		"all declined":               {vets: []*Vet{a}, change: func(r *InstantRequest) { _ = r.Decline("a", noon) }, wake: AskTime},
		"in a consultation":          {vets: []*Vet{a}, engaged: map[string][]Span{"a": engaged(-10, 10)}, wake: 10 * time.Minute},
		"one starts within a slot":   {vets: []*Vet{a}, engaged: map[string][]Span{"a": engaged(19, 30)}, wake: AskTime},
		"one starts after a slot":    {vets: []*Vet{a}, engaged: map[string][]Span{"a": engaged(20, 40)}, want: "a"},
		"one after the other":        {vets: []*Vet{a}, engaged: map[string][]Span{"a": append(engaged(-5, 5), engaged(5, 12)...)}, wake: AskTime},
		"one soon after another":     {vets: []*Vet{a}, engaged: map[string][]Span{"a": append(engaged(20, 24), engaged(-5, 5)...)}, wake: AskTime},
		"one ended in these minutes": {vets: []*Vet{a}, engaged: map[string][]Span{"a": engaged(-20, 3)}, wake: 5 * time.Minute},
	} {
		r := skinNow()
		standing := []*InstantRequest{r}
		if test.change != nil {
			test.change(r)
		}
		if test.other != "" {
			standing = append(standing, &InstantRequest{State: InstantRinging, VetID: test.other})
		}
		board := newSwitchboard(PermitsEnforced, test.vets, test.engaged, standing, noon)
		got := ""
		if v := board.next(r); v != nil {
			got = v.ID
		}
		if got != test.want {
			t.Errorf("%s: it rings %q, want %q", name, got, test.want)
		}
		if wake := board.wake(r); test.want == "" && !wake.Equal(noon.Add(test.wake)) {
			t.Errorf("%s: looks again at %v, want %v later", name, wake, test.wake)
		}
	}
}

func TestWhoDidNotAnswerIsRungAgainLast(t *testing.T) {
	a, b, r := onDuty("a", 30), onDuty("b", 20), skinNow()
	let := func(vet string, from time.Time) time.Time {
		if err := r.Ring(vet, from); err != nil {
			t.Fatal(err)
		}
		board := newSwitchboard(PermitsEnforced, []*Vet{a, b}, nil, []*InstantRequest{r}, from.Add(RingTime-1))
		if !board.answers(r) || (vet == "a") != board.rung["a"] {
			t.Errorf("the ring of %s is cut short", vet)
		}
		if offline := newSwitchboard(PermitsEnforced, nil, nil, []*InstantRequest{r}, from); offline.answers(r) {
			t.Error("it rings a vet who is not there")
		}
		r.PassOver(BySchedule, from.Add(RingTime))
		return from.Add(RingTime)
	}
	now := let("a", noon)
	next := func() string {
		if v := newSwitchboard(PermitsEnforced, []*Vet{a, b}, nil, []*InstantRequest{r}, now).next(r); v != nil {
			return v.ID
		}
		return ""
	}
	if got := next(); got != "b" {
		t.Fatalf("after a it rings %q", got)
	}
	now = let("b", now)
	if got := next(); got != "a" { // a rested while it rang b
		t.Fatalf("after b it rings %q", got)
	}
	now = let("a", now)
	now = let("b", now)
	whats := []What{}
	for _, e := range r.Entries() {
		whats = append(whats, e.What)
	}
	if want := []What{WhatAsked, WhatRung, WhatUnanswered, WhatRung, WhatUnanswered, WhatRung, WhatUnanswered, WhatRung, WhatUnanswered}; !slices.Equal(whats, want) {
		t.Errorf("the timeline is %q", whats)
	}
}

func TestHolds(t *testing.T) {
	v, _ := NewVisit(VisitIDs{"r", "m", "n"}, KindFollowUp, "v", Span{noon, noon.Add(30 * time.Minute)}, Request{}, noon.Add(-time.Hour))
	for name, c := range map[string]struct {
		change func(v *Visit)
		want   int // minutes
	}{
		"standing":          {func(*Visit) {}, 30},
		"cancelled":         {func(v *Visit) { v.Reservation.State = StateCancelled }, 0},
		"closed in the end": {func(v *Visit) { v.Room.close(ReasonVet, noon.Add(31*time.Minute)) }, 30},
		"closed early":      {func(v *Visit) { v.Room.close(ReasonVet, noon.Add(12*time.Minute)) }, 10},
		"closed at once":    {func(v *Visit) { v.Room.close(ReasonVet, noon.Add(time.Minute)) }, 0},
		"closed before":     {func(v *Visit) { v.Room.close(ReasonVet, noon.Add(-time.Minute)) }, 0},
	} {
		w := *v
		c.change(&w)
		if got := w.Holds(); got.End.Sub(got.Start) != time.Duration(c.want)*time.Minute {
			t.Errorf("%s: it holds %v", name, got)
		}
	}
	early := *v
	early.Room.OpensAt, early.Room.OpenedBy = noon.Add(-20*time.Minute), ByVet
	if spans := early.Engages(noon.Add(-10 * time.Minute)); len(spans) != 2 || !spans[1].Overlaps(Span{noon.Add(-10 * time.Minute), noon}) {
		t.Errorf("opened early it engages %v", spans)
	}
}

func TestNewInstantVisit(t *testing.T) {
	v, facts := NewInstantVisit(VisitIDs{"r", "m", "n"}, onDuty("a", 1), skinNow().Request, noon.Add(1500*time.Microsecond))
	now := noon.Add(2 * time.Millisecond)
	if v.Room.StateAt(now) != RoomOpened || v.Reservation.Kind != KindInstant || v.Reservation.End.Sub(v.Reservation.Start) != 20*time.Minute {
		t.Errorf("%+v", v)
	}
	if len(facts) != 2 || facts[0].Kind != BookingConfirmed || facts[1].Kind != RoomOpen || facts[1].OpenedBy != ByVet {
		t.Errorf("%+v", facts)
	}
	if ahead := v.Ahead(noon.Add(time.Millisecond)); len(ahead) != 1 || ahead[0].Kind != RoomClosed {
		t.Errorf("ahead lie %+v", ahead)
	}
}
