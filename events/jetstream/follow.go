package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	njs "github.com/nats-io/nats.go/jetstream"

	"vetroom/events"
)

const (
	checkEvery     = 2 * time.Second // how often a follower looks whether its stream is still the same
	attachAgainMin = 50 * time.Millisecond
	attachAgainMax = time.Second
	// tailMargin is how far before the last message a follower begins again when the stream lost its newest ones: the
	// messages that took their sequences are younger than that.
	tailMargin = time.Minute
)

// From is where a follower begins.
type From struct {
	all   bool
	after uint64
	at    time.Time
}

// FromNew begins with what is stored after the follower has found the stream. It is the zero From.
func FromNew() From { return From{} }

// FromAll begins with the oldest message that the stream holds.
func FromAll() From { return From{all: true} }

// FromTime begins with the first message that the stream stored at t or later.
func FromTime(t time.Time) From { return From{at: t} }

// FromAfter begins with the message after sequence seq; after 0 is FromAll.
func FromAfter(seq uint64) From { return From{all: seq == 0, after: seq} }

// Delivered is one message as a follower gets it.
type Delivered struct {
	events.Message
	Stream string
	Seq    uint64
	At     time.Time // when the stream stored it, by the broker's clock
}

// FollowConfig says what to follow.
type FollowConfig struct {
	Stream     string
	Subjects   []string // only these; none means all of the stream
	From       From
	OnAttached func() // the follower hears everything from here on; called again after each healing
	OnGap      func() // the stream is not what it was: what was read of it may be gone, and may come again
	Log        *slog.Logger
}

// Follow calls fn for each message, one after the other and in the stream's order, until ctx ends; then it returns nil.
// It returns another error only for a connection that was closed (ErrClosed).
//
// It heals by itself: a broker that was away, a consumer that was lost, a stream that was deleted or wiped and made
// anew. After the last it calls OnGap and reads the new stream from its beginning. A message may be given twice; the
// reader goes by id or version.
func (c *Conn) Follow(ctx context.Context, cfg FollowConfig, fn func(Delivered)) error {
	if cfg.Log == nil {
		cfg.Log = c.log
	}
	f := &follower{conn: c, cfg: cfg, fn: fn}
	for wait := attachAgainMin; ; wait = min(2*wait, attachAgainMax) {
		back := c.awaitBack()
		attached, err := f.runOnce(ctx, back)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrClosed):
			return err
		case attached:
			wait = attachAgainMin
		}
		cfg.Log.Debug("attach to the stream again", "stream", cfg.Stream, "after_seq", f.cursor.seq, "reason", err)
		select {
		case <-ctx.Done():
			return nil
		case <-back:
		case <-time.After(wait):
		}
	}
}

// follower is one Follow. What changes in it belongs to the goroutine of Follow; the watch is given copies.
type follower struct {
	conn   *Conn
	cfg    FollowConfig
	fn     func(Delivered)
	known  bool      // the stream was found once, and what follows means something
	made   time.Time // when it was made
	begin  readFrom  // where to attach
	cursor place     // the last message given, or the last that was there when a follower of new ones began
}

// place is a message's place in the stream.
type place struct {
	seq uint64
	id  string // empty if it was not read
	at  time.Time
}

// runOnce finds the stream, attaches, and gives messages until something is wrong or has to be looked at anew, as when
// back closes, which was taken before.
func (f *follower) runOnce(ctx context.Context, back <-chan struct{}) (attached bool, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if err := f.find(ctx); err != nil {
		return false, err
	}
	r, err := f.conn.read(ctx, f.cfg.Stream, f.from())
	if err != nil {
		return false, err
	}
	defer r.close()
	f.conn.counted.attached.Add(1)
	if f.cfg.OnAttached != nil {
		f.cfg.OnAttached()
	}
	var watch sync.WaitGroup
	made, least := f.made, f.cursor.seq
	watch.Go(func() { f.watch(ctx, made, least, back, stop) })
	err = f.give(ctx, r)
	stop(nil)
	watch.Wait()
	return true, err
}

