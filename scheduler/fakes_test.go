package scheduler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

var (
	errDatabaseAway = errors.New("the database is away")
	errBrokerAway   = errors.New("the broker is away")
)

// clock is a process's estimate of the database's clock, which in these tests is the bubble's.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) shift(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// outboxRow is a row of the fake database.
type outboxRow struct {
	events.Due
	epoch     int64 // 0 is null
	claim     string
	published time.Time
	seq       uint64
	markedBy  int64 // the epoch that did
}

// database enforces the rules of the due outbox and of the leases, by its own clock.
type database struct {
	mu       sync.Mutex
	rows     map[string]*outboxRow
	lease    events.Lease
	serial   int
	versions map[string]int64

	away    bool
	latency time.Duration
	look    time.Duration // how much longer Standing takes
	scans   int
	read    int                  // rows that were read whole
	claims  []int                // sizes
	onClaim func(won []string)   // after it was committed, before it is answered
	loseAck func(op string) bool // the answer of this call is lost
}

func newDatabase() *database {
	return &database{rows: make(map[string]*outboxRow), versions: make(map[string]int64), latency: time.Millisecond}
}

func stamp(t time.Time) time.Time { return clinic.Millis(t) }

// add saves a fact of a room that is due at the instant, under the aggregate's next version.
func (d *database) add(room string, due time.Time) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.insert(room, due)
}

func (d *database) insert(room string, due time.Time) string {
	d.serial++
	d.versions[room]++
	id := fmt.Sprintf("%08d", d.serial)
	d.rows[id] = &outboxRow{Due: events.Due{
		Message:   events.Message{ID: id, Subject: "vetroom.room.open." + room, Body: []byte("body of " + id)},
		Aggregate: clinic.AggregateRoom, AggregateID: room, Version: d.versions[room], DueAt: stamp(due),
	}}
	return id
}

// change replaces a room's rows that are neither claimed nor due by a fact of now and, if ahead is set, one of then.
func (d *database) change(room string, ahead time.Time) (own string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := stamp(time.Now())
	maps.DeleteFunc(d.rows, func(_ string, r *outboxRow) bool {
		return r.AggregateID == room && r.epoch == 0 && r.published.IsZero() && r.DueAt.After(now)
	})
	own = d.insert(room, now)
	if !ahead.IsZero() {
		d.insert(room, ahead)
	}
	return own
}

// enter begins a call; leave ends one that took effect.
func (d *database) enter(ctx context.Context) error {
	d.mu.Lock()
	latency, away := d.latency, d.away
	d.mu.Unlock()
	if err := pause(ctx, latency); err != nil {
		return err
	}
	if away {
		return errDatabaseAway
	}
	return nil
}

func (d *database) leave(op string) error {
	if d.loseAck != nil && d.loseAck(op) {
		return errDatabaseAway
	}
	return nil
}

func (d *database) set(change func(d *database)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *database) Upcoming(ctx context.Context, until time.Time, limit int) ([]events.Instant, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.scans++
	var due []events.Due
	for _, r := range d.rows {
		if r.published.IsZero() && r.DueAt.Before(until) {
			due = append(due, r.Due)
		}
	}
	slices.SortFunc(due, func(a, b events.Due) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.Version, b.Version), cmp.Compare(a.ID, b.ID))
	})
	instants := make([]events.Instant, min(limit, len(due)))
	for i := range instants {
		instants[i] = events.Instant{ID: due[i].ID, DueAt: due[i].DueAt}
	}
	return instants, nil
}

func (d *database) Due(ctx context.Context, ids []string) ([]events.Due, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read += len(ids)
	var due []events.Due
	for _, id := range ids {
		if r := d.rows[id]; r != nil {
			due = append(due, r.Due)
		}
	}
	return due, nil
}

func (d *database) Standing(ctx context.Context, rows []events.Instant) ([]string, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	if err := pause(ctx, d.look); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := stamp(time.Now())
	var standing []string
	for _, row := range rows {
		if r := d.rows[row.ID]; r != nil && r.published.IsZero() && !r.DueAt.After(now) {
			standing = append(standing, row.ID)
		}
	}
	return standing, nil
}

