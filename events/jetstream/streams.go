package jetstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	njs "github.com/nats-io/nats.go/jetstream"

	"vetroom/events"
)

const (
	defaultMaxAge     = 7 * 24 * time.Hour
	defaultDuplicates = 2 * time.Minute
	unlocksAge        = 10 * time.Minute
	unlocksBytes      = 64 << 20
	ensureWait        = 15 * time.Second
	ensureAgainMin    = 100 * time.Millisecond
	ensureAgainMax    = 2 * time.Second
)

// StreamsConfig says how the event streams are kept. The zero value is one replica, 7 days, and 2 minutes of dedupe.
type StreamsConfig struct {
	Replicas   int           // of every stream; 0 means 1
	MaxAge     time.Duration // how long a message is kept; 0 means 7 days
	Duplicates time.Duration // how long an id is remembered to drop a repeat; 0 means 2 minutes
}

// of describes one stream. Limits retention, since an interest or work queue forgets its dedupe and its messages; no
// limit but the age, since a full stream would drop events early.
func (s StreamsConfig) of(name string) njs.StreamConfig {
	return njs.StreamConfig{
		Name:        name,
		Description: "Vetroom's events: CloudEvents 1.0, structured JSON",
		Subjects:    []string{events.Streams[name]},
		Storage:     njs.FileStorage,
		Retention:   njs.LimitsPolicy,
		Discard:     njs.DiscardOld,
		Replicas:    max(s.Replicas, 1),
		MaxAge:      orElse(s.MaxAge, defaultMaxAge),
		Duplicates:  min(orElse(s.Duplicates, defaultDuplicates), orElse(s.MaxAge, defaultMaxAge)),
		AllowDirect: true,
	}
}

// unlocks describes the stream of events.Unlock messages. What they tell is old within seconds and is told again by the
// events, so it is kept in memory and for minutes.
func (s StreamsConfig) unlocks() njs.StreamConfig {
	return njs.StreamConfig{
		Name:        events.UnlockStream,
		Description: "Vetroom's own: doors that open now, many to a message",
		Subjects:    []string{events.UnlockSubject},
		Storage:     njs.MemoryStorage,
		Retention:   njs.LimitsPolicy,
		Discard:     njs.DiscardOld,
		Replicas:    max(s.Replicas, 1),
		MaxAge:      unlocksAge,
		MaxBytes:    unlocksBytes,
		Duplicates:  defaultDuplicates,
		AllowDirect: true,
	}
}

func orElse(d, instead time.Duration) time.Duration {
	if d == 0 {
		return instead
	}
	return d
}

// EnsureStreams makes those of events.Streams, and the one of unlocks, that are not there, and changes those that are kept otherwise. It may be
// called at any time; a Conn with ConnectConfig.Streams does so by itself.
func (c *Conn) EnsureStreams(ctx context.Context, cfg StreamsConfig) error {
	ctx, cancel := context.WithTimeout(ctx, ensureWait)
	defer cancel()
	wanted := []njs.StreamConfig{cfg.unlocks()}
	for _, name := range slices.Sorted(maps.Keys(events.Streams)) {
		wanted = append(wanted, cfg.of(name))
	}
	for _, stream := range wanted {
		if err := c.ensureStream(ctx, stream); err != nil {
			return fmt.Errorf("ensure stream %s: %w", stream.Name, translate(err))
		}
	}
	return nil
}

func (c *Conn) ensureStream(ctx context.Context, want njs.StreamConfig) error {
	stream, err := c.js.Stream(ctx, want.Name)
	if errors.Is(err, njs.ErrStreamNotFound) {
		c.counted.streamsMade.Add(1)
		c.log.Info("make a stream", "stream", want.Name)
		_, err = c.js.CreateOrUpdateStream(ctx, want) // another process may have been faster
		return err
	}
	if err != nil || sameStream(stream.CachedInfo().Config, want) {
		return err
	}
	c.log.Info("change a stream", "stream", want.Name)
	_, err = c.js.UpdateStream(ctx, want)
	return err
}

// sameStream compares what Vetroom asks for; the rest (placement, say) is the operator's.
func sameStream(have, want njs.StreamConfig) bool {
	return slices.Equal(have.Subjects, want.Subjects) && have.Replicas == want.Replicas &&
		have.MaxAge == want.MaxAge && have.Duplicates == want.Duplicates && have.AllowDirect == want.AllowDirect &&
		have.Storage == want.Storage && have.Retention == want.Retention && have.Discard == want.Discard
}

// StreamState says when a stream was made (broker's clock) and which sequences it holds; first is last+1 when it is
// empty. It returns ErrNoStream where there is none.
func (c *Conn) StreamState(ctx context.Context, stream string) (created time.Time, first, last uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return time.Time{}, 0, 0, fmt.Errorf("state of stream %s: %w", stream, c.noted(err))
	}
	info := s.CachedInfo()
	return info.Created, info.State.FirstSeq, info.State.LastSeq, nil
}

// noted names a broker's error, and has the streams looked after if one of them is what is missing.
func (c *Conn) noted(err error) error {
	err = translate(err)
	switch {
	case c.nc.IsClosed() && !errors.Is(err, ErrClosed): // not every way of nats.go says so
		return errors.Join(ErrClosed, err)
	case errors.Is(err, ErrNoStream):
		c.wishStreams()
	}
	return err
}

// wishStreams has the keeper look after the streams soon. It never blocks.
func (c *Conn) wishStreams() {
	select {
	case c.ensure <- struct{}{}:
	default:
	}
}

// keepStreams looks after the streams whenever it is wished, until ctx ends, and then tells those who wait.
func (c *Conn) keepStreams(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.ensure:
		}
		if c.ensureUntilDone(ctx) {
			c.tellBack()
		}
	}
}

// ensureUntilDone tries again until it went well. It is false if ctx ended, or if the connection broke again: then the
// reconnect wishes anew.
func (c *Conn) ensureUntilDone(ctx context.Context) bool {
	if c.streams == nil {
		return true
	}
	for wait := ensureAgainMin; ; wait = min(2*wait, ensureAgainMax) {
		err := c.EnsureStreams(ctx, *c.streams)
		if err == nil {
			return true
		}
		c.setBroken(err)
		if ctx.Err() != nil || !c.nc.IsConnected() {
			return false
		}
		c.counted.ensureFailed.Add(1)
		c.log.Warn("look after the streams", "error", err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

func (c *Conn) setBroken(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = err
}

// tellBack says that the streams are there to all who asked for it before, and by Ready.
func (c *Conn) tellBack() {
	c.mu.Lock()
	c.broken = nil
	close(c.back)
	c.back = make(chan struct{})
	tell := slices.Clone(c.onReconnect)
	c.mu.Unlock()
	for _, fn := range tell {
		fn()
	}
}
