package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// outgoing gathers the facts of a transaction, to be written in one go before its commit.
type outgoing struct {
	facts    []clinic.Event // numbered
	entries  []clinic.Entry
	mails    []clinic.Mail
	earliest time.Time // due first
	deadline time.Time // the commit must come before it; zero if it may come at any time
}

// tell adds what the timeline, and a mail, tells of a change's own facts.
func (o *outgoing) tell(own []clinic.Event) {
	for _, e := range own {
		if entry, ok := clinic.EntryOf(e); ok {
			o.entries = append(o.entries, entry)
		}
		if mail, ok := clinic.MailOf(e); ok {
			o.mails = append(o.mails, mail)
		}
	}
}

// commitBefore notes an instant at which a door opens whose opening the transaction deletes.
func (o *outgoing) commitBefore(t time.Time) {
	if o.deadline.IsZero() || t.Before(o.deadline) {
		o.deadline = t
	}
}

// number gives ids to those of the facts that belong to the aggregate, and versions after n. It returns the last.
func (s *Store) number(a clinic.Aggregate, n int64, facts []clinic.Event, out *outgoing) int64 {
	for i := range facts {
		e := &facts[i]
		if of, _ := e.Aggregate(); of != a {
			continue
		}
		n++
		e.ID, e.Version = s.newID(), n
		out.facts = append(out.facts, *e)
		if out.earliest.IsZero() || e.Due.Before(out.earliest) {
			out.earliest = e.Due
		}
	}
	return n
}

// renew deletes the aggregate's facts that lie ahead and that nobody claimed, and gives the highest version that any
// fact of it was ever given, whether deleted, published or pruned.
//
// What a change gave is never deleted, though a clock of another process may have dated it some milliseconds ahead of
// this one's: its version is at most the aggregate's. If any fact remains that is due after the instant by which was
// decided, either that is the reason or an instant was crossed since: it returns errConflict, to decide anew.
func (t *tx) renew(ctx context.Context, c *change, a clinic.Aggregate, out *outgoing) (numbered int64, err error) {
	table, id, _, version := c.aggregate(a)
	now := t.s.Now()
	_, err = t.ExecContext(ctx, `DELETE FROM outbox WHERE aggregate_id = ? AND version > ? AND epoch IS NULL
		AND published_at IS NULL AND due_at > ?`, id, version, now.UnixMilli())
	if err != nil {
		return 0, err
	}
	counter := "numbered"
	if a == clinic.AggregateVet || a == clinic.AggregateScreening {
		counter = "version" // nothing of them lies ahead
	}
	var latest int64
	err = t.QueryRowContext(ctx, `SELECT `+counter+`, (SELECT COALESCE(MAX(due_at), 0) FROM outbox WHERE aggregate_id = ?)
		FROM `+table+` WHERE id = ?`, id, id).Scan(&numbered, &latest)
	if err != nil {
		return 0, err
	}
	if latest > c.now.UnixMilli() {
		return 0, errConflict
	}
	if a == clinic.AggregateRoom && c.was.Room.OpenVersion > 0 && c.was.Room.OpensAt.After(now) {
		out.commitBefore(c.was.Room.OpensAt)
	}
	return numbered, nil
}

// finish writes what was gathered. It is a transaction's last act.
func (t *tx) finish(ctx context.Context, out *outgoing) error {
	all, err := t.outgoing(out)
	if err != nil {
		return err
	}
	if err := t.run(ctx, all...); err != nil {
		return err
	}
	return t.inTime(ctx, out)
}

// commitWithin is how long a commit is given. One that deletes an opening begins so long before its instant, so that
// nobody who reads without a lock sees a door open for the time that the commit takes.
const commitWithin = 20 * time.Millisecond

// inTime returns errConflict if a door whose opening was deleted is as good as at its instant, by the database's clock: it
// is decided anew, then. The deleted row is locked until the commit, so whoever looks whether it stands waits for it.
func (t *tx) inTime(ctx context.Context, out *outgoing) error {
	if out.deadline.IsZero() {
		return nil
	}
	var now time.Time
	if err := t.QueryRowContext(ctx, "SELECT "+t.now()).Scan(millis{&now}); err != nil {
		return err
	}
	if !now.Add(commitWithin).Before(out.deadline) {
		return errConflict
	}
	return nil
}

// outgoing gives what writes what was gathered.
func (t *tx) outgoing(out *outgoing) ([]statement, error) {
	rows := make([][]field, len(out.facts))
	for i, e := range out.facts {
		row, err := outboxRow(e)
		if err != nil {
			return nil, err
		}
		rows[i] = row
	}
	all := append(inserts(t.d, "outbox", "", rows...), t.told(out.entries)...)
	return append(all, t.newMails(out.mails)...), nil
}

func outboxRow(e clinic.Event) ([]field, error) {
	m, err := events.Encode(e)
	if err != nil {
		return nil, err
	}
	aggregate, id := e.Aggregate()
	reservation := ""
	if e.Visit != nil {
		reservation = e.Visit.Reservation.ID
	}
	return []field{
		{"id", m.ID}, {"aggregate", aggregate}, {"aggregate_id", id}, {"version", e.Version}, {"kind", e.Kind},
		{"reservation_id", reservation}, {"party", e.By}, {"stream", streamOf(m.Subject)}, {"subject", m.Subject},
		{"body", m.Body}, {"due_at", unixMillis(e.Due)},
	}, nil
}

// streams are the names of the streams, in alphabetical order.
var streams = slices.Sorted(maps.Keys(events.Streams))

// streamOf gives the stream that captures a subject.
func streamOf(subject string) string {
	for _, name := range streams {
		if strings.HasPrefix(subject, strings.TrimSuffix(events.Streams[name], ">")) {
			return name
		}
	}
	return ""
}