func (d *database) Claim(ctx context.Context, lease events.Lease, claim string, ids []string) ([]string, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	won := d.claimLocked(lease, claim, ids)
	hook, err := d.onClaim, d.leave("claim")
	d.mu.Unlock()
	if hook != nil {
		hook(won)
	}
	if err != nil {
		return nil, err
	}
	return won, nil
}

func (d *database) claimLocked(lease events.Lease, claim string, ids []string) []string {
	now := stamp(time.Now())
	d.claims = append(d.claims, len(ids))
	holds := d.lease.Epoch == lease.Epoch && now.Before(d.lease.Until)
	var won []string
	for _, id := range ids {
		r := d.rows[id]
		if r == nil {
			continue
		}
		if holds && r.published.IsZero() && r.epoch < lease.Epoch && !r.DueAt.After(now) {
			r.epoch, r.claim = lease.Epoch, claim
		}
		if r.claim == claim {
			won = append(won, id)
		}
	}
	return won
}

func (d *database) Mark(ctx context.Context, lease events.Lease, rows []events.Marked) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range rows {
		if r := d.rows[m.ID]; r != nil && r.published.IsZero() {
			r.published, r.seq, r.markedBy = m.At, m.Seq, lease.Epoch
		}
	}
	return d.leave("mark")
}

// marked gives the published rows of a stream, in order of publishing.
func (d *database) markedRows(stream string) []events.Marked {
	var rows []events.Marked
	for _, r := range d.rows {
		if !r.published.IsZero() && streamOf(r.Subject) == stream {
			rows = append(rows, events.Marked{Message: r.Message, At: r.published, Seq: r.seq})
		}
	}
	slices.SortFunc(rows, func(a, b events.Marked) int { return cmp.Compare(a.ID, b.ID) })
	return rows
}

func (d *database) Newest(ctx context.Context, stream string, n int) ([]events.Marked, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	rows := d.markedRows(stream)
	slices.SortStableFunc(rows, func(a, b events.Marked) int { return b.At.Compare(a.At) })
	return rows[:min(n, len(rows))], nil
}

func (d *database) Published(ctx context.Context, stream string, since time.Time, after string, limit int) ([]events.Marked, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	rows := slices.DeleteFunc(d.markedRows(stream), func(m events.Marked) bool { return m.ID <= after || m.At.Before(since) })
	return rows[:min(limit, len(rows))], nil
}

func (d *database) Remark(ctx context.Context, rows []events.Marked) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range rows {
		d.rows[m.ID].seq = m.Seq
	}
	return nil
}

