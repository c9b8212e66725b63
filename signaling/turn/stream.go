package turn

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// How long a client may take.
const (
	firstWait = 10 * time.Second // to say something, and to shake hands
	idleWait  = 11 * time.Minute // between two messages: relays are refreshed within 10
	writeWait = 5 * time.Second  // to take what it is sent
)

// tlsHandshake is the first byte of TLS. STUN begins with one under 4, channel data with one under 80.
const tlsHandshake = 0x16

// listener accepts TCP and TLS on one port. Connections that say nothing, stand still, or are too many are closed, and all
// of them with it.
type listener struct {
	net.Listener
	tls    *tls.Config
	limits Limits
	ready  chan net.Conn
	done   chan struct{}
	once   sync.Once
	work   sync.WaitGroup

	mu      sync.Mutex // guards what follows
	streams map[*stream]bool
	from    map[netip.Addr]int
	closed  bool
}

func newListener(inner net.Listener, config *tls.Config, limits Limits) *listener {
	l := &listener{
		Listener: inner, tls: config, limits: limits, ready: make(chan net.Conn), done: make(chan struct{}),
		streams: map[*stream]bool{}, from: map[netip.Addr]int{},
	}
	l.work.Go(l.accept)
	return l
}

// Accept gives the next connection that has begun to speak.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) accept() {
	for {
		c, err := l.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no file descriptor left, for example
			select {
			case <-time.After(100 * time.Millisecond):
			case <-l.done:
			}
			continue
		}
		s := &stream{Conn: c, home: l}
		s.idle = time.AfterFunc(idleWait, func() { _ = s.Close() })
		if !l.add(s) {
			s.idle.Stop()
			_ = c.Close()
			continue
		}
		l.work.Go(func() { l.greet(s) })
	}
}

// greet waits for the first byte, which tells what the client speaks.
func (l *listener) greet(s *stream) {
	late := time.AfterFunc(firstWait, func() { _ = s.Close() })
	var first [1]byte
	_, err := s.Conn.Read(first[:])
	s.head = first[:]
	var c net.Conn = s
	if err == nil && l.tls != nil && first[0] == tlsHandshake {
		secure := tls.Server(s, l.tls)
		c, err = secure, secure.HandshakeContext(context.Background())
	}
	if !late.Stop() || err != nil {
		_ = s.Close()
		return
	}
	select {
	case l.ready <- c:
	case <-l.done:
		_ = s.Close()
	}
}

// add notes a connection, unless there are too many.
func (l *listener) add(s *stream) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := s.address()
	if l.closed || len(l.streams) >= l.limits.AllStreams || l.from[at] >= l.limits.Streams {
		return false
	}
	l.streams[s] = true
	l.from[at]++
	return true
}

func (l *listener) remove(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.streams, s)
	at := s.address()
	if l.from[at]--; l.from[at] == 0 {
		delete(l.from, at)
	}
}

// Close ends the listener and every connection.
func (l *listener) Close() error {
	err := l.Listener.Close()
	l.once.Do(func() { close(l.done) })
	l.mu.Lock()
	l.closed = true
	var streams []*stream
	for s := range l.streams {
		streams = append(streams, s)
	}
	l.mu.Unlock()
	for _, s := range streams {
		_ = s.Close()
	}
	l.work.Wait()
	return err
}

// stream is a connection that is closed when it stands still.
type stream struct {
	net.Conn
	home *listener
	head []byte // the first byte, read already
	idle *time.Timer
	once sync.Once
}

// address is what counts as one client: IPv6 by its /64.
func (s *stream) address() netip.Addr {
	at, _ := netip.ParseAddrPort(s.RemoteAddr().String())
	ip := at.Addr().Unmap()
	if ip.Is6() {
		prefix, _ := ip.WithZone("").Prefix(64)
		return prefix.Addr()
	}
	return ip
}

func (s *stream) Read(p []byte) (int, error) {
	if len(s.head) > 0 && len(p) > 0 {
		n := copy(p, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	n, err := s.Conn.Read(p)
	if err == nil {
		s.idle.Reset(idleWait)
	}
	return n, err
}

func (s *stream) Write(p []byte) (int, error) {
	stuck := time.AfterFunc(writeWait, func() { _ = s.Close() })
	defer stuck.Stop()
	return s.Conn.Write(p)
}

func (s *stream) Close() (err error) {
	s.once.Do(func() {
		err = s.Conn.Close()
		s.idle.Stop()
		s.home.remove(s)
	})
	return err
}