// find looks at the stream: is it the one that was read, up to where it was read?
func (f *follower) find(ctx context.Context) error {
	made, _, last, err := f.conn.StreamState(ctx, f.cfg.Stream)
	if err != nil {
		return err
	}
	if !f.known {
		f.known, f.made = true, made
		f.start(last)
		return nil
	}
	return f.compare(ctx, made, last)
}

// start turns the configured beginning into a place. New messages begin at a sequence, so that what is stored between
// the look and the consumer, or during a break before the first message, is not lost.
func (f *follower) start(last uint64) {
	switch from := f.cfg.From; {
	case !from.at.IsZero():
		f.begin = readFrom{at: from.at}
	case from.all:
		f.begin = readFrom{seq: 1}
	case from.after > 0 && from.after <= last:
		f.begin, f.cursor = readFrom{seq: from.after + 1}, place{seq: from.after}
	case from.after > last: // another stream's sequence
		f.gap(readFrom{seq: 1})
	default:
		f.begin, f.cursor = readFrom{seq: last + 1}, place{seq: last}
	}
}

// compare notices a stream made anew, and one that lost its newest messages (a crash) and may have stored others under
// their sequences since.
func (f *follower) compare(ctx context.Context, made time.Time, last uint64) error {
	if !made.Equal(f.made) {
		f.made = made
		f.gap(readFrom{seq: 1})
		return nil
	}
	same, err := f.holdsCursor(ctx, last)
	if err != nil || same {
		return err
	}
	if f.cursor.at.IsZero() {
		f.gap(readFrom{seq: 1})
	} else {
		f.gap(readFrom{at: f.cursor.at.Add(-tailMargin)})
	}
	return nil
}

// holdsCursor says whether the message at the cursor is the one that was read. One that was purged, or grew too old,
// counts as held.
func (f *follower) holdsCursor(ctx context.Context, last uint64) (bool, error) {
	if last < f.cursor.seq {
		return false, nil
	}
	if f.cursor.id == "" {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	stream, err := f.conn.js.Stream(ctx, f.cfg.Stream)
	if err != nil {
		return false, f.conn.noted(err)
	}
	msg, err := stream.GetMsg(ctx, f.cursor.seq)
	if errors.Is(err, njs.ErrMsgNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the message at the cursor: %w", f.conn.noted(err))
	}
	return msg.Header.Get(njs.MsgIDHeader) == f.cursor.id, nil
}

// gap begins anew, and says so.
func (f *follower) gap(begin readFrom) {
	f.begin, f.cursor = begin, place{}
	f.conn.counted.gaps.Add(1)
	f.cfg.Log.Warn("the stream is not what it was; read it anew", "stream", f.cfg.Stream)
	if f.cfg.OnGap != nil {
		f.cfg.OnGap()
	}
}

func (f *follower) from() readFrom {
	from := f.begin
	from.subjects = f.cfg.Subjects
	return from
}

// give calls fn for each message until the reader fails or ctx ends, and returns why.
func (f *follower) give(ctx context.Context, r *reader) error {
	for {
		m, err := r.next(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		f.fn(Delivered{
			Message: events.Message{ID: m.id, Subject: m.msg.Subject(), Body: m.msg.Data()},
			Stream:  f.cfg.Stream, Seq: m.seq, At: m.at,
		})
		f.conn.counted.delivered.Add(1)
		f.cursor = place{seq: m.seq, id: m.id, at: m.at}
		f.begin = readFrom{seq: m.seq + 1}
	}
}

var (
	errBack    = errors.New("the broker was away")
	errChanged = errors.New("the stream is not the one that was read")
)

// watch stops a reader whose stream is not what it was: a consumer does not say so, it goes deaf. It looks when the
// broker was away, and every 2 s, since a stream may be wiped and made anew under a standing connection: was it made at
// the same time, and does it end no earlier than it did?
func (f *follower) watch(ctx context.Context, made time.Time, least uint64, back <-chan struct{}, stop context.CancelCauseFunc) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-back:
			stop(errBack)
			return
		case <-tick.C:
		}
		now, _, last, err := f.conn.StreamState(ctx, f.cfg.Stream)
		switch {
		case err != nil: // away, or being made: the next look tells
		case !now.Equal(made) || last < least:
			stop(errChanged)
			return
		default:
			least = last
		}
	}
}
