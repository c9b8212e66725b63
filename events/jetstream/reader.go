package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	njs "github.com/nats-io/nats.go/jetstream"
)

const (
	readBatch     = 1000            // messages that may wait in the process
	readHeartbeat = 2 * time.Second // twice this without a sign of the consumer, and it is lost
	readExpiry    = 20 * time.Second
	leaveWait     = time.Second
)

// errOrder says that the consumer skipped a message: the reader begins anew where it was.
var errOrder = errors.New("a message of the consumer is missing")

// reader is one ordered consumer of a stream. Unlike nats.go's own it never makes itself anew: that is the follower's,
// who first looks whether the stream is still the one that it was reading. An error of next ends it.
type reader struct {
	conn     *Conn
	stream   string
	consumer njs.Consumer
	messages njs.MessagesContext
	seen     uint64 // the consumer's own count of what it gave
}

// message is one message as the reader gives it.
type message struct {
	msg     njs.Msg
	id      string // Nats-Msg-Id; may be empty for what is not ours
	seq     uint64
	at      time.Time // when the stream stored it, by the broker's clock
	pending uint64    // how many the stream holds after it
}

// read makes the consumer and begins to pull.
func (c *Conn) read(ctx context.Context, stream string, from readFrom) (*reader, error) {
	call, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	consumer, err := c.js.CreateConsumer(call, stream, from.config())
	if err != nil {
		return nil, fmt.Errorf("make a consumer: %w", c.noted(err))
	}
	messages, err := consumer.Messages(njs.PullMaxMessages(readBatch), njs.PullExpiry(readExpiry),
		njs.PullHeartbeat(readHeartbeat), njs.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return nil, fmt.Errorf("pull from the consumer: %w", c.noted(err))
	}
	return &reader{conn: c, stream: stream, consumer: consumer, messages: messages}, nil
}

// next waits for the next message, until ctx ends.
func (r *reader) next(ctx context.Context) (message, error) {
	msg, err := r.messages.Next(njs.NextContext(ctx))
	if err != nil {
		return message{}, r.conn.noted(err)
	}
	meta, err := msg.Metadata()
	if err != nil {
		return message{}, fmt.Errorf("read a message's place: %w", err)
	}
	if meta.Sequence.Consumer != r.seen+1 {
		return message{}, errOrder
	}
	r.seen++
	return message{
		msg: msg, id: msg.Headers().Get(njs.MsgIDHeader),
		seq: meta.Sequence.Stream, at: meta.Timestamp, pending: meta.NumPending,
	}, nil
}

// nextWithin is next for one who knows that a message is due.
func (r *reader) nextWithin(ctx context.Context, wait time.Duration) (message, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return r.next(ctx)
}

// close stops pulling, and takes the consumer off a broker that is there; off another it falls by itself.
func (r *reader) close() {
	r.messages.Stop()
	if !r.conn.nc.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveWait)
	defer cancel()
	if err := r.conn.js.DeleteConsumer(ctx, r.stream, r.consumer.CachedInfo().Name); err != nil {
		r.conn.log.Debug("delete a consumer", "stream", r.stream, "error", err)
	}
}
