package jetstream

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	njs "github.com/nats-io/nats.go/jetstream"

	"vetroom/events"
)

// publishWindow is how many messages of one PublishAll may wait for their acks. The server holds at most 10,000 for a
// stream and refuses more (max_buffered_msgs), and several callers may publish at once.
const publishWindow = 4000

// PublishAll publishes the messages, all under way at the same time, and returns when each was acknowledged or failed:
// result i belongs to message i. It stops waiting when ctx ends, and after 5 s without an ack; such a message may yet
// have been stored, and is published again under the same id without harm. Errors, by errors.Is: ErrAway, ErrNoStream
// (the streams are being made), ErrClosed, or ctx's.
//
// Messages of one call are stored in any order with regard to failures: whoever needs one stored before another
// publishes it in an earlier call.
func (c *Conn) PublishAll(ctx context.Context, messages []events.Message) []events.Ack {
	acks := make([]events.Ack, len(messages))
	futures := make([]njs.PubAckFuture, len(messages))
	for i, m := range messages {
		if i >= publishWindow {
			acks[i-publishWindow] = c.await(ctx, futures[i-publishWindow], acks[i-publishWindow])
		}
		futures[i], acks[i].Err = c.publish(ctx, m)
	}
	for i := max(0, len(messages)-publishWindow); i < len(messages); i++ {
		acks[i] = c.await(ctx, futures[i], acks[i])
	}
	c.count(acks)
	return acks
}

// publish sends one message on its way. The body's bytes are the broker's until the ack: they are not changed.
func (c *Conn) publish(ctx context.Context, m events.Message) (njs.PubAckFuture, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("publish %s: %w", m.ID, err)
	}
	msg := &nats.Msg{Subject: m.Subject, Data: m.Body, Header: nats.Header{
		njs.MsgIDHeader: {m.ID},
		"Content-Type":  {events.ContentType},
	}}
	future, err := c.js.PublishMsgAsync(msg, njs.WithRetryAttempts(0)) // without a stream, say so at once
	if err != nil {
		return nil, fmt.Errorf("publish %s: %w", m.ID, c.noted(err))
	}
	return future, nil
}

// await waits for one message's ack; one that was never sent keeps its error.
func (c *Conn) await(ctx context.Context, future njs.PubAckFuture, failed events.Ack) events.Ack {
	if future == nil {
		return failed
	}
	select {
	case ack := <-future.Ok():
		return events.Ack{Stream: ack.Stream, Seq: ack.Sequence, Duplicate: ack.Duplicate}
	case err := <-future.Err():
		return events.Ack{Err: fmt.Errorf("publish %s: %w", future.Msg().Header.Get(njs.MsgIDHeader), c.noted(err))}
	case <-ctx.Done():
		return events.Ack{Err: fmt.Errorf("await the ack: %w", ctx.Err())}
	}
}

func (c *Conn) count(acks []events.Ack) {
	for _, a := range acks {
		switch {
		case a.Err != nil:
			c.counted.failed.Add(1)
		case a.Duplicate:
			c.counted.duplicates.Add(1)
			fallthrough
		default:
			c.counted.published.Add(1)
		}
	}
}
