package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	njs "github.com/nats-io/nats.go/jetstream"
)

const (
	// inboxPrefix keeps the answers to this process apart from everybody else's, also on a cluster whose subscribers
	// share our account and hear "_INBOX.>".
	inboxPrefix = "_vr.inbox"

	dialWait     = 2 * time.Second
	pingEvery    = 20 * time.Second
	pingsOut     = 2
	reconnectMin = 100 * time.Millisecond
	reconnectMax = 2 * time.Second
	writeWait    = 3 * time.Second // one write into a broker that stopped reading
	callWait     = 5 * time.Second // one question to the JetStream API, or one ack
	drainWait    = 5 * time.Second
)

// ConnectConfig says to which broker, and as whom.
type ConnectConfig struct {
	URL     string         // of a broker outside, with its credentials; unused with Server
	Server  *Server        // the broker of this process, reached without a socket
	Name    string         // shown in the broker's list of connections
	Streams *StreamsConfig // the streams to keep in being; nil for one who only reads
	Log     *slog.Logger   // nil is silent
}

// Conn is one connection to the broker. It heals by itself and is used by any number of goroutines.
type Conn struct {
	nc  *nats.Conn
	js  njs.JetStream
	log *slog.Logger

	streams *StreamsConfig
	ensure  chan struct{} // holds one wish that the streams be looked after
	cancel  context.CancelFunc
	keeper  sync.WaitGroup
	closed  chan struct{} // the connection below is gone for good
	counted counters

	mu          sync.Mutex // guards what follows
	broken      error      // why the streams are not known to be there; nil when they are
	onReconnect []func()
	back        chan struct{} // closed and replaced when the broker came back
}

// Connect connects to the broker, or begins to: a broker that is away is no error, since the connection heals; Ready
// tells. An error means that the configuration cannot work. Close ends it.
func Connect(ctx context.Context, cfg ConnectConfig) (*Conn, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Conn{
		log: cfg.Log, streams: cfg.Streams,
		ensure: make(chan struct{}, 1), closed: make(chan struct{}), back: make(chan struct{}),
	}
	if c.streams != nil {
		c.broken = errors.New("the streams were not looked after yet")
	}
	if err := c.dial(cfg); err != nil {
		return nil, err
	}
	keep, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.cancel = cancel
	c.keeper.Go(func() { c.keepStreams(keep) })
	return c, nil
}

func (c *Conn) dial(cfg ConnectConfig) error {
	url, opts := cfg.URL, c.options(cfg.Name)
	if cfg.Server != nil {
		url = cfg.Server.URL()
		opts = append(opts, cfg.Server.inProcess())
	}
	nc, err := nats.Connect(url, opts...)
	if err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	js, err := njs.New(nc, njs.WithDefaultTimeout(callWait), njs.WithPublishAsyncTimeout(callWait),
		njs.WithPublishAsyncMaxPending(math.MaxInt32)) // PublishAll has its own window
	if err != nil {
		nc.Close()
		return fmt.Errorf("speak JetStream: %w", err)
	}
	c.nc, c.js = nc, js
	return nil
}

// inProcess lets a client reach the server without a socket. The URL's user and password count all the same.
func (s *Server) inProcess() nats.Option { return nats.InProcessServer(s.nats) }

func (c *Conn) options(name string) []nats.Option {
	return []nats.Option{
		nats.Name(name),
		nats.Timeout(dialWait),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(pingsOut),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.CustomReconnectDelay(reconnectDelay),
		nats.IgnoreAuthErrorAbort(), // a broker whose users are being changed comes back too
		nats.ReconnectBufSize(-1),   // nothing is sent later that was reported as failed
		nats.FlusherTimeout(writeWait), nats.ReconnectOnFlusherError(),
		nats.DrainTimeout(drainWait),
		nats.CustomInboxPrefix(inboxPrefix),
		nats.ConnectHandler(func(*nats.Conn) { c.wishStreams() }),
		nats.ReconnectHandler(func(*nats.Conn) { c.reconnected() }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { c.disconnected(err) }),
		nats.ErrorHandler(c.asyncError),
		nats.ClosedHandler(func(*nats.Conn) { close(c.closed) }),
	}
}

// reconnectDelay doubles from 100 ms to 2 s, and takes a random part of that, so that processes do not come all at once.
func reconnectDelay(attempts int) time.Duration {
	d := reconnectMax
	if attempts < 5 {
		d = min(d, reconnectMin<<max(attempts-1, 0))
	}
	return d/2 + rand.N(d/2)
}

func (c *Conn) disconnected(err error) {
	if err == nil { // it was closed from this side
		return
	}
	c.counted.disconnects.Add(1)
	if c.streams != nil {
		c.setBroken(errors.New("the streams were not looked after since the broker went away"))
	}
	c.log.Warn("the broker went away", "error", err)
}

func (c *Conn) reconnected() {
	c.counted.reconnects.Add(1)
	c.log.Info("the broker is back")
	c.wishStreams()
}

func (c *Conn) asyncError(_ *nats.Conn, sub *nats.Subscription, err error) {
	c.counted.asyncErrors.Add(1)
	subject := ""
	if sub != nil {
		subject = sub.Subject
	}
	c.log.Warn("the broker's client", "subject", subject, "error", err)
}

// Ready is nil if the broker is there with all its streams, for /readyz. Else it is ErrAway, ErrClosed, or says why the
// streams could not be made.
func (c *Conn) Ready() error {
	switch {
	case c.nc.IsClosed():
		return ErrClosed
	case !c.nc.IsConnected():
		return c.away()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken
}

// away is ErrAway with what the last try to connect met, such as refused credentials.
func (c *Conn) away() error {
	if err := c.nc.LastError(); err != nil {
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	return ErrAway
}

// OnReconnect has fn called each time that the broker is there (the first time included, unless Ready said so before)
// and its streams too. It is called by one goroutine of the Conn, which looks after the streams: fn only signals, or is short.
func (c *Conn) OnReconnect(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onReconnect = append(c.onReconnect, fn)
}

// awaitBack gives a channel that closes the next time that the broker is back with its streams.
func (c *Conn) awaitBack() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.back
}

// Close sends what is under way, ends all subscriptions and waits for them until ctx ends, at most 5 s.
func (c *Conn) Close(ctx context.Context) error {
	c.cancel()
	c.keeper.Wait()
	ctx, stop := context.WithTimeout(ctx, drainWait)
	defer stop()
	if err := c.nc.Drain(); err != nil { // away: nothing to send
		c.nc.Close()
	}
	select {
	case <-c.closed:
		return nil
	case <-ctx.Done():
		c.nc.Close()
		return fmt.Errorf("drain the broker's connection: %w", ctx.Err())
	}
}
