package jetstream

import (
	"context"
	"fmt"
	"time"

	njs "github.com/nats-io/nats.go/jetstream"
)

// Stored is a message that a stream acknowledged: its id, and the sequence that it then had.
type Stored struct {
	ID  string
	Seq uint64
}

// Missing says which of the acknowledged messages a stream no longer holds: indexes into acknowledged, rising. It looks
// where they should be first, and through the whole stream only if something is not there: after a wipe a message that
// was published again has another sequence. A message older than the stream's MaxAge counts as missing; ask for
// younger ones. It returns ErrNoStream if the stream itself is gone; all are missing then.
func (c *Conn) Missing(ctx context.Context, stream string, acknowledged []Stored) ([]int, error) {
	if len(acknowledged) == 0 {
		return nil, nil
	}
	from := acknowledged[0].Seq
	for _, s := range acknowledged {
		from = min(from, s.Seq)
	}
	held, err := c.held(ctx, stream, max(from, 1))
	if err != nil {
		return nil, err
	}
	missing := notIn(held, acknowledged)
	if len(missing) == 0 || from <= 1 {
		return missing, nil
	}
	if held, err = c.held(ctx, stream, 1); err != nil {
		return nil, err
	}
	return notIn(held, acknowledged), nil
}

func notIn(held map[string]uint64, acknowledged []Stored) []int {
	var missing []int
	for i, s := range acknowledged {
		if _, ok := held[s.ID]; !ok {
			missing = append(missing, i)
		}
	}
	return missing
}

// Held gives the id of every message that a stream holds, with its sequence. Bodies do not travel. It returns
// ErrNoStream where there is none.
func (c *Conn) Held(ctx context.Context, stream string) (map[string]uint64, error) {
	return c.held(ctx, stream, 1)
}

// held is Held from a sequence on, up to what the stream held when it was called.
func (c *Conn) held(ctx context.Context, stream string, from uint64) (map[string]uint64, error) {
	it, err := c.read(ctx, stream, readFrom{seq: from, headersOnly: true})
	if err != nil {
		return nil, fmt.Errorf("read ids of stream %s: %w", stream, err)
	}
	defer it.close()
	held := make(map[string]uint64)
	for left := it.consumer.CachedInfo().NumPending; left > 0; left-- {
		msg, err := it.nextWithin(ctx, callWait)
		if err != nil {
			return nil, fmt.Errorf("read ids of stream %s: %w", stream, err)
		}
		if msg.id != "" {
			held[msg.id] = msg.seq
		}
		if msg.pending == 0 {
			break
		}
	}
	return held, nil
}

// readFrom says what a reader reads: from a sequence, or from a time.
type readFrom struct {
	seq         uint64
	at          time.Time // wins if set
	subjects    []string  // none means all
	headersOnly bool
}

// config describes an ordered consumer: without acks, in the broker's memory, gone soon after its reader.
func (r readFrom) config() njs.ConsumerConfig {
	cfg := njs.ConsumerConfig{
		AckPolicy: njs.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: 30 * time.Second,
		HeadersOnly: r.headersOnly, FilterSubjects: r.subjects,
		DeliverPolicy: njs.DeliverByStartSequencePolicy, OptStartSeq: max(r.seq, 1),
	}
	if !r.at.IsZero() {
		cfg.DeliverPolicy, cfg.OptStartSeq, cfg.OptStartTime = njs.DeliverByStartTimePolicy, 0, &r.at
	}
	return cfg
}
