package events

import (
	"errors"
	"time"

	"vetroom/clinic"
)

// Due is one row of the due outbox: a message and the instant at which it shall be published.
type Due struct {
	Message
	Aggregate   clinic.Aggregate
	AggregateID string
	Version     int64     // of the aggregate; a higher one is never published before a lower one is acknowledged
	DueAt       time.Time // UTC
}

// Instant says when a row is due, and no more of it.
type Instant struct {
	ID    string
	DueAt time.Time // UTC
}

// Marked is a row that was published.
type Marked struct {
	Message           // Body is empty where it was not asked for
	At      time.Time // when the stream acknowledged it
	Seq     uint64    // where the stream held it
}

// Lease is the right to do something alone, for a while. Epoch rises with every new holder.
type Lease struct {
	Name  string
	Owner string
	Epoch int64
	Until time.Time // by the database's clock
}

// ErrLeaseLost says that a lease is not its holder's any more: it ran out and another took it, or may.
var ErrLeaseLost = errors.New("the lease is lost")
