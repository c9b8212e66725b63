package main

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// wiretap stands between a process and a server. It passes bytes on until what the client sends holds the marker that
// was set; from then on it holds everything back, both ways, the marker's bytes included, until it is mended: so a
// process can be caught between one step of a protocol and the next, and what it said can come late.
type wiretap struct {
	listener net.Listener
	target   string // address of the server
	network  string // of the target: tcp or unix

	mu     sync.Mutex // guards what follows
	marker []byte
	frozen chan struct{} // closed when the marker was seen
	mended chan struct{} // closed when what is held may pass
	cut    bool          // refuse and break connections
	conns  map[net.Conn]bool
	closed chan struct{}
}

func newWiretap(t testing.TB, network, target string) *wiretap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wiretap{listener: l, network: network, target: target, conns: map[net.Conn]bool{}, closed: make(chan struct{})}
	t.Cleanup(w.close)
	go w.accept()
	return w
}

// addr is where the process shall connect to.
func (w *wiretap) addr() string { return w.listener.Addr().String() }

// freezeAt sets the marker and gives a channel that is closed when it was seen.
func (w *wiretap) freezeAt(marker string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.marker, w.frozen, w.mended = []byte(marker), make(chan struct{}), make(chan struct{})
	return w.frozen
}

// sever breaks every connection and refuses new ones until mend.
func (w *wiretap) sever() {
	w.mu.Lock()
	w.cut = true
	conns := w.conns
	w.conns = map[net.Conn]bool{}
	w.mu.Unlock()
	for c := range conns {
		c.Close()
	}
}

// mend lets connections through again, and passes on what was held.
func (w *wiretap) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.marker != nil {
		close(w.mended)
	}
	w.cut, w.marker = false, nil
}

func (w *wiretap) close() {
	close(w.closed)
	w.listener.Close()
	w.sever()
}

func (w *wiretap) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(w.network, w.target)
		if err != nil || !w.keep(client, server) {
			client.Close()
			if server != nil {
				server.Close()
			}
			continue
		}
		go w.copy(server, client, true)
		go w.copy(client, server, false)
	}
}

func (w *wiretap) keep(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		if !w.cut {
			w.conns[c] = true
		}
	}
	return !w.cut
}

// copy passes bytes on. It looks for the marker in what the client sends, also across two reads.
func (w *wiretap) copy(to, from net.Conn, fromClient bool) {
	defer to.Close()
	defer from.Close()
	var tail []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			tail = append(tail, buf[:n]...)
			if mended := w.holds(fromClient, tail); mended != nil {
				select {
				case <-mended:
				case <-w.closed:
					return
				}
			}
			tail = append([]byte(nil), tail[max(0, len(tail)-256):]...)
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// holds tells whether nothing may pass any more: it gives the channel to wait for. It notes the marker when it is seen.
func (w *wiretap) holds(fromClient bool, seen []byte) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.marker == nil {
		return nil
	}
	select {
	case <-w.frozen:
		return w.mended
	default:
	}
	if fromClient && bytes.Contains(seen, w.marker) {
		close(w.frozen)
		return w.mended
	}
	return nil
}
