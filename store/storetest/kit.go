// Package storetest holds the contract that every database of the store keeps, as tests, and helps other tests to a
// store of their own.
package storetest

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/uuid"

	"vetroom/clinic"
	"vetroom/events"
	"vetroom/store"
)

// SQLite gives a store of the test's own on an empty database in a file. Each of options may change its configuration.
func SQLite(tb testing.TB, options ...func(*store.Config)) *store.Store {
	tb.Helper()
	return Open(tb, SQLiteURL(tb), options...)
}

// SQLiteURL gives the URL of a database that is not there yet.
func SQLiteURL(tb testing.TB) string {
	return "sqlite://" + filepath.Join(tb.TempDir(), "vetroom.db")
}

// Open gives a store on the newest schema, which closes with the test.
func Open(tb testing.TB, url string, options ...func(*store.Config)) *store.Store {
	tb.Helper()
	s := OpenOnly(tb, url, options...)
	if err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

// OpenOnly gives a store on whatever is there.
func OpenOnly(tb testing.TB, url string, options ...func(*store.Config)) *store.Store {
	tb.Helper()
	cfg := store.Config{URL: url, Local: time.Now, NewID: NewID}
	for _, option := range options {
		option(&cfg)
	}
	s, err := store.Open(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close the store: %v", err)
		}
	})
	return s
}

// NewID makes a UUIDv7.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// house is a store under test, and short words for what tests do with it.
type house struct {
	*testing.T
	*store.Store
	url string
}

// enter opens the test's own store.
func enter(t *testing.T, fresh func(*testing.T) string, options ...func(*store.Config)) *house {
	t.Helper()
	t.Parallel()
	url := fresh(t)
	return &house{t, Open(t, url, options...), url}
}

// again opens the same database once more, as another process would.
func (h *house) again(options ...func(*store.Config)) *store.Store {
	return OpenOnly(h.T, h.url, options...)
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// anyTime permits everything for ever.
var anyTime = clinic.Permit{
	Number: "제2024-1호", Areas: clinic.Areas,
	ValidFrom: clinic.Date{Year: 2020, Month: 1, Day: 1}, ValidUntil: clinic.Date{Year: 2099, Month: 12, Day: 31},
}

// newVets makes vets who may see everything, without saving them.
func newVets(n int) []*clinic.Vet {
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		panic(err)
	}
	vets := make([]*clinic.Vet, n)
	for i := range vets {
		id := NewID()
		vets[i] = &clinic.Vet{
			ID: id, Login: "vet-" + id, PasswordHash: "x", Profile: clinic.Profile{Name: "수의사", Languages: []string{"ko"}},
			Zone: seoul, Hours: clinic.DefaultHours(), Permits: []clinic.Permit{anyTime},
		}
	}
	return vets
}

func (h *house) vets(n int) []string {
	h.Helper()
	vets := newVets(n)
	h.must(h.AddVets(h.Context(), vets))
	ids := make([]string, n)
	for i, v := range vets {
		ids[i] = v.ID
	}
	return ids
}

func (h *house) vet() string { return h.vets(1)[0] }

// request is what an owner says.
func request() clinic.Request {
	return clinic.Request{
		Owner: clinic.Owner{Name: "보호자", Phone: "01012345678", Email: "owner@example.org", Locale: "ko"},
		Pet:   clinic.Pet{Name: "보리", Breed: "진돗개", BirthYear: 2020, WeightKg: 12.5},
		Purpose: clinic.Purpose{
			Area: clinic.AreaSkin, PriorVisitOn: clinic.Date{Year: 2020, Month: 2, Day: 29},
		},
		Symptoms: "가려워요 🐶",
	}
}

func randomBytes() (b [32]byte) {
	rand.Read(b[:])
	return b
}

// booking is a booking of a span.
func booking(vet string, span clinic.Span) clinic.Booking {
	return clinic.Booking{VetID: vet, Link: randomBytes(), Decide: func(v *clinic.Vet, now time.Time) (*clinic.Visit, []clinic.Event, error) {
		random := randomBytes()
		ids := clinic.VisitIDs{Reservation: NewID(), Room: NewID(), Number: clinic.NewNumber([8]byte(random[:8]))}
		visit, facts := clinic.NewVisit(ids, clinic.KindFollowUp, v.ID, span, request(), now)
		return visit, facts, nil
	}}
}

// spanAt is a span of some minutes.
func spanAt(start time.Time, minutes int) clinic.Span {
	return clinic.Span{Start: start, End: start.Add(time.Duration(minutes) * time.Minute)}
}

func (h *house) book(vet string, start time.Time, minutes int) *clinic.Visit {
	h.Helper()
	v, repeated, err := h.Book(h.Context(), booking(vet, spanAt(start, minutes)))
	h.must(err)
	if repeated {
		h.Fatal("a new booking was taken for a repeat")
	}
	return v
}

// bookSoon books a visit that starts in a moment, of a vet of its own.
func (h *house) bookSoon() *clinic.Visit {
	h.Helper()
	for lead := 30 * time.Millisecond; ; lead *= 2 {
		v := h.book(h.vet(), time.Now().Add(lead).Truncate(time.Millisecond), 20)
		if v.Reservation.CreatedAt.Before(v.Reservation.Start) {
			return v
		}
	}
}

type step = func(v *clinic.Visit, vet *clinic.Vet, now time.Time) ([]clinic.Event, error)

func (h *house) change(id string, f step) *clinic.Visit {
	h.Helper()
	v, _, err := h.ChangeVisit(h.Context(), id, f)
	h.must(err)
	return v
}

