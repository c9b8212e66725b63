package signaling

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"vetroom/clinic"
)

// socket is what a peer needs of *websocket.Conn.
type socket interface {
	Write(frames [][]byte) error // text frames, in this order
	Ping(ctx context.Context) error
	Close(code websocket.StatusCode, reason string) error
	CloseNow() error
}

// peer is one socket. Its reader is the only one to touch the fields of the reader; anybody may push.
type peer struct {
	srv     *Server
	who     clinic.Who
	address string
	id      uint64
	heard   atomic.Bool          // something came since the last look
	line    atomic.Pointer[line] // of the seat that it holds
	hop     atomic.Pointer[hop]  // on which something of it waits: of the reader, and of the writer that closes and reads on

	// Of the reader.
	seat       *seat
	at         *door              // of the seat
	rooms      map[string]watched // and held, also those that it may not watch any more
	vets       map[string]bool    // watched
	messages   *rate.Limiter
	lookups    *rate.Limiter
	says       *rate.Limiter
	checks     *rate.Limiter
	echo       context.CancelFunc // ends the echo that was begun for it; or nil
	refused    *rate.Limiter      // what goes beyond those: too much of that ends the socket
	complained time.Time          // when it was last told of a limit

	mu      sync.Mutex // guards what follows; the last of all locks
	socket  socket     // nil until the handshake is over; then it stays
	queue   [][]byte
	queued  int // bytes in queue
	writing bool
	ended   bool // nothing is queued any more
	status  websocket.StatusCode
	reason  string
	done    bool // the reader is gone: nobody may begin to write
	asked   bool // a ping is on its way
}

// refusals is how many refused messages a socket survives at once; they come back at a tenth of that a second.
const refusals = 200

func newPeer(s *Server, who clinic.Who, address string) *peer {
	l := s.cfg.Limits
	return &peer{
		srv: s, who: who, address: address,
		messages: rate.NewLimiter(rate.Limit(l.Messages), l.Burst),
		lookups:  rate.NewLimiter(rate.Limit(l.Lookups), l.LookupBurst),
		says:     rate.NewLimiter(rate.Limit(l.Says), l.SaysBurst),
		checks:   rate.NewLimiter(rate.Limit(l.Checks), l.ChecksBurst),
		refused:  rate.NewLimiter(refusals/10, refusals),
	}
}

// open gives the peer its socket. What was told to it meanwhile is written now.
func (p *peer) open(conn socket) {
	p.srv.instants.show(p)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.socket = conn
	switch {
	case p.ended && p.status == 0:
		p.cut()
	case p.ended || len(p.queue) > 0:
		p.write()
	}
}

// send gives the peer a frame, numbered if it holds a seat.
func (p *peer) send(frame []byte) {
	if l := p.line.Load(); l != nil {
		l.send(frame, plain)
		return
	}
	p.push(frame)
}

// push puts a frame into the queue as it is and sees to it that somebody writes. A full queue closes the socket: its
// browser comes back, and resumes.
func (p *peer) push(frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	l := &p.srv.cfg.Limits
	if len(p.queue) >= l.Queue || p.queued+len(frame) > l.QueueBytes {
		p.srv.stats.slow.Add(1)
		p.cut()
		return
	}
	p.queue = append(p.queue, frame)
	p.queued += len(frame)
	p.write()
}

// end closes the socket with a status once what is queued was written.
func (p *peer) end(status websocket.StatusCode, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended, p.status, p.reason = true, status, reason
	p.write()
}

// refuse tells the client what was wrong, and closes where the refusal says so.
func (p *peer) refuse(r *refusal) {
	p.send(errorFrame(r))
	if r.closes != 0 {
		p.end(r.closes, string(r.code))
	}
}

// cut drops what is queued and closes the socket without a word. p.mu is held.
func (p *peer) cut() {
	p.ended, p.status, p.queue, p.queued = true, 0, nil, 0
	if p.done || p.socket == nil {
		return
	}
	p.srv.running.Go(func() { p.socket.CloseNow() })
}

// write begins a writer where there is none. p.mu is held.
func (p *peer) write() {
	if p.writing || p.done || p.socket == nil {
		return
	}
	p.writing = true
	p.srv.running.Go(p.writer)
}

// writer writes until there is nothing left, and closes the socket if that is the end.
func (p *peer) writer() {
	stuck := time.AfterFunc(p.srv.cfg.Limits.WriteTimeout, func() { p.socket.CloseNow() })
	defer stuck.Stop()
	var batch [][]byte
	for {
		var status websocket.StatusCode
		var reason string
		batch, status, reason = p.next(batch)
		switch {
		case len(batch) > 0:
			p.writeAll(batch, stuck)
		case status != 0:
			p.socket.Close(status, reason)
			return
		default:
			return
		}
	}
}

// writeAll writes frames in pieces, each of which has its time: a slow line that takes them one by one is not stuck.
func (p *peer) writeAll(frames [][]byte, stuck *time.Timer) {
	for len(frames) > 0 {
		n := onePiece(frames)
		if err := p.socket.Write(frames[:n]); err != nil {
			p.socket.CloseNow()
			return
		}
		stuck.Reset(p.srv.cfg.Limits.WriteTimeout)
		frames = frames[n:]
	}
}

// onePiece gives how many of the frames one write of a connection takes, at least one.
func onePiece(frames [][]byte) (n int) {
	for size := 0; n < len(frames); n++ {
		if size += len(frames[n]) + maxHead; n > 0 && size > lentSize {
			break
		}
	}
	return n
}

// next takes what is queued, and gives the queue the place of what was written. If nothing is queued the writer is over,
// and must close with the status if there is one.
func (p *peer) next(written [][]byte) (batch [][]byte, status websocket.StatusCode, reason string) {
	clear(written)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		p.queue, p.writing = nil, false
		if p.ended {
			p.writing = true // for good: a second close would only wait
		}
		return nil, p.status, p.reason
	}
	batch, p.queue, p.queued = p.queue, written[:0], 0
	return batch, 0, ""
}

// over tells whether the socket is being closed: what still comes from it is not for anybody.
func (p *peer) over() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// leave says that the reader is over: from here on nobody begins to write. Unless a writer is about to close the socket
// with a status, it is closed now.
func (p *peer) leave() {
	p.mu.Lock()
	closing := p.writing && p.status != 0
	p.ended, p.done = true, true
	p.mu.Unlock()
	if !closing {
		p.socket.CloseNow()
	}
}

// ask sends a ping and closes the socket if it is not answered in time.
func (p *peer) ask() {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	if err := p.socket.Ping(ctx); err != nil {
		p.socket.CloseNow()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = false
}