func (d *database) Acquire(ctx context.Context, name, owner string, ttl time.Duration) (events.Lease, bool, error) {
	if err := d.enter(ctx); err != nil {
		return events.Lease{}, false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if d.lease.Owner != owner && now.Before(d.lease.Until) {
		return events.Lease{}, false, nil
	}
	d.lease = events.Lease{Name: name, Owner: owner, Epoch: d.lease.Epoch + 1, Until: now.Add(ttl)}
	return d.lease, true, nil
}

func (d *database) Renew(ctx context.Context, lease events.Lease, ttl time.Duration) (events.Lease, error) {
	if err := d.enter(ctx); err != nil {
		return events.Lease{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lease.Epoch != lease.Epoch || !time.Now().Before(d.lease.Until) {
		return events.Lease{}, events.ErrLeaseLost
	}
	d.lease.Until = time.Now().Add(ttl)
	return d.lease, nil
}

func (d *database) Release(ctx context.Context, lease events.Lease) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lease.Epoch == lease.Epoch {
		d.lease.Until = time.Time{}
	}
	return nil
}

func (d *database) unmarked() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.rows {
		if r.published.IsZero() {
			n++
		}
	}
	return n
}

func streamOf(subject string) string {
	for name, filter := range events.Streams {
		if strings.HasPrefix(subject, strings.TrimSuffix(filter, ">")) {
			return name
		}
	}
	return ""
}

// stored is one message that the fake broker took, with the instant at which it did.
type stored struct {
	events.Message
	at time.Time
}

// broker is a fake broker whose streams may be wiped.
type broker struct {
	mu      sync.Mutex
	streams map[string][]stored
	ids     map[string]uint64 // held now, by id
	log     []stored          // everything that was ever stored, wiped or not; no duplicates of a live stream
	tried   []string          // ids in the order in which they came in, duplicates too
	waves   []int
	latency time.Duration
	away    bool
	stalled bool
	refuse  func(m events.Message) bool
	onBack  []func()
	onWave  func(messages []events.Message)
}

func newBroker() *broker {
	return &broker{streams: make(map[string][]stored), ids: make(map[string]uint64), latency: time.Millisecond}
}

func (b *broker) set(change func(b *broker)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// leave makes the broker unreachable; back brings it back, wiped or not, and says so.
func (b *broker) leave() { b.set(func(b *broker) { b.away = true }) }

func (b *broker) back(wiped bool) {
	b.mu.Lock()
	if wiped {
		b.wipeLocked()
	}
	b.away, b.stalled = false, false
	tell := slices.Clone(b.onBack)
	b.mu.Unlock()
	for _, fn := range tell {
		fn()
	}
}

func (b *broker) wipeLocked() { clear(b.streams); clear(b.ids) }

func (b *broker) PublishAll(ctx context.Context, messages []events.Message) []events.Ack {
	b.mu.Lock()
	hook, stalled, latency := b.onWave, b.stalled, b.latency
	b.waves = append(b.waves, len(messages))
	b.mu.Unlock()
	if hook != nil {
		hook(messages)
	}
	acks := make([]events.Ack, len(messages))
	if stalled {
		latency = 5 * time.Second
	}
	err := pause(ctx, latency)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, m := range messages {
		switch {
		case err != nil:
			acks[i].Err = err
		case b.away, b.stalled, b.refuse != nil && b.refuse(m):
			acks[i].Err = errBrokerAway
		default:
			acks[i] = b.storeLocked(m)
		}
	}
	return acks
}

func (b *broker) storeLocked(m events.Message) events.Ack {
	stream := streamOf(m.Subject)
	b.tried = append(b.tried, m.ID)
	if seq, ok := b.ids[m.ID]; ok {
		return events.Ack{Stream: stream, Seq: seq, Duplicate: true}
	}
	s := stored{m, time.Now()}
	b.streams[stream] = append(b.streams[stream], s)
	b.log = append(b.log, s)
	b.ids[m.ID] = uint64(len(b.streams[stream]))
	return events.Ack{Stream: stream, Seq: b.ids[m.ID]}
}

func (b *broker) Missing(ctx context.Context, stream string, rows []events.Marked) ([]int, error) {
	held, err := b.Held(ctx, stream)
	if err != nil {
		return nil, err
	}
	var missing []int
	for i, m := range rows {
		if _, ok := held[m.ID]; !ok {
			missing = append(missing, i)
		}
	}
	return missing, nil
}

func (b *broker) Held(ctx context.Context, stream string) (map[string]uint64, error) {
	if err := pause(ctx, b.latency); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away || b.stalled {
		return nil, errBrokerAway
	}
	held := make(map[string]uint64)
	for i, s := range b.streams[stream] {
		held[s.ID] = uint64(i + 1)
	}
	return held, nil
}

func (b *broker) Ready() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errBrokerAway
	}
	return nil
}

func (b *broker) OnReconnect(fn func()) { b.set(func(b *broker) { b.onBack = append(b.onBack, fn) }) }

// history gives all that was ever stored, in order.
func (b *broker) history() []stored {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.log)
}

// times tells when a message was first stored, and how often it was.
func (b *broker) times(id string) (first time.Time, n int) {
	for _, s := range b.history() {
		if s.ID == id {
			if n == 0 {
				first = s.at
			}
			n++
		}
	}
	return first, n
}