func cancel(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) {
	return v.Cancel(clinic.Cancellation{By: clinic.ByOwner, Code: clinic.ReasonOwner, Text: "사정이 생겼어요"}, now)
}

func moveTo(start time.Time, minutes int) step {
	return func(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) {
		return v.Move(spanAt(start, minutes), clinic.ByOwner, now)
	}
}

func extend(minutes int) step {
	return func(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) {
		return v.Extend(minutes, now)
	}
}

func delay(minutes int) step {
	return func(v *clinic.Visit, _ *clinic.Vet, now time.Time) ([]clinic.Event, error) {
		return v.Delay(minutes, now)
	}
}

func (h *house) visit(id string) *clinic.Visit {
	h.Helper()
	v, err := h.Visit(h.Context(), id)
	h.must(err)
	return v
}

// waiting gives the unpublished rows of the given aggregates, in order of version.
func (h *house) waiting(aggregates ...string) []row {
	h.Helper()
	all, rows := h.outbox(), []row(nil)
	for _, id := range aggregates {
		rows = append(rows, all[id]...)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return int(a.Version - b.Version) })
	return rows
}

// outbox gives all unpublished rows by aggregate, in order of version.
func (h *house) outbox() map[string][]row {
	h.Helper()
	instants, err := h.Upcoming(h.Context(), time.Now().AddDate(10, 0, 0), 1_000_000)
	h.must(err)
	ids := make([]string, len(instants))
	for i, r := range instants {
		ids[i] = r.ID
	}
	due, err := h.Due(h.Context(), ids)
	h.must(err)
	if len(due) != len(ids) {
		h.Errorf("of %d rows %d are there", len(ids), len(due))
	}
	slices.SortStableFunc(due, func(a, b events.Due) int { return int(a.Version - b.Version) })
	rows := map[string][]row{}
	for _, d := range due {
		kind, ok := strings.CutSuffix(strings.TrimPrefix(d.Subject, "vetroom."), "."+d.AggregateID)
		if !ok {
			h.Errorf("%s is no subject of %s", d.Subject, d.AggregateID)
		}
		rows[d.AggregateID] = append(rows[d.AggregateID], row{d, clinic.EventKind(kind)})
	}
	return rows
}

// row is a row of the outbox and what it says.
type row struct {
	events.Due
	Kind clinic.EventKind
}

// says is the data of a room's event.
func (h *house) says(r row) events.Room {
	h.Helper()
	decoded, err := events.Decode(r.Body)
	h.must(err)
	if decoded.ID != r.ID || decoded.Kind != r.Kind || decoded.Room.Version != r.Version {
		h.Errorf("the row %+v says %+v", r, decoded)
	}
	return *decoded.Room
}

func kindsOf(rows []row) []string {
	all := make([]string, len(rows))
	for i, r := range rows {
		all[i] = string(r.Kind)
	}
	return all
}

func (h *house) wantKinds(rows []row, want ...string) {
	h.Helper()
	if got := kindsOf(rows); !slices.Equal(got, want) {
		h.Errorf("the outbox holds %q, want %q", got, want)
	}
}

func (h *house) find(rows []row, kind clinic.EventKind) row {
	h.Helper()
	for _, r := range rows {
		if r.Kind == kind {
			return r
		}
	}
	h.Fatalf("no %s among %q", kind, kindsOf(rows))
	return row{}
}

func idsOf(rows []row) []string {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

func instantsOf(rows []row) []events.Instant {
	instants := make([]events.Instant, len(rows))
	for i, r := range rows {
		instants[i] = events.Instant{ID: r.ID, DueAt: r.DueAt}
	}
	return instants
}

// lead acquires a lease of the test's own.
func (h *house) lead(name string) events.Lease {
	h.Helper()
	lease, ok, err := h.Acquire(h.Context(), name, "test", time.Minute)
	h.must(err)
	if !ok {
		h.Fatalf("the lease %s is another's", name)
	}
	return lease
}

// hour is the whole hour n hours from when the tests began: a test may ask twice for the same one.
func hour(n int) time.Time { return begun.Add(time.Duration(n) * time.Hour) }

var begun = time.Now().UTC().Truncate(time.Hour)

// until waits for a condition.
func (h *house) until(what string, ok func() bool) {
	h.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			h.Fatalf("20 s passed without: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// sleepUntil waits for an instant that the test is about.
func sleepUntil(t time.Time) { <-time.After(time.Until(t)) }

// disjoint fails if two visits that hold their time touch one cell.
func (h *house) disjoint(vet string) []*clinic.Visit {
	h.Helper()
	all, err := h.VisitsOfVet(h.Context(), vet, clinic.Span{Start: time.Now().AddDate(-1, 0, 0), End: time.Now().AddDate(2, 0, 0)})
	h.must(err)
	holder := map[clinic.Cell]string{}
	var standing []*clinic.Visit
	for _, v := range all {
		if !v.Reservation.Standing() {
			continue
		}
		standing = append(standing, v)
		first, last := v.Reservation.Cells()
		for c := first; c <= last; c++ {
			if other := holder[c]; other != "" {
				h.Errorf("%s and %s share the cell of %v", other, v.Reservation.ID, c.Start())
			}
			holder[c] = v.Reservation.ID
		}
	}
	return standing
}

func (h *house) wantError(got, want error, what string, args ...any) {
	h.Helper()
	if !is(got, want) {
		h.Errorf("%s: %v, want %v", fmt.Sprintf(what, args...), got, want)
	}
}
