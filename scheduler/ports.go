package scheduler

import (
	"context"
	"time"

	"vetroom/events"
)

// Outbox is the due outbox. Its errors mean that nothing is known of what was done, unless they say so.
type Outbox interface {
	// Upcoming gives the unpublished rows that are due before until, claimed or not, in order of due instant, version
	// and id, at most limit of them.
	Upcoming(ctx context.Context, until time.Time, limit int) ([]events.Instant, error)
	// Due gives those of ids that the outbox has, in any order.
	Due(ctx context.Context, ids []string) ([]events.Due, error)
	// Standing gives the ids of those rows that the outbox has unpublished, claimed or not, and that are due by the
	// database's clock. Such a row is never deleted any more: a change that deletes one is seen to be in time, and holds
	// it locked until the commit.
	Standing(ctx context.Context, rows []events.Instant) (ids []string, err error)
	// Claim claims those of ids that are due by the database's clock, not published, and not claimed under the lease's
	// epoch or a higher one, while the lease is held; and gives the ids of those that bear this claim, from this call or
	// from an earlier one with the same claim whose answer was lost.
	Claim(ctx context.Context, lease events.Lease, claim string, ids []string) (won []string, err error)
	// Mark notes rows as published, with their instants and sequences. What is marked already stays as it is.
	Mark(ctx context.Context, lease events.Lease, rows []events.Marked) error
	// Newest gives the n rows of a stream that were marked last, without their bodies.
	Newest(ctx context.Context, stream string, n int) ([]events.Marked, error)
	// Published gives the marked rows of a stream that were published since an instant, with bodies, from the row after
	// the one with the id after ("" for the first) on, at most limit. Each aggregate's rows come in version order.
	Published(ctx context.Context, stream string, since time.Time, after string, limit int) ([]events.Marked, error)
	// Remark sets new sequences of rows that were published again.
	Remark(ctx context.Context, rows []events.Marked) error
}

// Leases are the rights to lead, kept in the database and compared by its clock.
type Leases interface {
	// Acquire takes a lease that is free, ran out, or is the owner's own, under a new and higher epoch. It gives false
	// while another holds it.
	Acquire(ctx context.Context, name, owner string, ttl time.Duration) (events.Lease, bool, error)
	// Renew holds the lease for another ttl from now on. It returns events.ErrLeaseLost if it is another's.
	Renew(ctx context.Context, lease events.Lease, ttl time.Duration) (events.Lease, error)
	// Release gives the lease back, so that another need not wait until it ran out.
	Release(ctx context.Context, lease events.Lease) error
}

// Publisher is the broker.
type Publisher interface {
	// PublishAll publishes all messages at once and returns when each was acknowledged or failed: result i belongs to
	// message i. It is bounded in time, also while the broker is away.
	PublishAll(ctx context.Context, messages []events.Message) []events.Ack
	// Missing gives the indexes of those rows that the stream does not hold any more, compared by id.
	Missing(ctx context.Context, stream string, rows []events.Marked) ([]int, error)
	// Held gives the ids of all messages that the stream holds, and their sequences.
	Held(ctx context.Context, stream string) (map[string]uint64, error)
	// Ready is nil while the broker is there, with its streams.
	Ready() error
	// OnReconnect has fn called whenever the broker came back, before or after its streams are there. fn is short.
	OnReconnect(fn func())
}
